"""What every test starts from: no screen, no network of settings shared with the person who runs the tests."""

import os
from pathlib import Path

import platformdirs
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# What is compiled is shared by all tests and with the person: to compile it anew takes as long as all tests.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(platformdirs.user_cache_dir("ckptgui")) / "kernels"))
pytest.register_assert_rewrite("tests.formats.conformance")  # it asserts for the tests that inherit it


@pytest.fixture(autouse=True)
def private_folders(tmp_path_factory, monkeypatch):
    """Settings, caches and data of the application go to a folder of the test's own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    return home
