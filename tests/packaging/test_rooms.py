"""Which room loads what: a fresh interpreter imports each one and tells what came along."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent.name for path in (ROOT / "ckptgui").glob("*/__init__.py"))
INSIDE = "ckptgui.device.inside"  # runs in a process of its own
HEAVY = ("torch", "PySide6", "pyqtgraph")


def loaded_by(*modules):
    """The heavy modules that come along with ``modules``."""
    code = f"import sys, importlib\nfor name in {modules!r}: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()} & set(HEAVY)


def modules_of(room):
    folder = ROOT / "ckptgui" / room
    names = [path.relative_to(ROOT).with_suffix("") for path in folder.rglob("*.py")]
    found = sorted(".".join(name.parts).removesuffix(".__init__") for name in names)
    return [name for name in found if not name.startswith(INSIDE)]


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in ("gui", "demo")])
def test_a_room_without_windows_loads_neither_torch_nor_qt(room):
    assert loaded_by(*modules_of(room)) == set()


def test_the_window_loads_qt_and_never_torch():
    assert loaded_by(*modules_of("gui")) == {"PySide6"}


def test_starting_the_demo_does_not_load_torch():
    assert loaded_by("ckptgui.demo.launch", "ckptgui.cli.demo") == set()


def test_the_package_itself_and_the_command_load_nothing_heavy():
    assert loaded_by("ckptgui", "ckptgui.__main__") == set()
