"""Settings: kept, and no reason to stumble whatever the file says."""

import json
import os
import stat

import pytest

from ckptgui.workspace.settings import Settings, SettingsFile


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "settings.json"


def test_what_was_changed_is_there_at_the_next_start(path):
    SettingsFile(path).change(theme="dark", recent=("/a/b.pt", "/c\udcff.pt"), width=1000)
    now = SettingsFile(path).now
    assert (now.theme, now.recent, now.width) == ("dark", ("/a/b.pt", "/c\udcff.pt"), 1000)


def test_without_a_file_the_defaults_hold(path):
    assert SettingsFile(path).now == Settings()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[1]",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        b'{"exports":' * 600 + b"1" + b"}" * 600,
        b"1" * (2**20 + 2),
    ],
)
def test_a_file_that_makes_no_sense_is_put_aside(path, text):
    path.parent.mkdir()
    path.write_bytes(text)
    assert SettingsFile(path).now == Settings()
    assert path.with_name("settings.json.bad").read_bytes() == text
    assert not path.exists()


@pytest.mark.parametrize(
    "known",
    [
        {"theme": "pink", "width": -5, "tree_share": 7.0},
        {"theme": 3, "width": "wide", "maximised": 1, "recent": "no list"},
        {"recent": [1, "", "a\0b", None], "unknown": True},
        {"width": True, "height": 10**30},
    ],
)
def test_values_that_do_not_fit_get_their_default(path, known):
    path.parent.mkdir()
    path.write_text(json.dumps(known))
    now = SettingsFile(path).now
    assert now.theme == "system"
    assert now.recent == ()
    assert 900 <= now.width <= 16_384
    assert 600 <= now.height <= 16_384
    assert 0.1 <= now.tree_share <= 0.9
    assert now.maximised is False


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_folder_that_cannot_be_written_costs_nothing(path):
    path.parent.mkdir()
    path.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    settings = SettingsFile(path)
    settings.change(theme="dark")
    assert settings.now.theme == "dark"
    path.parent.chmod(stat.S_IRWXU)


def test_a_path_that_is_a_folder_costs_nothing(tmp_path):
    settings = SettingsFile(tmp_path)
    settings.change(theme="dark")
    assert settings.now.theme == "dark"
