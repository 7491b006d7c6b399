"""One line for a module of a whole model, as ``print(model)`` would have it, from its attributes alone."""

from __future__ import annotations

from collections.abc import Mapping

from ckptgui.core.checkpoint import Json, Module
from ckptgui.core.display import display

_MAX_SHOWN = 8
"""Attributes that the line of an unknown class tells."""


def module_line(module: Module) -> str:
    """``Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2))``."""
    name = module.class_name.rpartition(".")[2]
    known = module.class_name.startswith("torch.")
    values = dict(module.attributes)
    form = _FORMS.get(name) if known else None
    parts = _by_form(form, values) if form is not None else _plain(values, known)
    return f"{display(name, 80)}({', '.join(parts)})"


_Form = tuple[tuple[str, ...], Mapping[str, Json]]
"""Names whose values stand alone, then names told with their value unless it is the one given."""

_ALWAYS = object()
"""A value that nothing has, so the name is always told."""


def _form(alone: str = "", always: str = "", **usual: Json) -> _Form:
    return tuple(alone.split()), {**dict.fromkeys(always.split(), _ALWAYS), **usual}


_CONV = _form(
    "in_channels out_channels",
    "kernel_size stride",
    padding=0,
    dilation=1,
    output_padding=0,
    groups=1,
    bias=True,
    padding_mode="zeros",
)
_NORM = _form("num_features", "eps momentum affine track_running_stats", bias=True)
_LAYER_NORM = _form("normalized_shape", "eps elementwise_affine", bias=True)
_EMBEDDING = _form("num_embeddings embedding_dim", padding_idx=None, max_norm=None)
_RECURRENT = _form(
    "input_size hidden_size", num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False
)
_CELL = _form("input_size hidden_size", bias=True)
_DROPOUT = _form("", "p", inplace=False)
_IN_PLACE = _form(inplace=False)
_FORMS: Mapping[str, _Form] = {
    **{f"{name}{n}d": _CONV for name in ("Conv", "ConvTranspose") for n in (1, 2, 3)},
    **{f"{name}Norm{n}d": _NORM for name in ("Batch", "Instance") for n in (1, 2, 3)},
    "SyncBatchNorm": _NORM,
    **dict.fromkeys(("LayerNorm", "RMSNorm"), _LAYER_NORM),
    "GroupNorm": _form("num_groups num_channels", "eps affine", bias=True),
    **dict.fromkeys(("Linear", "NonDynamicallyQuantizableLinear"), _form("", "in_features out_features bias")),
    "Bilinear": _form("", "in1_features in2_features out_features bias"),
    **dict.fromkeys(("Embedding", "EmbeddingBag"), _EMBEDDING),
    **{f"MaxPool{n}d": _form("", "kernel_size stride padding dilation ceil_mode") for n in (1, 2, 3)},
    **{f"AvgPool{n}d": _form("", "kernel_size stride padding") for n in (1, 2, 3)},
    "MultiheadAttention": _form("embed_dim num_heads", dropout=0.0, batch_first=False),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _RECURRENT),
    **dict.fromkeys(("LSTMCell", "GRUCell", "RNNCell"), _CELL),
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d"), _DROPOUT),
    **dict.fromkeys(("ReLU", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "SELU"), _IN_PLACE),
    "ReLU6": _IN_PLACE,
    **dict.fromkeys(("Sequential", "ModuleList", "ModuleDict"), _form()),
}  # fmt: skip
"""torch's own modules by their class's name (``extra_repr`` in ``torch/nn/modules/*.py``)."""


def _by_form(form: _Form, values: Mapping[str, Json]) -> list[str]:
    alone, named = form
    parts = [_value(values[name]) for name in alone if name in values]
    for name, usual in named.items():
        value = values.get(name, True if name == "bias" else _ALWAYS)
        value = value is not None if name == "bias" and not isinstance(value, bool) else value
        if value is not _ALWAYS and (usual is _ALWAYS or not _is_usual(value, usual)):
            parts.append(f"{name}={_value(value)}")
    return parts


def _is_usual(value: Json, usual: Json) -> bool:
    return all(v == usual for v in value) if isinstance(value, list) else value == usual


def _plain(values: Mapping[str, Json], known: bool) -> list[str]:
    """The plain values of a class that is not known, private ones left out."""
    named = [(name, value) for name, value in values.items() if not name.startswith("_") and value is not None]
    simple = [(name, value) for name, value in named if not isinstance(value, Mapping)]
    parts = [f"{display(name, 40)}={_value(value)}" for name, value in simple[:_MAX_SHOWN]]
    return [*parts, "…"] if len(simple) > _MAX_SHOWN and not known else parts


def _value(value: Json) -> str:
    if isinstance(value, list):
        inner = ", ".join(_value(item) for item in value[:_MAX_SHOWN])
        return f"({inner}{',' if len(value) == 1 else ''}{', …' if len(value) > _MAX_SHOWN else ''})"
    return display(repr(value), 60)
