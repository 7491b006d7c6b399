"""What ``pickle.dump`` writes: every tensor and array in it, and everything else as it was."""

import argparse
import io
import pickle
import random
from collections import OrderedDict
from functools import partial

import numpy as np
import pytest
import torch

from ckptgui.core.checkpoint import GlobalClass, SavedShape
from ckptgui.core.tensors import TensorKind
from ckptgui.errors import CheckpointError, DamagedFileError, UnknownFormatError
from ckptgui.formats.registry import is_checkpoint, open_checkpoint
from tests.formats.conformance import ReaderConformance
from tests.formats.test_conformance_zip import by_name, state_dict, views
from tests.formats.torch_save.test_torch_legacy import dtypes


def dump(value, path, protocol=None):
    with path.open("wb") as file:
        pickle.dump(value, file, protocol)
    return path


def written(make, folder, protocol=None):
    path = dump(make(), folder / "saved.pkl", protocol)
    with path.open("rb") as file:
        return path, by_name(pickle.load(file))


def arrays():
    return {
        "c": np.arange(12.0).reshape(3, 4), "fortran": np.asfortranarray(np.arange(12).reshape(3, 4)),
        "big": np.arange(50, dtype=">i4"), "flags": np.array([True, False]), "u": np.arange(256, dtype=np.uint8),
        "none": np.zeros((0, 3), np.float32), "scalar": np.array(4.5), "half": np.arange(9, dtype=np.float16),
        "complex": np.arange(9) * (1 + 2j), "tensor": torch.ones(2),
    }  # fmt: skip


class TestBarePickle(ReaderConformance):
    format = "pickle"

    @classmethod
    def cases(cls):
        return {
            "state dict": partial(written, state_dict),
            "views": partial(written, views),
            "dtypes": partial(written, dtypes),
            "arrays": partial(written, arrays),
            **{f"protocol {n}": partial(written, arrays, protocol=n) for n in range(6)},
            **{f"state dict, protocol {n}": partial(written, state_dict, protocol=n) for n in range(6)},
        }

    @classmethod
    def large(cls, folder):
        return dump({"t": torch.zeros(1 << 20), "a": np.zeros(1 << 20)}, folder / "large.pkl")


def test_a_plain_value_by_itself_opens_with_its_metadata(tmp_path):
    namespace = argparse.Namespace(lr=0.1, layers=[1, 2], name="run")
    checkpoint = open_checkpoint(str(dump(namespace, tmp_path / "args.pkl")))
    assert len(checkpoint) == 0
    assert checkpoint.metadata == {"__class__": "argparse.Namespace", "lr": 0.1, "layers": [1, 2], "name": "run"}
    assert checkpoint.verdict == "classes"


def test_every_protocol_is_known_by_its_content(tmp_path):
    for protocol in range(6):
        for value in ({"a": 1}, [1, 2], ("a", "b"), OrderedDict(a=1), argparse.Namespace(a=1), {}, []):
            path = dump(value, tmp_path / "x", protocol)
            assert is_checkpoint(str(path)), (protocol, value)
            assert open_checkpoint(str(path)).format == "pickle"


@pytest.mark.parametrize(
    "text",
    [
        b"col1\ncol2\n1,2\n", b"(define (f x) (* x x))\n", b"count\nvalue\n1\n2\n", b"ccc\nccc\n" * 99, b"}\n",
        b"]]]]", b"((((((((", b"class A:\n    pass\n", b"(a) first\n(b) second\n", b"\x80\x09abc",
        b"\x80\0}.", b"c\n\n" * 200,
    ],
)  # fmt: skip
def test_text_and_odd_bytes_are_not_taken_for_one(text, tmp_path):
    (tmp_path / "x").write_bytes(text)
    assert not is_checkpoint(str(tmp_path / "x"))
    with pytest.raises(UnknownFormatError):
        open_checkpoint(str(tmp_path / "x"))


def test_a_whole_model_is_listed_as_its_state_dict(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    checkpoint = open_checkpoint(str(dump(model, tmp_path / "model.pkl")))
    assert checkpoint.saved_shape is SavedShape.MODULE
    assert [info.name for info in checkpoint.tensors] == list(model.state_dict())
    assert checkpoint[("0.weight",)].kind is TensorKind.PARAMETER
    assert checkpoint[("0.weight",)].requires_grad


def test_tensors_lie_where_the_file_has_them_and_name_torch_alone(tmp_path):
    path = dump({"w": torch.arange(6.0), "v": [torch.ones(2)] * 2}, tmp_path / "x.pkl")
    checkpoint = open_checkpoint(str(path))
    start = checkpoint[("w",)].file_offset
    assert path.read_bytes()[start : start + 24] == torch.arange(6.0).numpy().tobytes()
    assert checkpoint[("v", "0")].storage == checkpoint[("v", "1")].storage
    assert checkpoint[("v", "0")].storage != checkpoint[("w",)].storage
    assert checkpoint.verdict == "inert"


def test_views_of_one_storage_share_it_as_far_as_the_pickle_does(tmp_path):
    array = np.arange(30.0)
    checkpoint = open_checkpoint(str(dump({"a": array, "b": array}, tmp_path / "x.pkl")))
    assert checkpoint[("a",)].storage == checkpoint[("b",)].storage
    assert checkpoint[("a",)].file_offset is not None


def test_types_that_torch_writes_so_but_cannot_load_are_read(tmp_path):
    tensors = {
        str(dtype): torch.arange(16, dtype=torch.uint8).view(dtype) for dtype in (torch.uint16, torch.float8_e5m2)
    }
    with pytest.raises(AttributeError):
        pickle.loads(pickle.dumps(tensors))
    checkpoint = open_checkpoint(str(dump(tensors, tmp_path / "x.pkl")))
    for name, tensor in tensors.items():
        assert checkpoint[(name,)].dtype.name == name.removeprefix("torch.")
        assert checkpoint[(name,)].shape == tensor.shape


def test_what_is_hidden_in_the_bytes_of_a_storage_is_named(tmp_path):
    class Inner:
        def __reduce__(self):
            return torch.storage._load_from_bytes, (b"cos\nsystem\n(S'true'\ntR.",)

    checkpoint = open_checkpoint(str(dump({"a": Inner(), "w": torch.ones(1)}, tmp_path / "x.pkl")))
    uses = {name.name: name.use for name in checkpoint.globals}
    assert uses["os.system"] is GlobalClass.CALLABLE
    assert uses["torch.storage._load_from_bytes"] is GlobalClass.CALLABLE
    assert [info.name for info in checkpoint.tensors] == ["w"]


def test_a_tensor_within_bytes_within_bytes_is_found(tmp_path):
    class Bytes:
        def __init__(self, value):
            buffer = io.BytesIO()
            torch.save(value, buffer, _use_new_zipfile_serialization=False)
            self.data = buffer.getvalue()

        def __reduce__(self):
            return torch.storage._load_from_bytes, (self.data,)

    inner = OrderedDict(w=torch.arange(50.0), l=[torch.ones(3), {"x": torch.zeros(2)}])
    path = dump({"a": Bytes(inner), "b": Bytes({"c": Bytes(torch.ones(4))}), "n": 1}, tmp_path / "x.pkl")
    checkpoint = open_checkpoint(str(path))
    assert list(checkpoint) == [("a", "w"), ("a", "l", "0"), ("a", "l", "1", "x"), ("b", "c")]
    assert checkpoint.tensors.errors == {}
    assert [info.file_offset is None for info in checkpoint.tensors] == [False, False, False, True]  # text within
    assert checkpoint.metadata == {"a": {"l": [None, {}]}, "b": {}, "n": 1}


def test_a_tensor_in_a_zip_in_the_bytes_is_found(tmp_path):
    class Bytes:
        def __reduce__(self):
            buffer = io.BytesIO()
            torch.save({"w": torch.arange(50.0)}, buffer)
            return torch.storage._load_from_bytes, (buffer.getvalue(),)

    path = dump({"a": Bytes()}, tmp_path / "x.pkl")
    info = open_checkpoint(str(path))[("a", "w")]
    assert path.read_bytes()[info.file_offset : info.file_offset + 200] == torch.arange(50.0).numpy().tobytes()


def test_an_unpacked_data_pkl_says_where_its_values_are(tmp_path):
    from tests.formats.torch_files import pickle_of

    (tmp_path / "data.pkl").write_bytes(pickle_of({"w": torch.ones(2, 3)}))
    info = open_checkpoint(str(tmp_path / "data.pkl"))[("w",)]
    assert (info.shape, info.dtype.name) == ((2, 3), "float32")
    assert "lies beside this pickle" in info.error


def test_arrays_of_python_2_are_read(tmp_path):
    """Its strings were bytes; pickle.load takes them with encoding="latin1"."""
    array = np.arange(250, 310, dtype=np.uint8)
    raw = array.tobytes()
    data = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x3c\x85cnumpy\ndtype\n"
        b"U\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x3c" + raw + b"tb."
    )
    (tmp_path / "x.pkl").write_bytes(data)
    assert pickle.loads(data, encoding="latin1").tobytes() == raw
    info = open_checkpoint(str(tmp_path / "x.pkl"))[()]
    assert (info.shape, info.dtype.name, info.extent.inline) == ((60,), "uint8", raw)


def test_a_pickle_behind_another_is_announced(tmp_path):
    path = tmp_path / "two.pkl"
    path.write_bytes(pickle.dumps({"a": 1}) + pickle.dumps({"b": 2}))
    assert "follow the end of its pickle" in open_checkpoint(str(path)).warnings[0]


def test_bytes_that_nest_in_one_another_do_not_take_forever(tmp_path):
    data = b"N."
    for _ in range(40):
        data = b"\x80\x03ctorch.storage\n_load_from_bytes\nB" + len(data).to_bytes(4, "little") + data + b"\x85R."
    (tmp_path / "x.pkl").write_bytes(data)
    checkpoint = open_checkpoint(str(tmp_path / "x.pkl"))
    assert any("deep" in warning for warning in checkpoint.warnings)
    assert checkpoint.verdict == "calls"


def test_random_bytes_behind_a_protocol_are_one_sentence(tmp_path):
    chance = random.Random(3)
    for _ in range(200):
        data = bytes([0x80, chance.randrange(2, 6)]) + chance.randbytes(chance.randrange(60))
        (tmp_path / "x").write_bytes(data)
        try:
            open_checkpoint(str(tmp_path / "x"))
        except CheckpointError as error:
            assert isinstance(error, DamagedFileError | UnknownFormatError)
