"""How far the training was: epoch, step, loss, optimizer, scheduler, wherever a checkpoint's author put them.

Nobody fixed the names. Looked for are those of PyTorch's tutorials, of Lightning and of common trainers, each
value with the metadata path that it came from. Whatever JSON is in a file, the answer is a summary or a gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from ckptgui.core.checkpoint import Checkpoint, Json, Role
from ckptgui.core.kept import told_values
from ckptgui.core.optimizers.summary import OptimizerSummary, optimizers
from ckptgui.core.tensors import Path
from ckptgui.core.training.lightning import lightning
from ckptgui.core.training.places import Table, places, tops
from ckptgui.core.training.roles import is_scheduler_state, role_by_name

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A value and the metadata path that it came from."""

    value: T
    path: Path


@dataclass(frozen=True, slots=True)
class Training:
    """What the file says of its training; None or empty where it says nothing.

    ``metrics`` are further figures by name, ``schedulers`` the plain values of each scheduler's state,
    ``hyper_parameters`` a JSON value. ``best`` is the best score so far under its name; its value is None where
    it stands in the file as a tensor, whose path is then given.
    """

    epoch: Found[int] | None = None
    step: Found[int] | None = None
    loss: Found[float] | None = None
    metrics: tuple[tuple[str, Found[float]], ...] = ()
    learning_rate: Found[float] | None = None
    optimizers: tuple[OptimizerSummary, ...] = ()
    schedulers: tuple[Found[Mapping[str, Json]], ...] = ()
    hyper_parameters: Found[Json] | None = None
    best: tuple[str, Found[float | None]] | None = None

    @property
    def optimizer(self) -> OptimizerSummary | None:
        """The first optimizer, which most files have alone."""
        return self.optimizers[0] if self.optimizers else None

    @property
    def scheduler(self) -> Mapping[str, Json] | None:
        """The first scheduler's plain values."""
        return self.schedulers[0].value if self.schedulers else None


EPOCH = ("epoch", "epochs", "current_epoch", "last_epoch", "start_epoch", "epoch_num", "epoch_idx", "n_epoch")
STEP = (
    "global_step", "step", "steps", "global_steps", "iteration", "iterations", "iter", "iter_num", "num_steps",
    "current_step", "n_iter", "total_steps", "num_updates", "batch_idx",
)  # fmt: skip
LOSS = (
    "loss", "train_loss", "training_loss", "val_loss", "valid_loss", "validation_loss", "test_loss", "avg_loss",
    "loss_value", "running_loss", "epoch_loss", "eval_loss", "best_loss", "best_val_loss", "min_loss",
)  # fmt: skip
RATE = ("lr", "learning_rate", "current_lr", "base_lr")
HYPER = (
    "hyper_parameters", "hparams", "hyperparameters", "hyper_params", "config", "cfg", "args", "opt", "options",
    "train_args", "training_args.bin", "model_args", "module_arguments", "params", "ds_config", "config.json",
)  # fmt: skip
_METRIC = re.compile(
    r"(loss|acc|accuracy|score|metric|error|err|f1|auc|iou|map|bleu|rouge|ppl|perplexity|precision|prec|recall|psnr"
    r"|ssim|fid|top|mse|mae|rmse|dice|wer|cer)(es|s|@?\d+)?"
)
_BEST = re.compile(r"best(?!.*(?:epoch|step|iter|path|model|checkpoint))", re.IGNORECASE)
_SEPARATOR = re.compile(r"[^a-z0-9@]+")
MAX_LISTED = 1024
"""Entries of a saved list that are looked at."""

MAX_METRICS = 64
"""Metrics that are listed; a history of a thousand figures is no summary."""

MAX_KEYS = 4096
"""Names in one mapping that are looked at; what has more is data that somebody saved."""


def training(checkpoint: Checkpoint) -> Training:
    """The summary of a checkpoint's metadata."""
    root = told_values(checkpoint)
    if isinstance(root, list):  # of optimizers, say: positions are their keys
        root = {str(place): value for place, value in enumerate(root[:MAX_LISTED])}
    if not isinstance(root, Mapping):
        return Training()
    tables = list(places(root))
    found = optimizers(root, checkpoint)
    schedulers = tuple(_schedulers(root))
    watched = list(_watched(root))
    loss = _number(tables, LOSS) or next((score for name, score in watched if "loss" in name.lower()), None)
    return Training(
        epoch=_whole(tables, EPOCH) or _begun(tables),
        step=_whole(tables, STEP),
        loss=loss,
        metrics=(*_metrics(tables, loss), *((name, score) for name, score in watched if score != loss)),
        learning_rate=_rate(tables, found, schedulers),
        optimizers=found,
        schedulers=schedulers,
        hyper_parameters=_hyper_parameters(root),
        best=_best(tables, checkpoint),
    )


def _watched(root: Mapping[str, Json]) -> Iterator[tuple[str, Found[float]]]:
    """What Lightning's ModelCheckpoint callbacks watch: the figure's name and its value at this epoch."""
    for path, top in tops(root):
        callbacks = top.get("callbacks")
        for key, value in callbacks.items() if isinstance(callbacks, Mapping) else ():
            if isinstance(value, Mapping) and isinstance(value.get("monitor"), str):
                score = figure(value.get("current_score"))
                if score is not None:
                    yield value["monitor"], Found(score, (*path, "callbacks", key, "current_score"))


def _best(tables: list[Table], checkpoint: Checkpoint) -> tuple[str, Found[float | None]] | None:
    """The best score so far: under a name that begins so, or what a Lightning callback remembers."""
    for path, table in tables:
        for key, value in islice(table.items(), MAX_LISTED):
            number = figure(value)
            if _BEST.match(key) and number is not None:
                return key, Found(number, (*path, key))
    state = lightning(checkpoint)
    for callback in state.callbacks if state else ():
        if callback.monitor and callback.best:
            return callback.monitor, Found(callback.best.value, callback.best.path)
    return None


def figure(value: Json) -> float | None:
    """A JSON value as a number; words for non-finite ones are read back, a list of one is its element."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return None
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    return None


def _number(tables: list[Table], names: tuple[str, ...]) -> Found[float] | None:
    """The first of the names that has a number; the last figure where it is a list of them."""
    for path, table in tables:
        folded = _folded(table)
        for name in names:
            key = folded.get(name)
            if key is None:
                continue
            value = table[key]
            if isinstance(value, list) and value:
                value = value[-1]
            number = figure(value)
            if number is not None:
                return Found(number, (*path, key))
    return None


def _whole(tables: list[Table], names: tuple[str, ...]) -> Found[int] | None:
    """The first of the names that has a whole number; lists are no counters."""
    for path, table in tables:
        folded = _folded(table)
        for name in names:
            key = folded.get(name)
            value = table[key] if key is not None else None
            if key is not None and isinstance(value, int) and not isinstance(value, bool):
                return Found(value, (*path, key))
            if key is not None and isinstance(value, float) and value.is_integer():
                return Found(int(value), (*path, key))
    return None


def _folded(table: Mapping[str, Json]) -> dict[str, str]:
    """Each key by its lower-case spelling with underscores; the first of several wins."""
    folded: dict[str, str] = {}
    for key in islice(table, MAX_KEYS):
        folded.setdefault(key.lower().replace("-", "_").replace(" ", "_").replace("/", "_"), key)
    return folded


def _metrics(tables: list[Table], loss: Found[float] | None) -> Iterator[tuple[str, Found[float]]]:
    """Figures whose name says that they measure something, but for the loss itself."""
    count = 0
    for path, table in tables:
        for key, value in islice(table.items(), MAX_KEYS):
            number = figure(value)
            named = path[:1] == ("metrics",) or any(
                _METRIC.fullmatch(part) for part in _SEPARATOR.split(key.lower())
            )
            if number is None or not named or (loss is not None and loss.path == (*path, key)):
                continue
            if count == MAX_METRICS:
                return
            count += 1
            yield key, Found(number, (*path, key))


def _rate(
    tables: list[Table],
    found: tuple[OptimizerSummary, ...],
    schedulers: tuple[Found[Mapping[str, Json]], ...],
) -> Found[float] | None:
    """The learning rate in use: the optimizer's own, else the scheduler's last, else a value of that name."""
    for optimizer in found:
        for index, group in enumerate(optimizer.groups):
            if group.lr is not None:
                first = optimizer.rate if not index else (*optimizer.path, "param_groups", str(index), "lr")
                return Found(group.lr, first)
    for scheduler in schedulers:
        last = scheduler.value.get("_last_lr")
        number = figure(last[0]) if isinstance(last, list) and last else figure(last)
        if number is not None:
            return Found(number, (*scheduler.path, "_last_lr"))
    return _number(tables, RATE)


def _schedulers(root: Mapping[str, Json]) -> Iterator[Found[Mapping[str, Json]]]:
    """Each scheduler's state without what is nested in it; ``param_groups`` would make it an optimizer's."""
    for above, key, value in (
        (path, key, value) for path, top in tops(root) for key, value in islice(top.items(), MAX_KEYS)
    ):
        if role_by_name(key) is not Role.SCHEDULER and not is_scheduler_state(value):
            continue
        members = enumerate(value) if isinstance(value, list) else ((None, value),)
        for index, state in members:
            if isinstance(state, Mapping) and "param_groups" not in state and state.keys() - _NO_STATE:
                path = (*above, key) if index is None else (*above, key, str(index))
                yield Found({k: v for k, v in state.items() if _is_plain(v)}, path)


_NO_STATE = frozenset({"__class__", "__args__"})
"""What an object without a state has, for instance the name of a kind of schedule."""


def _is_plain(value: Json) -> bool:
    return not isinstance(value, Mapping) and not (
        isinstance(value, list) and (len(value) > 16 or any(isinstance(v, (list, Mapping)) for v in value))
    )


def _hyper_parameters(root: Mapping[str, Json]) -> Found[Json] | None:
    for path, top in tops(root):
        folded = _folded(top)
        for name in HYPER:
            key = folded.get(name)
            if key is not None and top[key] not in (None, {}, [], "") and isinstance(top[key], (Mapping, list)):
                return Found(top[key], (*path, key))
    if str(root.get("__class__", "")).endswith(("Arguments", "Namespace", "Config")):  # saved by itself
        return Found(root, ())
    return None


def _begun(tables: list[Table]) -> Found[int] | None:
    """The epoch that had begun, where a trainer counts in fractions of one."""
    for path, table in tables:
        value = table.get("epoch")
        if isinstance(value, float) and 0 <= value < _MOST_EPOCHS:
            return Found(int(value), (*path, "epoch"))
    return None


_MOST_EPOCHS = 1e9
