"""Every kind of tensor that torch saves, listed as the contract says: kind, layout, components, bytes."""

import argparse
import random

import ml_dtypes
import numpy as np
import pytest
import torch
from torch.nested._internal.nested_tensor import _rebuild_njt

from ckptgui.core.tensors import TensorKind
from ckptgui.engine.job import Cancel
from ckptgui.engine.stream import iter_values
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
from tests.formats.oracle import values_of

pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)


def saved(value, tmp_path, **options):
    torch.save(value, tmp_path / "x.pt", **options)
    return open_checkpoint(str(tmp_path / "x.pt"))


def read(info):
    pool = SourcePool()
    try:
        return b"".join(part.tobytes() for part in iter_values(info, pool, Cancel()))
    finally:
        pool.close()


def listed(checkpoint):
    return [("/".join(info.path), str(info.kind), info.layout, info.dtype.name) for info in checkpoint.tensors]


class Rebuilt:
    """Stands for a value that an older torch, or one for another device, wrote by calling a function."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def test_every_dtype_of_torch_is_known_by_its_name(tmp_path):
    from ckptgui.core.dtypes import BY_NAME

    names = {str(getattr(torch, name)).removeprefix("torch.") for name in dir(torch)
             if isinstance(getattr(torch, name), torch.dtype)}  # fmt: skip
    assert names <= BY_NAME.keys()


@pytest.mark.parametrize("name", ["float4_e2m1fn_x2", "bits1x8", "bits2x4", "bits4x2", "bits8", "bits16"])
def test_types_of_less_than_a_byte_are_packed(name, tmp_path):
    dtype = getattr(torch, name)
    tensor = torch.arange(12, dtype=torch.uint8).view(dtype)
    checkpoint = saved({"a": tensor}, tmp_path)
    info = checkpoint[("a",)]
    assert listed(checkpoint) == [("a", "tensor", "strided" if name in ("bits8", "bits16") else "packed", name)]
    assert (info.shape, info.nbytes, read(info)) == (tuple(tensor.shape), 12, bytes(range(12)))


def test_four_bit_quantised_tensors_are_packed_two_to_a_byte(tmp_path):
    scales, zeros = torch.tensor([0.5, 0.25, 0.125]), torch.tensor([0.0, 1.0, 2.0])
    tensor = torch.quantize_per_channel(torch.arange(12.0).reshape(3, 4), scales, zeros, 0, torch.quint4x2)
    checkpoint = saved({"a": tensor}, tmp_path)
    info = checkpoint[("a",)]
    assert listed(checkpoint) == [("a", "tensor", "packed", "quint4x2")]
    assert (info.shape, info.nbytes) == ((3, 4), 6)
    assert read(info) == bytes(tensor.untyped_storage())
    assert info.extra["quantization"]["scales"] == [0.5, 0.25, 0.125]


def test_scales_that_an_older_torch_gave_as_lists_are_kept(tmp_path):
    tensor = torch.quantize_per_channel(
        torch.randn(2, 3), torch.tensor([0.5, 0.25]), torch.tensor([1, 2]), 0, torch.qint8
    )
    function, arguments = tensor.__reduce_ex__(2)
    scheme = (torch.per_channel_affine, [0.5, 0.25], [1, 2], 0)
    old = Rebuilt(function, *arguments[:4], scheme, *arguments[5:])
    assert saved({"a": old}, tmp_path)[("a",)].extra["quantization"] == {
        "scheme": "per_channel_affine", "scales": [0.5, 0.25], "zero_points": [1, 2], "axis": 0,
    }  # fmt: skip


SPARSE = {
    "sparse_coo": (lambda: torch.eye(4).to_sparse(), ["indices", "values"]),
    "sparse_csr": (lambda: torch.eye(4).to_sparse_csr(), ["crow_indices", "col_indices", "values"]),
    "sparse_csc": (lambda: torch.eye(4).to_sparse_csc(), ["ccol_indices", "row_indices", "values"]),
    "sparse_bsr": (lambda: torch.eye(4).to_sparse_bsr((2, 2)), ["crow_indices", "col_indices", "values"]),
    "sparse_bsc": (lambda: torch.eye(4).to_sparse_bsc((2, 2)), ["ccol_indices", "row_indices", "values"]),
}


@pytest.mark.parametrize("layout", SPARSE)
@pytest.mark.parametrize("zipped", [True, False])
def test_sparse_tensors_are_listed_whole_and_by_component(layout, zipped, tmp_path):
    make, names = SPARSE[layout]
    tensor = make()
    checkpoint = saved({"a": tensor, "b": 1}, tmp_path, _use_new_zipfile_serialization=zipped)
    parts = {name: getattr(tensor, f"_{name}" if layout == "sparse_coo" else name)() for name in names}
    assert listed(checkpoint) == [
        ("a", "tensor", layout, "float32"),
        *[(f"a/{name}", "component", "strided", str(part.dtype)[6:]) for name, part in parts.items()],
    ]
    assert checkpoint[("a",)].nbytes == sum(part.nbytes for part in parts.values())
    assert (checkpoint[("a",)].shape, checkpoint[("a",)].extent) == ((4, 4), None)
    for name, part in parts.items():
        assert read(checkpoint["a", name]) == values_of(part)


def test_a_sparse_tensor_with_dense_dimensions_that_needs_gradients_says_so(tmp_path):
    indices = torch.tensor([[0, 2], [1, 0]])
    tensor = torch.sparse_coo_tensor(indices, torch.ones(2, 5), (3, 2, 5)).requires_grad_()
    info = saved({"a": tensor}, tmp_path)[("a",)]
    assert info.shape == (3, 2, 5)


def test_nested_tensors_old_and_new_are_listed_whole_and_by_component(tmp_path):
    pieces = [torch.arange(2.0), torch.arange(3.0)]
    parts = {"values": torch.cat(pieces), "offsets": torch.tensor([0, 2, 5]), "lengths": None}
    tensors = {"old": torch.nested.nested_tensor(pieces), "new": Rebuilt(_rebuild_njt, parts)}
    checkpoint = saved(tensors, tmp_path)
    assert listed(checkpoint) == [
        ("old", "tensor", "nested", "float32"), ("old/buffer", "component", "strided", "float32"),
        ("old/nested_sizes", "component", "strided", "int64"),
        ("old/nested_strides", "component", "strided", "int64"),
        ("old/storage_offsets", "component", "strided", "int64"),
        ("new", "tensor", "nested", "float32"), ("new/values", "component", "strided", "float32"),
        ("new/offsets", "component", "strided", "int64"),
    ]  # fmt: skip
    assert [checkpoint[(name,)].shape for name in tensors] == [(2,), (2,)]
    for part in ("old", "buffer"), ("new", "values"):
        assert read(checkpoint[part]) == values_of(torch.tensor([0.0, 1, 0, 1, 2]))
    assert read(checkpoint["new", "offsets"]) == values_of(torch.tensor([0, 2, 5]))


def test_meta_tensors_have_no_data_and_are_no_error(tmp_path):
    parameter = torch.nn.Parameter(torch.zeros(2, 3, device="meta", dtype=torch.bfloat16))
    checkpoint = saved({"a": torch.zeros(2, device="meta"), "p": parameter}, tmp_path)
    assert [(info.device, info.extent, info.error) for info in checkpoint.tensors] == [("meta", None, None)] * 2
    assert (checkpoint[("p",)].dtype.name, checkpoint[("p",)].kind) == ("bfloat16", TensorKind.PARAMETER)


def test_conjugated_and_negated_views_have_their_own_values(tmp_path):
    tensor = torch.tensor([1 + 2j, -3 - 0j])
    tensors = {
        "conj": tensor.conj(),
        "neg": tensor.clone().conj().imag,
        "both": torch._neg_view(tensor.clone().conj()),
    }
    checkpoint = saved(tensors, tmp_path)
    for name, value in tensors.items():
        assert read(checkpoint[(name,)]) == values_of(value)


def test_parameters_and_buffers_are_what_they_were(tmp_path):
    noted = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    noted.note = "kept"
    checkpoint = saved(
        {"p": torch.nn.Parameter(torch.ones(1)), "n": noted, "b": torch.nn.Buffer(torch.ones(1))}, tmp_path
    )
    assert [(str(info.kind), info.requires_grad) for info in checkpoint.tensors] == [
        ("parameter", True), ("parameter", False), ("buffer", False),
    ]  # fmt: skip


def test_a_tensor_among_a_parameters_attributes_is_a_component(tmp_path):
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.average = torch.zeros(3)
    checkpoint = saved({"p": parameter}, tmp_path)
    assert listed(checkpoint) == [
        ("p", "parameter", "strided", "float32"), ("p/average", "component", "strided", "float32"),
    ]  # fmt: skip
    assert checkpoint[("p",)].nbytes == 8


def test_lazy_parameters_are_listed_without_shape_or_values(tmp_path):
    checkpoint = saved(
        torch.nn.Sequential(torch.nn.LazyLinear(3), torch.nn.LazyBatchNorm1d()).state_dict(), tmp_path
    )
    assert [info.name for info in checkpoint.tensors][:3] == ["0.weight", "0.bias", "1.weight"]
    weight, mean = checkpoint[("0.weight",)], checkpoint[("1.running_mean",)]
    assert (weight.kind, weight.requires_grad, weight.extent, weight.error) == (
        TensorKind.PARAMETER,
        True,
        None,
        None,
    )
    assert (mean.kind, mean.requires_grad, mean.nbytes) == (TensorKind.BUFFER, False, 0)
    assert weight.extra["uninitialized"]
    assert checkpoint.verdict == "inert"


class Plain(torch.Tensor):
    pass


class Wrapper(torch.Tensor):
    """A tensor that is two others, as quantised and distributed ones are."""

    @staticmethod
    def __new__(cls, low, scale):
        return torch.Tensor._make_wrapper_subclass(cls, low.shape, dtype=torch.bfloat16, strides=low.stride())

    def __init__(self, low, scale):
        self.low, self.scale, self.block = low, scale, (1, 4)

    def __tensor_flatten__(self):
        return ["low", "scale"], None

    @classmethod
    def __torch_dispatch__(cls, function, types, arguments=(), keywords=None):
        if function in (torch.ops.aten.detach.default, torch.ops.aten.alias.default):
            return Wrapper(arguments[0].low, arguments[0].scale)
        raise NotImplementedError(function)


def test_a_subclass_with_its_own_storage_is_a_tensor_that_names_its_class(tmp_path):
    plain = torch.arange(3.0).as_subclass(Plain)
    checkpoint = saved({"a": plain, "p": torch.nn.Parameter(torch.ones(2).as_subclass(Plain))}, tmp_path)
    assert [str(info.kind) for info in checkpoint.tensors] == ["tensor", "parameter"]
    assert checkpoint[("a",)].extra["class"].endswith(".Plain")
    assert read(checkpoint[("a",)]) == values_of(torch.arange(3.0))


def test_a_wrapper_is_listed_whole_and_by_its_attributes(tmp_path):
    low, scale = torch.arange(8, dtype=torch.int8).reshape(2, 4), torch.ones(2, 1)
    checkpoint = saved({"w": torch.nn.Parameter(Wrapper(low, scale), requires_grad=False)}, tmp_path)
    assert listed(checkpoint) == [
        ("w", "parameter", "strided", "bfloat16"), ("w/low", "component", "strided", "int8"),
        ("w/scale", "component", "strided", "float32"),
    ]  # fmt: skip
    assert (checkpoint[("w",)].shape, checkpoint[("w",)].nbytes, checkpoint[("w",)].extent) == ((2, 4), 16, None)
    assert checkpoint.parameter_count == 8
    assert read(checkpoint["w", "low"]) == values_of(low)


def test_a_wrapper_within_a_wrapper_is_listed_with_what_it_is_made_of(tmp_path):
    inner = Wrapper(torch.ones(2, 4, dtype=torch.int8), torch.ones(2, 1))
    checkpoint = saved({"w": Wrapper(inner, torch.zeros(2, 1))}, tmp_path)
    assert ["/".join(path) for path in checkpoint] == ["w", "w/low", "w/low/low", "w/low/scale", "w/scale"]
    assert checkpoint[("w",)].nbytes == 8 + 8 + 8


def test_a_distributed_tensor_is_listed_by_the_part_that_is_here(tmp_path):
    from torch import distributed
    from torch.distributed.tensor import Shard, distribute_tensor, init_device_mesh

    store = distributed.FileStore(str(tmp_path / "store"), 1)
    distributed.init_process_group("gloo", rank=0, world_size=1, store=store)
    try:
        values = torch.arange(6.0).reshape(2, 3)
        tensor = distribute_tensor(values, init_device_mesh("cpu", (1,)), [Shard(0)])
        checkpoint = saved({"d": tensor, "p": torch.nn.Parameter(tensor)}, tmp_path)
    finally:
        distributed.destroy_process_group()
    assert listed(checkpoint) == [
        ("d", "tensor", "strided", "float32"), ("d/_local_tensor", "component", "strided", "float32"),
        ("p", "parameter", "strided", "float32"), ("p/_local_tensor", "component", "strided", "float32"),
    ]  # fmt: skip
    assert checkpoint[("d",)].shape == (2, 3)
    assert checkpoint[("d",)].extra["class"] == "torch.distributed.tensor.DTensor"
    assert read(checkpoint["d", "_local_tensor"]) == values_of(values)


def test_tensors_of_other_devices_are_read_from_their_copies(tmp_path):
    array = np.arange(4, dtype=np.float32)
    utils = torch._utils
    checkpoint = saved(
        {
            "numpy": Rebuilt(utils._rebuild_device_tensor_from_numpy, array, torch.float32, "xla:0", True),
            "half": Rebuilt(utils._rebuild_device_tensor_from_numpy, array, torch.bfloat16, "xla:0", False),
            "cpu": Rebuilt(
                utils._rebuild_device_tensor_from_cpu_tensor, torch.ones(2), torch.float32, "maia:1", False
            ),
            "xla": Rebuilt(utils._rebuild_xla_tensor, array, torch.float32, "xla:1", False),
        },
        tmp_path,
    )
    assert [(info.device, info.dtype.name, str(info.kind)) for info in checkpoint.tensors] == [
        ("xla:0", "float32", "tensor"), ("xla:0", "float32", "tensor"), ("maia:1", "float32", "tensor"),
        ("xla:1", "float32", "tensor"),
    ]  # fmt: skip
    assert checkpoint[("numpy",)].requires_grad
    assert read(checkpoint[("numpy",)]) == array.tobytes()


def test_the_ways_in_which_torch_rebuilt_tensors_before_are_known(tmp_path):
    storage = torch.arange(6.0).storage()
    data = torch.ones(2)
    values = {
        "v1": Rebuilt(torch._utils._rebuild_tensor, storage, 1, (2,), (2,)),
        "from type": Rebuilt(torch._tensor._rebuild_from_type, torch._utils._rebuild_tensor,
                             torch.Tensor, (storage, 0, (3,), (1,)), {}),
    }  # fmt: skip
    checkpoint = saved(values, tmp_path)
    loaded = torch.load(tmp_path / "x.pt", weights_only=False)
    for name, value in loaded.items():
        assert read(checkpoint[(name,)]) == values_of(value)
    assert data is not None


class Variable:
    """A parameter of before 0.4: its class called on the tensor, then flags."""

    def __init__(self, data, state, made=torch.nn.Parameter):
        self.reduced = made, (data,), state

    def __reduce__(self):
        return self.reduced


def test_parameters_of_before_0_4_are_parameters(tmp_path):
    hooks = {}
    values = {
        "three": Variable(torch.arange(3.0), (False, False, hooks)),
        "five": Variable(torch.zeros(1), (torch.arange(4.0), None, hooks, True, False)),
    }
    torch.save(values, tmp_path / "x.pt")
    checkpoint = open_checkpoint(str(tmp_path / "x.pt"))
    loaded = torch.load(tmp_path / "x.pt", weights_only=False)
    for name, value in loaded.items():
        info = checkpoint[(name,)]
        assert (str(info.kind), info.requires_grad) == ("parameter", value.requires_grad)
        assert read(info) == values_of(value.detach())


ARRAYS = {
    "c": np.arange(12.0).reshape(3, 4), "fortran": np.asfortranarray(np.arange(12, dtype=np.int16).reshape(3, 4)),
    "big": np.arange(5, dtype=">i4"), "big complex": np.arange(3, dtype=">c16"), "bool": np.array([True, False]),
    "half": np.arange(3, dtype=np.float16), "u64": np.arange(3, dtype=np.uint64), "empty": np.zeros((0, 3)),
    "0-d": np.array(4.5), "view": np.arange(20)[::3], "turned": np.arange(12).reshape(3, 4).T,
    "recarray": np.arange(3).view(np.recarray),
}  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_arrays_that_a_tensor_could_be_are_rows(protocol, tmp_path):
    checkpoint = saved(ARRAYS, tmp_path, pickle_protocol=protocol)
    assert list(checkpoint) == [(name,) for name in ARRAYS]
    for name, array in ARRAYS.items():
        info = checkpoint[(name,)]
        assert (info.shape, str(info.kind), info.dtype.name) == (array.shape, "array", array.dtype.name)
        assert read(info) == np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()


OTHER_ARRAYS = {
    "records": (np.zeros(2, [("a", "<f4"), ("b", "<i2", 3)]), "V10 (a: float32, b: other)"),
    "dates": (np.array(["2020-01-01"], "M8[D]"), "M8[D]"),
    "spans": (np.array([1, 2], "m8[25s]"), "m8[25s]"), "texts": (np.array(["a", "bc"]), "U2"),
    "strings": (np.array([b"a", b"bc"]), "S2"), "objects": (np.array([None, {"a": 1}, "x"], object), "O8"),
    "long": (np.arange(3, dtype=np.longdouble), "f16"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_ARRAYS)
def test_arrays_that_no_tensor_can_be_are_told_among_the_values(name, tmp_path):
    array, dtype = OTHER_ARRAYS[name]
    checkpoint = saved({name: array, "w": torch.ones(1), "v": torch.ones(1)}, tmp_path)
    assert [info.name for info in checkpoint.tensors] == ["w", "v"]
    told = checkpoint.metadata[name]
    assert (told["__class__"], told["shape"], told["dtype"]) == ("numpy.ndarray", list(array.shape), dtype)


def test_an_array_of_objects_is_listed_by_what_is_in_it(tmp_path):
    array = np.empty(3, object)
    array[:] = [torch.ones(2), {"a": np.arange(4)}, "a word"]
    checkpoint = saved({"x": array}, tmp_path)
    assert list(checkpoint) == [("x", "0"), ("x", "1", "a")]
    assert checkpoint.metadata["x"] == {
        "__class__": "numpy.ndarray", "shape": [3], "dtype": "O8", "values": [None, {}, "a word"],
    }  # fmt: skip


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "int4"])
def test_arrays_of_the_narrow_types_that_numpy_borrows_are_rows(name, tmp_path):
    array = np.arange(4).astype(getattr(ml_dtypes, name))
    info = saved({"a": array}, tmp_path)[("a",)]
    assert (info.dtype.name, info.shape, str(info.kind)) == (name, (4,), "array")
    assert read(info) == array.tobytes()


def test_numpy_numbers_are_plain_numbers(tmp_path):
    values = {
        "f32": np.float32(0.5), "f16": np.float16(2), "i64": np.int64(-3), "bool": np.bool_(True),
        "u8": np.uint8(255),
        "complex": np.complex64(1 + 2j), "nan": np.float64("nan"), "big": np.dtype(">i4").type(7),
    }  # fmt: skip
    assert saved(values, tmp_path).metadata == {
        "f32": 0.5, "f16": 2.0, "i64": -3, "bool": True, "u8": 255, "complex": "(1+2j)", "nan": "NaN", "big": 7,
    }  # fmt: skip


def test_the_states_of_random_generators_are_listed(tmp_path):
    generator = np.random.default_rng(3)
    np.random.seed(1)
    state = {
        "rng": {
            "python": random.Random(3).getstate(), "numpy": np.random.get_state(), "torch": torch.get_rng_state(),
            "cuda": [torch.get_rng_state()], "generator": generator, "bits": generator.bit_generator.state,
        }
    }  # fmt: skip
    checkpoint = saved(state, tmp_path)
    assert ["/".join(path) for path in checkpoint] == ["rng/numpy/1", "rng/torch", "rng/cuda/0"]
    assert read(checkpoint["rng", "numpy", "1"]) == np.random.get_state()[1].tobytes()
    assert [section.role.value for section in checkpoint.sections] == ["rng"]
    told = checkpoint.metadata["rng"]
    assert told["numpy"][0] == "MT19937"
    assert told["python"][0] == 3
    assert told["bits"]["bit_generator"] == "PCG64"


def test_values_of_torchs_own_types_are_plain_words(tmp_path):
    values = {
        "size": torch.Size([2, 3]), "dtype": torch.bfloat16, "device": torch.device("cuda:1"),
        "layout": torch.strided,
        "scheme": torch.per_tensor_affine, "sparse": torch.sparse_csr, "args": argparse.Namespace(lr=0.1),
    }  # fmt: skip
    assert saved(values, tmp_path).metadata == {
        "size": [2, 3], "dtype": "torch.bfloat16", "device": "cuda:1", "layout": "torch.strided",
        "scheme": "torch.per_tensor_affine", "sparse": "torch.sparse_csr",
        "args": {"__class__": "argparse.Namespace", "lr": 0.1},
    }  # fmt: skip


def test_storages_saved_by_themselves_are_told_among_the_values(tmp_path):
    values = {"typed": torch.arange(3.0).storage(), "untyped": torch.ones(2).untyped_storage()}
    told = saved(values, tmp_path).metadata
    assert told["typed"] == {"__class__": "torch.FloatStorage", "key": "0", "bytes": 12}
    assert told["untyped"]["bytes"] == 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "0 of the 4 values"),
        ((1, 2, 3, 4), "no list of numbers"),
        ((None, 0, ("a",), (1,)), "no list of whole numbers"),
        ((None, 0, (-1,), (1,)), "which storage"),
        ((None, "x", (1,), (1,)), "no whole number"),
    ],
)
def test_a_call_that_makes_no_sense_keeps_its_row_and_the_rest(arguments, words, tmp_path):
    values = {"bad": Rebuilt(torch._utils._rebuild_tensor_v2, *arguments), "good": torch.ones(2)}
    checkpoint = saved(values, tmp_path)
    assert words in checkpoint[("bad",)].error
    assert read(checkpoint[("good",)]) == values_of(torch.ones(2))


def test_parameters_within_parameters_end_somewhere(tmp_path):
    value = torch.ones(1)
    for _ in range(40):
        value = Rebuilt(torch._utils._rebuild_parameter, value, True, {})
    assert "wrapped more than" in saved({"a": value}, tmp_path)[("a",)].error


def test_components_that_share_one_another_do_not_take_forever(tmp_path):
    attributes = torch.ones(1)
    for _ in range(30):
        value = Rebuilt(
            torch._tensor._rebuild_from_type_v2, torch._utils._rebuild_tensor_v2, torch.Tensor,
            (torch.zeros(1).storage(), 0, (1,), (1,), False, {}), {"a": attributes, "b": attributes},
        )  # fmt: skip
        attributes = value
    checkpoint = saved({"a": value}, tmp_path)
    assert len(checkpoint) < 30_000
    assert any("more tensors than can be listed" in warning for warning in checkpoint.warnings)
