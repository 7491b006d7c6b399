"""Starts the window, or renders a picture of it. The first file is read while Qt is still being loaded."""

from __future__ import annotations

import gc
import os
import sys

from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.gui.opening import Look, Opening

PICTURE_LIMIT = 60.0
"""Seconds that a picture may take before it is given up."""

HEAD_START = 0.2
"""Seconds that the reading of the first file has to itself; most headers are read by then."""

TROUBLE = 2
"""Exit status for what cannot be read or written."""


def run_window(
    paths: list[str], *, timings: bool = False, quit_after: str | None = None, select: str | None = None
) -> int:
    """Open the window, each path in it; return the exit status when it is closed.

    ``timings`` prints milestones as they are painted, ``quit_after`` ends after the one named.
    """
    gc.disable()  # thousands of lasting objects are made from here to the painted tree; ``Session`` puts it back
    opening = _begin(paths)
    from ckptgui.gui.session import Session

    with Session() as session:
        return session.run(paths, opening, speak=timings, quit_after=quit_after, select=select)


def take_screenshot(
    paths: list[str],
    png: str,
    *,
    size: tuple[int, int] = (1440, 900),
    scale: float = 1.0,
    theme: str | None = None,
    select: str | None = None,
    view: str | None = None,
) -> int:
    """Render the window off screen and save it as ``png``; return the exit status.

    Waits for the overview or the selected view and for the columns of the visible rows.
    """
    opening = _begin(paths, view)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_SCALE_FACTOR"] = f"{scale:g}"
    from ckptgui.gui.picture import Picture, PictureError
    from ckptgui.gui.session import Session

    with Session(theme=theme or "light", remember=False) as session:
        try:
            Picture(session, png, size, select, view, PICTURE_LIMIT).take(paths, opening)
        except PictureError as error:
            sys.stderr.write(f"ckptgui: {display(paths[0], MAX_DETAIL)}: {error}\n")
            return TROUBLE
    return 0


def _begin(paths: list[str], view: str | None = None) -> Opening | None:
    """Start reading the first path, with those that it is compared with."""
    if not paths:
        return None
    from ckptgui.gui.gathering import gathered

    whole = tuple(map(os.path.abspath, paths))
    first = whole if view == "compare" else gathered(whole)[0]
    opening = Opening(first[0], first[1:], Look.COMPARED if view == "compare" else Look.ITSELF)
    opening.begin_early()
    opening.head_start(HEAD_START)
    return opening
