"""What may stand on the command line. Imports nothing but argparse, so that ``--help`` is instant."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ckptgui import __version__
from ckptgui.cli.report import UsageError

VIEWS = ("overview", "inspect", "compare", "export", "devices")

_COMMANDS_HELP = """\
commands:
  info PATH            what is in it: text for eyes, --json for scripts
  compare A B [C …]    what changed, tensor by tensor; more, or a folder: step by step
  check PATH --against OTHER
                       would a model with OTHER's names and shapes load it
  export PATH… OUT     re-save, convert, cast, rename: as .pt or safetensors
  devices              CPU and accelerators, their memory; --try moves a file there
  demo [DIR]           train a small network for 8 epochs and open the run
  desktop ACTION       install, uninstall or show the launcher and file types
  COMMAND --help       the options of a command

A path named like a command is written ./info, or after --.
"""


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose mistakes become one line instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing; ``main`` has one place for trouble."""
        raise UsageError(f"{message} (see {self.prog} --help)")


def window_parser() -> Parser:
    """``ckptgui [PATH …]``: the window, its picture, its timings."""
    parser = Parser(
        prog="ckptgui",
        description="See what is in a PyTorch checkpoint without running it.",
        epilog=_COMMANDS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="a checkpoint, or a folder of them")
    parser.add_argument("--version", action="version", version=f"ckptgui {__version__}")
    picture = parser.add_argument_group("a picture instead of a window")
    picture.add_argument("--screenshot", metavar="PNG", help="render off screen, save the picture, exit")
    picture.add_argument("--size", type=_size, metavar="WxH", help="size of the window, 1440x900")
    picture.add_argument("--scale", type=_scale, metavar="N", help="pixels per point, 1")
    picture.add_argument("--theme", choices=("light", "dark"), help="instead of the system's")
    picture.add_argument("--select", metavar="PATH", help="a tensor's path joined with /")
    picture.add_argument("--view", choices=VIEWS, help="what is shown of it")
    timing = parser.add_argument_group("timings")
    timing.add_argument("--timings", action="store_true", help="a JSON line on standard error per milestone")
    timing.add_argument(
        "--quit-after", choices=("window", "tree", "histogram", "profile"), help="quit once that is painted"
    )
    return parser


def info_parser() -> Parser:
    """``ckptgui info``."""
    parser = _command("info", "What is in a checkpoint.")
    parser.add_argument("path", metavar="PATH", help="a checkpoint")
    parser.add_argument("--json", action="store_true", help="the whole answer for scripts")
    parser.add_argument("--stats", action="store_true", help="statistics of every tensor")
    parser.add_argument("--exact", action="store_true", help="exact quantiles too, at the cost of a second read")
    parser.add_argument("--digest", action="store_true", help="a SHA-256 of every tensor's values")
    parser.add_argument("--depth", type=_depth, metavar="N", help="levels of the module tree")
    parser.add_argument("--no-cache", action="store_true", help="neither read nor write kept results")
    parser.add_argument("--verify", action="store_true", help="read it all and check the file's own checksums")
    return parser


def compare_parser() -> Parser:
    """``ckptgui compare``."""
    parser = _command("compare", "What changed, tensor by tensor. More than two, or a folder: step by step.")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="checkpoints, or a folder of them")
    parser.add_argument("--json", action="store_true", help="the whole answer for scripts")
    parser.add_argument(
        "--section",
        action="append",
        metavar="NAME",
        help="what of them, default: the model; once for all, or once for each; a nested one joined with /",
    )
    parser.add_argument("--no-cache", action="store_true", help="neither read nor write kept results")
    parser.add_argument("--report", metavar="OUT.html", help="save a page with the plots, too")
    parser.add_argument("--force", action="store_true", help="replace OUT.html")
    return parser


def check_parser() -> Parser:
    """``ckptgui check``."""
    parser = _command("check", "Would load_state_dict(strict=True) of OTHER's names and shapes take PATH?")
    parser.add_argument("path", metavar="PATH", help="a checkpoint")
    parser.add_argument(
        "--against", metavar="OTHER", required=True, help='a checkpoint, or JSON like {"fc.weight": [10, 512]}'
    )
    parser.add_argument("--section", metavar="NAME", help="which state dict of PATH; a nested one joined with /")
    parser.add_argument("--json", action="store_true", help="the answer for scripts")
    return parser


def devices_parser() -> Parser:
    """``ckptgui devices``."""
    parser = _command("devices", "CPU and accelerators with their memory. Starts PyTorch in a process of its own.")
    parser.add_argument("--json", action="store_true", help="the answer for scripts")
    parser.add_argument("--try", dest="path", metavar="PATH", help="move a checkpoint's tensors there and back")
    parser.add_argument("--to", metavar="DEVICE", help="where to: cpu, cuda:0, mps:0")
    return parser


def demo_parser() -> Parser:
    """``ckptgui demo``."""
    parser = _command("demo", "Train a small real network for 8 epochs, save every epoch, open the run.")
    parser.add_argument("folder", nargs="?", default="demo-run", metavar="DIR", help="default: demo-run")
    parser.add_argument("--screenshot", metavar="PNG", help="save a picture of the window instead of opening it")
    return parser


def desktop_parser() -> Parser:
    """``ckptgui desktop``."""
    parser = _command("desktop", "File types, launcher and icon for this user.")
    parser.add_argument("action", choices=("install", "uninstall", "status"))
    parser.add_argument("--default", action="store_true", help="install: open these types by default")
    return parser


def _command(name: str, description: str) -> Parser:
    return Parser(prog=f"ckptgui {name}", description=description, allow_abbrev=False)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and 1 <= int(width) <= 16_384 and 1 <= int(height) <= 16_384):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 1440x900")
    return int(width), int(height)


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0.5 <= scale <= 8:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0.5 to 8")
    return scale


def _depth(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of levels, 1 or more")
    return int(text)
