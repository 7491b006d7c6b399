"""``ckptgui compare``: what changed between checkpoints, tensor by tensor, as JSON or as text."""

from __future__ import annotations

import argparse
import sys

from ckptgui.cli.compare_answer import write_answer
from ckptgui.cli.compare_paths import chosen
from ckptgui.cli.compare_reading import read_pair, read_steps
from ckptgui.cli.compare_text import write_text
from ckptgui.cli.compare_told import told
from ckptgui.cli.progress import Bar
from ckptgui.cli.report import DIFFERENT, DONE, complain


def run(options: argparse.Namespace) -> int:
    """Answer; status 0 if all are equal in every value, 1 if not, 2 if something could not be read."""
    with Bar() as bar:
        choice = chosen(options.paths, options.section or [], bar)
        read = read_pair if choice.is_pair else read_steps
        values = read(choice.series, not options.no_cache, bar)
    answer = told(values, choice.is_pair)
    if options.json:
        write_answer(answer, sys.stdout.write)
    else:
        write_text(answer, sys.stdout)
    if answer.trouble:
        sys.stdout.flush()
        path, reason = answer.trouble[0]
        more = f" ({len(answer.trouble) - 1:,} more)" if len(answer.trouble) > 1 else ""
        return complain(f"{reason}{more}", path or None)
    return DONE if answer.identical else DIFFERENT
