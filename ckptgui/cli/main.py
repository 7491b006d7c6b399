"""Reads the command line and hands over to one command. Loads that command's code and no other."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from ckptgui.cli import arguments
from ckptgui.cli.front import Front
from ckptgui.cli.report import DONE, INTERRUPTED, TROUBLE, complain
from ckptgui.errors import CheckpointError

_COMMANDS: dict[str, tuple[Callable[[], arguments.Parser], str]] = {
    "info": (arguments.info_parser, "ckptgui.cli.info"),
    "export": (arguments.export_parser, "ckptgui.cli.export"),
    "demo": (arguments.demo_parser, "ckptgui.cli.demo"),
    "desktop": (arguments.desktop_parser, "ckptgui.cli.desktop"),
}
_WINDOW = (arguments.window_parser, "ckptgui.cli.window")


def main(argv: Sequence[str], front: Front) -> int:
    """Run the command line and return the exit status; only bugs raise."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal of few letters gets escapes, not a traceback
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = _run(list(argv), front)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; the interpreter must not complain about that on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return TROUBLE
    except CheckpointError as error:
        return complain(str(error))
    return status


def _run(words: list[str], front: Front) -> int:
    if words and words[0] in arguments.LATER_COMMANDS:
        return complain("This command comes with a later version.", words[0])
    make_parser, module = _COMMANDS.get(words[0], _WINDOW) if words else _WINDOW
    is_command = bool(words) and words[0] in _COMMANDS
    try:
        options = make_parser().parse_args(words[1:] if is_command else words)
    except SystemExit:  # --help and --version, which have printed what was asked for
        return DONE
    command: Callable[..., int] = import_module(module).run
    options.front = front
    return command(options)
