"""What the first click would wait for, done before it: the inspector and its plot imported, the kernels fetched.

One after the other on one thread: several that import at a time hold the window up longer than one.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence

from ckptgui.core.dtypes import DType
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.engine import warming
from ckptgui.engine.courtesy import give_way
from ckptgui.engine.job import Cancel

WARM_THREAD = "ckptgui-warm-up"


class _State:
    begun = False
    ready = threading.Event()
    pictures = threading.Event()
    compiling = threading.Event()
    given_up = threading.Event()
    fetching = threading.Lock()


def warm_up(dtypes: Sequence[DType] = ()) -> None:
    """Begin, once a process, on a thread of its own: what values of ``dtypes`` take comes first.

    Call it when the tree is painted, not before.
    """
    if not _State.begun:
        _State.begun = True
        pieces = warming.pieces_of(dtypes) or ("float32", "small-float32")
        threading.Thread(target=_warm, args=(pieces,), name=WARM_THREAD, daemon=True).start()


def wait_until_warm(
    cancel: Cancel, compiling: Callable[[], None] | None = None, *, pictures: bool = False
) -> None:
    """On a job's thread, before the kernels are wanted: return when they are there, or nobody fetches them.

    Those of ``pictures`` come after the ones that reading takes. ``compiling`` is called, once, where they have
    to be compiled first, which takes many seconds.
    """
    while _State.begun and not (_State.pictures if pictures else _State.ready).wait(0.02):
        cancel.check()
        if compiling is not None and _State.compiling.is_set():
            compiling()
            compiling = None


def warm_for_pairs(cancel: Cancel, dtypes: Sequence[DType]) -> None:
    """On a job's thread, before tensors of ``dtypes`` are read and compared: return when what that takes is there.

    It fetches that itself where nobody warms up, as when no tree of tensors was shown yet.
    """
    own = () if _State.begun else warming.pieces_of(dtypes)
    wait_until_warm(cancel)
    _fetch_here(cancel, (*own, *warming.pair_pieces_of(dtypes)))


def fetch_pair_loops(cancel: Cancel, dtypes: Sequence[DType]) -> None:
    """The same for comparing alone, without waiting for anything else: somebody looks at the first pair."""
    _fetch_here(cancel, warming.pair_pieces_of(dtypes))


def _fetch_here(cancel: Cancel, pieces: Sequence[str]) -> None:
    new = warming.missing(pieces)
    if new:
        warming.compile_apart(lambda: cancel.requested or _State.given_up.is_set(), new)
    cancel.check()
    with _State.fetching, without_garbage_collection():
        warming.load(pieces)


def give_up() -> None:
    """The application ends: do not wait for what is being compiled, and wait for the thread."""
    _State.given_up.set()
    for thread in threading.enumerate():
        if thread.name == WARM_THREAD:
            thread.join(5)


def _warm(pieces: Sequence[str]) -> None:
    give_way()
    try:
        with without_garbage_collection():
            import ckptgui.gui.inspector.inspector  # before the kernels, as these are seen at once
            import ckptgui.gui.inspector.overview.overview

        if warming.missing(pieces):  # while they are compiled there is time
            _State.compiling.set()
            import ckptgui.gui.inspector.tensor_panel
        _fetch(pieces)
        _State.ready.set()
        with without_garbage_collection():
            import ckptgui.gui.inspector.tensor_panel  # noqa: F401 - with the plot in it

        _fetch(warming.PICTURES)
    finally:
        _State.ready.set()
        _State.pictures.set()
    gc.freeze()  # what was imported stays; to look through it once more would hold the window up for 40 to 90 ms
    rest = warming.missing(warming.READING)
    if rest:  # compiled for the next file, and fetched when that is read
        warming.compile_apart(_State.given_up.is_set, rest)


def _fetch(pieces: Sequence[str]) -> None:
    new = warming.missing(pieces)
    if new:
        warming.compile_apart(_State.given_up.is_set, new)
    if not _State.given_up.is_set():
        # To look through all that an import makes, again and again, holds the window up.
        with _State.fetching, without_garbage_collection():
            warming.load(pieces)
