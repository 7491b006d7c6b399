"""What each name in a pickle is for: where it stands, what a full load would do with it, who would refuse it.

Nothing of it is done here. Importing alone runs the code at the top of a module, so even a name that is only
mentioned is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from ckptgui.core.checkpoint import Checkpoint, GlobalClass, GlobalName, Json
from ckptgui.core.display import counted, display
from ckptgui.core.enumerations import picks_a_member
from ckptgui.core.loading.weights_only import ALLOWED, why_refused
from ckptgui.core.tensors import Path


@dataclass(frozen=True, slots=True)
class UsedName:
    """A name as ``module.name``. ``where`` is its place in the file, empty where that is not told.

    ``effect`` is a sentence on what ``torch.load(weights_only=False)`` does with it, ``allowed`` whether
    ``weights_only=True`` lets it pass. ``path`` is the first value in the metadata, or the first module, that
    is made with it; None where there is none.
    """

    name: str
    use: GlobalClass
    where: str
    effect: str
    allowed: bool
    path: Path | None = None


def used_names(checkpoint: Checkpoint) -> tuple[UsedName, ...]:
    """Every name in the file, what is able to run code first, else in the file's order."""
    made = _made(checkpoint)
    found = []
    for name in checkpoint.globals:
        path, given = made.get(name.name, (None, None))
        found.append(UsedName(name.name, name.use, _where(name), effect(name, given), name.name in ALLOWED, path))
    return tuple(sorted(found, key=lambda name: _WORST_FIRST.index(name.use)))


_WORST_FIRST = (GlobalClass.CALLABLE, GlobalClass.CLASS, GlobalClass.KNOWN)


def names_verdict(checkpoint: Checkpoint) -> str:
    """One sentence on all names: what a full load would reach for, and whether the restricted one takes them."""
    if not checkpoint.globals and checkpoint.format in _WITHOUT_PICKLES:
        return f"It holds no pickle, so there is nothing to import. {_NOT_HERE}"
    compiled = sum(name.name.startswith(_COMPILED) for name in checkpoint.globals)
    if compiled:
        told = counted(compiled, "class", "classes")
        return f"torch.jit.load compiles the archive's own code for {told} and may run parts of it. {_NOT_HERE}"
    calls = sorted((n for n in checkpoint.globals if n.use is GlobalClass.CALLABLE), key=picks_a_member)
    classes = sum(name.use is GlobalClass.CLASS for name in checkpoint.globals)
    if calls:
        what = _calls(calls)
    elif classes:
        what = f"would import {counted(classes, 'class', 'classes')}"
    elif checkpoint.globals:
        what = "only rebuilds tensors and plain values"
    else:
        what = "imports nothing"
    if checkpoint.format in _OF_TORCH_SAVE:
        reason = why_refused(checkpoint)
        what += "; weights_only=True takes it" if reason is None else f"; weights_only=True refuses: {reason}"
    return f"A full load {what}. {_NOT_HERE}"


def _calls(calls: list[GlobalName]) -> str:
    """What would be called, the names of enumerations last."""
    shown = display(calls[0].name, 80)
    picks = sum(map(picks_a_member, calls))
    if len(calls) == 1:
        return f"would call {shown}{' (an enumeration, by its name)' if picks else ''}"
    part = "all of them" if picks == len(calls) else f"{picks:,} of them"
    told = f" ({part} {'an enumeration' if picks == 1 else 'enumerations'}, by name)" if picks else ""
    return f"would call {len(calls):,} functions, {shown} first{told}"


_NOT_HERE = "Nothing was run here."
_WITHOUT_PICKLES = frozenset({"safetensors", "gguf", "npz"})
_COMPILED = "__torch__."
"""What names of classes begin with whose code is in a TorchScript archive itself."""

_OF_TORCH_SAVE = frozenset({"torch-zip", "torch-legacy", "torch-tar"})


def _made(checkpoint: Checkpoint) -> dict[str, tuple[Path, Json]]:
    """For each name the first place where something is made with it, and the arguments of the call there."""
    found: dict[str, tuple[Path, Json]] = {}
    for module in checkpoint.modules:
        found.setdefault(module.class_name, (module.path, None))
    wanted = {name.name for name in checkpoint.globals if name.use is not GlobalClass.KNOWN} - found.keys()
    level: list[tuple[Path, Json]] = [((), checkpoint.metadata)]
    left = MAX_LOOKED_AT
    while level and wanted and left > 0:
        deeper: list[tuple[Path, Json]] = []
        for path, value in level:
            if isinstance(value, Mapping):
                name = value.get("__class__")
                if isinstance(name, str) and name in wanted:
                    found[name] = path, value.get("__args__")
                    wanted.discard(name)
            elif not isinstance(value, list):
                continue
            items = value.items() if isinstance(value, Mapping) else enumerate(value)
            for key, inner in islice(items, left):
                left -= 1
                if isinstance(inner, (Mapping, list)) and inner:
                    deeper.append(((*path, str(key)), inner))
        level = deeper
    return found


MAX_LOOKED_AT = 100_000
"""Values of the metadata that are looked at."""


def _where(name: GlobalName) -> str:
    """``archive/data.pkl, byte 1,234``."""
    if not name.record:
        return ""
    place = f"byte {name.offset:,}" if name.offset >= 0 else "in a pickle within it"
    return f"{name.record}, {place}"


def effect(name: GlobalName, given: Json = None) -> str:
    """What a full load does with a name; ``given`` are the arguments of its first call, where known."""
    module, _, own = name.name.rpartition(".")
    if name.name.startswith(_COMPILED):
        return f"torch.jit.load compiles the archive's own code for {own}; its __setstate__ runs if it has one."
    if name.use is GlobalClass.KNOWN:
        return "Known: it only makes containers, numbers, tensors or arrays."
    if name.use is GlobalClass.CALLABLE and not name.changed:
        hint = f" {_PICKS.format(module.partition('.')[0])}" if picks_a_member(name) else ""
        return f"Imports {module} and calls {name.name}{_arguments(name.arguments, given)}.{hint}"
    if name.changed:
        called = f", which it also calls{_arguments(name.arguments, given)}" if name.arguments is not None else ""
        return f"Imports {module} and overwrites attributes of {name.name} itself{called}."
    if name.made:
        return f"Imports {module} and makes objects of {own}; its __setstate__ runs if it has one."
    return f"Imports {module}, which runs that module's own code; it does not call {name.name}."


_PICKS = "Where {} is installed under that name, it is an enumeration and the call picks a member."


def _arguments(count: int | None, given: Json) -> str:
    if isinstance(given, list) and given and all(isinstance(g, (str, int, float, bool)) for g in given):
        return f"({', '.join(display(repr(argument), 60) for argument in given[:_SHOWN])})"
    if count is None:
        return ""
    return " without arguments" if count == 0 else f" with {counted(count, 'argument')}"


_SHOWN = 4
"""Arguments of a call that are told."""
