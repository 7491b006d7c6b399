"""What each name in a pickle is for: where it stands, what a full load would do with it, who would refuse it.

Nothing of it is done here. Importing alone runs the code at the top of a module, so even a name that is only
mentioned is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.core.checkpoint import Checkpoint, GlobalClass, GlobalName
from ckptgui.core.display import display
from ckptgui.core.weights_only import ALLOWED


@dataclass(frozen=True, slots=True)
class UsedName:
    """A name as ``module.name``. ``where`` is its place in the file, empty where that is not told.

    ``effect`` is a sentence on what ``torch.load(weights_only=False)`` does with it, ``allowed`` whether
    ``weights_only=True`` lets it pass.
    """

    name: str
    use: GlobalClass
    where: str
    effect: str
    allowed: bool


def used_names(checkpoint: Checkpoint) -> tuple[UsedName, ...]:
    """Every name in the file, what is able to run code first, else in the file's order."""
    found = [
        UsedName(name.name, name.use, _where(name), effect(name), name.name in ALLOWED)
        for name in checkpoint.globals
    ]
    return tuple(sorted(found, key=lambda name: _WORST_FIRST.index(name.use)))


_WORST_FIRST = (GlobalClass.CALLABLE, GlobalClass.CLASS, GlobalClass.KNOWN)


def names_verdict(checkpoint: Checkpoint) -> str:
    """One sentence on all names: what a full load would reach for, and whether the restricted one takes them."""
    used = used_names(checkpoint)
    if not used:
        return "It names nothing to import; nothing was run."
    calls = [name.name for name in used if name.use is GlobalClass.CALLABLE]
    classes = sum(name.use is GlobalClass.CLASS for name in used)
    if calls:
        shown = display(calls[0], 80)
        what = f"would call {shown}" if len(calls) == 1 else f"would call {len(calls):,} functions, {shown} first"
    elif classes:
        what = f"would import {classes:,} {'class' if classes == 1 else 'classes'} from other code"
    else:
        what = "only rebuilds tensors and plain values"
    refused = sum(not name.allowed for name in used)
    takes = "takes it" if not refused else f"refuses {refused:,} of its {len(used):,} names"
    return f"A full load {what}; weights_only=True {takes}. Nothing was run here."


def _where(name: GlobalName) -> str:
    """``archive/data.pkl, byte 1,234``."""
    if not name.record:
        return ""
    place = f"byte {name.offset:,}" if name.offset >= 0 else "in a pickle within it"
    return f"{name.record}, {place}"


def effect(name: GlobalName) -> str:
    """What a full load does with a name."""
    module = name.name.rpartition(".")[0]
    if name.use is GlobalClass.KNOWN:
        return "Known: it only makes containers, numbers, tensors or arrays."
    if name.use is GlobalClass.CALLABLE and not name.changed:
        return f"Imports {module} and calls {name.name}{_arguments(name.arguments)}."
    if name.changed:
        called = f", which it also calls{_arguments(name.arguments)}" if name.arguments is not None else ""
        return f"Imports {module} and overwrites attributes of {name.name} itself{called}."
    if name.made:
        return f"Imports {module} and makes objects of the class; its __setstate__ runs if it has one."
    return f"Imports {module}, which runs that module's own code; it does not call {name.name}."


def _arguments(count: int | None) -> str:
    if count is None:
        return ""
    return " without arguments" if count == 0 else f" with {count:,} argument{'' if count == 1 else 's'}"
