"""What the first click would wait for, done before it: pyqtgraph imported, the kernels compiled or fetched."""

from __future__ import annotations

import gc
import threading

from ckptgui.engine.courtesy import give_way

WARM_THREAD = "ckptgui-warm-up"

_ELEMENTS = 70_000
"""Enough that a tensor takes the same way through the kernels as a large one."""

_DTYPES = ("float32", "bfloat16", "float16", "float64", "int64")


class _State:
    begun = False


def warm_up() -> None:
    """Begin, once a process, on a thread of its own. Call it when the tree is painted, not before."""
    if not _State.begun:
        _State.begun = True
        threading.Thread(target=_warm, name=WARM_THREAD, daemon=True).start()


def _warm() -> None:
    give_way()
    from ckptgui.core.builder import TableBuilder
    from ckptgui.core.dtypes import BY_NAME
    from ckptgui.core.extents import Extent
    from ckptgui.engine.job import Cancel, silent
    from ckptgui.engine.summarise import summarise
    from ckptgui.sources.locate import SourcePool

    table = TableBuilder()
    for name in _DTYPES:
        dtype = BY_NAME[name]
        extent = Extent(dtype.nbytes(_ELEMENTS), inline=bytes(dtype.nbytes(_ELEMENTS)))
        table.add((name,), (_ELEMENTS,), dtype, storage=table.add_storage(None, extent))
    for info in table.build():
        summarise(info, SourcePool(), Cancel(), silent)
    # After the kernels, which the first rows want too: two threads that import hold the window up longer than one.
    import ckptgui.gui.inspector.plot  # noqa: F401 - for the import of pyqtgraph

    gc.freeze()  # what was imported stays; to look through it once more would hold the window up for 40 to 90 ms
