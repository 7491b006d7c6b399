"""Pickles within a pickle: what a loader would find in them is named with the rest."""

import copy
import io
import pickle
import struct
import warnings

import pytest
import torch

from ckptgui.core.checkpoint import GlobalClass
from ckptgui.formats.pickles.machine import parse
from ckptgui.formats.pickles.names import judge
from ckptgui.formats.registry import open_checkpoint
from ckptgui.formats.torch_save.inner_streams import names
from ckptgui.sources.locate import SourcePool
from tests.formats.conformance import values

SYSTEM = b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R."


def unpickling(data: bytes, name: bytes = b"torch.storage\n_load_from_bytes") -> bytes:
    return b"\x80\x03c" + name + b"\nB" + struct.pack("<I", len(data)) + data + b"\x85R."


def told(data: bytes) -> dict[str, GlobalClass]:
    return {name.name: name.use for name in judge(names(parse(data)))}


def test_a_function_in_an_inner_pickle_is_named():
    assert told(unpickling(SYSTEM))["os.system"] is GlobalClass.CALLABLE
    assert told(unpickling(SYSTEM, b"pickle\nloads"))["os.system"] is GlobalClass.CALLABLE


def test_a_pickle_in_a_pickle_in_a_pickle_is_followed():
    assert "os.system" in told(unpickling(unpickling(unpickling(SYSTEM))))


def test_bytes_as_protocol_2_spells_them_are_followed():
    class Inner:
        def __reduce__(self):
            return torch.storage._load_from_bytes, (SYSTEM,)

    assert "os.system" in told(pickle.dumps(Inner(), protocol=2))


def test_a_pickled_tensor_names_torch_alone_whatever_its_values_look_like():
    data = pickle.dumps(torch.tensor(list(b"cos\nsystem\n" * 20), dtype=torch.uint8))
    homes = {name.partition(".")[0] for name in told(data)}
    assert "torch.storage._load_from_bytes" in told(data)
    assert homes <= {"torch", "collections"}


def test_bytes_that_are_unpickled_again_and_again_do_not_take_forever():
    payload = pickle.dumps(list(range(300_000)))
    once = b"ctorch.storage\n_load_from_bytes\nB" + struct.pack("<I", len(payload)) + payload + b"q\x01\x85R0"
    again = b"ctorch.storage\n_load_from_bytes\nh\x01\x85R0"
    assert names(parse(b"\x80\x03" + once + again * 5_000 + b"N."))


def test_plain_bytes_are_not_taken_for_a_pickle():
    buffer = io.BytesIO()
    pickle.dump({"blob": copy.copy(SYSTEM)}, buffer)
    assert told(buffer.getvalue()) == {}


class Copied:
    """A value that stands in a pickle as the bytes of a stream of its own."""

    def __init__(self, value, zipped=False):
        buffer = io.BytesIO()
        torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
        self.data = buffer.getvalue()

    def __reduce__(self):
        return torch.storage._load_from_bytes, (self.data,)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("zipped", [True, False])
def test_streams_within_a_zip_archive_are_read_where_they_are(protocol, zipped, tmp_path):
    inner = {"w": torch.arange(6.0).reshape(2, 3), "n": 1, "view": torch.arange(9)[2:8:2]}
    torch.save({"a": Copied(inner, zipped), "b": torch.ones(2)}, tmp_path / "x.pt", pickle_protocol=protocol)
    checkpoint = open_checkpoint(str(tmp_path / "x.pt"))
    loaded = torch.load(tmp_path / "x.pt", weights_only=False)
    assert list(checkpoint) == [("a", "w"), ("a", "view"), ("b",)]
    assert checkpoint.metadata == {"a": {"n": 1}}
    for path, tensor in (
        (("a", "w"), loaded["a"]["w"]),
        (("a", "view"), loaded["a"]["view"]),
        (("b",), loaded["b"]),
    ):
        info = checkpoint[path]
        assert info.strides == tuple(tensor.stride())
        assert values(info, SourcePool()) == tensor.contiguous().numpy().tobytes()


def test_quantised_tensors_within_a_stream_keep_their_scales(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scales, zeros = torch.tensor([0.5, 0.25]), torch.tensor([1, 2])
        tensor = torch.quantize_per_channel(torch.randn(2, 3), scales, zeros, 0, torch.qint8)
        torch.save({"a": Copied(tensor)}, tmp_path / "x.pt")
    info = open_checkpoint(str(tmp_path / "x.pt"))[("a",)]
    assert info.extra["quantization"]["scales"] == [0.5, 0.25]
    assert info.extra["quantization"]["zero_points"] == [1, 2]


def test_a_damaged_stream_within_a_pickle_costs_its_own_tensors_alone(tmp_path):
    whole = Copied({"w": torch.ones(50)})
    cut = Copied({"v": torch.ones(50)})
    cut.data = cut.data[:-20]
    torch.save({"a": whole, "b": cut}, tmp_path / "x.pt", pickle_protocol=4)
    checkpoint = open_checkpoint(str(tmp_path / "x.pt"))
    assert checkpoint["a", "w"].error is None
    assert "180 of 200 bytes" in checkpoint["b", "v"].error
    assert any("damaged" in warning for warning in checkpoint.warnings)
