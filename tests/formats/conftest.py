"""Asks each case of a reader's conformance class by itself."""

from tests.formats.conformance import ReaderConformance


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames and metafunc.cls and issubclass(metafunc.cls, ReaderConformance):
        cases = metafunc.cls.cases()
        metafunc.parametrize("case", cases.values(), ids=cases.keys())
