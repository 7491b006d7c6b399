"""The window, or its picture: checks what can be checked before Qt is loaded."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ckptgui.cli.display import has_display
from ckptgui.cli.front import Front
from ckptgui.cli.report import UsageError, complain

DEFAULT_SIZE = (1440, 900)
_PICTURE_ONLY = ("size", "scale", "theme", "view")
_NO_DISPLAY = (
    "There is no display to open a window on; "
    "use ckptgui --screenshot PICTURE.png PATH for a picture, or ckptgui info PATH for text."
)


def run(options: argparse.Namespace) -> int:
    """Open ``options.paths``, or render them with ``--screenshot``."""
    front: Front = options.front
    if options.screenshot is not None:
        if not options.paths:
            raise UsageError("--screenshot needs the PATH to show (see ckptgui --help)")
        if options.timings or options.quit_after:
            raise UsageError("--timings does not go with --screenshot (see ckptgui --help)")
        look = {"size": options.size or DEFAULT_SIZE, "scale": options.scale or 1.0, "theme": options.theme}
        return picture(front, options.paths, options.screenshot, **look, select=options.select, view=options.view)
    for name in _PICTURE_ONLY:
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} needs --screenshot (see ckptgui --help)")
    if options.quit_after and not options.timings:
        raise UsageError("--quit-after needs --timings (see ckptgui --help)")
    return window(front, options.paths, options.timings, options.quit_after, options.select)


def window(
    front: Front,
    paths: list[str],
    timings: bool = False,
    quit_after: str | None = None,
    select: str | None = None,
) -> int:
    """Open the window and return its exit status; without a display, say what works there."""
    if not has_display():
        return complain(_NO_DISPLAY)
    return front.window(paths, timings=timings, quit_after=quit_after, select=select)


def picture(
    front: Front,
    paths: list[str],
    png: str,
    *,
    size: tuple[int, int] = DEFAULT_SIZE,
    scale: float = 1.0,
    theme: str | None = None,
    select: str | None = None,
    view: str | None = None,
) -> int:
    """Save a picture of the window, rendered off screen."""
    folder = Path(png).parent
    if not folder.is_dir():
        return complain("There is no such folder to save the picture in.", str(folder))
    if not os.access(folder, os.W_OK):
        return complain("There is no permission to save the picture in this folder.", str(folder))
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return front.picture(paths, png, size=size, scale=scale, theme=theme, select=select, view=view)
