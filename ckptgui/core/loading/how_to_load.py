"""How a file is loaded with its own library, in code made from its own keys, and what to know before doing so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ckptgui.core.checkpoint import Checkpoint, GlobalClass
from ckptgui.core.display import display
from ckptgui.core.enumerations import picks_a_member
from ckptgui.core.loading.distributed import distributed_snippet
from ckptgui.core.loading.folders import directory_snippet, sharded_snippet
from ckptgui.core.loading.pickles import pickle_snippet
from ckptgui.core.loading.programs import export_snippet, package_snippet, script_snippet
from ckptgui.core.loading.safetensors_files import safetensors_snippet
from ckptgui.core.loading.torch_files import legacy_snippet, torch_snippet

_SNIPPETS: dict[str, Callable[[Checkpoint], str | None]] = {
    "torch-zip": torch_snippet,
    "torch-legacy": legacy_snippet,
    "torch-tar": legacy_snippet,
    "pickle": pickle_snippet,
    "torchscript": script_snippet,
    "torch-export": export_snippet,
    "torch-package": package_snippet,
    "safetensors": safetensors_snippet,
    "sharded": sharded_snippet,
    "directory": directory_snippet,
    "dcp": distributed_snippet,
}
"""What loads each format."""


def load_snippet(checkpoint: Checkpoint) -> str | None:
    """Python that loads this file; None where its library cannot load it at all.

    ``model``, ``optimizer`` and the like are used, not defined: the first lines name them.
    """
    attributes = checkpoint.attributes
    if attributes.get("cut") or attributes.get("incomplete") or checkpoint.tensors.errors:
        return None
    snippet = _SNIPPETS.get(checkpoint.format)
    return None if snippet is None else snippet(_by_itself(checkpoint))


def _by_itself(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint without the values of the files beside it, which loading it does not bring."""
    beside = checkpoint.attributes.get("beside")
    if not beside or not isinstance(checkpoint.metadata, dict):
        return checkpoint
    own = {key: value for key, value in checkpoint.metadata.items() if key not in beside}
    return replace(checkpoint, metadata=own)


def safety_sentence(checkpoint: Checkpoint) -> str:
    """What a full pickle load would reach for; nothing of it happened here."""
    called = sorted((g for g in checkpoint.globals if g.use is GlobalClass.CALLABLE), key=picks_a_member)
    calls = [g.name for g in called]
    classes = sum(g.use is GlobalClass.CLASS for g in checkpoint.globals)
    if len(calls) == 1:
        return f"A full load would call {display(calls[0], 80)}; nothing was run."
    if calls:
        return f"A full load would call {len(calls):,} functions, {display(calls[0], 80)} first; nothing was run."
    if classes:
        return f"Names {classes:,} {'class' if classes == 1 else 'classes'}; nothing was run."
    return "Holds tensors and plain values alone; nothing was run."
