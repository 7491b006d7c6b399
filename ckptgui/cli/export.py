"""``ckptgui export``: one file, or a folder of them, each written whole and verified or not at all."""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path, PurePath
from typing import Any, cast

from ckptgui.cli.opening import open_path
from ckptgui.cli.progress import Bar
from ckptgui.cli.report import DONE, UsageError, complain, say, shown_path
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.plain_numbers import count, size
from ckptgui.errors import CheckpointError, LargeOutputError, TargetExistsError
from ckptgui.export.atomic import OutputError, look_at
from ckptgui.export.naming import proposed_name
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportPlan, ExportRequest, Format
from ckptgui.export.run import export, is_source
from ckptgui.sources.locate import SourcePool

Outcome = tuple[int, list[dict[str, Any]]]
"""The exit status, and the answer if there is one."""

_NAMED = 6
_SUFFIXES: dict[str, Format] = {
    ".pt": "pt", ".pth": "pt", ".ckpt": "pt", ".bin": "pt", ".safetensors": "safetensors",
}  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Export each PATH; status 2 if one of them could not be, the others are written all the same."""
    *sources, out = options.paths
    if not sources:
        raise UsageError("export needs a PATH to read and an OUT to write (see ckptgui export --help)")
    if len(sources) == 1:
        request = _request(options, _format(options, out))
        status, answers = _export_one(sources[0], out, request, options.dry_run)
        if answers and options.json:
            say(json.dumps(answers[0], allow_nan=False))
    else:
        request = _request(options, options.format or "pt")
        status, answers = _export_each(sources, out, request, options.dry_run)
        if options.json:
            say(json.dumps(answers, allow_nan=False))
    if not options.json:
        for answer in answers:
            say(_sentence(answer))
    return status


def _format(options: argparse.Namespace, out: str) -> Format:
    if options.format:
        return cast(Format, options.format)
    suffix = PurePath(out).suffix.lower()
    if suffix not in _SUFFIXES:
        raise UsageError(
            f"{shown_path(out)} does not say which format: end it in .pt or .safetensors, or give --format"
        )
    return _SUFFIXES[suffix]


def _request(options: argparse.Namespace, format: Format) -> ExportRequest:
    section = None if options.section is None else tuple(options.section.split("/"))
    return ExportRequest(
        section=section,
        format=format,
        only=options.only,
        device=options.device,
        tied=options.tied,
        force=options.force,
    )


def _export_one(source: str, out: str, request: ExportRequest, dry: bool) -> Outcome:
    try:
        checkpoint = open_path(source)
    except CheckpointError as error:
        return complain(str(error), source), []
    return _write(checkpoint, source, out, request, dry)


def _export_each(sources: list[str], folder: str, request: ExportRequest, dry: bool) -> Outcome:
    """One file a source, its name saying what it holds; two that would get the same name are told apart."""
    if not dry:
        try:
            Path(folder).mkdir(exist_ok=True)
        except OSError as error:
            return complain(f"Several exports need a folder: {error.strerror}.", folder), []
    status, answers, taken = DONE, [], set[str]()
    for source in sources:
        try:
            checkpoint = open_path(source)
        except CheckpointError as error:
            status = complain(str(error), source)
            continue
        name = _free_name(proposed_name(checkpoint, request), PurePath(source).stem, taken)
        failed, written = _write(checkpoint, source, str(Path(folder) / name), request, dry)
        status = max(status, failed)
        answers += written
    return status, answers


def _free_name(name: str, stem: str, taken: set[str]) -> str:
    """``name``, or with the source's own name before it, and a number where that is taken too."""
    candidates = itertools.chain(
        [name, f"{stem}-{name}"], (f"{stem}-{number}-{name}" for number in itertools.count(2))
    )
    found = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(found)
    return found


def _write(checkpoint: Checkpoint, source: str, out: str, request: ExportRequest, dry: bool) -> Outcome:
    try:
        plan = plan_export(checkpoint, out, request)
        if look_at(out).exists and not request.force:
            what = "It is the source itself" if is_source(checkpoint, out) else "There is such a file already"
            raise TargetExistsError(f"{what}; --force replaces it.")
        return DONE, [_planned(plan) if dry else _carried_out(plan)]
    except (OutputError, TargetExistsError) as error:
        return complain(str(error), out), []
    except LargeOutputError as error:
        return complain(f"{error} It is written only on demand (--force).", source), []
    except CheckpointError as error:
        return complain(str(error), source), []


def _carried_out(plan: ExportPlan) -> dict[str, Any]:
    pool = SourcePool()
    try:
        with Bar() as bar:
            return export(plan, pool, report=bar).to_json()
    finally:
        pool.close()


def _planned(plan: ExportPlan) -> dict[str, Any]:
    """The answer of a dry run: the same keys, and that nothing was written."""
    return {
        "out": plan.out,
        "format": plan.request.format,
        "tensor_count": len(plan.names),
        "bytes": plan.nbytes,
        "source_bytes": plan.checkpoint.nbytes,
        "dropped": list(plan.dropped),
        "tied": dict(plan.tied),
        "verified": False,
        "dry_run": True,
    }


def _sentence(answer: dict[str, Any]) -> str:
    """From how much to how much, and what stayed behind."""
    done = "would be written" if answer.get("dry_run") else "written and verified"
    tensors = count(answer["tensor_count"], "tensor")
    sizes = f"{size(answer['bytes'])}; the source has {size(answer['source_bytes'])}"
    lines = [f"{shown_path(answer['out'])}: {tensors} {done}, {sizes}."]
    if answer["dropped"]:
        more = f" and {len(answer['dropped']) - _NAMED:,} more" if len(answer["dropped"]) > _NAMED else ""
        lines.append(f"  left out: {', '.join(map(display, answer['dropped'][:_NAMED]))}{more}")
    if answer["tied"]:
        pairs = [f"{display(name)} = {display(to)}" for name, to in list(answer["tied"].items())[:_NAMED]]
        lines.append(f"  tied: {', '.join(pairs)}")
    return "\n".join(lines)
