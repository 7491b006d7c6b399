"""Which tensors an export takes, under which names, and what stays behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.display import display
from ckptgui.core.tensors import Path, TensorInfo, TensorKind
from ckptgui.errors import ExportError
from ckptgui.export.storages import view_key

_PLAIN = frozenset({Role.MODEL, Role.EMA, Role.OTHER})
"""Roles of which a file's only section is taken for its state dict without being asked for."""

_EXTRA_STATE = "_extra_state"
"""How ``state_dict()`` names what a module's ``get_extra_state`` gave."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The tensors that go, by name, and the top-level keys and names that do not.

    ``extra_state`` are names of values that are no tensors and yet belong to a state dict.
    """

    section: Section
    tensors: Mapping[str, TensorInfo]
    dropped: tuple[str, ...]
    extra_state: tuple[str, ...] = ()


def choose_section(checkpoint: Checkpoint, wanted: Path | None) -> Section:
    """The state dict to export; raises ``ExportError`` naming those there are when none is meant."""
    sections = [section for section in checkpoint.sections if section.tensor_count]
    if wanted is not None:
        spelled = "/".join(wanted)
        for section in checkpoint.sections:
            if section.path == wanted or spelled in ("/".join(section.path), ".".join(section.path)):
                return section
        raise ExportError(f"There is no section {display(spelled)}; there are: {_named(sections)}.")
    models = [section for section in sections if section.role is Role.MODEL]
    found = models or [section for section in sections if section.role in _PLAIN]
    if len(found) == 1:
        return found[0]
    if not sections:
        raise ExportError("It holds no tensors, so there is no state dict to export.")
    if not found:
        raise ExportError(f"It holds no model's state dict; choose a section of: {_named(sections)}.")
    what = f"{len(found)} models" if models else f"{len(found)} state dicts and none is the model"
    raise ExportError(f"It holds {what}; choose a section of: {_named(found)}.")


def select_state_dict(checkpoint: Checkpoint, wanted: Path | None) -> Selection:
    """One section's tensors by their ``state_dict()`` names; raises ``ExportError`` if one cannot go."""
    section = choose_section(checkpoint, wanted)
    table = checkpoint.tensors
    infos = [table.info(row, section.path) for row in range(section.start, section.stop)]
    kept = [info for info in infos if info.persistent and info.kind is not TensorKind.COMPONENT]
    if any(not info.path for info in kept):
        raise ExportError("It holds one tensor without a name, so there is no state dict to export.")
    require_whole(kept)
    named: dict[str, TensorInfo] = {}
    for info in kept:
        if info.name in named:
            raise ExportError(f"Two tensors would both be called {display(info.name)}.")
        named[info.name] = info
    if not named:
        raise ExportError(f"{display('/'.join(section.path)) or 'It'} holds no tensors to export.")
    values = _values_beside(checkpoint, section)
    readable = checkpoint.format == "torch-zip" and not checkpoint.attributes.get("incomplete")
    readable = readable and not checkpoint.attributes.get("cut")
    holders = {info.path[len(section.path)] for info in infos if len(info.path) > len(section.path) + 1}
    extra = tuple(n for n in values if readable and n.endswith(_EXTRA_STATE) and n not in holders)
    unsaved = [info.name for info in infos if not info.persistent]
    left = [name for name in values if name not in extra]
    return Selection(section, named, (*_other_keys(checkpoint, section), *left, *unsaved), extra)


def require_whole(tensors: Iterable[TensorInfo]) -> None:
    """Raise ``ExportError`` naming the first tensor that cannot be written and how many more there are."""
    reasons = [(info, _obstacle(info)) for info in tensors]
    bad = [(info, reason) for info, reason in reasons if reason]
    if bad:
        info, reason = bad[0]
        more = f" ({len(bad) - 1:,} more like it)" if len(bad) > 1 else ""
        raise ExportError(f"{display(info.name)} cannot be exported: {reason}{more}")


def ties(tensors: Mapping[str, TensorInfo]) -> dict[str, str]:
    """From each name that is another one's tensor to the first name that it has."""
    first: dict[tuple[object, ...], str] = {}
    found = {}
    for name, tensor in tensors.items():
        if tensor.storage < 0 or tensor.numel == 0:
            continue
        original = first.setdefault(view_key(tensor), name)
        if original != name:
            found[name] = original
    return found


def _obstacle(info: TensorInfo) -> str:
    if info.error is not None:
        return info.error
    if "components" in info.extra or info.layout not in ("strided", "packed"):
        return f"it is {info.layout}, made of other tensors, which export does not write."
    if info.extent is None:
        why = "not initialised yet" if info.extra.get("uninitialized") else "on the meta device"
        return f"it was saved without values ({why})."
    return ""


def _other_keys(checkpoint: Checkpoint, section: Section) -> list[str]:
    """Top-level keys that stay behind, in the order in which they are known: sections, then values."""
    keys: dict[str, None] = {}
    for other in checkpoint.sections:
        if other is section:
            continue
        same = section.path and other.path[:1] == section.path[:1]
        keys["/".join(other.path) if same else "".join(other.path[:1])] = None
    if isinstance(checkpoint.metadata, Mapping):
        taken = section.path[:1]
        keys.update(dict.fromkeys(key for key in checkpoint.metadata if section.path and (key,) != taken))
    return [key for key in keys if key]


def _values_beside(checkpoint: Checkpoint, section: Section) -> list[str]:
    """Names in the state dict itself whose values are no tensors; a module's attributes are none of them."""
    found = checkpoint.metadata
    for key in section.path:
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or "__class__" in found:
        return []
    return list(found)


def _named(sections: Iterable[Section], limit: int = 12) -> str:
    names = [display("/".join(section.path)) or "(the whole file)" for section in sections]
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
