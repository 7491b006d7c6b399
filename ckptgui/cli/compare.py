"""``ckptgui compare``: what changed between checkpoints, tensor by tensor, as JSON or as text."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ckptgui.cli.compare_paths import chosen
from ckptgui.cli.compare_reading import Wish, read_pair, read_steps
from ckptgui.cli.compare_text import write_text
from ckptgui.cli.progress import Bar
from ckptgui.cli.report import DIFFERENT, DONE, UsageError, complain
from ckptgui.engine.job import Cancel
from ckptgui.errors import ExportError, TargetExistsError
from ckptgui.export.atomic import look_at
from ckptgui.workspace.answer.parts import answer_parts
from ckptgui.workspace.answer.told import told
from ckptgui.workspace.report.page import Reported
from ckptgui.workspace.report.saving import save_page


def run(options: argparse.Namespace) -> int:
    """Answer; status 0 if all are equal in every value, 1 if not, 2 if something could not be read or written."""
    if options.force and not options.report:
        raise UsageError("--force is about --report (see ckptgui compare --help)")
    try:
        _look_at_target(options)
    except ExportError as error:
        return complain(str(error), options.report)
    wish = Wish(not options.no_cache, options.report is not None)
    with Bar() as bar:
        choice = chosen(options.paths, options.section or [], bar)
        read = read_pair if choice.is_pair else read_steps
        values = read(choice.series, wish, bar)
    answer = told(values.found, values.renames, is_pair=choice.is_pair)
    if options.json:
        sys.stdout.writelines(answer_parts(answer))
    else:
        write_text(answer, sys.stdout)
    sys.stdout.flush()
    written = _write_report(options, values.reported)
    if answer.trouble:
        path, reason = answer.trouble[0]
        more = f" ({len(answer.trouble) - 1:,} more)" if len(answer.trouble) > 1 else ""
        return complain(f"{reason}{more}", path or None)
    return written or (DONE if answer.identical else DIFFERENT)


def _look_at_target(options: argparse.Namespace) -> None:
    """Refuse what cannot be written before anything is read."""
    if options.report is None:
        return
    if look_at(options.report).exists and not options.force:
        raise TargetExistsError("There is such a file already; --force replaces it.")
    if not Path(options.report).absolute().parent.is_dir():
        raise ExportError("There is no such folder to save the report in.")


def _write_report(options: argparse.Namespace, reported: Reported | None) -> int:
    """Save the page, if there is to be one; the status, where that fails."""
    if reported is None:
        return DONE
    try:
        save_page(reported, options.report, Cancel(), force=options.force)
    except ExportError as error:
        return complain(str(error), options.report)
    return DONE
