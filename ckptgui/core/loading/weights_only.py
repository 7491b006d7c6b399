"""The names that ``torch.load(weights_only=True)`` takes, so that a snippet asks for no more than a file needs.

From ``torch/_weights_only_unpickler.py`` (``_get_allowed_globals``). It is not what this program reads by:
that runs nothing, whatever a file names.
"""

from __future__ import annotations

from collections.abc import Iterable

from ckptgui.core.checkpoint import Checkpoint, GlobalName, Json, SavedShape
from ckptgui.core.display import display
from ckptgui.core.dtypes import BY_NAME, BY_STORAGE_CLASS

_REBUILDERS = (
    "parameter parameter_with_state qtensor tensor tensor_v2 tensor_v3 sparse_tensor meta_tensor_no_storage "
    "nested_tensor wrapper_subclass device_tensor_from_numpy device_tensor_from_cpu_tensor"
)
_SCHEMES = (
    "per_tensor_affine",
    "per_tensor_symmetric",
    "per_channel_affine",
    "per_channel_symmetric",
    "per_channel_affine_float_qparams",
)
_TENSORS = "Float Half BFloat16 Double Long Int Short Char Byte Bool"
_PLACES = ("torch", "torch.cuda")
_SPARSE = ("torch.sparse", "torch.cuda.sparse")

ALLOWED = frozenset(
    [
        "collections.OrderedDict", "collections.Counter", "torch.nn.parameter.Parameter", "torch.Size",
        "torch.serialization._get_layout", "torch.Tensor", "torch.device", "_codecs.encode",
        "torch._tensor._rebuild_from_type_v2", "torch.storage.UntypedStorage", "torch.storage.TypedStorage",
        "torch.UntypedStorage", "torch.TypedStorage",
    ]
    + [f"{module}.{name}" for module in ("builtins", "__builtin__") for name in ("bytearray", "set", "complex")]
    + [f"torch.{name}" for name in (*BY_NAME, *_SCHEMES)]
    + [f"torch._utils._rebuild_{name}" for name in _REBUILDERS.split()]
    + [f"{place}.{name}" for place in _PLACES for name in BY_STORAGE_CLASS]
    + [f"{place}.{name}Tensor" for place in (*_PLACES, *_SPARSE) for name in _TENSORS.split()]
)  # fmt: skip
"""Names as they stand in a pickle; one of protocol 2 says ``__builtin__`` for ``builtins``."""


def refused_names(names: Iterable[GlobalName]) -> list[str]:
    """The names for which the restricted loader stops, in the file's order."""
    return [name.name for name in names if name.name not in ALLOWED]


def why_refused(checkpoint: Checkpoint) -> str | None:
    """Why the restricted loader will not take a file of ``torch.save``, or None."""
    if checkpoint.format == "torch-tar":
        return "it is a tar archive, as torch wrote them up to 0.1.9"
    protocol = checkpoint.attributes.get("protocol")
    if protocol in (0, 1):
        return "it is a pickle of protocol 0 or 1, which that cannot read"
    if protocol == 3 and _holds_bytes(checkpoint.metadata):
        return "it holds bytes in a pickle of protocol 3, which that cannot read"
    if isinstance(protocol, int) and protocol >= 4:
        return f"it is a pickle of protocol {protocol}, which that cannot read"
    if checkpoint.saved_shape is SavedShape.MODULE:
        return "it holds a whole model, not weights alone"
    names = refused_names(checkpoint.globals)
    if not names:
        return None
    more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    return f"it names {display(names[0], 60)}{more}"


def _holds_bytes(metadata: Json) -> bool:
    """Whether a value of bytes is anywhere among the values."""
    waiting = [metadata]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "__bytes__" in value:
                return True
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False
