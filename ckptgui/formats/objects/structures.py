"""What a value in a pickle is by its structure, whatever it is called: a state dict, an optimizer's state …"""

from __future__ import annotations

from ckptgui.core.training.roles import SCALER_KEYS
from ckptgui.formats.objects import modules
from ckptgui.formats.objects.rebuild import is_tensor
from ckptgui.formats.pickles.graph import Call, Node
from ckptgui.formats.pickles.pieces import glance, outline

Items = list[tuple[str, Node]]

_PLAIN = frozenset({str, int, float, bool, bytes, type(None)})
_LEAVES = frozenset({"weight", "bias"})
_ACCELERATE = frozenset({"random_state", "numpy_random_seed", "torch_manual_seed"})
_TRANSFORMERS = frozenset({"python", "numpy", "cpu"})
_OPTIMIZER = frozenset({"state", "param_groups"})


_FEW = 64
"""Keys that a fixed structure has at most; a larger mapping is none, and is not gone through."""

_SAMPLE = 512
"""Values of a large mapping that tell what the others are."""


def _keys(node: Node) -> frozenset[str]:
    """The keys of a small mapping."""
    flat = glance(node)
    if flat is None or len(flat) > 2 * _FEW:
        return frozenset()
    return frozenset(key for key in flat[::2] if type(key) is str)


def is_optimizer(node: Node) -> bool:
    """An optimizer's state, as ``state_dict()`` gives it, or a whole optimizer of torch."""
    if type(node) is Call and modules.class_name(node).startswith("torch.optim."):
        return not modules.class_name(node).startswith("torch.optim.lr_scheduler")
    return _keys(node) >= _OPTIMIZER


def is_scaler(node: Node) -> bool:
    """A gradient scaler's state."""
    return _keys(node) >= SCALER_KEYS


def is_random_state(node: Node) -> bool:
    """Generators' states as transformers (``rng_state.pth``) and accelerate (``random_states_0.pkl``) save."""
    keys = _keys(node)
    return keys >= _TRANSFORMERS or keys >= _ACCELERATE


def is_average(node: Node) -> bool:
    """The state of ``torch.optim.swa_utils.AveragedModel``: a count in front of a wrapped model."""
    flat = glance(node)
    if not flat or type(flat[0]) is not str or flat[0] != "n_averaged":
        return False
    return all(type(key) is str and key.startswith("module.") for key in flat[2::2])


def is_state_dict(node: Node) -> bool:
    """A mapping of which at least half the values are tensors."""
    flat = glance(node)
    if not flat:
        return False
    values = flat[1 :: 2 * max(1, len(flat) // (2 * _SAMPLE))]
    return 2 * sum(map(is_tensor, values)) >= len(values)


def names_weights(node: Node) -> bool:
    """A state dict with names as those of a module's parameters: ``conv1.weight``."""
    flat = glance(node)
    if not flat or not is_state_dict(node):
        return False
    return any(
        type(key) is str and "." in key and key.rpartition(".")[2] in _LEAVES and is_tensor(value)
        for key, value in zip(flat[::2], flat[1::2])
    )


def is_bare(node: Node) -> bool:
    """A state dict by itself, as the whole saved object.

    What stands there beside tensors must be a module's extra state, a part of a module's parameters that is
    no tensor (quantised ones are pairs), or a plain value that somebody put among the weights.
    """
    if all(map(is_tensor, (glance(node) or [])[1::2])):
        return True
    items = outline(node) or []
    strays = [(key, node) for key, node in items if not is_tensor(node) and not key.endswith("_extra_state")]
    if not strays:
        return True
    if 2 * len(strays) > len(items) or any(_is_part(node) for _, node in strays):
        return False
    if not all("." in key or type(node) in _PLAIN for key, node in strays):
        return False
    likely = sum("." in key or key in _LEAVES or not _is_number(node) for key, node in items if is_tensor(node))
    dotted = any("." in key for key, _ in items)
    return 2 * likely >= len(items) - len(strays) and (dotted or likely > len(strays))


def _is_number(node: Node) -> bool:
    """A tensor without dimensions, as a loss is one and a parameter hardly ever."""
    if type(node) is not Call or type(node.args) is not tuple or len(node.args) < 3:
        return False
    return type(node.args[2]) is tuple and not node.args[2]


def _is_part(node: Node) -> bool:
    return is_state_dict(node) or modules.is_module(node) or is_optimizer(node)


def tensors_in(items: Items) -> int:
    """How many of a mapping's values are tensors."""
    return sum(is_tensor(node) for _, node in items)
