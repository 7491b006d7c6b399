"""``ckptgui desktop``: says what was put where, or taken away."""

from __future__ import annotations

import argparse
import sys

from ckptgui.cli.report import DONE, UsageError, complain, say, shown_path
from ckptgui.workspace import desktop
from ckptgui.workspace.desktop import Places


def run(options: argparse.Namespace) -> int:
    """Install, uninstall or show; status 2 where the system has no such thing or refuses."""
    if options.default and options.action != "install":
        raise UsageError("--default goes with install (see ckptgui desktop --help)")
    if sys.platform in ("win32", "darwin"):
        return complain("The launcher is made for Linux desktops; this system comes with a later version.")
    places = Places.of()
    try:
        if options.action == "install":
            desktop.install(places, default=options.default)
        elif options.action == "uninstall":
            removed = desktop.uninstall(places)
            say("Removed." if removed else "Nothing was installed.")
            return DONE
    except OSError as error:
        return complain(f"{error.strerror or error}.", str(error.filename or places.data))
    say(_described(desktop.status(places)))
    return DONE


def _described(status: desktop.Status) -> str:
    words = {True: "in place", False: "missing or other"}
    lines = [f"{words[current]:<18}{shown_path(str(path))}" for path, current in status.files]
    head = "Installed" if status.installed else "Not installed"
    default = ", ".join(status.default_for) or "no type"
    return "\n".join([f"{head} for this user.", *lines, f"{'opens by default':<18}{default}"])
