"""What a checkpoint's header says once it is thought about: layout, account, judgement; found off the GUI thread.

Each is a frozen answer. ``Finder`` works them out one after the other, the quickest first, and keeps them as long
as the document is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.format_names import format_name
from ckptgui.core.kept import with_kept
from ckptgui.core.loading.how_to_load import load_snippet
from ckptgui.core.loading.saved_devices import device_sentence, tells_devices
from ckptgui.core.names_used import UsedName, names_verdict, used_names
from ckptgui.core.optimizers.slots import SlotMap, slots
from ckptgui.core.optimizers.updates import LastUpdates, last_updates
from ckptgui.core.tensors import Path
from ckptgui.core.training.callbacks import Callback, callbacks
from ckptgui.core.training.history import Curve, history
from ckptgui.core.training.provenance import Provenance, provenance
from ckptgui.core.training.readiness import Readiness, readiness
from ckptgui.core.training.summary import Training, training
from ckptgui.core.tree.build import Tree
from ckptgui.core.waste import Waste, waste
from ckptgui.engine.job import Cancel, Report
from ckptgui.engine.window import read_window
from ckptgui.errors import CheckpointError
from ckptgui.gui.inspector.overview.byte_parts import Part, byte_parts
from ckptgui.gui.inspector.overview.metadata_model import count_text
from ckptgui.gui.inspector.overview.values_strip_map import StripMap, strip_map
from ckptgui.gui.inspector.relations import wholes
from ckptgui.gui.inspector.tensor_list import largest_tensors
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import counted, integer, size_text, tr
from ckptgui.sources.locate import SourcePool

LARGEST = 8
DELAY_MS = 15
"""After a document came, so that its tree is painted before anything is thought about."""


@dataclass(frozen=True)
class Layout:
    """Where the bytes are: facts for the line below the title, the bar's parts, waste, nodes of the largest; and
    which tensors the strip of values has.
    """

    facts: tuple[str, ...]
    parts: tuple[Part, ...]
    waste: Waste
    largest: tuple[int, ...]
    strip: StripMap


@dataclass(frozen=True)
class Account:
    """What the metadata and the names say: training and its curves, the code that loads it, each name.

    ``scores`` are the best scores of callbacks, by the callback's path, also those that are tensors in the file
    and had to be read; ``values`` is how many plain values there are, in words.
    """

    training: Training
    callbacks: tuple[Callback, ...]
    scores: Mapping[Path, float]
    curves: tuple[Curve, ...]
    values: str
    snippet: str | None
    device: str
    names: tuple[UsedName, ...]
    verdict: str

    @property
    def best(self) -> float | None:
        """The best score of the training."""
        if self.training.best is None:
            return None
        _, found = self.training.best
        return found.value if found.value is not None else self.scores.get(found.path[:-1])


@dataclass(frozen=True)
class Judgement:
    """What needs every name and shape: the optimizers' slots, what is there to go on with, where it comes from.

    ``wholes`` has for each component's row the row of the tensor that it is a component of.
    """

    slots: SlotMap
    updates: LastUpdates
    wholes: Mapping[int, int]
    readiness: Readiness
    provenance: Provenance


class Finder(QObject):
    """The findings of one document after the other. None is what is still to come; ``found`` says that one is."""

    found = Signal(object)

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._waiting: list[Callable[[Cancel, Report], object]] = []
        self.layout: Layout | None = None
        self.account: Account | None = None
        self.judgement: Judgement | None = None
        self._soon = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._soon.timeout.connect(self._next)

    def set_document(self, checkpoint: Checkpoint, tree: Tree, pool: SourcePool) -> None:
        """Think about another one; what was found of the last is forgotten."""
        self._lane.cancel()
        self.layout = self.account = self.judgement = None
        self._waiting = [
            partial(_layout, checkpoint, tree),
            partial(_account, checkpoint, pool),
            partial(_judgement, checkpoint),
        ]
        self._soon.start()

    def _next(self) -> None:
        if self._waiting:
            self._lane.start(self._waiting.pop(0), self._take, lambda _: self._soon.start())

    def _take(self, found: object) -> None:
        if isinstance(found, Layout):
            self.layout = found
        elif isinstance(found, Account):
            self.account = found
        elif isinstance(found, Judgement):
            self.judgement = found
        self.found.emit(found)
        self._soon.start()  # not at once: showing goes first, and both would want the interpreter


def _layout(checkpoint: Checkpoint, tree: Tree, cancel: Cancel, _: Report) -> Layout:
    wasted = waste(checkpoint)
    cancel.check()
    parts = byte_parts(checkpoint, tree, wasted)
    cancel.check()
    strip = strip_map(checkpoint, tree)
    largest = tuple(largest_tensors(tree, 0, LARGEST))
    return Layout(tuple(file_facts(checkpoint)), parts, wasted, largest, strip)


def _account(checkpoint: Checkpoint, pool: SourcePool, cancel: Cancel, _: Report) -> Account:
    told, remembered = training(checkpoint), callbacks(checkpoint)
    cancel.check()
    return Account(
        training=told,
        callbacks=remembered,
        scores=_scores(checkpoint, remembered, pool),
        curves=history(checkpoint),
        values=count_text(with_kept(checkpoint)),
        snippet=load_snippet(checkpoint),
        device=device_sentence(checkpoint) or "",
        names=used_names(checkpoint),
        verdict=names_verdict(checkpoint),
    )


def _judgement(checkpoint: Checkpoint, cancel: Cancel, _: Report) -> Judgement:
    matched = slots(checkpoint)
    cancel.check()
    ready = readiness(checkpoint, matched)
    cancel.check()
    updates = last_updates(checkpoint, matched)
    cancel.check()
    return Judgement(matched, updates, wholes(checkpoint), ready, provenance(checkpoint))


def _scores(checkpoint: Checkpoint, remembered: Sequence[Callback], pool: SourcePool) -> dict[Path, float]:
    """What the callbacks' best scores are; one that cannot be read is left out."""
    found: dict[Path, float] = {}
    for callback in remembered:
        if callback.score is not None:
            found[callback.path] = callback.score
        elif callback.score_row is not None:
            with suppress(CheckpointError):
                value = read_window(checkpoint.info(callback.score_row), pool, ())
                found[callback.path] = float(np.real(np.asarray(value).reshape(-1)[0]))
    return found


def file_facts(checkpoint: Checkpoint) -> list[str]:
    """Format, size, parameters, tensors, type, device: what a file is in a line."""
    table = checkpoint.tensors
    facts = [tr(format_name(checkpoint.format)), size_text(checkpoint.nbytes)]
    if checkpoint.parameter_count:
        facts.append(counted(checkpoint.parameter_count, "parameter", "parameters"))
    facts.append(counted(len(table), "tensor", "tensors"))
    if len(table):
        weight = np.bincount(table.dtype, weights=table.nbytes.astype(np.float64), minlength=len(table.dtypes))
        order = sorted(range(len(table.dtypes)), key=lambda code: -weight[code])
        facts.append(
            _some([display(str(table.dtypes[code])) for code in order if weight[code] or len(order) == 1])
        )
        if tells_devices(checkpoint):
            facts.append(tr("saved on {0}").format(_some([display(device) for device in table.devices])))
    return [fact for fact in facts if fact]


def _some(names: list[str]) -> str:
    """Up to two of the names, and how many more."""
    if len(names) > 3:
        return tr("{0} and {1} more").format(", ".join(names[:2]), integer(len(names) - 2))
    return ", ".join(names)
