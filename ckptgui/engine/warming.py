"""The compiled loops made ready before they are wanted: compiled by another process, then fetched from its cache.

Compiling holds the interpreter for seconds, in which a window in the same process would not answer.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import platformdirs

from ckptgui.engine.courtesy import give_way

_LONGEST = 180
"""Seconds after which a compiling process is given up; what it did not finish is compiled here."""


def load_kernels() -> None:
    """Compile or fetch what reading tensors takes, of whatever type. The first time ever it takes seconds."""
    _open_compiler()
    from ckptgui.analysis import batch, kernels

    kernels.warm()
    batch.warm()
    import ckptgui.analysis.block_kernels  # noqa: F401 - its loops are ready once it is imported


def load_rare_kernels() -> None:
    """The same for pages that few people open."""
    _open_compiler()
    from ckptgui.analysis import precision_passes

    precision_passes.warm()


def are_kept(*, rare: bool = False) -> bool:
    """Whether a process has compiled these very loops, or the rare ones, for this machine before."""
    return _mark(rare).exists()


def compile_apart(given_up: Callable[[], bool], *, rare: bool = False) -> None:
    """Let another process compile and keep the loops; returns when it has ended or nobody waits any more.

    Does nothing where nothing could be kept: what is compiled elsewhere would be of no use here.
    """
    if not sys.executable or not _can_be_kept():
        return
    # ``-P``: nothing is imported from the folder that one happens to be in.
    command = [sys.executable, "-P", "-c", "from ckptgui.engine.warming import main; main()", *["rare"][:rare]]
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    nowhere = subprocess.DEVNULL
    with (
        suppress(OSError),
        subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, env=found) as child,
    ):
        for _ in range(_LONGEST * 20):
            if given_up() or child.poll() is not None:
                break
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.05)
        child.kill()


def main() -> None:
    """What the other process does."""
    give_way()
    rare = sys.argv[1:] == ["rare"]
    (load_rare_kernels if rare else load_kernels)()
    mark = _mark(rare)
    mark.parent.mkdir(parents=True, exist_ok=True)
    for elder in mark.parent.glob(f"{mark.name.partition('-')[0]}-*"):
        elder.unlink(missing_ok=True)
    mark.touch()


def _folder() -> Path:
    return Path(platformdirs.user_cache_dir("ckptgui")) / "kernels"


def _mark(rare: bool) -> Path:
    """A file whose name says which loops, which compiler and which machine: another one means to compile again."""
    loops = sorted((Path(__file__).parent.parent / "analysis").glob("*.py"))
    stamps = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in loops]
    state = (stamps, version("numba"), sys.version, platform.machine(), platform.processor())
    stamp = hashlib.blake2b(repr(state).encode(), digest_size=12).hexdigest()
    return _folder() / f"{'rare' if rare else 'ready'}-{stamp}"


def _can_be_kept() -> bool:
    folder = _folder()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return os.access(folder, os.W_OK)


def _open_compiler() -> None:
    """Load the compiler's library of a hundred megabytes through a call that leaves the interpreter to others.

    The import that follows finds it there; by itself it would hold all threads up for a twentieth of a second.
    """
    package = importlib.util.find_spec("llvmlite")
    if sys.platform == "win32" or package is None or not package.submodule_search_locations:
        return
    folder = Path(package.submodule_search_locations[0]) / "binding"
    for library in folder.glob("libllvmlite.*"):
        ctypes.CDLL(None).dlopen(os.fsencode(library), os.RTLD_NOW)
