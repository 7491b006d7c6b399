"""``ckptgui info``: opens, reads what is asked for, answers as JSON or as text."""

from __future__ import annotations

import argparse
import sys

from ckptgui.cli.answer import write_answer
from ckptgui.cli.opening import open_path
from ckptgui.cli.progress import Bar
from ckptgui.cli.reading import Values, Wish
from ckptgui.cli.report import DONE, UsageError, complain
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.errors import CheckpointError


def run(options: argparse.Namespace) -> int:
    """Answer; status 2 if the file, or any tensor of it, cannot be read whole."""
    if options.exact and not options.stats:
        raise UsageError("--exact is about --stats (see ckptgui info --help)")
    wish = Wish(options.stats, options.exact, options.digest, cache=not options.no_cache)
    try:
        checkpoint = open_path(options.path)
    except CheckpointError as error:
        return complain(str(error), options.path)
    with Bar() as bar, Values(checkpoint, wish, bar) as values:
        reasons = _answer(checkpoint, options, wish, values)
    if checkpoint.attributes.get("incomplete"):  # what follows the break cannot even be listed
        reasons = [*checkpoint.warnings[:1], *reasons]
    if not reasons:
        return DONE
    sys.stdout.flush()
    more = f" ({len(reasons) - 1:,} more)" if len(reasons) > 1 else ""
    return complain(f"{reasons[0]}{more}", options.path)


def _answer(checkpoint: Checkpoint, options: argparse.Namespace, wish: Wish, values: Values) -> list[str]:
    if options.json:
        return write_answer(checkpoint, options.path, values, wish, sys.stdout.write)
    from ckptgui.cli.text import write_text

    return write_text(checkpoint, values, options.depth, sys.stdout)
