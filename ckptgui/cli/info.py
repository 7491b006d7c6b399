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
from ckptgui.engine.checksums import Checked, check_checksums
from ckptgui.engine.job import Cancel
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool


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
        checked, unchecked = _checked(checkpoint, bar) if options.verify else (None, [])
        reasons = [*unchecked, *_answer(checkpoint, options, wish, values, checked)]
    if checkpoint.attributes.get("incomplete"):  # what follows the break cannot even be listed
        reasons = [*checkpoint.warnings[:1], *reasons]
    if not reasons:
        return DONE
    sys.stdout.flush()
    more = f" ({len(reasons) - 1:,} more)" if len(reasons) > 1 else ""
    return complain(f"{reasons[0]}{more}", options.path)


def _checked(checkpoint: Checkpoint, bar: Bar) -> tuple[Checked, list[str]]:
    """The file's own checksums, and the reasons why it is not as it was saved."""
    pool = SourcePool()
    try:
        checked = check_checksums(checkpoint, pool, Cancel(), bar)
    except CheckpointError as error:  # as of a cut archive, whose directory is missing
        return Checked(0, ()), [str(error)]
    finally:
        pool.close()
    return checked, [fault.text for fault in checked.bad]


def _answer(
    checkpoint: Checkpoint, options: argparse.Namespace, wish: Wish, values: Values, checked: Checked | None
) -> list[str]:
    if options.json:
        return write_answer(checkpoint, options.path, values, wish, sys.stdout.write, checked)
    from ckptgui.cli.text import write_text

    return write_text(checkpoint, values, options.depth, sys.stdout, checked)
