"""A header that is read in lockstep says what its JSON says, or is left to it."""

import json
import random

import numpy as np
import pytest
import torch
from safetensors.torch import save

from ckptgui.errors import CheckpointError, LimitExceededError
from ckptgui.formats.safetensors import regular_header as safetensors_regular
from ckptgui.formats.safetensors.reader import parse_table
from ckptgui.formats.safetensors.regular_header import regular_table


def nothing():
    pass


def header(tensors, metadata=None) -> bytes:
    data = save(tensors, metadata)
    return data[8 : 8 + int.from_bytes(data[:8], "little")]


SHAPES = [(), (0,), (3,), (2, 3), (1, 2, 1, 2), (1, 1, 1, 1, 1, 1, 1, 2), (70_000,)]


def many(count):
    kinds = [torch.float32, torch.int8, torch.bool, torch.float8_e4m3fn]
    return {f"layers.{i}.w": torch.zeros(SHAPES[i % len(SHAPES)], dtype=kinds[i % 4]) for i in range(count)}


REGULAR = {
    "one": header({"a": torch.zeros(2)}),
    "many": header(many(60)),
    "with metadata": header(many(9), {"format": "pt", "a": 'quoted "text"\n\\', "{": "}],"}),
    "names of other alphabets": header({"слой.0": torch.zeros(2), "層": torch.zeros(1), "é": torch.zeros(3)}),
    "odd names": header(
        {"a]},b": torch.zeros(1), "dtype": torch.zeros(2), "": torch.zeros(1), ",": torch.zeros(1)}
    ),
    "padded": b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}     ',
    "with spaces": json.dumps({"__metadata__": {"a": "b", "c": "d"}, **json.loads(header(many(60)))}).encode(),
    "with spaces and no metadata": json.dumps(json.loads(header(many(20)))).encode() + b"  ",
    "unknown dtype": b'{"a":{"dtype":"NEW","shape":[1],"data_offsets":[0,1]}}',
}
LEFT_TO_JSON = {
    "empty": b"{}",
    "some spaces": b'{"a": {"dtype":"U8", "shape": [1], "data_offsets": [0, 1]}}',
    "two spaces": b'{"a":  {"dtype":  "U8",  "shape":  [1],  "data_offsets":  [0,  1]}}',
    "a space in front": b'{ "a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}',
    "one line each": json.dumps(json.loads(header(many(9))), indent=1).encode(),
    "another order": b'{"a":{"shape":[1],"dtype":"U8","data_offsets":[0,1]}}',
    "escapes": header({'a"b': torch.zeros(1), "c\\d": torch.zeros(2)}),
    "a brace in a name": header({"a{b": torch.zeros(1)}),
    "nine dimensions": header({"a": torch.zeros((1,) * 9)}),
    "leading zero": b'{"a":{"dtype":"U8","shape":[01],"data_offsets":[0,1]}}',
    "no digits": b'{"a":{"dtype":"U8","shape":[],"data_offsets":[,1]}}',
    "negative": b'{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}',
    "a comma too many": b'{"a":{"dtype":"U8","shape":[1,],"data_offsets":[0,1]}}',
    "a comma at the end": b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},}',
    "nothing at the end": b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}',
    "backwards": b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}',
    "twice": b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
    b'"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
    "metadata behind": b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__metadata__":{"b":"c"}}',
    "metadata as a tensor": b'{"__metadata__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
    "metadata twice": b'{"__metadata__":{"b":"c","b":"d"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
    "a control character": b'{"a\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
    "half a letter in each of two names": b'{"\xc3":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
    b'"\xa9":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
    "twenty digits": b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,10000000000000000000]}}',
    "an entry for a table": b'{"dtype":"U8","shape":[1],"data_offsets":[0,1]}',
    "an entry for metadata": b'{"__metadata__":{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}}',
    "an entry in an entry": b'{"a":{"dtype":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}}',
    "cut": REGULAR["many"][:700],
}


def said(raw, regular):
    """All that a header says, or the sentence with which it is refused."""
    try:
        table = parse_table(raw, nothing, regular=regular)
    except CheckpointError as error:
        return type(error), str(error)
    codes = [table.codes[code] for code in table.code]
    columns = (table.dims, table.ndim, table.begin, table.end)
    return list(table.names), codes, [column.tolist() for column in columns], dict(table.metadata)


@pytest.mark.parametrize("raw", REGULAR.values(), ids=REGULAR)
def test_what_the_library_writes_is_read_in_lockstep(raw):
    assert regular_table(raw, nothing) is not None
    assert said(raw, True) == said(raw, False)
    assert said(raw, True)[0] == [name for name in json.loads(raw) if name != "__metadata__"]


@pytest.mark.parametrize("raw", LEFT_TO_JSON.values(), ids=LEFT_TO_JSON)
def test_what_is_written_otherwise_is_left_to_json(raw):
    assert regular_table(raw, nothing) is None
    assert said(raw, True) == said(raw, False)


@pytest.mark.parametrize("chunk", [60, 200, 1000])
def test_the_table_is_the_same_wherever_a_chunk_ends(chunk, monkeypatch):
    monkeypatch.setattr(safetensors_regular, "_CHUNK", chunk)
    for raw in (REGULAR["many"], REGULAR["with metadata"], REGULAR["odd names"], REGULAR["with spaces"]):
        assert said(raw, True) == said(raw, False)


def test_any_changed_byte_is_judged_as_json_judges_it():
    numbers = random.Random(7)
    for raw in (REGULAR["with metadata"], REGULAR["names of other alphabets"], REGULAR["with spaces"][:400]):
        for place in range(len(raw)):
            for value in (0, 0x22, 0x5C, 0x7B, 0x2C, numbers.randrange(0x30, 0x3A), numbers.randrange(256)):
                changed = raw[:place] + bytes([value]) + raw[place + 1 :]
                assert said(changed, True) == said(changed, False)


def test_places_that_are_exchanged_lost_or_doubled_are_judged_as_json_judges_them():
    numbers = random.Random(8)
    raw = REGULAR["many"][:500] + REGULAR["many"][-300:]
    for _ in range(600):
        start = numbers.randrange(len(raw))
        stop = min(len(raw), start + numbers.randrange(1, 60))
        piece = raw[start:stop]
        changed = numbers.choice(
            [raw[:start] + raw[stop:], raw[:stop] + piece + raw[stop:], raw[:start] + piece[::-1]]
        )
        assert said(changed, True) == said(changed, False)


def test_a_wish_to_stop_is_heard():
    class Stop(Exception):
        pass

    def stop():
        raise Stop

    with pytest.raises(Stop):
        regular_table(REGULAR["many"], stop)


def test_metadata_nested_beyond_measure_is_refused_with_its_limit():
    raw = (
        b'{"__metadata__":'
        + b"[" * 100_000
        + b"]" * 100_000
        + b',"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    )
    with pytest.raises(LimitExceededError):
        parse_table(raw, nothing)


def test_shapes_come_in_one_piece_with_their_lengths():
    table = regular_table(REGULAR["many"], nothing)
    shapes = np.split(table.dims, np.cumsum(table.ndim)[:-1])
    by_name = dict(zip(table.names, (tuple(shape.tolist()) for shape in shapes)))
    assert by_name == {f"layers.{i}.w": SHAPES[i % len(SHAPES)] for i in range(60)}
