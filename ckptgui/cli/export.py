"""``ckptgui export``: one file, or a folder of them, each written whole and verified or not at all."""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, cast

from ckptgui.cli.export_text import export_lines
from ckptgui.cli.opening import open_path
from ckptgui.cli.progress import Bar
from ckptgui.cli.report import DONE, UsageError, complain, say, shown_path
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.job import Cancel
from ckptgui.errors import CheckpointError, ExportError, LargeOutputError, TargetExistsError
from ckptgui.export.atomic import OutputError, look_at
from ckptgui.export.losses import Losses, narrows_range
from ckptgui.export.losses_exact import exact
from ckptgui.export.naming import proposed_name
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportPlan, ExportRequest, ExportResult, Format
from ckptgui.export.run import export, is_source
from ckptgui.export.template import parse_template
from ckptgui.sources.locate import SourcePool

_SUFFIXES: dict[str, Format] = {
    ".pt": "pt", ".pth": "pt", ".ckpt": "pt", ".bin": "pt", ".safetensors": "safetensors",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """One export that was carried out, or with no ``result`` planned; ``losses`` where casts were tried."""

    plan: ExportPlan
    result: ExportResult | None
    losses: Losses | None

    def to_json(self) -> dict[str, Any]:
        """The answer of ``export --json``; that of a dry run has the same keys, and that nothing was written."""
        plan = self.plan
        answer = self.result.to_json() if self.result is not None else _planned(plan)
        if len(plan.files) > 1:
            answer["files"] = [file.name for file in plan.files]
        if self.losses is not None and self.losses.casts:
            answer["losses"] = _losses(self.losses)
        return answer


Outcome = tuple[int, list[Done]]
"""The exit status, and what was done if anything was."""


def run(options: argparse.Namespace) -> int:
    """Export each PATH; status 2 if one of them could not be, the others are written all the same."""
    *sources, out = options.paths
    if not sources:
        raise UsageError("export needs a PATH to read and an OUT to write (see ckptgui export --help)")
    if len(sources) == 1:
        if options.name is not None:
            raise UsageError("--name is for several PATHs; with one, OUT is its name (see ckptgui export --help)")
        status, found = _export_one(sources[0], out, _request(options, _format(options, out)), options.dry_run)
        if options.json and found:
            say(json.dumps(found[0].to_json(), allow_nan=False))
    else:
        _check_template(options.name)
        request = _request(options, options.format or "pt")
        status, found = _export_each(sources, out, request, options.name or "", options.dry_run)
        if options.json:
            say(json.dumps([done.to_json() for done in found], allow_nan=False))
    if not options.json:
        for done in found:
            say("\n".join(export_lines(done.plan, done.result, done.losses)))
    return status


def _format(options: argparse.Namespace, out: str) -> Format:
    if options.format:
        return cast(Format, options.format)
    suffix = PurePath(out).suffix.lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if options.max_shard_size is not None:  # a folder, whose name needs no suffix: Llama-3.1
        return "safetensors"
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


def _check_template(template: str | None) -> None:
    if template is not None:
        try:
            parse_template(template)
        except ExportError as error:
            raise UsageError(f"--name: {error}") from error


def _export_one(source: str, out: str, request: ExportRequest, dry: bool) -> Outcome:
    try:
        checkpoint = open_path(source)
    except CheckpointError as error:
        return complain(str(error), source), []
    return _write(checkpoint, source, out, request, dry)


def _export_each(sources: list[str], folder: str, request: ExportRequest, template: str, dry: bool) -> Outcome:
    """One file a source, its name saying what it holds; two that would get the same name are told apart."""
    if not dry:
        try:
            Path(folder).mkdir(exist_ok=True)
        except OSError as error:
            return complain(f"Several exports need a folder: {error.strerror}.", folder), []
    status, found, taken = DONE, list[Done](), set[str]()
    for source in sources:
        try:
            checkpoint = open_path(source)
            name = proposed_name(checkpoint, request, template)
        except CheckpointError as error:
            status = complain(str(error), source)
            continue
        name = _free_name(name, PurePath(source).stem, taken)
        failed, written = _write(checkpoint, source, str(Path(folder) / name), request, dry)
        status = max(status, failed)
        found += written
    return status, found


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
        return DONE, [_carried_out(plan, dry)]
    except (OutputError, TargetExistsError) as error:
        return complain(str(error), out), []
    except LargeOutputError as error:
        return complain(f"{error} It is written only on demand (--force).", source), []
    except CheckpointError as error:
        return complain(str(error), source), []


def _carried_out(plan: ExportPlan, dry: bool) -> Done:
    """Casts are tried where that is asked for, and where they may make infinite what was not."""
    pool = SourcePool()
    cancel = Cancel()
    try:
        with Bar() as bar:
            losses = exact(plan, pool, cancel, bar) if dry or narrows_range(plan) else None
            result = None if dry else export(plan, pool, cancel, bar)
            return Done(plan, result, losses)
    finally:
        cancel.cancel()
        pool.close()


def _planned(plan: ExportPlan) -> dict[str, Any]:
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


def _losses(losses: Losses) -> dict[str, Any]:
    """What casts change: how many values become others, infinite, zero; and the largest relative error."""
    return {
        "tensors": losses.casts,
        "changed": losses.changed.most,
        "infinite": losses.overflowed.most,
        "zero": losses.zeroed.most,
        "max_relative": losses.relative,
        "text": losses.sentence(),
    }
