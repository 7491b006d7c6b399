"""Asks each case of a reader's conformance class by itself."""

import pytest

pytest.register_assert_rewrite("tests.formats.conformance")

from tests.formats.conformance import ReaderConformance  # noqa: E402 - behind the rewriting of its asserts


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames and metafunc.cls and issubclass(metafunc.cls, ReaderConformance):
        cases = metafunc.cls.cases()
        metafunc.parametrize("case", cases.values(), ids=cases.keys())
