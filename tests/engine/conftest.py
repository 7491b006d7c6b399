import pytest

from ckptgui.engine.executors import shutdown_executors
from tests.engine.files import Shelf


@pytest.fixture
def shelf(tmp_path):
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.close()


@pytest.fixture(scope="session", autouse=True)
def no_threads_left():
    yield
    shutdown_executors()
