"""What a loader would do with the names in ``.metadata`` and in the objects beside it.

torch reads ``.metadata`` with plain ``pickle.load`` and the objects with ``weights_only=False``
(``torch/distributed/checkpoint/filesystem.py``, ``default_planner.py``): whatever they name would run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ckptgui.core.checkpoint import GlobalClass, GlobalName
from ckptgui.core.display import display
from ckptgui.formats.pickles.graph import Ref
from ckptgui.formats.pickles.names import judge

_MODULES = (
    "torch.distributed.checkpoint.metadata torch.distributed._shard.checkpoint.metadata "
    "torch.distributed.checkpoint.filesystem torch.distributed._shard.checkpoint.filesystem "
    "torch.distributed._shard.sharded_tensor.metadata torch.distributed._shard.metadata"
)
_CLASSES = (
    "Metadata TensorStorageMetadata BytesStorageMetadata ChunkStorageMetadata MetadataIndex TensorProperties "
    "StorageMeta _MEM_FORMAT_ENCODING MEM_FORMAT_ENCODING ShardMetadata _StorageInfo"
)

KNOWN = frozenset(f"{module}.{name}" for module in _MODULES.split() for name in _CLASSES.split())
"""Classes of which a description consists: they hold values and do nothing."""


def judged(refs: Iterable[Ref], record: str) -> list[GlobalName]:
    """Each name with the use made of it, those of descriptions known."""
    return [
        replace(name, use=GlobalClass.KNOWN) if name.name in KNOWN and not name.changed else name
        for name in judge(refs, record)
    ]


def merged(groups: Iterable[Iterable[GlobalName]]) -> tuple[GlobalName, ...]:
    """Each name once, with the worst of its uses."""
    worst = list(GlobalClass)
    found: dict[str, GlobalName] = {}
    for group in groups:
        for name in group:
            known = found.get(name.name)
            if known is None or worst.index(name.use) > worst.index(known.use):
                found[name.name] = name
    return tuple(found.values())


def warning(names: Iterable[GlobalName]) -> list[str]:
    """That torch itself would call what is named, where it would."""
    calls = [name.name for name in names if name.use is GlobalClass.CALLABLE]
    if not calls:
        return []
    more = f" and {len(calls) - 1:,} more" if len(calls) > 1 else ""
    return [
        f"Loading it with torch would call {display(calls[0], 80)}{more}: torch.distributed.checkpoint unpickles "
        ".metadata and the objects beside the tensors without any restriction. Nothing was run here."
    ]
