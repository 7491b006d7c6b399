"""Lightning's ``.ckpt`` as what it is: callbacks with their best scores, how far its loops were, its settings.

The keys are those of ``dump_checkpoint`` (``lightning/pytorch/trainer/connectors/checkpoint_connector.py``),
of the loops' progress trackers (``lightning/pytorch/loops/progress.py``) and of the callbacks' ``state_dict``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.lookup import row_at
from ckptgui.core.tensors import Path
from ckptgui.core.training.places import Table, tops

VERSION = "pytorch-lightning_version"
_KEY = re.compile(r"(\w+)(\{.*\})?", re.DOTALL)
_BEST = ("best_model_score", "best_score")  # of ModelCheckpoint and of EarlyStopping
_MONITOR = re.compile(r"'monitor': '([^']*)'")
MAX_CALLBACKS = 256


@dataclass(frozen=True, slots=True)
class Score:
    """A figure that a callback keeps. As a rule it is a tensor: then ``value`` is None and ``path`` its path."""

    value: float | None
    path: Path


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback's state: its class, the figure it watches, the best of it so far and where that was saved."""

    name: str
    path: Path
    monitor: str | None
    best: Score | None
    current: Score | None
    best_path: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How often something was begun and completed since the training began."""

    ready: int
    completed: int
    path: Path


@dataclass(frozen=True, slots=True)
class LightningState:
    """``hyper_parameters`` is where the module's are, ``data`` where the data module's are; None without any."""

    version: str
    callbacks: tuple[Callback, ...]
    epochs: Progress | None
    batches: Progress | None
    steps: Progress | None
    hyper_parameters: Path | None
    data: Path | None


def lightning(checkpoint: Checkpoint) -> LightningState | None:
    """What a Lightning checkpoint tells; None for any other."""
    if not isinstance(checkpoint.metadata, Mapping):
        return None
    top = next((top for top in tops(checkpoint.metadata) if isinstance(top[1].get(VERSION), str)), None)
    if top is None:
        return None
    fit = ("loops", "fit_loop")
    return LightningState(
        version=top[1][VERSION],
        callbacks=tuple(_callbacks(checkpoint, top)),
        epochs=_progress(top, (*fit, "epoch_progress")),
        batches=_progress(top, (*fit, "epoch_loop.batch_progress")),
        steps=_progress(top, (*fit, "epoch_loop.automatic_optimization.optim_progress", "optimizer", "step")),
        hyper_parameters=_mapping(top, "hyper_parameters"),
        data=_mapping(top, "datamodule_hyper_parameters"),
    )


def _callbacks(checkpoint: Checkpoint, top: Table) -> Iterator[Callback]:
    above, root = top
    found = root.get("callbacks")
    for key, state in list(found.items())[:MAX_CALLBACKS] if isinstance(found, Mapping) else ():
        if not isinstance(state, Mapping):
            continue
        path = (*above, "callbacks", key)
        named = _KEY.match(key)
        monitor = state.get("monitor")
        if not isinstance(monitor, str):  # EarlyStopping tells it by its key alone
            watched = _MONITOR.search(key)
            monitor = watched.group(1) if watched else None
        best_path = state.get("best_model_path")
        yield Callback(
            name=named.group(1) if named else key,
            path=path,
            monitor=monitor,
            best=next(filter(None, (_score(checkpoint, state, path, name) for name in _BEST)), None),
            current=_score(checkpoint, state, path, "current_score"),
            best_path=best_path if isinstance(best_path, str) and best_path else None,
        )


def _score(checkpoint: Checkpoint, state: Mapping[str, Json], path: Path, name: str) -> Score | None:
    value = state.get(name)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Score(float(value), (*path, name))
    place = (*path, name)
    return Score(None, place) if row_at(checkpoint.tensors, place) is not None else None


def _progress(top: Table, path: Path) -> Progress | None:
    above = top[0]
    value: Json = top[1]
    for key in (*path, "total"):
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping):
        return None
    ready, completed = value.get("ready"), value.get("completed")
    if type(ready) is not int or type(completed) is not int:
        return None
    return Progress(ready, completed, (*above, *path, "total"))


def _mapping(top: Table, key: str) -> Path | None:
    above, root = top
    return (*above, key) if isinstance(root.get(key), Mapping) and root[key] else None
