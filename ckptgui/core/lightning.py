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
    root = checkpoint.metadata
    if not isinstance(root, Mapping) or not isinstance(root.get(VERSION), str):
        return None
    fit = ("loops", "fit_loop")
    return LightningState(
        version=root[VERSION],
        callbacks=tuple(_callbacks(checkpoint, root)),
        epochs=_progress(root, (*fit, "epoch_progress")),
        batches=_progress(root, (*fit, "epoch_loop.batch_progress")),
        steps=_progress(root, (*fit, "epoch_loop.automatic_optimization.optim_progress", "optimizer", "step")),
        hyper_parameters=_mapping(root, "hyper_parameters"),
        data=_mapping(root, "datamodule_hyper_parameters"),
    )


def _callbacks(checkpoint: Checkpoint, root: Mapping[str, Json]) -> Iterator[Callback]:
    found = root.get("callbacks")
    for key, state in list(found.items())[:MAX_CALLBACKS] if isinstance(found, Mapping) else ():
        if not isinstance(state, Mapping):
            continue
        path = ("callbacks", key)
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


def _progress(root: Mapping[str, Json], path: Path) -> Progress | None:
    value: Json = root
    for key in (*path, "total"):
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping):
        return None
    ready, completed = value.get("ready"), value.get("completed")
    if type(ready) is not int or type(completed) is not int:
        return None
    return Progress(ready, completed, (*path, "total"))


def _mapping(root: Mapping[str, Json], key: str) -> Path | None:
    return (key,) if isinstance(root.get(key), Mapping) and root[key] else None
