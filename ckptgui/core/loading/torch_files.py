"""How a file of ``torch.save`` is loaded, in code made from its own keys, and what to know before doing so."""

from __future__ import annotations

from collections.abc import Mapping

from ckptgui.core.checkpoint import Checkpoint, SavedShape
from ckptgui.core.loading.saved_devices import listed, saved_devices
from ckptgui.core.loading.snippets import Snippet, checkpoint_snippet, literal, module_snippet, state_dict_lines
from ckptgui.core.loading.weights_only import why_refused
from ckptgui.core.tensors import TensorKind

_UNTYPED = "torch.storage.UntypedStorage"


def torch_snippet(checkpoint: Checkpoint) -> str | None:
    """``torch.load`` and what follows for the kind of object that was saved."""
    snippet = Snippet()
    snippet.imports("import torch")
    load = load_call(checkpoint, snippet, literal(checkpoint.path))
    object_lines(snippet, checkpoint, load)
    return snippet.text()


def legacy_snippet(checkpoint: Checkpoint) -> str | None:
    """The same for the older formats; None for types that torch writes into them and does not load again."""
    return None if names_untyped(checkpoint) else torch_snippet(checkpoint)


def names_untyped(checkpoint: Checkpoint) -> bool:
    """Whether a storage without a type is in a stream of before 1.6, whose loader asks each for its type."""
    return any(name.name == _UNTYPED for name in checkpoint.globals)


def object_lines(snippet: Snippet, checkpoint: Checkpoint, load: str) -> None:
    """What to do with the saved object; ``load`` is the expression that gives it."""
    shape = checkpoint.saved_shape
    if shape is SavedShape.TENSOR:
        snippet.line(f"tensor = {load}")
    elif shape is SavedShape.MODULE:
        module_snippet(snippet, checkpoint, load)
    elif shape is SavedShape.STATE_DICT:
        model = snippet.supply("model", "an instance of the class whose weights these are")
        if _holds_arrays(checkpoint):
            snippet.imports("import torch")
            snippet.line(f"arrays = {load}")
            snippet.line("state_dict = {name: torch.as_tensor(array) for name, array in arrays.items()}")
        else:
            snippet.line(f"state_dict = {load}")
            if _has_strays(checkpoint):
                snippet.line("state_dict = {k: v for k, v in state_dict.items() if isinstance(v, torch.Tensor)}")
        state_dict_lines(snippet, checkpoint, checkpoint.sections[0] if checkpoint.sections else None, model)
        snippet.modes([model])
    else:
        checkpoint_snippet(snippet, checkpoint, load)


def _holds_arrays(checkpoint: Checkpoint) -> bool:
    """Whether numpy's arrays are among the weights, which no module takes as they are."""
    return bool((checkpoint.tensors.kind == TensorKind.ARRAY).any())


def _has_strays(checkpoint: Checkpoint) -> bool:
    """Whether plain values were put among the weights: a model has no place for them."""
    values = checkpoint.metadata.items() if isinstance(checkpoint.metadata, Mapping) else ()
    return any(isinstance(value, (str, int, float)) and "." not in key for key, value in values)


def load_call(checkpoint: Checkpoint, snippet: Snippet, path: str) -> str:
    """``torch.load`` with the arguments that this file needs, and comments that say why; ``path`` is source."""
    reason = why_refused(checkpoint)
    if reason is not None:
        snippet.comment(f"weights_only=True refuses this file: {reason}. weights_only=False lets the file")
        snippet.comment("run code of its choice while it loads: do so only if you trust where it comes from.")
    devices = saved_devices(checkpoint)
    if devices:
        snippet.comment(f"It was saved on {listed(devices)}; map_location makes it load anywhere.")
    encoding = ""
    if checkpoint.attributes.get("old_text"):
        snippet.comment("Python 2 wrote it, whose strings were bytes; latin1 keeps each of them.")
        encoding = ', encoding="latin1"'
    safe = reason is None
    return f'torch.load({path}, map_location="cpu", weights_only={safe}{encoding})'
