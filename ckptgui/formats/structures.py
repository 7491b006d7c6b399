"""What a value in a pickle is by its structure, whatever it is called: a state dict, an optimizer's state …"""

from __future__ import annotations

from ckptgui.core.roles import SCALER_KEYS
from ckptgui.formats import modules
from ckptgui.formats.pickle_graph import Call, Node, entries
from ckptgui.formats.rebuild import is_tensor

Items = list[tuple[str, Node]]

_PLAIN = frozenset({str, int, float, bool, bytes, type(None)})
_LEAVES = frozenset({"weight", "bias"})
_ACCELERATE = {"random_state", "numpy_random_seed", "torch_manual_seed"}
_TRANSFORMERS = {"python", "numpy", "cpu"}


def is_optimizer(node: Node) -> bool:
    """An optimizer's state, as ``state_dict()`` gives it, or a whole optimizer of torch."""
    if type(node) is Call and modules.class_name(node).startswith("torch.optim."):
        return not modules.class_name(node).startswith("torch.optim.lr_scheduler")
    keys = {key for key, _ in entries(node) or ()}
    return "state" in keys and "param_groups" in keys


def is_scaler(node: Node) -> bool:
    """A gradient scaler's state."""
    return {key for key, _ in entries(node) or ()} >= SCALER_KEYS


def is_random_state(node: Node) -> bool:
    """Generators' states as transformers (``rng_state.pth``) and accelerate (``random_states_0.pkl``) save."""
    keys = {key for key, _ in entries(node) or ()}
    return keys >= _TRANSFORMERS or keys >= _ACCELERATE


def is_average(node: Node) -> bool:
    """The state of ``torch.optim.swa_utils.AveragedModel``: a count beside a wrapped model."""
    keys = [key for key, _ in entries(node) or ()]
    return "n_averaged" in keys and all(key == "n_averaged" or key.startswith("module.") for key in keys)


def is_state_dict(node: Node) -> bool:
    """A mapping of which at least half the values are tensors."""
    items = entries(node)
    return bool(items) and 2 * tensors_in(items or []) >= len(items or [])


def names_weights(node: Node) -> bool:
    """A state dict with names as those of a module's parameters: ``conv1.weight``."""
    items = entries(node) or []
    return is_state_dict(node) and any(
        "." in key and key.rpartition(".")[2] in _LEAVES and is_tensor(value) for key, value in items
    )


def is_bare(items: Items) -> bool:
    """A state dict by itself, as the whole saved object.

    What stands there beside tensors must be a module's extra state, a part of a module's parameters that is
    no tensor (quantised ones are pairs), or a plain value that somebody put among dotted names.
    """
    strays = [(key, node) for key, node in items if not is_tensor(node) and not key.endswith("_extra_state")]
    if not strays:
        return True
    if 2 * len(strays) > len(items) or any(_is_part(node) for _, node in strays):
        return False
    named = sum("." in key or key in _LEAVES for key, node in items if is_tensor(node))
    if 2 * named < len(items) - len(strays):
        return False
    return all("." in key or type(node) in _PLAIN for key, node in strays)


def _is_part(node: Node) -> bool:
    return is_state_dict(node) or modules.is_module(node) or is_optimizer(node)


def tensors_in(items: Items) -> int:
    """How many of a mapping's values are tensors."""
    return sum(is_tensor(node) for _, node in items)
