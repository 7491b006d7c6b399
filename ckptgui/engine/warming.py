"""The compiled loops made ready before they are wanted: compiled by another process, then fetched from its cache.

Compiling holds the interpreter for seconds, in which a window in the same process would not answer.
"""

from __future__ import annotations

import atexit
import ctypes
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import platformdirs

from ckptgui.core.dtypes import DType, Kind
from ckptgui.engine.courtesy import give_way

_SMALL = "small-"
READING = ("float32", "small-float32", "narrow", "small-int64", "integers", "small-float64", "float64")
"""What reading takes, by what values are once decoded; tensors of few elements go through loops of their own."""

PICTURES = ("blocks", "channels", "updates")
"""What looks at values once more: the image page, channels and the health list, the optimizer's updates."""

RARE = ("precision",)
"""For a page that few people open."""

_PAIR = "pair-"

_PROCESSES = 2
_ROOM = 16 << 20
"""Bytes; all loops together take less."""

_LONGEST = 180
"""Seconds after which a compiling process is given up; what it did not finish is compiled here."""


def pieces_of(dtypes: Iterable[DType]) -> tuple[str, ...]:
    """What reading tensors of these types takes."""
    found: dict[str, None] = {}
    for dtype in dtypes:
        whole = dtype.kind in (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)
        if dtype.kind in (Kind.COMPLEX, Kind.QUANTIZED) or (dtype.bits > 32 and not whole):
            found |= dict.fromkeys(("float64", "small-float64"))
        elif dtype.bits <= 16:
            found |= dict.fromkeys(("narrow", "small-int64" if whole else "small-float32"))
        else:
            found |= dict.fromkeys(("integers", "small-int64") if whole else ("float32", "small-float32"))
    return tuple(found)


def pair_pieces_of(dtypes: Iterable[DType]) -> tuple[str, ...]:
    """What comparing tensors of any two of these types takes."""
    from ckptgui.analysis.difference_fold import space_of

    known = list(dtypes)
    spaces = dict.fromkeys(space_of(one, other) for one in known for other in known)
    return tuple(dict.fromkeys(_PAIR + space.replace("complex", "float64") for space in spaces))


def load(pieces: Iterable[str]) -> None:
    """Fetch these, or compile what is not kept, which takes some seconds for each."""
    _open_compiler()
    for piece in pieces:
        _load(piece)


def _load(piece: str) -> None:
    from ckptgui.analysis import batch, kernels

    if piece == "blocks":
        import ckptgui.analysis.block_kernels  # noqa: F401 - its loops are ready once it is imported
    elif piece == "channels":
        from ckptgui.analysis import channel_kernels

        channel_kernels.warm()
    elif piece == "updates":
        from ckptgui.analysis import update_kernels

        update_kernels.warm()
    elif piece in RARE:
        from ckptgui.analysis import precision_passes

        precision_passes.warm()
    elif piece.startswith(_PAIR):
        from ckptgui.analysis import difference_fold

        difference_fold.warm(piece.removeprefix(_PAIR))
    elif piece.startswith(_SMALL):
        batch.warm([piece.removeprefix(_SMALL)])
    else:
        kernels.warm([piece])


def missing(pieces: Iterable[str]) -> tuple[str, ...]:
    """Those that no process has compiled for this machine before, as they are now."""
    return tuple(piece for piece in pieces if not _mark(piece).exists())


def compile_apart(given_up: Callable[[], bool], pieces: Sequence[str]) -> None:
    """Let other processes compile and keep these; returns when they have ended or nobody waits any more.

    A folder that is full or not to be written is no reason to compile here: see ``_folder``.
    """
    if not sys.executable:
        return
    children: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(min(_PROCESSES, len(pieces))):
            with suppress(OSError):
                children.append(_begin(pieces[number::_PROCESSES]))
        late = time.monotonic() + _LONGEST
        while any([child.poll() is None for child in children]) and not given_up() and time.monotonic() < late:
            time.sleep(0.02)
    finally:
        for child in children:
            child.kill()
            child.wait()


def _begin(pieces: Sequence[str]) -> subprocess.Popen[bytes]:
    # ``-P``: nothing is imported from the folder that one happens to be in.
    command = [sys.executable, "-P", "-c", "from ckptgui.engine.warming import main; main()", *pieces]
    paths = os.pathsep.join(path for path in sys.path if path)
    found = {**os.environ, "NUMBA_CACHE_DIR": str(_folder()), "PYTHONPATH": paths}
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, env=found)


def main() -> None:
    """What another process does: compile the pieces that it is told, and say of each that it is kept."""
    give_way()
    _folder()  # asked late it would be the one of these loops, and nobody looks for marks there
    from ckptgui.analysis.compiled import forget_elders

    for piece in sys.argv[1:]:
        load([piece])
        mark = _mark(piece)
        mark.parent.mkdir(parents=True, exist_ok=True)
        for elder in mark.parent.glob(f"{piece}.*.kept"):
            elder.unlink(missing_ok=True)
        mark.touch()
    forget_elders()


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Where the loops are kept; where that is full or not to be written a folder for this time.

    So ask before ``analysis.compiled`` is imported, which looks up the same variable.
    """
    usual = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(platformdirs.user_cache_dir("ckptgui")) / "kernels")
    if _takes(usual):
        return usual
    passing = Path(tempfile.mkdtemp(prefix="ckptgui-kernels-"))
    atexit.register(shutil.rmtree, passing, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(passing)
    return passing


def _takes(folder: Path) -> bool:
    """Whether there is room in it for what the loops take."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_ROOM))
    except OSError:
        return False
    return True


def _mark(piece: str) -> Path:
    """A file whose name says which loops, which compiler and which machine: another one means to compile again."""
    loops = sorted((Path(__file__).parent.parent / "analysis").glob("*.py"))
    stamps = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in loops]
    state = (stamps, version("numba"), sys.version, platform.machine(), platform.processor())
    return _folder() / f"{piece}.{hashlib.blake2b(repr(state).encode(), digest_size=12).hexdigest()}.kept"


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
