"""``ckptgui demo``: a run to look at, made in a few seconds where there is none yet."""

from __future__ import annotations

import argparse
from pathlib import Path

from ckptgui.cli import window
from ckptgui.cli.display import has_display
from ckptgui.cli.report import DONE, complain, say, shown_path
from ckptgui.demo import launch
from ckptgui.errors import CheckpointError

_PICTURE = "window.png"


def run(options: argparse.Namespace) -> int:
    """Train unless the run is there, then open it; without a display, save a picture of the window."""
    folder = Path(options.folder)
    try:
        if launch.is_complete(folder):
            say(f"{shown_path(str(folder))} is trained already.")
        else:
            say(f"Training a small network for {launch.EPOCHS} epochs; importing torch takes a moment.")
            launch.train(folder, say)
    except OSError as error:
        return complain(f"{error.strerror or error}.", str(error.filename or folder))
    except CheckpointError as error:
        return complain(str(error), str(folder))
    if options.screenshot is None and has_display():
        return window.window(options.front, [str(folder)])
    picture = options.screenshot or str(folder / _PICTURE)
    status = window.picture(options.front, [str(folder)], picture)
    if status == DONE:
        why = "" if options.screenshot else "There is no display. "
        say(f"{why}A picture of the window is in {shown_path(picture)}.")
    return status
