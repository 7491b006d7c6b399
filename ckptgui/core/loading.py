"""How a file is loaded with torch, in code made from its own keys, and what to know before doing so."""

from __future__ import annotations

from ckptgui.core.checkpoint import Checkpoint, GlobalClass, SavedShape
from ckptgui.core.display import display
from ckptgui.core.snippets import Snippet, checkpoint_snippet, literal, module_snippet, state_dict_lines
from ckptgui.core.weights_only import refused_names

_TORCH_FORMATS = frozenset({"torch-zip", "torch-legacy"})
_STAND_INS = frozenset({"cpu", "meta"})


def load_snippet(checkpoint: Checkpoint) -> str | None:
    """Python that loads this file; None where torch cannot load it at all.

    ``model``, ``optimizer`` and the like are used, not defined: the first lines name them.
    """
    attributes = checkpoint.attributes
    if attributes.get("cut") or attributes.get("incomplete") or checkpoint.tensors.errors:
        return None
    if checkpoint.format == "safetensors":
        return _safetensors(checkpoint)
    return _torch(checkpoint) if checkpoint.format in _TORCH_FORMATS else None


def _safetensors(checkpoint: Checkpoint) -> str:
    snippet = Snippet()
    model = snippet.supply("model", "an instance of the class whose weights these are")
    path = literal(checkpoint.path)
    table = checkpoint.metadata if isinstance(checkpoint.metadata, dict) else {}
    if not table.keys().isdisjoint(("format",)) and table["format"] not in ("pt", "torch"):
        snippet.comment(
            f"The file says that {display(table['format'], 40)} wrote it; names may differ from torch's."
        )
    if _names_ties(checkpoint, table):
        # What is left out as tied to another name, load_model finds by the model's own ties.
        snippet.imports("from safetensors.torch import load_model")
        snippet.line(f'load_model({model}, {path}, device="cpu")')
    else:
        snippet.imports("from safetensors.torch import load_file")
        snippet.line(f'state_dict = load_file({path}, device="cpu")')
        state_dict_lines(snippet, checkpoint, checkpoint.sections[0] if checkpoint.sections else None, model)
    snippet.modes([model])
    return snippet.text()


def _names_ties(checkpoint: Checkpoint, table: dict[str, str]) -> bool:
    """Whether ``__metadata__`` says which names were left out because another has their values."""
    names = set(checkpoint.tensors.names)
    return any(value in names and key not in names for key, value in table.items())


def _torch(checkpoint: Checkpoint) -> str:
    snippet = Snippet()
    snippet.imports("import torch")
    load = _load_call(checkpoint, snippet)
    shape = checkpoint.saved_shape
    if shape is SavedShape.TENSOR:
        snippet.line(f"tensor = {load}")
    elif shape is SavedShape.MODULE:
        module_snippet(snippet, checkpoint, load)
    elif shape is SavedShape.STATE_DICT:
        model = snippet.supply("model", "an instance of the class whose weights these are")
        snippet.line(f"state_dict = {load}")
        state_dict_lines(snippet, checkpoint, checkpoint.sections[0] if checkpoint.sections else None, model)
        snippet.modes([model])
    else:
        checkpoint_snippet(snippet, checkpoint, load)
    return snippet.text()


def _load_call(checkpoint: Checkpoint, snippet: Snippet) -> str:
    """``torch.load`` with the arguments that this file needs, and comments that say why."""
    reason = _needs_full_load(checkpoint)
    if reason is not None:
        snippet.comment(f"weights_only=True refuses this file: {reason}. weights_only=False lets the file")
        snippet.comment("run code of its choice while it loads: do so only if you trust where it comes from.")
    devices = _saved_devices(checkpoint)
    if devices:
        snippet.comment(f"It was saved on {_listed(devices)}; map_location makes it load anywhere.")
    safe = reason is None
    return f'torch.load({literal(checkpoint.path)}, map_location="cpu", weights_only={safe})'


def _needs_full_load(checkpoint: Checkpoint) -> str | None:
    """Why torch's restricted loader will not take the file, or None."""
    protocol = checkpoint.attributes.get("protocol")
    if isinstance(protocol, int) and protocol >= 4:
        return f"it is a pickle of protocol {protocol}, which that cannot read"
    if checkpoint.saved_shape is SavedShape.MODULE:
        return "it holds a whole model, not weights alone"
    names = refused_names(checkpoint.globals)
    if not names:
        return None
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"it names {display(names[0], 60)}{more}"


def device_sentence(checkpoint: Checkpoint) -> str | None:
    """Where the tensors were when they were saved, if that stands in the way of loading them; else None."""
    devices = _saved_devices(checkpoint)
    if not devices:
        return None
    one = "one" if len(devices) == 1 else "these"
    return (
        f"Saved on {_listed(devices)}; without {one}, plain torch.load fails: use map_location, or export for CPU."
    )


def _saved_devices(checkpoint: Checkpoint) -> list[str]:
    return [device for device in checkpoint.tensors.devices if device not in _STAND_INS]


def _listed(devices: list[str]) -> str:
    shown = [display(device, 40) for device in devices[:8]]
    if len(devices) > 8:
        shown.append(f"{len(devices) - 8} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def safety_sentence(checkpoint: Checkpoint) -> str:
    """What a full pickle load would reach for; nothing of it happened here."""
    calls = [g.name for g in checkpoint.globals if g.use is GlobalClass.CALLABLE]
    classes = sum(g.use is GlobalClass.CLASS for g in checkpoint.globals)
    if len(calls) == 1:
        return f"A full load would call {display(calls[0], 80)}; nothing was run."
    if calls:
        return f"A full load would call {len(calls):,} functions, {display(calls[0], 80)} first; nothing was run."
    if classes:
        return f"Names {classes:,} {'class' if classes == 1 else 'classes'}; nothing was run."
    return "Holds tensors and plain values alone; nothing was run."
