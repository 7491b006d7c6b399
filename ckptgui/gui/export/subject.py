"""What is to be exported: a checkpoint as the window shows it, which part of it is meant, what is known of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.tensors import Path
from ckptgui.errors import CheckpointError
from ckptgui.export.naming import proposed_name
from ckptgui.export.request import ExportRequest
from ckptgui.sources.locate import SourcePool

if TYPE_CHECKING:
    from ckptgui.gui.document_view import DocumentView

_LOADED = frozenset({Role.MODEL, Role.EMA, Role.OTHER})
"""Roles of what a model may load."""


@dataclass(frozen=True, eq=False)
class Subject:
    """``shown`` is the file or folder beside which the result goes. ``section`` is the state dict that is meant,
    where that is not ``sure`` somebody must say so; ``rows`` are the tensors alone that were chosen in the tree.
    ``profile`` are the figures that are known by now (``analysis.profile.RECORD``), None where there are none,
    ``template`` is of the file's name.
    ``pool`` makes what its bytes are read from.
    """

    checkpoint: Checkpoint
    shown: str
    section: Path | None = None
    sure: bool = True
    rows: frozenset[int] | None = None
    profile: np.ndarray | None = None
    template: str = ""
    pool: Callable[[], SourcePool] = SourcePool

    @property
    def folder(self) -> str:
        """The folder that the source is in."""
        return os.path.dirname(os.path.abspath(self.shown))  # noqa: PTH120 - a path may be no text

    def request(self, preset: ExportRequest) -> ExportRequest:
        """What a preset means for it."""
        return replace(preset, section=self.section, rows=self.rows)

    def proposal(self, request: ExportRequest) -> str:
        """A path for the result, beside the source; raises ``CheckpointError``."""
        checkpoint = replace(self.checkpoint, path=self.shown)
        try:
            name = proposed_name(checkpoint, request, self.template)
        except CheckpointError:
            name = proposed_name(checkpoint, request)
        return os.path.join(self.folder, name)  # noqa: PTH118


def candidates(checkpoint: Checkpoint) -> list[Section]:
    """The sections that can go out as a state dict: those that hold tensors, what no model loads last."""
    held = [section for section in checkpoint.sections if section.tensor_count]
    return sorted(held, key=lambda section: section.role not in _LOADED)


def likely_section(checkpoint: Checkpoint, selected: Path = ()) -> tuple[Path | None, bool]:
    """The section that is meant, and whether that is sure: the only one, or the one that ``selected`` lies in."""
    from ckptgui.export.select import choose_section

    within = [s for s in checkpoint.sections if s.path and selected[: len(s.path)] == s.path and s.tensor_count]
    if within and within[0].role in _LOADED:
        return within[0].path, True
    try:
        return choose_section(checkpoint, None).path, True
    except CheckpointError:
        found = candidates(checkpoint)
        first = [s for s in found if s.role is Role.MODEL] or [s for s in found if s.role in _LOADED] or found
        return (max(first, key=lambda section: section.nbytes).path if first else None), len(found) < 2


def chosen_in(view: DocumentView, node: int) -> tuple[Path | None, frozenset[int] | None]:
    """The section and the rows that a node of the tree stands for; no rows where it is a whole section."""
    if view.opened is None:
        return None, None
    tree, checkpoint = view.opened.tree, view.opened.checkpoint
    rows = tree.row[node : int(tree.end[node])]
    rows = rows[rows >= 0]
    if not rows.size:
        return None, None
    section = checkpoint.section_of(int(rows[0]))
    if section is None:
        return None, None
    if rows.size >= section.tensor_count and rows.max() < section.stop:
        return section.path, None
    within = rows[(rows >= section.start) & (rows < section.stop)]
    return section.path, frozenset(within.tolist()) if within.size == rows.size else None
