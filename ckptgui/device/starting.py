"""Starts the process that has torch, and says in words how it ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

from ckptgui.core.display import display
from ckptgui.engine.executors import worker_count

_BEGIN = """\
import os, sys
sys.path += [path for path in sys.argv[3].split(os.pathsep) if path not in sys.path]
from ckptgui.device.inside.serve import main
main(int(sys.argv[1]), sys.argv[2])
"""
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_WORDS = 2000
"""Bytes of its last words that are looked at."""


def start(end: socket.socket, simulated: str, words: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start it at the other end of a socket; what it or a driver prints goes to ``words``.

    A fresh interpreter rather than ``multiprocessing``'s: that would run the program's main module once more, with
    the folder in which one happens to be on the path. ``-P`` and ``_paths`` keep it off. Raises ``OSError``.
    """
    command = [sys.executable, "-P", "-W", "ignore", "-c", _BEGIN]
    told = [str(end.fileno()), simulated, os.pathsep.join(_paths())]
    return subprocess.Popen(
        [*command, *told],
        pass_fds=[end.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=words,
        stderr=words,
        env=_environment(),
    )


def _paths() -> list[str]:
    """Where this program finds its modules, its own package last, the current folder left out."""
    root, here = str(Path(__file__).parents[2]), str(Path.cwd())
    return [path for path in sys.path if path and path not in (here, root)] + [root]


def _environment() -> dict[str, str]:
    """As many threads for linear algebra as the rest takes; no folder relative to the current one on the path."""
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [path for path in given if path and Path(path).is_absolute()]
    threads = dict.fromkeys(_THREADS, str(worker_count()))
    return {**os.environ, **threads, "PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(paths)}


def how_it_ended(status: int, words: IO[bytes]) -> str:
    """What befell it, to stand behind “The process that has torch”."""
    if status == -signal.SIGKILL:
        return "was killed (SIGKILL), as the system does where memory runs out"
    if status < 0:
        name = _signal_name(-status)
        crashed = -status in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)
        return f"crashed ({name})" if crashed else f"was ended ({name})"
    last = _last_line(words) if status else ""
    return f"ended by itself with status {status}" + (f" ({last})" if last else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(words: IO[bytes]) -> str:
    words.seek(max(0, words.seek(0, os.SEEK_END) - _WORDS))
    lines = words.read().decode(errors="replace").strip().splitlines()
    return display(lines[-1]) if lines else ""
