"""What a checkpoint says of its training, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ckptgui.cli.table import table
from ckptgui.core.checkpoint import Json
from ckptgui.core.display import amount, display
from ckptgui.core.optimizers.summary import OptimizerSummary, ParameterGroup
from ckptgui.core.plain_numbers import count, figure
from ckptgui.core.training.summary import Training

_GROUPS = 8
_METRICS = 8
_VALUES = 12


def headline(found: Training) -> Iterator[str]:
    """``epoch 3 · step 25,000 · loss 2.985``; nothing when the file says none of them."""
    parts = []
    if found.epoch:
        parts.append(f"epoch {amount(found.epoch.value)}")
    if found.step:
        parts.append(f"step {amount(found.step.value)}")
    if found.loss:
        parts.append(f"loss {figure(found.loss.value)}")
    if parts:
        yield " · ".join(parts)


def training_lines(found: Training) -> Iterator[str]:
    """A line for each thing that is known, the groups of each optimizer below it."""
    rows: list[list[str]] = []
    for name, value in (("epoch", found.epoch), ("step", found.step)):
        if value:
            rows.append([name, amount(value.value), _origin(value.path)])
    if found.loss:
        rows.append(["loss", figure(found.loss.value), _origin(found.loss.path)])
    if found.learning_rate:
        rows.append(["learning rate", figure(found.learning_rate.value), _origin(found.learning_rate.path)])
    for name, metric in found.metrics[:_METRICS]:
        rows.append([display(name), figure(metric.value), _origin(metric.path)])
    yield from table(rows)
    for optimizer in found.optimizers:
        yield f"optimizer  {display(optimizer.name or 'of an unknown kind')}  {_origin(optimizer.path)}"
        yield from _groups(optimizer)
    for scheduler in found.schedulers:
        told = {key: value for key, value in scheduler.value.items() if not key.startswith("_")}
        yield f"scheduler  {_values(told)}  {_origin(scheduler.path)}"
    if found.hyper_parameters:
        value = found.hyper_parameters.value
        settings = _values(value) if isinstance(value, Mapping) else display(value)
        yield f"hyper-parameters  {settings}  {_origin(found.hyper_parameters.path)}"


def _groups(optimizer: OptimizerSummary) -> Iterator[str]:
    rows = [_group(number, group) for number, group in enumerate(optimizer.groups[:_GROUPS])]
    yield from (f"  {line}" for line in table(rows))
    if len(optimizer.groups) > _GROUPS:
        yield f"  … {len(optimizer.groups) - _GROUPS:,} more groups"


def _group(number: int, group: ParameterGroup) -> list[str]:
    betas = f"betas {group.betas[0]:g}, {group.betas[1]:g}" if group.betas else ""
    return [
        f"group {number}",
        count(group.parameters, "parameter") if group.parameters is not None else "",
        f"lr {figure(group.lr)}" if group.lr is not None else "",
        f"weight decay {figure(group.weight_decay)}" if group.weight_decay is not None else "",
        f"momentum {figure(group.momentum)}" if group.momentum is not None else betas,
    ]


def _values(values: Mapping[str, Json]) -> str:
    told = [(key, value) for key, value in values.items() if not key.startswith("__")]
    shown = [f"{display(key)} {display(value, 40)}" for key, value in told[:_VALUES]]
    return ", ".join(shown) + (" …" if len(told) > _VALUES else "")


def _origin(path: tuple[str, ...]) -> str:
    return f"({display('/'.join(path))})" if path else ""
