"""Starts the demo's training in a child process, so that torch never enters this one.

The run is trained in a folder beside its own and moved into place when it is whole: there is a complete run
or none, and no file of a person's is ever replaced.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ckptgui.core.display import display
from ckptgui.errors import CheckpointError

EPOCHS = 8
_TRAIN = Path(__file__).with_name("train.py")
_PATIENCE = 5.0
"""Seconds that an interrupted child gets to end by itself."""


class DemoError(CheckpointError):
    """The demo could not be trained."""


def is_complete(folder: Path) -> bool:
    """Whether all epochs of a run lie in ``folder``."""
    return all((folder / f"epoch_{epoch}.pt").is_file() for epoch in range(1, EPOCHS + 1))


def train(folder: Path, tell: Callable[[str], None]) -> None:
    """Train a run into ``folder``, which must be empty or not exist; ``tell`` hears a line per epoch."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DemoError("It is there already and is not a whole demo run; name another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        _run_child(scratch, tell)
        scratch.chmod(0o755)
        scratch.replace(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_child(folder: Path, tell: Callable[[str], None]) -> None:
    # -P: the folder we were started in, perhaps full of strangers' files, stays off the child's sys.path.
    command = [sys.executable, "-P", str(_TRAIN), str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        try:
            for line in child.stdout:
                tell(line.rstrip("\n"))
            errors = child.stderr.read()
            status = child.wait()
        except BaseException:
            child.terminate()
            try:
                child.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
            raise
    if status:
        last = errors.strip().rpartition("\n")[2]
        raise DemoError(f"The training process ended with status {status}: {display(last)}")
