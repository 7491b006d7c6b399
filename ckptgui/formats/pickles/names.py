"""What a loader would do with the names in a pickle, judged against the few that only rebuild data.

A list of what is known to be harmless, never of what is known to be harmful: those lists have always been
too short. Nothing is imported here either way.
"""

from __future__ import annotations

from collections.abc import Iterable

from ckptgui.core.checkpoint import GlobalClass, GlobalName
from ckptgui.core.dtypes import BY_NAME, BY_STORAGE_CLASS
from ckptgui.formats.pickles.graph import Ref

_BUILTINS = (
    "set frozenset list dict tuple bytearray bytes complex int float str bool slice range object unicode long"
)
_REBUILDERS = (
    "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter _rebuild_parameter_with_state "
    "_rebuild_qtensor _rebuild_sparse_tensor _rebuild_sparse_csr_tensor _rebuild_nested_tensor "
    "_rebuild_meta_tensor_no_storage _rebuild_wrapper_subclass _rebuild_device_tensor_from_numpy "
    "_rebuild_device_tensor_from_cpu_tensor _rebuild_xla_tensor"
)
_TORCH = (
    "Size device Tensor dtype per_tensor_affine per_channel_affine per_tensor_symmetric per_channel_symmetric "
    "per_channel_affine_float_qparams strided sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc"
)
_OTHERS = (
    "collections.OrderedDict collections.defaultdict collections.Counter collections.deque _codecs.encode "
    "copy_reg._reconstructor copyreg._reconstructor torch._tensor._rebuild_from_type_v2 "
    "torch._tensor._rebuild_from_type torch.tensor._rebuild_from_type torch.serialization._get_layout "
    "torch.nn.parameter.Parameter torch.nn.parameter.Buffer "
    "torch.nn.parameter.UninitializedParameter torch.nn.parameter.UninitializedBuffer "
    "torch.nested._internal.nested_tensor._rebuild_njt torch.nested._internal.nested_tensor.NestedTensor "
    "torch.storage.UntypedStorage torch.storage.TypedStorage torch.storage._UntypedStorage torch.UntypedStorage "
    "numpy.ndarray numpy.dtype "
    "datetime.datetime datetime.date datetime.time datetime.timedelta datetime.timezone decimal.Decimal "
    "fractions.Fraction pathlib.Path pathlib.PurePath pathlib.PosixPath pathlib.PurePosixPath "
    "pathlib.WindowsPath pathlib.PureWindowsPath"
)
# What torch.jit writes around lists and dictionaries (torch/jit/_pickle.py); its own loader takes them as marks.
_SCRIPT = "build_intlist build_tensorlist build_doublelist build_boollist build_tensor_from_id restore_type_tag"
_NUMPY = "multiarray.scalar multiarray._reconstruct numeric._frombuffer"
_NUMPY_SCALARS = (
    "bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
)

KNOWN = frozenset(
    [f"{module}.{name}" for module in ("builtins", "__builtin__") for name in _BUILTINS.split()]
    + [f"torch._utils.{name}" for name in _REBUILDERS.split()]
    + [f"torch.{name}" for name in (*_TORCH.split(), *BY_NAME)]
    + [f"{module}.{name}" for module in ("torch", "torch.cuda") for name in BY_STORAGE_CLASS]
    + [f"numpy.{core}.{name}" for core in ("core", "_core") for name in _NUMPY.split()]
    + [f"numpy.{name}" for name in _NUMPY_SCALARS.split()]
    + [f"torch.jit._pickle.{name}" for name in _SCRIPT.split()]
    + ["torch.jit._script.unpackage_script_module"]  # torch.package's, of a script module beside the pickle
    + _OTHERS.split()
)
"""Names that make containers, numbers, tensors and arrays, and nothing else."""


def judge(refs: Iterable[Ref], record: str = "") -> tuple[GlobalName, ...]:
    """Each name of the pickle ``record`` with the use made of it, in the order in which they stand there."""
    return tuple(
        GlobalName(ref.path, _use(ref), record, ref.offset, ref.arguments, ref.made, ref.tampered) for ref in refs
    )


def _use(ref: Ref) -> GlobalClass:
    if (ref.path in KNOWN or ref.opened) and not ref.tampered and "." not in ref.name:
        return GlobalClass.KNOWN
    return GlobalClass.CALLABLE if ref.called or ref.tampered else GlobalClass.CLASS
