"""Pickles within a pickle: what a loader would find in them is named with the rest."""

import copy
import io
import pickle
import struct

import torch

from ckptgui.core.checkpoint import GlobalClass
from ckptgui.formats.inner_streams import names
from ckptgui.formats.pickle_machine import parse
from ckptgui.formats.pickle_names import judge

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
