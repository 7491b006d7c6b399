"""What callbacks of a training remember: Lightning's, by class and by what they watch, and those of transformers.

Lightning keeps each one's ``state_dict()`` under its ``state_key``, the class and its settings
(``lightning/pytorch/callbacks/callback.py``, ``_generate_state_key``); transformers lists those that have a state
in ``stateful_callbacks`` (``transformers/trainer_callback.py``). A score is a number or a tensor of one element.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.tensors import Path

MAX_CALLBACKS = 64

_SCORES = ("best_model_score", "best_score")
_INERT = frozenset({"TrainerControl"})


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback. Text is empty and numbers are None where it does not tell.

    ``score`` is its best score as a number, ``score_row`` the row of the tensor that has it instead; ``best``
    is the name of the file with the best model. ``waited`` of ``patience`` are an early stopping's epochs.
    """

    name: str
    path: Path
    monitor: str = ""
    mode: str = ""
    score: float | None = None
    score_row: int | None = None
    best: str = ""
    waited: int | None = None
    patience: int | None = None

    @property
    def tells(self) -> bool:
        """Whether there is more to say than that it was there."""
        return bool(self.monitor or self.best or self.score is not None or self.patience is not None)


def callbacks(checkpoint: Checkpoint) -> tuple[Callback, ...]:
    """Every callback whose state was saved, in saved order."""
    root = checkpoint.metadata
    if not isinstance(root, Mapping):
        return ()
    rows = _score_rows(checkpoint)
    found: list[Callback] = []
    listed = root.get("callbacks")
    for key, state in _mappings(listed):
        path = ("callbacks", key)
        found.append(_lightning(key, state, path, rows.get(path)))
    trainer = root.get("trainer_state.json", root)
    listed = trainer.get("stateful_callbacks") if isinstance(trainer, Mapping) else None
    where = ("trainer_state.json",) if trainer is not root else ()
    for key, state in _mappings(listed):
        if key not in _INERT:
            found.append(_transformers(key, state, (*where, "stateful_callbacks", key)))
    return tuple(found)


def _mappings(listed: Json) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for key, state in islice(listed.items(), MAX_CALLBACKS) if isinstance(listed, Mapping) else ():
        if isinstance(state, Mapping):
            yield key, state


def _lightning(key: str, state: Mapping[str, Json], path: Path, row: int | None) -> Callback:
    """``ModelCheckpoint{'monitor': 'val_loss', 'mode': 'min', …}`` and its state."""
    name, _, settings = key.partition("{")
    return Callback(
        name=name or key,
        path=path,
        monitor=_text(state.get("monitor")) or _setting(settings, "monitor"),
        mode=_text(state.get("mode")) or _setting(settings, "mode"),
        score=next((n for n in (_number(state.get(score)) for score in _SCORES) if n is not None), None),
        score_row=row,
        best=PurePosixPath(_text(state.get("best_model_path")).replace("\\", "/")).name,
        waited=_whole(state.get("wait_count")),
        patience=_whole(state.get("patience")),
    )


def _transformers(key: str, state: Mapping[str, Json], path: Path) -> Callback:
    """``EarlyStoppingCallback``: its arguments, and what it has counted."""
    arguments, attributes = state.get("args"), state.get("attributes")
    told = dict(arguments) if isinstance(arguments, Mapping) else {}
    counted = attributes if isinstance(attributes, Mapping) else {}
    return Callback(
        name=key,
        path=path,
        waited=_whole(counted.get("early_stopping_patience_counter")),
        patience=_whole(told.get("early_stopping_patience")),
    )


def _score_rows(checkpoint: Checkpoint) -> dict[Path, int]:
    """For each callback the row of its best score, where that is a tensor."""
    table = checkpoint.tensors
    own = [
        number
        for number, container in enumerate(table.containers)
        if len(container) == 2 and container[0] == "callbacks"
    ]
    found: dict[Path, int] = {}
    for row in np.flatnonzero(np.isin(table.container, own[:MAX_CALLBACKS])).tolist() if own else ():
        if table.numel[row] == 1 and table.names[row] in _SCORES:
            found.setdefault(table.containers[int(table.container[row])], row)
    return found


def _setting(settings: str, name: str) -> str:
    """A value that stands in quotes in a state key; it is looked for, never evaluated."""
    _, found, rest = settings[:1024].partition(f"'{name}': '")
    return rest.partition("'")[0] if found else ""


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Json) -> int | None:
    return value if type(value) is int else None


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
