import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from ckptgui.workspace import mimeapps
from ckptgui.workspace.desktop import MIME_TYPES, Places, install, launcher_text, status, uninstall

TOOLS = ("desktop-file-validate", "update-mime-database", "update-desktop-database", "xdg-mime", "gio")


@pytest.fixture(autouse=True)
def tools():
    """The checks are the desktop's own tools; where they are missing there is nothing to check with."""
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")  # .ci/run installs them


@pytest.fixture
def places(tmp_path, monkeypatch):
    data, config = tmp_path / "da ta", tmp_path / "con fig"
    data.mkdir()
    config.mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    return Places(data, config)


def everything(places):
    roots = (places.data, places.config)
    return {path: path.read_bytes() for root in roots for path in root.rglob("*") if path.is_file()}


def folders(places):
    return sorted(path for root in (places.data, places.config) for path in root.rglob("*") if path.is_dir())


def test_install_status_uninstall(ckptgui, places):
    assert ckptgui("desktop", "status").out.startswith("Not installed for this user.\n")
    answer = ckptgui("desktop", "install")
    assert answer.status == 0 and answer.out.startswith("Installed for this user.\n")
    assert "no type" in answer.out
    assert ckptgui("desktop", "status").out == answer.out
    assert ckptgui("desktop", "uninstall").out == "Removed.\n"
    assert ckptgui("desktop", "uninstall").out == "Nothing was installed.\n"


def test_the_launcher_is_a_valid_desktop_entry(places):
    install(places)
    done = subprocess.run(["desktop-file-validate", places.launcher], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("python", ["/opt/my env/bin/python", '/o"p$t`/\\x/100%/python'])
def test_the_launcher_quotes_what_a_path_may_hold(tmp_path, python):
    path = tmp_path / "a.desktop"
    path.write_text(launcher_text(python).replace("TryExec", "X-TryExec"))
    done = subprocess.run(["desktop-file-validate", path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_installing_again_changes_nothing(places):
    install(places, default=True)
    first = everything(places)
    install(places, default=True)
    assert everything(places) == first


def test_uninstall_leaves_nothing(places):
    install(places, default=True)
    assert everything(places)
    assert uninstall(places)
    assert everything(places) == {} and folders(places) == []


def test_uninstall_leaves_what_others_installed(places):
    other = places.mime_package.with_name("other.xml")
    other.parent.mkdir(parents=True)
    other.write_text(
        '<?xml version="1.0"?><mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">'
        '<mime-type type="text/x-other"><glob pattern="*.other"/></mime-type></mime-info>'
    )
    places.defaults.write_text("[Default Applications]\ntext/plain=vim.desktop\n")
    subprocess.run(["update-mime-database", places.data / "mime"], check=True)
    before = everything(places)
    install(places, default=True)
    uninstall(places)
    assert everything(places) == before


def test_real_files_get_their_type(places, tmp_path):
    install(places)
    tensors = {"w": torch.ones(3)}
    torch.save(tensors, tmp_path / "a.pt")
    torch.save(tensors, tmp_path / "no suffix")
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    torch.save(tensors, tmp_path / "old", _use_new_zipfile_serialization=False)
    safetensors.torch.save_file(tensors, tmp_path / "b.safetensors")
    safetensors.torch.save_file(tensors, tmp_path / "weights")
    (tmp_path / "c.txt").write_text("hello")
    (tmp_path / "empty.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    kinds = {
        "a.pt": MIME_TYPES[0],
        "no suffix": MIME_TYPES[0],
        "pytorch_model.bin": MIME_TYPES[0],
        "old": MIME_TYPES[0],
        "b.safetensors": MIME_TYPES[1],
        "weights": MIME_TYPES[1],
        "c.txt": "text/plain",
        "empty.zip": "application/zip",
    }
    environment = {**os.environ, "XDG_CURRENT_DESKTOP": "GNOME"}
    for name, kind in kinds.items():
        command = ["xdg-mime", "query", "filetype", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        assert done.stdout.strip() == kind, name


def test_default_makes_a_double_click_open_it_and_uninstall_takes_that_back(places):
    places.defaults.write_text("[Default Applications]\napplication/x-safetensors=other.desktop\n")
    install(places, default=True)
    assert status(places).default_for == tuple(sorted(MIME_TYPES))
    done = subprocess.run(["gio", "mime", MIME_TYPES[0]], capture_output=True, text=True)
    assert "ckptgui.desktop" in done.stdout.splitlines()[0]
    uninstall(places)
    assert places.defaults.read_text() == "[Default Applications]\napplication/x-safetensors=other.desktop\n"


def test_a_double_click_starts_the_launcher_with_the_file(places, tmp_path):
    """``gio open`` runs the command of the entry; a stand-in for Python writes down how it was called."""
    python = tmp_path / "py thon"
    called = tmp_path / "called"
    python.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{called}.part"\nmv "{called}.part" "{called}"\n')
    python.chmod(0o755)
    install(places, default=True)
    places.launcher.write_text(launcher_text(str(python)))
    path = tmp_path / "my run" / "epoch 1.pt"
    path.parent.mkdir()
    torch.save({"w": torch.ones(1)}, path)
    subprocess.run(["gio", "open", str(path)], check=True, timeout=30, capture_output=True)
    deadline = 200
    while not called.exists() and (deadline := deadline - 1):
        subprocess.run(["sleep", "0.05"], check=True)
    assert called.read_text().splitlines() == ["-P", "-m", "ckptgui", str(path)]


def test_the_command_of_the_launcher_runs_this_installation(places):
    install(places)
    line = next(x for x in places.launcher.read_text().splitlines() if x.startswith("Exec="))
    assert line == f'Exec="{sys.executable}" -P -m ckptgui %F'


def test_a_folder_that_cannot_be_written_is_one_line(ckptgui, places):
    places.data.rmdir()
    places.data.write_text("in the way")
    answer = ckptgui("desktop", "install")
    assert answer.status == 2 and answer.err.count("\n") == 1 and answer.err.startswith("ckptgui: ")


def test_relative_xdg_folders_are_ignored(tmp_path):
    places = Places.of({"HOME": str(tmp_path), "XDG_DATA_HOME": "here", "XDG_CONFIG_HOME": ""})
    assert places == Places(tmp_path / ".local" / "share", tmp_path / ".config")


def test_the_icon_is_drawn(places):
    install(places)
    assert places.icon.read_text().startswith("<svg ")
    assert places.icon.relative_to(places.data) == Path("icons/hicolor/scalable/apps/ckptgui.svg")


def test_other_lines_of_mimeapps_stay():
    text = "[Added Associations]\na/b=x.desktop;\n\n[Default Applications]\nc/d=y.desktop\n\n[Other]\nq=1\n"
    added = mimeapps.with_default(text, "me.desktop", ["c/d", "e/f"])
    assert "c/d=me.desktop;y.desktop\n" in added and "e/f=me.desktop\n" in added
    assert mimeapps.default_for(added, "me.desktop") == ("c/d", "e/f")
    assert mimeapps.without(added, "me.desktop") == text
