"""``ckptgui export``: one file, or a folder of them, each written whole and verified or not at all."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path, PurePath
from typing import Any, cast

from ckptgui.cli.export_text import export_lines
from ckptgui.cli.opening import open_path
from ckptgui.cli.progress import Bar
from ckptgui.cli.report import DONE, UsageError, complain, say, shown_path
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import (
    CheckpointError,
    DamagedFileError,
    DamagedSourceError,
    ExportError,
    LargeOutputError,
    TargetExistsError,
)
from ckptgui.export.atomic import OutputError, look_at
from ckptgui.export.atomic_folder import look_at_folder
from ckptgui.export.batch import Batch, Standing, arrange, foresee
from ckptgui.export.batch_places import made_folder
from ckptgui.export.losses import Losses, narrows_range
from ckptgui.export.losses_exact import exact
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportPlan, ExportRequest, ExportResult, Format
from ckptgui.export.run import export, is_source
from ckptgui.export.template import Template, parse_template
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.batch_paths import batch_sources, is_run

_SUFFIXES: dict[str, Format] = {
    ".pt": "pt", ".pth": "pt", ".ckpt": "pt", ".bin": "pt", ".safetensors": "safetensors",
}  # fmt: skip


Answer = dict[str, Any]


def run(options: argparse.Namespace) -> int:
    """Export each PATH; status 2 if one of them could not be, the others are written all the same."""
    *sources, out = options.paths
    if not sources:
        raise UsageError("export needs a PATH to read and an OUT to write (see ckptgui export --help)")
    if len(sources) > 1 or is_run(sources[0]):
        status, answers = _export_each(sources, out, options)
        if options.json:
            say(json.dumps(answers, allow_nan=False))
        return status
    if options.name is not None:
        raise UsageError("--name is for several PATHs; with one, OUT is its name (see ckptgui export --help)")
    status, answer = _export_one(sources[0], out, options)
    if answer is not None and options.json:
        say(json.dumps(answer, allow_nan=False))
    return status


def _format(options: argparse.Namespace, out: str) -> Format:
    if options.format:
        return cast(Format, options.format)
    suffix = PurePath(out).suffix.lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if options.max_shard_size is not None:  # a folder, whose name needs no suffix: Llama-3.1
        return "safetensors"
    if Path(out).is_dir():
        raise UsageError(
            f"{shown_path(out)} is a folder; name the file to write in it (see ckptgui export --help)"
        )
    raise UsageError(
        f"{shown_path(out)} does not say which format: end it in .pt or .safetensors, or give --format"
    )


def _request(options: argparse.Namespace, format: Format) -> ExportRequest:
    words = {word for word in options.metadata if isinstance(word, str)}
    if len(words) > 1:
        raise UsageError("--metadata cannot be both keep and drop (see ckptgui export --help)")
    return ExportRequest(
        section=None if options.section is None else tuple(options.section.split("/")),
        format=format,
        only=options.only,
        device=options.device,
        tied=options.tied,
        force=options.force,
        dtype=options.dtype,
        dtype_for=tuple(options.dtype_for),
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        strip=tuple(options.strip),
        rename=tuple(options.rename),
        max_shard_bytes=options.max_shard_size,
        keep_metadata=None if not words else words == {"keep"},
        metadata=tuple(pair for pair in options.metadata if not isinstance(pair, str)),
        rescue=options.rescue,
    )


def _template(text: str | None) -> Template | None:
    if text is None:
        return None
    try:
        return parse_template(text)
    except ExportError as error:
        raise UsageError(f"--name: {error}") from error


def _export_one(source: str, out: str, options: argparse.Namespace) -> tuple[int, Answer | None]:
    request = _request(options, _format(options, out))
    pool, cancel = SourcePool(), Cancel()
    try:
        checkpoint = open_path(source)
        plan = plan_export(checkpoint, out, request)
        if _is_taken(out, request) and not request.force:
            what = "It is the source itself" if is_source(checkpoint, out) else "There is such a file already"
            raise TargetExistsError(f"{what}.")
        return DONE, _carried_out(plan, pool, cancel, options)
    except CheckpointError as error:
        return _failed(error, source, out), None
    finally:
        cancel.cancel()
        pool.close()


def _is_taken(out: str, request: ExportRequest) -> bool:
    """Whether something stands there. Raises ``OutputError`` where no export can."""
    return bool(look_at_folder(out).holds) if request.max_shard_bytes is not None else look_at(out).exists


def _export_each(paths: Sequence[str], folder: str, options: argparse.Namespace) -> tuple[int, list[Answer]]:
    """One file a source, its name saying what it holds; two that would get the same name are told apart."""
    template, request = _template(options.name), _request(options, options.format or "pt")
    if PurePath(folder).suffix.lower() in _SUFFIXES and not Path(folder).is_dir():
        raise UsageError(
            f"{shown_path(folder)} is named like a file, but several exports go into a folder;"
            " --format says which format (see ckptgui export --help)"
        )
    cancel = Cancel()
    sources = batch_sources(paths, cancel)
    prospects = [foresee(source, request, cancel) for source in sources]
    items = arrange(prospects, folder, template, force=request.force, sources_too=request.force)
    status = DONE

    def act(plan: ExportPlan, pool: SourcePool, cancel: Cancel, _: Report) -> Answer:
        return _carried_out(plan, pool, cancel, options)

    def tell(row: int, standing: Standing[Answer]) -> None:
        nonlocal status
        if standing.error is not None:
            status = _failed(standing.error, items[row].source.path, items[row].out or folder)

    batch = Batch(items, request, act)
    sizes = [item.nbytes for item in items if item.error is None]
    try:
        with nullcontext() if options.dry_run else made_folder(folder, sizes):
            ended = batch.run(cancel, tell)
    except OutputError as error:
        return complain(str(error), folder), []
    return status, [standing.result for standing in ended if standing.result is not None]


def _failed(error: CheckpointError, source: str, out: str) -> int:
    """Say what is wrong with which of the two, and which option would help."""
    if isinstance(error, TargetExistsError):
        return complain(f"{str(error).partition(';')[0].rstrip('.')}; --force replaces it.", out)
    if isinstance(error, DamagedSourceError) and error.left:
        return complain(f"{str(error).rstrip('.')} (--rescue).", source)
    if isinstance(error, LargeOutputError):
        return complain(f"{error} It is written only on demand (--force).", source)
    return complain(str(error), out if isinstance(error, OutputError) else source)


def _carried_out(plan: ExportPlan, pool: SourcePool, cancel: Cancel, options: argparse.Namespace) -> Answer:
    """Casts are tried where that is asked for, and where they may make infinite what was not."""
    with Bar() as bar:
        tried = options.dry_run or narrows_range(plan)
        losses = _losses(plan, pool, cancel, bar, options) if tried else None
        result = None if options.dry_run else export(plan, pool, cancel, bar)
    if not options.json:
        say("\n".join(export_lines(plan, result, losses)))
    return _answer(plan, result, losses)


def _losses(
    plan: ExportPlan, pool: SourcePool, cancel: Cancel, report: Report, options: argparse.Namespace
) -> Losses | None:
    try:
        return exact(plan, pool, cancel, report)
    except DamagedFileError:
        if options.dry_run and not options.rescue:
            raise
        return None  # the export meets it too, and knows what to do


def _answer(plan: ExportPlan, result: ExportResult | None, losses: Losses | None) -> Answer:
    """The answer of ``export --json``; that of a dry run has the same keys, and that nothing was written."""
    answer = result.to_json() if result is not None else _planned(plan)
    if len(plan.files) > 1:
        answer["files"] = [file.name for file in plan.files]
    if losses is not None and losses.casts:
        answer["losses"] = _told(losses)
    if plan.notes:
        answer["notes"] = list(plan.notes)
    return answer


def _planned(plan: ExportPlan) -> Answer:
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
        **({"lost": dict(plan.lost)} if plan.lost else {}),
    }


def _told(losses: Losses) -> Answer:
    """What casts change: how many values become others, infinite, zero; and the largest relative error."""
    return {
        "tensors": losses.casts,
        "changed": losses.changed.most,
        "infinite": losses.overflowed.most,
        "zero": losses.zeroed.most,
        "max_relative": losses.relative,
        "text": losses.sentence(),
    }
