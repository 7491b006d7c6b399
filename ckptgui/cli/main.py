"""Reads the command line and hands over to one command. Loads that command's code and no other."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from ckptgui.cli import arguments, export_arguments
from ckptgui.cli.front import Front
from ckptgui.cli.report import DONE, INTERRUPTED, TROUBLE, complain
from ckptgui.errors import CheckpointError

_COMMANDS: dict[str, tuple[Callable[[], arguments.Parser], str]] = {
    "info": (arguments.info_parser, "ckptgui.cli.info"),
    "compare": (arguments.compare_parser, "ckptgui.cli.compare"),
    "check": (arguments.check_parser, "ckptgui.cli.check"),
    "export": (export_arguments.export_parser, "ckptgui.cli.export"),
    "devices": (arguments.devices_parser, "ckptgui.cli.devices"),
    "demo": (arguments.demo_parser, "ckptgui.cli.demo"),
    "desktop": (arguments.desktop_parser, "ckptgui.cli.desktop"),
}
_OUTPUT_FAILURES = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What goes wrong with standard output rather than with a file; those are reported where they happen."""

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
    except OSError as error:
        if error.errno not in _OUTPUT_FAILURES or error.filename is not None:
            raise
        return _output_failed(error)
    except CheckpointError as error:
        return complain(str(error))
    return status


def _run(words: list[str], front: Front) -> int:
    make_parser, module = _COMMANDS.get(words[0], _WINDOW) if words else _WINDOW
    is_command = bool(words) and words[0] in _COMMANDS
    try:
        options = make_parser().parse_intermixed_args(_apart(words[1:] if is_command else words))
    except SystemExit:  # --help and --version, which have printed what was asked for
        return DONE
    command: Callable[..., int] = import_module(module).run
    options.front = front
    return command(options)


def _apart(words: list[str]) -> list[str]:
    """The words without ``--``: after it are paths, which argparse would take for options when words are mixed."""
    if "--" not in words:
        return words
    at = words.index("--")
    return [*words[:at], *(f"./{word}" if word.startswith("-") else word for word in words[at + 1 :])]


def _output_failed(error: OSError) -> int:
    """The answer could not be written out. A reader that has gone (head, less) knows why; others are told."""
    # What is still in the buffer must not fail a second time when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return TROUBLE if error.errno == errno.EPIPE else complain(f"{error.strerror}.", "standard output")
