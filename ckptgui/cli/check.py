"""``ckptgui check``: would a model load the checkpoint's state dict, and if not, under which names would it?"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from ckptgui.cli.check_text import check_lines
from ckptgui.cli.opening import open_path
from ckptgui.cli.report import DIFFERENT, DONE, complain, say
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.fit.fit import Mismatch
from ckptgui.core.fit.search import Fix
from ckptgui.errors import CheckpointError
from ckptgui.workspace.will_it_load import LoadCheck, read_model, will_it_load


def run(options: argparse.Namespace) -> int:
    """Answer; status 0 if it would load, 1 if not, 2 if either cannot be read or PATH is damaged."""
    at = options.path
    try:
        checkpoint = open_path(at)
        at = options.against
        expected = read_model(at)
        at = options.path
        found = will_it_load(checkpoint, expected, options.section)
    except CheckpointError as error:
        return complain(str(error), at)
    reasons = _damage(checkpoint)
    if options.json:
        say(json.dumps(_answer(found, reasons), allow_nan=False))
    else:
        sys.stdout.writelines(f"{line}\n" for line in check_lines(options.path, options.against, found, reasons))
    if reasons:
        sys.stdout.flush()
        more = f" ({len(reasons) - 1:,} more)" if len(reasons) > 1 else ""
        return complain(f"{reasons[0]}{more}", options.path)
    return DONE if found.fit.loads else DIFFERENT


def _damage(checkpoint: Checkpoint) -> list[str]:
    """Why torch could not even read the file."""
    lost = [
        f"{'/'.join(checkpoint.tensors.path(row))}: {e}" for row, e in sorted(checkpoint.tensors.errors.items())
    ]
    return [*checkpoint.warnings[:1], *lost] if checkpoint.attributes.get("incomplete") else lost


def _answer(found: LoadCheck, reasons: list[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "loads": found.fit.loads and not reasons,
        "missing": list(found.fit.missing),
        "unexpected": list(found.fit.unexpected),
        "mismatched": [_mismatch(each) for each in found.fit.mismatched],
        "fix": _fix(found.fix),
    }
    return {**answer, "warnings": reasons} if reasons else answer


def _mismatch(mismatch: Mismatch) -> dict[str, Any]:
    answer = {
        "name": mismatch.name,
        "expected": list(mismatch.expected),
        "found": None if mismatch.found is None else list(mismatch.found),
    }
    return {**answer, "error": mismatch.error} if mismatch.error else answer


def _fix(fix: Fix | None) -> dict[str, Any] | None:
    """Export's options that there are."""
    if fix is None:
        return None
    options = {"strip": list(fix.renaming.strip), "rename": list(fix.renaming.rename)}
    return {**{key: values for key, values in options.items() if values}, "loads": fix.fit.loads}
