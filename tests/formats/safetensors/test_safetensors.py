"""A safetensors file: what safetensors itself says of it, and what is refused."""

import json
import struct

import numpy as np
import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save, save_file

from ckptgui.core.checkpoint import Role
from ckptgui.core.dtypes import decode
from ckptgui.errors import CheckpointError, DamagedFileError
from ckptgui.formats.base import HEAD, Probe
from ckptgui.formats.safetensors.reader import Safetensors
from ckptgui.sources.base import read_exactly
from ckptgui.sources.local import LocalSource
from ckptgui.sources.memory import MemorySource


def read(data: bytes):
    probe = Probe("file", data[:HEAD], len(data), MemorySource(data))
    assert Safetensors().matches(probe)
    return Safetensors().read(probe, lambda: None)


def build(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(begin, end, dtype="U8", shape=None):
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape, "data_offsets": [begin, end]}


DTYPES = [
    torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32, torch.int16,
    torch.int8, torch.uint8, torch.bool, torch.uint16, torch.uint32, torch.uint64, torch.complex64,
    torch.float8_e4m3fn, torch.float8_e5m2,
]  # fmt: skip


def test_every_tensor_is_what_safe_open_gives_bit_for_bit(tmp_path):
    tensors = {f"t{i}.{dtype}": torch.arange(6).reshape(2, 3).to(dtype) for i, dtype in enumerate(DTYPES)}
    tensors |= {"scalar": torch.tensor(3.5), "empty": torch.zeros(0, 4), "ünï\n<b>": torch.ones(1)}
    path = tmp_path / "m.safetensors"
    save_file(tensors, path, metadata={"format": "pt", "note": "<script>"})
    source = LocalSource(str(path))
    found = Safetensors().read(Probe(str(path), read_exactly(source, 0, HEAD), source.size, source), lambda: None)
    with safe_open(path, "pt") as oracle:
        assert {p[0] for p in found} == set(oracle.keys())
        assert found.metadata == oracle.metadata()
        for info in found.values():
            expected = oracle.get_tensor(info.name)
            raw = read_exactly(source, info.file_offset, info.nbytes)
            assert (info.shape, str(expected.dtype)) == (tuple(expected.shape), f"torch.{info.dtype}")
            assert raw == expected.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
            assert decode(raw, info.dtype).size == expected.numel()
            assert info.error is None
            assert info.storage_key is None
    source.close()
    (section,) = found.sections
    assert (section.path, section.role, section.tensor_count) == ((), Role.MODEL, len(tensors))
    assert found.warnings == ()
    assert sum(record.length for record in found.records) == path.stat().st_size


def test_rows_stand_in_the_headers_order():
    data = build({"b": entry(0, 1), "a": entry(2, 3), "c": entry(1, 2)}, bytes(3))
    assert [path[0] for path in read(data)] == ["b", "a", "c"]


def test_padding_behind_the_table_is_allowed():
    assert len(read(build(json.dumps({"a": entry(0, 2)}).encode() + b"   ", bytes(2)))) == 1


def test_an_empty_table_is_an_empty_checkpoint():
    found = read(build({"__metadata__": {"format": "pt"}}))
    assert len(found) == 0
    assert found.metadata == {"format": "pt"}


def test_a_cut_file_lists_everything_and_says_what_is_missing():
    whole = save({"a": torch.ones(10), "b": torch.ones(10)})
    found = read(whole[:-30])
    assert found.warnings == (
        f"The file is cut short: {len(whole):,} bytes are expected, {len(whole) - 30:,} are here.",
    )
    a, b = found["a",], found["b",]
    assert a.error is None
    assert b.error == "The file is cut: 10 of 40 bytes of its storage are here."
    assert (b.shape, b.extent.available) == ((10,), 10)


def test_a_file_cut_at_any_byte_gives_one_sentence_or_a_list():
    whole = save({"a": torch.ones(10), "b": torch.ones(10)})
    start = 8 + struct.unpack_from("<Q", whole)[0]
    for cut in range(9, len(whole)):
        if cut < start:
            with pytest.raises(DamagedFileError, match=rf"{start:,} bytes .* {cut:,} are here"):
                read(whole[:cut])
        else:
            assert len(read(whole[:cut])) == 2


def test_an_unknown_dtype_is_listed_with_the_reason():
    found = read(build({"new": entry(0, 2, "F12", [1]), "old": entry(2, 3)}, bytes(3)))
    assert found["new",].dtype.name == "F12"
    assert "F12" in found["new",].error
    assert found["old",].error is None


def test_a_thousand_unknown_dtypes_are_no_trouble():
    assert len(read(build({str(i): entry(i, i + 1, f"X{i}") for i in range(1000)}, bytes(1000)))) == 1000


def test_four_bit_elements_count_two_a_byte():
    found = read(build({"w": entry(0, 4, "F4", [2, 4])}, bytes(4)))
    assert (found["w",].shape, found["w",].nbytes, found["w",].error) == ((2, 4), 4, None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (entry(0, 4, "F32", [2]), "takes 8 bytes"),
        (entry(0, 4, "F32", [4194305, 4194305, 211106198978564]), "bytes, its place in the file has 4"),
        (entry(0, 4, "F4", [7]), "end within a byte"),
        (entry(0, 4, "U8", [1] * 65 + [4]), "dimensions|bytes"),
    ],
    ids=["too few bytes", "product beyond 64 bits", "half a byte", "66 dimensions"],
)
def test_an_impossible_shape_is_a_row_with_a_reason(row, reason):
    found = read(build({"bad": row, "good": entry(4, 5)}, bytes(5)))
    import re

    assert re.search(reason, found["bad",].error)
    assert found["good",].error is None


def test_zero_size_tensors_may_share_a_place():
    found = read(build({"a": entry(0, 0), "b": entry(0, 0, "F32", [3, 0]), "c": entry(0, 1)}, b"x"))
    assert [info.error for info in found.values()] == [None] * 3


HUGE = str(1 << 64)
BAD = {
    "overlap": build({"a": entry(0, 4), "b": entry(2, 6)}, bytes(6)),
    "hole": build({"a": entry(0, 4), "b": entry(5, 6)}, bytes(6)),
    "hole at the start": build({"a": entry(1, 4)}, bytes(4)),
    "bytes after the last": build({"a": entry(0, 4)}, bytes(5)),
    "zero-size inside another": build({"a": entry(0, 4), "b": entry(2, 2)}, bytes(4)),
    "begin after end": build({"a": {"dtype": "U8", "shape": [1], "data_offsets": [2, 1]}}, bytes(2)),
    "negative": build({"a": {"dtype": "U8", "shape": [1], "data_offsets": [-1, 0]}}),
    "float": build({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1.0]}}, b"x"),
    "exponent": build(b'{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}', b"x"),
    "bool": build({"a": {"dtype": "U8", "shape": [True], "data_offsets": [0, 1]}}, b"x"),
    "2^64": build(f'{{"a":{{"dtype":"U8","shape":[{HUGE}],"data_offsets":[0,{HUGE}]}}}}'.encode()),
    "10,000 digits": build(b'{"a":{"dtype":"U8","shape":[' + b"9" * 10_000 + b'],"data_offsets":[0,1]}}', b"x"),
    "NaN": build(b'{"a":{"dtype":"U8","shape":[NaN],"data_offsets":[0,1]}}', b"x"),
    "duplicate key": build(b'{"a":%s,"a":%s}' % ((json.dumps(entry(0, 1)).encode(),) * 2), b"x"),
    "duplicate field": build(b'{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', b"x"),
    "extra field": build({"a": entry(0, 1) | {"more": 1}}, b"x"),
    "missing field": build({"a": {"dtype": "U8", "shape": [1]}}, b"x"),
    "not an object": build({"a": [1]}),
    "metadata number": build({"__metadata__": {"a": 1}}),
    "metadata nested": build({"__metadata__": {"a": {"b": "c"}}}),
    "metadata list": build({"__metadata__": []}),
    "not UTF-8": build(b'{"\xff":1}'),
    "lone surrogate": build(b'{"\\ud800":%s}' % json.dumps(entry(0, 1)).encode(), b"x"),
    "deep": build(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "not JSON": build(b"{oops}"),
    "rubbish behind the object": build(b'{"a":%s} x' % json.dumps(entry(0, 1)).encode(), b"x"),
    "header beyond the limit": struct.pack("<Q", 100_000_001) + b"{" + bytes(20),
    "header beyond the file": struct.pack("<Q", 1000) + b"{}",
    "header of length 1": struct.pack("<Q", 1) + b"{",
    "header of length 0": struct.pack("<Q", 0) + b"{",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_a_file_that_breaks_a_rule_is_refused_in_one_sentence(data):
    with pytest.raises(CheckpointError) as caught:
        read(data)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) <= 300


@pytest.mark.parametrize("name", ["overlap", "hole", "bytes after the last", "metadata number", "not JSON"])
def test_safetensors_itself_refuses_the_same(name, tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(BAD[name])
    with pytest.raises(SafetensorError), safe_open(path, "pt"):
        pass


def test_a_hundred_thousand_tensors_are_read_with_a_chance_to_cancel():
    header = {f"layers.{i}.weight": entry(i * 4, i * 4 + 4, "F32", [1]) for i in range(100_000)}
    data = build(header, bytes(400_000))
    calls = []
    probe = Probe("file", data[:HEAD], len(data), MemorySource(data))
    found = Safetensors().read(probe, lambda: calls.append(1))
    assert len(found) == 100_000
    assert len(calls) > 10
    assert np.all(found.tensors.nbytes == 4)


def test_a_name_that_comes_twice_is_found_among_very_many():
    entries = ",".join(f'"k{number}":0' for number in range(200_000))
    with pytest.raises(DamagedFileError, match="'k199999' twice"):
        read(build(f'{{{entries},"k199999":0}}'.encode()))


def test_a_shape_of_very_many_great_sizes_is_refused_for_its_tensor_alone():
    table = {"bad": entry(0, 4, "F32", [1 << 62] * 50_000), "good": entry(4, 8, "F32", [1])}
    found = read(build(table, bytes(8)))
    assert "50,000 dimensions" in found["bad",].error
    assert found["good",].error is None


def test_places_that_no_file_has_are_refused():
    with pytest.raises(DamagedFileError, match="not sizes in order"):
        read(build({"w": entry(0, (1 << 64) - 1, "F32", [1])}, bytes(4)))
