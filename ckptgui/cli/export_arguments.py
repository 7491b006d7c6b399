"""What may stand after ``ckptgui export``. Imports nothing but argparse and re, so that ``--help`` is instant."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from ckptgui.cli.arguments import Parser

DTYPES = ("float16", "bfloat16", "float32", "keep")
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)\s*([A-Za-z]*)", re.ASCII)
_PARTING = re.compile(r"(?<!\(\?)(?<!\(\?<)=")
"""An equals sign that does not open a look ahead ``(?=`` or behind ``(?<=``."""

_EPILOG = """\
Globs and regular expressions see the names in the source, before prefixes are taken off. Quote them, so that
the shell leaves them alone.

  ckptgui export epoch_7.pt weights.safetensors --dtype bfloat16 --dtype-for '*norm*=float32'
  ckptgui export epoch_7.pt weights.pt --strip auto --rename '^encoder\\.=backbone.'
  ckptgui export epoch_7.pt Llama-3.1 --max-shard-size 5GB
  ckptgui export run/*.pt weights/ --name '{stem}-epoch{epoch}-{section}'
"""


def export_parser() -> Parser:
    """``ckptgui export``."""
    parser = Parser(
        prog="ckptgui export",
        usage="ckptgui export PATH [PATH …] OUT [options]",
        description="Re-save the state dict alone. Several PATHs: OUT is a folder, one export each.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="checkpoints, then OUT last")
    _what(parser.add_argument_group("what is written"))
    _names(parser.add_argument_group("names"))
    _how(parser.add_argument_group("how it is written"))
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would be written, and what a cast loses"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace OUT, the source too if that is what OUT is; verified first"
    )
    parser.add_argument("--json", action="store_true", help="the answer for scripts; a list for several PATHs")
    return parser


def _what(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--only", choices=("state-dict", "all"), default="state-dict", help="default: state-dict")
    group.add_argument("--section", metavar="NAME", help="which state dict; a nested one joined with /")
    group.add_argument("--include", action="append", default=[], metavar="GLOB", help="only these; repeatable")
    group.add_argument("--exclude", action="append", default=[], metavar="GLOB", help="not these; repeatable")
    group.add_argument("--tied", choices=("keep", "copy", "drop"), help="default: keep; safetensors: drop")
    group.add_argument(
        "--metadata",
        action="append",
        default=[],
        type=_metadata,
        metavar="keep|drop|KEY=VALUE",
        help="the training's plain values: default drop, with --only all keep; KEY= leaves one out; repeatable",
    )
    group.add_argument(
        "--rescue", action="store_true", help="write what is whole of a damaged source, and say what is lost"
    )


def _names(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--strip",
        action="append",
        default=[],
        metavar="PREFIX",
        help="take it off; auto: wrappers' prefixes; repeatable",
    )
    group.add_argument(
        "--rename",
        action="append",
        default=[],
        type=_rename,
        metavar="REGEX=REPLACEMENT",
        help=r"as re.sub; the first = parts them, \x3d is one in REGEX; ^=module. adds a prefix; repeatable",
    )
    group.add_argument(
        "--name",
        metavar="TEMPLATE",
        help="names of several files, of {stem} {model} {epoch} {step} {loss} {saved} {section} {dtype}",
    )


def _how(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--format", choices=("pt", "safetensors"), help="default: by OUT's suffix; in shards, else safetensors"
    )
    group.add_argument("--dtype", choices=DTYPES, default="keep", help="of floating-point tensors, default: keep")
    group.add_argument(
        "--dtype-for",
        action="append",
        default=[],
        type=_dtype_for,
        metavar="GLOB=DTYPE",
        help="an exception; the last that fits counts; repeatable",
    )
    group.add_argument(
        "--device", metavar="cpu|cuda:N|keep", help="location tag in a .pt; default cpu, of all keep"
    )
    group.add_argument(
        "--max-shard-size",
        type=_size,
        metavar="5GB",
        help="OUT is a folder of shards with an index; a GB is 10⁹ bytes, a GiB 2³⁰",
    )


def _dtype_for(text: str) -> tuple[str, str]:
    glob, parted, dtype = text.rpartition("=")
    if not parted or not glob or dtype not in DTYPES:
        _refuse(f"{text!r} is not like '*norm*=float32'; a DTYPE is {', '.join(DTYPES[:-1])} or {DTYPES[-1]}")
    return glob, dtype


def _rename(text: str) -> tuple[str, str]:
    parting = _PARTING.search(text)
    if parting is None or not parting.start():
        _refuse(f"{text!r} is not like '^encoder=backbone'")
    regex, replacement = text[: parting.start()], text[parting.end() :]
    try:
        re.compile(regex).sub(replacement, "")  # which also looks at what it refers to
    except (re.error, IndexError, RecursionError, OverflowError) as error:
        _refuse(f"{text!r}: {error}")
    return regex, replacement


def _metadata(text: str) -> str | tuple[str, str]:
    if text in ("keep", "drop"):
        return text
    key, parted, value = text.partition("=")
    if not parted or not key:
        _refuse(f"{text!r} is neither keep, drop nor like author=me")
    return key, value


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(match[2].upper()) if match else None
    if match is None or unit is None:
        _refuse(f"{text!r} is not a size like 5GB, 500MiB or 5000000")
    whole, _, rest = match[1].partition(".")
    nbytes = int(whole) * unit + (int(rest) * unit // 10 ** len(rest) if rest else 0)
    if not nbytes:
        _refuse(f"{text!r} leaves no room for a byte")
    return nbytes


def _refuse(why: str) -> NoReturn:
    raise argparse.ArgumentTypeError(why)
