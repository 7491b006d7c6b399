"""A pickle read window by window says what it says when it is read whole."""

import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch

from ckptgui.errors import LimitExceededError
from ckptgui.formats.limits import Limits
from ckptgui.formats.objects.metadata import to_json
from ckptgui.formats.pickles import feed as pickle_feed
from ckptgui.formats.pickles.feed import Feed, FileBytes, extent_of
from ckptgui.formats.pickles.machine import parse, parse_file
from ckptgui.sources.memory import MemorySource
from tests.formats.torch_files import pickle_of

VALUE = {
    "numbers": [1, -2, 300, 70_000, 2**40, -(2**70), 1.5, True, None],
    "text": "a word" * 40, "bytes": b"0123456789" * 30, "short": b"abc", "tuple": (1, (2, 3)),
    "ordered": OrderedDict(a=1, b={"c": [1, 2]}), "set": {1, 2}, "complex": 1 + 2j,
    "array": np.arange(20), "scalar": np.float32(2.5), "mutable": bytearray(b"x" * 50),
}  # fmt: skip


@pytest.fixture(params=[1, 3, 64, 1 << 16])
def window(request, monkeypatch):
    monkeypatch.setattr(pickle_feed, "FIRST", request.param)
    monkeypatch.setattr(pickle_feed, "WINDOW", request.param)
    return request.param


@pytest.mark.parametrize("protocol", range(6))
def test_windows_make_no_difference(protocol, window):
    data = pickle.dumps(VALUE, protocol)
    whole, parts = parse(data), parse_file(Feed(MemorySource(data)), 0)
    assert to_json(parts.root) == to_json(whole.root)
    assert (parts.broken, parts.end, parts.protocol) == (None, whole.end, whole.protocol)
    assert [ref.path for ref in parts.refs] == [ref.path for ref in whole.refs]


def test_tensors_as_torch_writes_them_may_lie_across_windows(window):
    data = pickle_of({f"layer.{n}": torch.zeros(2, 3) for n in range(40)})
    whole, parts = parse(data), parse_file(Feed(MemorySource(data)), 0)
    assert parts.broken is None
    for before, after in zip(whole.root.flat[1::2], parts.root.flat[1::2]):
        assert before.args[0].pid == after.args[0].pid or before.args[0].pid[1].path == after.args[0].pid[1].path
        assert before.args[1:5] == after.args[1:5]


def test_a_pickle_may_begin_within_a_file(window):
    data = b"in front" + pickle.dumps(VALUE, 4) + b"behind"
    parts = parse_file(Feed(MemorySource(data)), 8)
    assert parts.broken is None
    assert parts.end == len(data) - len(b"behind")


@pytest.mark.parametrize("protocol", range(6))
def test_a_cut_is_found_at_the_same_place(protocol, window):
    data = pickle.dumps(VALUE, protocol)
    for length in range(0, len(data), 7):
        whole, parts = parse(data[:length]), parse_file(Feed(MemorySource(data[:length])), 0)
        assert (parts.broken, parts.cut) == (whole.broken, whole.cut)
        assert to_json(parts.root) == to_json(whole.root)


def test_long_bytes_stay_in_the_file():
    data = pickle.dumps({"a": b"A" * 5_000_000, "b": b"B" * 17, "c": b"C" * 16}, 4)
    source = MemorySource(data)
    found = parse_file(Feed(source), 0).root.flat[1::2]
    assert [type(value) for value in found] == [FileBytes, FileBytes, bytes]
    for value, letter in zip(found, (b"A", b"B")):
        assert data[value.offset : value.offset + value.length] == letter * value.length
        assert value.read() == letter * value.length
    assert found[0].read(most=100) is None
    assert extent_of(found[0], "little").file_offset == found[0].offset


def test_what_is_read_is_bounded_and_what_is_skipped_is_free():
    data = pickle.dumps([b"A" * 5_000_000], 4)
    assert parse_file(Feed(MemorySource(data), limits=Limits(pickle_bytes=1 << 19)), 0).broken is None
    words = pickle.dumps([f"word {n}" for n in range(100_000)], 4)
    with pytest.raises(LimitExceededError, match="pickle_bytes"):
        parse_file(Feed(MemorySource(words), limits=Limits(pickle_bytes=1 << 19)), 0)
