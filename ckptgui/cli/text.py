"""``info`` for eyes: heading, sections, tree, training, how to load; plain text, the same when piped."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import TextIO

from ckptgui.analysis.profile import Profile
from ckptgui.cli.health import health
from ckptgui.cli.lightning_text import lightning_lines, read_scores
from ckptgui.cli.meaning_text import module_lines, names_lines, origin_lines, readiness_lines, section_lines
from ckptgui.cli.reading import Reading, Values
from ckptgui.cli.table import indented, table
from ckptgui.cli.training_text import headline, training_lines
from ckptgui.cli.tree_text import tree_lines
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.format_names import format_name
from ckptgui.core.loading.how_to_load import load_snippet
from ckptgui.core.loading.saved_devices import device_sentence
from ckptgui.core.plain_numbers import count, size
from ckptgui.core.training.summary import training
from ckptgui.core.tree.build import build_tree
from ckptgui.engine.checksums import Checked

_MAX_WARNINGS = 20


def write_text(
    checkpoint: Checkpoint, values: Values, depth: int | None, out: TextIO, checked: Checked | None = None
) -> list[str]:
    """Print it all; the reasons why tensors could not be read whole are returned."""
    read = values.all()
    reasons = [f"{'/'.join(checkpoint.tensors.path(row))}: {e}" for row, e in sorted(values.errors.items())]
    bold, plain = ("\x1b[1m", "\x1b[0m") if has_style(out) else ("", "")
    for title, lines in _parts(checkpoint, read, values.profile, reasons, depth, checked):
        body = list(lines)
        if body:
            out.write(f"{bold}{title}{plain}\n" + "".join(f"{line}\n" for line in indented(body)) + "\n")
    return reasons


def _parts(
    checkpoint: Checkpoint,
    read: Mapping[int, Reading],
    profile: Profile,
    reasons: list[str],
    depth: int | None,
    checked: Checked | None,
) -> Iterator[tuple[str, Iterable[str]]]:
    name = display(PurePath(checkpoint.path).name or checkpoint.path)
    yield name, [*_heading(checkpoint), *headline(training(checkpoint))]
    yield "Warnings", _warnings([*checkpoint.warnings, *reasons])
    yield "Checksums", _checksums(checked) if checked is not None else ()
    yield "Sections", section_lines(checkpoint)
    yield "Tensors and values", tree_lines(build_tree(checkpoint), depth, read)
    yield "Health", _health(checkpoint, profile)
    scores = read_scores(checkpoint)
    yield "Training", [*training_lines(training(checkpoint)), *lightning_lines(checkpoint, scores)]
    yield "To go on with it", readiness_lines(checkpoint, scores)
    yield "Modules", module_lines(checkpoint)
    yield "Origin", origin_lines(checkpoint)
    yield "Names", names_lines(checkpoint)
    snippet = load_snippet(checkpoint)
    device = device_sentence(checkpoint)
    lines = snippet.rstrip("\n").split("\n") if snippet else ["torch cannot load this file."]
    yield (
        "How to load",
        [*([display(device, MAX_DETAIL), ""] if device else []), *(display(x, MAX_DETAIL) for x in lines)],
    )


def _heading(checkpoint: Checkpoint) -> Iterator[str]:
    parts = [format_name(checkpoint.format), size(checkpoint.nbytes)]
    if checkpoint.parameter_count:
        parts.append(count(checkpoint.parameter_count, "parameter"))
    parts.append(count(len(checkpoint), "tensor"))
    used = Counter(checkpoint.tensors.dtype.tolist())
    dtypes = [checkpoint.tensors.dtypes[code].name for code, _ in used.most_common()]
    if dtypes:
        parts.append(", ".join(dtypes[:4]) + (" …" if len(dtypes) > 4 else ""))
    yield " · ".join(parts)


def _warnings(warnings: list[str]) -> Iterator[str]:
    for warning in warnings[:_MAX_WARNINGS]:
        yield display(warning, MAX_DETAIL)
    if len(warnings) > _MAX_WARNINGS:
        yield f"… and {len(warnings) - _MAX_WARNINGS:,} more, all of them with --json."


def _checksums(checked: Checked) -> Iterator[str]:
    if not checked.count:
        yield "The files keep no checksums."
        return
    good = checked.count - len(checked.bad)
    yield f"{good:,} of {count(checked.count, 'record')} {'is' if good == 1 else 'are'} as saved."
    yield from _warnings([f"{fault.file}: {fault.text}" for fault in checked.bad])


def _health(checkpoint: Checkpoint, profile: Profile) -> Iterator[str]:
    found = health(checkpoint, profile) if len(profile) else []
    return table([[display("/".join(finding.path)), display(finding.text)] for finding in found])


def has_style(out: TextIO) -> bool:
    """Whether bold letters are wanted there."""
    return out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
