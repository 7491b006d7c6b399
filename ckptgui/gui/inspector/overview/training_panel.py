"""How far the training was: key figures with where each came from, the optimizer's groups, the scheduler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import display
from ckptgui.core.optimizers.summary import OptimizerSummary, ParameterGroup
from ckptgui.core.tensors import Path
from ckptgui.core.training.callbacks import Callback
from ckptgui.core.training.history import Curve
from ckptgui.core.training.summary import Training
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.findings import Account
from ckptgui.gui.inspector.flow import FlowLayout, grow_with_lines
from ckptgui.gui.inspector.overview.curve import SmallCurve, curve_title
from ckptgui.gui.inspector.values_grid import ValuesGrid
from ckptgui.gui.labels import Caption, Figure, LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import DASH, exact, integer, short_number, tr
from ckptgui.gui.tree.plain_values import value_text

MAX_FIGURES, MAX_GROUPS, MAX_CURVES, MAX_CALLBACKS = 8, 6, 4, 6


class TrainingPanel(QWidget):
    """Shown only where the file says something of its training. ``metadata_wanted`` has a path."""

    metadata_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        grow_with_lines(self)
        self.head = SectionHead(tr("Training"), self)
        self.all = LinkLabel("", self, pixels=11)
        self.all.clicked.connect(lambda: self.metadata_wanted.emit(()))
        self.head.add(self.all)
        self._layout.addWidget(self.head)
        self._parts: list[QWidget] = []
        self.figures: list[Figure] = []
        self.curves: list[SmallCurve] = []

    def set_training(self, account: Account) -> None:
        """Show another file's training."""
        training = account.training
        for part in self._parts:
            part.hide()
            part.deleteLater()
        self._parts, self.figures = [], []
        self.curves = []
        self.all.setText(
            tr("Its one value") if account.values == "1" else tr("All {0} values").format(account.values)
        )
        figures = key_figures(training, account.best)
        if figures:
            self._add(self._figures(figures))
        if account.curves:
            self._add(self._curves(account.curves))
        for optimizer in training.optimizers:
            if optimizer.groups:
                where = display("/".join(optimizer.path), 40) if len(training.optimizers) > 1 else ""
                self._add(_Groups(optimizer, self, where))
        for scheduler in training.schedulers:
            sentence = scheduler_sentence(scheduler.value)
            if sentence:
                label = PlainLabel(sentence, self, colour="text2", wrap=True)
                label.setToolTip(plain_tooltip(display("/".join(scheduler.path))))
                self._add(label)
        for callback in [each for each in account.callbacks if each.tells][:MAX_CALLBACKS]:
            label = PlainLabel(
                callback_sentence(callback, account.scores.get(callback.path)), self, colour="text2", wrap=True
            )
            label.setToolTip(plain_tooltip(display("/".join(callback.path), 1024)))
            self._add(label)
        hyper = training.hyper_parameters
        if hyper is not None:
            values = ValuesGrid(display("/".join(hyper.path)), hyper.value, self)
            values.more_wanted.connect(lambda path=hyper.path: self.metadata_wanted.emit(path))
            self._add(values)
        trained = figures or account.curves or training.optimizers or training.schedulers
        self.head.title.setText(tr("Training") if trained else tr("Settings"))
        self.setVisible(bool(self._parts))

    def _add(self, widget: QWidget) -> None:
        self._layout.addWidget(widget)
        widget.show()
        self._parts.append(widget)

    def _curves(self, curves: Sequence[Curve]) -> QWidget:
        holder = QWidget(self)
        outer = QVBoxLayout(holder)
        outer.setContentsMargins(0, 2, 0, 2)
        flow = FlowLayout(None, gap=28, leading=8)
        outer.addLayout(flow)
        for curve in curves[:MAX_CURVES]:
            small = SmallCurve(curve, holder)
            flow.addWidget(small)
            self.curves.append(small)
        return holder

    def _figures(self, figures: Sequence[tuple[str, str, str, str]]) -> QWidget:
        holder = QWidget(self)
        outer = QVBoxLayout(holder)
        outer.setContentsMargins(0, 2, 0, 2)
        flow = FlowLayout(None, gap=28, leading=8)
        outer.addLayout(flow)
        for title, number, note, exactly in figures:
            figure = Figure(title, number, note, holder)
            figure.setToolTip(plain_tooltip(exactly))
            flow.addWidget(figure)
            self.figures.append(figure)
        return holder


def key_figures(training: Training, best: float | None = None) -> list[tuple[str, str, str, str]]:
    """Title, number, where it came from, and every digit."""
    found: dict[Path, tuple[str, str, str, str]] = {}

    def add(title: str, value: float | int, path: Path) -> None:
        found.setdefault(path, (title, short_number(value), _source(path), exact(value)))

    if training.epoch is not None:
        add(tr("Epoch"), training.epoch.value, training.epoch.path)
    if training.step is not None:
        add(tr("Step"), training.step.value, training.step.path)
    if training.loss is not None:
        add(tr("Loss"), training.loss.value, training.loss.path)
    if training.learning_rate is not None:
        add(tr("Learning rate"), training.learning_rate.value, training.learning_rate.path)
    if training.best is not None and best is not None:
        name, score = training.best
        add(best_title(name), best, score.path)
    for name, metric in training.metrics:
        add(metric_title(name), metric.value, metric.path)
    return list(found.values())[:MAX_FIGURES]


def _source(path: Path) -> str:
    if "param_groups" in path:
        return tr("from the optimizer")
    if path and path[-1] == "_last_lr":
        return tr("from the scheduler")
    if path[:1] == ("callbacks",):
        return tr("from its callback")
    if path[:2] == ("trainer_state.json", "log_history"):
        return tr("logged last")
    if len(path) > 1 and "." in path[0]:  # a file of a folder
        return tr("from {0}").format(display(path[0], 28))
    return tr("saved as {0}").format(display("/".join(path), 28))


metric_title = curve_title


def best_title(name: str) -> str:
    """``train_loss`` as ``Best train loss``; a name that says so already stays."""
    title = metric_title(name)
    return title if "best" in name.lower() else tr("Best {0}").format(title[:1].lower() + title[1:])


def callback_sentence(callback: Callback, score: float | None) -> str:
    """``ModelCheckpoint: watches train_loss, best 0.0717, in epoch=2-step=12.ckpt.``"""
    parts = []
    if callback.monitor:
        parts.append(tr("watches {0}").format(display(callback.monitor, 60)))
    if score is not None:
        parts.append(tr("best {0}").format(short_number(score)))
    if callback.best:
        parts.append(tr("in {0}").format(display(callback.best, 80)))
    if callback.patience is not None:
        waited = DASH if callback.waited is None else integer(callback.waited)
        parts.append(tr("waited {0} of {1}").format(waited, integer(callback.patience)))
    return f"{display(callback.name, 60)}: {', '.join(parts)}."


def scheduler_sentence(state: Mapping[str, Json]) -> str:
    """What a scheduler's plain values say, in a line."""
    parts = []
    for key, words in (
        ("step_size", tr("every {0} steps")),
        ("milestones", tr("at {0}")),
        ("gamma", tr("times {0}")),
        ("T_max", tr("half a cosine over {0} steps")),
        ("T_0", tr("restarts after {0} steps")),
        ("total_steps", tr("{0} steps in all")),
        ("patience", tr("patience {0}")),
        ("factor", tr("factor {0}")),
        ("eta_min", tr("down to {0}")),
        ("base_lrs", tr("from {0}")),
        ("_last_lr", tr("now {0}")),
        ("last_epoch", tr("at step {0}")),
    ):
        value = state.get(key)
        if key == "step_size" and value == 1:
            parts.append(tr("every step"))
        elif value is not None and not isinstance(value, dict):
            shown = _short(value)
            if shown:
                parts.append(words.format(shown))
    return tr("Scheduler: {0}.").format(", ".join(parts)) if parts else ""


def _short(value: Json) -> str:
    if isinstance(value, list):
        return ", ".join(dict.fromkeys(_short(item) for item in value[:4])) + (", …" if len(value) > 4 else "")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return short_number(value)
    return display(value, 24)


class _Groups(QWidget):
    """An optimizer's parameter groups, a row each."""

    def __init__(self, optimizer: OptimizerSummary, parent: QWidget, where: str = "") -> None:
        super().__init__(parent)
        groups = optimizer.groups
        columns: list[tuple[str, list[str]]] = [
            (tr("Tensors"), [DASH if g.parameters is None else integer(g.parameters) for g in groups]),
            (tr("Learning rate"), [short_number(g.lr) for g in groups]),
            (tr("Weight decay"), [short_number(g.weight_decay) for g in groups]),
            (tr("Momentum"), [short_number(g.momentum) for g in groups]),
            (tr("Betas"), [_betas(g) for g in groups]),
        ]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 0)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(2)
        called = display(optimizer.name) or tr("Optimizer")
        kind = Caption(f"{called} · {where}" if where else called, self)
        grid.addWidget(kind, 0, 0)
        shown = [column for column in columns if any(text != DASH for text in column[1])]
        right = Qt.AlignmentFlag.AlignRight
        self.columns: list[list[PlainLabel]] = []
        for number, (title, texts) in enumerate(shown, 1):
            cells: list[PlainLabel] = [Caption(title, self)]
            cells += [PlainLabel(text, self, selectable=True) for text in texts[:MAX_GROUPS]]
            for row, cell in enumerate(cells):
                grid.addWidget(cell, row, number, right)
            self.columns.append(cells)
        for row, group in enumerate(groups[:MAX_GROUPS], 1):
            name = PlainLabel(tr("Group {0}").format(row - 1), self)
            name.setToolTip(plain_tooltip(_options(group)))
            grid.addWidget(name, row, 0)
        if len(groups) > MAX_GROUPS:
            more = tr("and {0} more groups").format(integer(len(groups) - MAX_GROUPS))
            grid.addWidget(PlainLabel(more, self, colour="text2"), MAX_GROUPS + 1, 0, 1, 3)
        grid.setColumnStretch(len(shown) + 1, 1)
        self._lead = max(kind.sizeHint().width(), PlainLabel(tr("Group {0}").format(99)).sizeHint().width())

    def minimumSizeHint(self) -> QSize:
        """Columns at the right give way, so that the page need not be wider than it is."""
        return QSize(200, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        x = self._lead
        for cells in self.columns:
            x += 18 + max(cell.sizeHint().width() for cell in cells)
            for cell in cells:
                cell.setVisible(x <= self.width())


def _betas(group: ParameterGroup) -> str:
    return ", ".join(map(short_number, group.betas)) if group.betas is not None else DASH


def _options(group: ParameterGroup) -> str:
    return "\n".join(f"{display(key)}: {value_text(value)}" for key, value in list(group.options.items())[:24])
