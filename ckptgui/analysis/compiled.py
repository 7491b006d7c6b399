"""The compiler of the loops, with what it compiles kept in the user's cache folder.

Import it late: numba costs a third of a second. A folder that is full, damaged or not to be written costs the
time to compile again, nothing else. The folder is apart from what is kept of checkpoints.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

_LATELY = 7 * 24 * 3600.0


def loops() -> str:
    """A name for the sources of all loops as they are now.

    numba looks at a function's own file only, but compiles into it what it calls from others; and what two states
    of a file leave in one folder it takes for one another.
    """
    found = hashlib.blake2b(digest_size=8)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem.endswith("kernels") or path.stem == "accumulator":
            found.update(path.read_bytes())
    return found.hexdigest()


def kept_in() -> Path:
    """The folder that compiled loops are kept in."""
    place = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(platformdirs.user_cache_dir("ckptgui")) / "kernels")
    return place if place.name == loops() else place / loops()


def forget_elders() -> None:
    """Remove what earlier versions of the loops left, but for what was made lately: two may be in use in turn."""
    with suppress(OSError):
        for folder in kept_in().parent.iterdir():
            if folder.is_dir() and folder.name != loops() and folder.stat().st_mtime < time.time() - _LATELY:
                shutil.rmtree(folder, ignore_errors=True)


os.environ["NUMBA_CACHE_DIR"] = str(kept_in())

import numba  # noqa: E402 - it reads the folder's place when it is imported
from numba.core.caching import FunctionCache  # noqa: E402


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """numba's decorator of the same name, for functions that leave the interpreter to others and are kept."""

    def compiled(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**options | {"cache": False, "nogil": True})(function)
        with suppress(RuntimeError):  # there is no folder to write to
            # What ``cache=True`` does, but forgiving; numba has no types.
            dispatcher._cache = _Kept(function)  # type: ignore[no-untyped-call]
        return dispatcher

    return compiled


class _Kept(FunctionCache):
    """Compiled code on the disk; whatever goes wrong with it, the function is compiled again."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function, or None."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception:  # noqa: BLE001 - damage comes as whatever a decoder stumbles over
            with suppress(OSError):
                self.flush()  # type: ignore[no-untyped-call]
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it where that can be."""
        with suppress(OSError):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
