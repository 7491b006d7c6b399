"""The machine follows any pickle to the graph that Python would build, and builds none of it for real."""

import io
import pickle
import pickletools
import sys
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckptgui.errors import Cancelled, LimitExceededError
from ckptgui.formats.limits import Limits
from ckptgui.formats.objects.metadata import to_json
from ckptgui.formats.pickles.graph import MISSING, Call, Dict, LongText, Persistent, Ref, Set
from ckptgui.formats.pickles.machine import parse
from ckptgui.formats.pickles.names import judge
from tests.formats.torch_files import pickle_of


def canon(root):
    """A graph as text: containers are numbered when first met, so that sharing counts."""
    numbers, out, todo = {}, [], [root]
    while todo:
        node = todo.pop()
        if type(node) in (Dict, Call, Set, Persistent, list, Ref):
            if id(node) in numbers:
                out.append(f"#{numbers[id(node)]}")
                continue
            numbers[id(node)] = len(numbers)
        out.append(type(node).__name__)
        if type(node) is Dict:
            todo += reversed([*node.flat, len(node.flat)])
        elif type(node) is Call:
            parts = [node.target, node.args, node.kwargs, node.items, node.flat]
            todo += reversed([*parts, "none" if node.state is MISSING else node.state])
        elif type(node) is Set:
            todo += reversed(node.items)
        elif type(node) is Persistent:
            todo.append(node.pid)
        elif type(node) in (list, tuple):
            todo += reversed([*node, len(node)])
        elif type(node) is Ref:
            out.append(f"{node.path} {node.called} {node.tampered}")
        else:
            out.append(repr(node))
    return out


def same_with_and_without_idioms(data):
    fast, slow = parse(data), parse(data, idioms=False)
    assert canon(fast.root) == canon(slow.root)
    assert (fast.broken, fast.end, fast.cut) == (slow.broken, slow.end, slow.cut)
    return fast


SHAPES = [(), (0,), (3,), (2, 3), (1, 2, 3), (1, 2, 1, 2), (1, 1, 1, 2, 2), (300,), (70000,)]


def tensors(count):
    kinds = torch.float32, torch.int8
    made = {f"t{i}": torch.zeros(SHAPES[i % len(SHAPES)], dtype=kinds[i % 2]) for i in range(count)}
    made["tied"] = made["t0"]
    made["view"] = torch.zeros(3, 4)[1:, ::2]
    made["parameter"] = torch.nn.Parameter(torch.zeros(2, 2))
    made["grad"] = torch.zeros(1, requires_grad=True)
    return made


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("count", [1, 30, 300])
def test_superinstructions_change_nothing_but_the_time(protocol, count):
    data = pickle_of({"model": tensors(count), "list": list(tensors(9).values())}, pickle_protocol=protocol)
    assert same_with_and_without_idioms(data).broken is None


def test_superinstructions_survive_an_optimised_memo():
    assert same_with_and_without_idioms(pickletools.optimize(pickle_of(tensors(40)))).broken is None


def test_superinstructions_see_a_memo_that_is_overwritten():
    data = pickle_of({"a": torch.zeros(2), "b": torch.zeros(2), "c": torch.zeros(3)})
    parts = pickletools.genops(data)
    place = next(pos for op, arg, pos in parts if op.name == "BINUNICODE" and arg == "cpu")
    index = data[place + 9]  # the slot in which "cpu" is remembered
    cut = data.index(b"X\x01\x00\x00\x00c")
    changed = data[:cut] + b"X\x04\x00\x00\x00cudaq" + bytes([index]) + b"0" + data[cut:]
    parsed = same_with_and_without_idioms(changed)
    places = [node.args[0].pid[3] for node in parsed.root.flat[1::2]]
    assert places == ["cpu", "cpu", "cuda"]


def test_superinstructions_break_off_where_the_plain_loop_does():
    data = pickle_of(tensors(12))
    for cut in range(0, len(data), 3):
        same_with_and_without_idioms(data[:cut])


def test_superinstructions_read_damaged_bytes_as_the_plain_loop_does():
    data = pickle_of(tensors(6))
    for place in range(0, len(data), 2):
        for value in (0, 0x28, 0x51, 0xFF):
            same_with_and_without_idioms(data[:place] + bytes([value]) + data[place + 1 :])


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**80), 2**80),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
values = st.recursive(
    leaves, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner), st.tuples(inner, inner))
)


def listed(value):
    if isinstance(value, dict):
        return {key: listed(inner) for key, inner in value.items()}
    return [listed(inner) for inner in value] if isinstance(value, list | tuple) else value


@settings(max_examples=150, deadline=None)
@given(value=values, protocol=st.integers(0, 5))
def test_plain_values_of_any_protocol_come_back(value, protocol):
    parsed = parse(pickle.dumps(value, protocol))
    assert parsed.broken is None
    assert to_json(parsed.root) == listed(value)


@pytest.mark.parametrize("protocol", range(6))
def test_sets_bytes_and_arrays_are_understood_in_every_protocol(protocol):
    value = {
        "set": {1},
        "frozen": frozenset({2}),
        "bytes": b"\xff\x00",
        "array": bytearray(b"xyz"),
        "n": np.int64(7),
    }
    assert to_json(parse(pickle.dumps(value, protocol)).root) == {
        "set": [1], "frozen": [2], "bytes": {"__bytes__": 2}, "array": {"__bytes__": 3}, "n": 7
    }  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=60))
def test_any_bytes_end_in_a_graph_or_a_reason(data):
    for stream in (data, b"\x80\x04" + data, data + b"."):
        try:
            parsed = parse(stream)
        except LimitExceededError:
            continue
        assert parsed.broken is None or parsed.broken.endswith(".")
        to_json(parsed.root)


def test_a_shared_value_stays_one_object():
    inner = [1]
    root = parse(pickle.dumps([inner, inner])).root
    assert root[0] is root[1]


def test_the_wish_to_stop_is_heard_during_a_parse():
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        parse(b"N0" * 100_000 + b"N.", check)


# Hostile streams


OS_SYSTEM = {
    "reduce": b"cos\nsystem\n(S'true'\ntR.",
    "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    "inst": b"(S'true'\nios\nsystem\n.",
    "obj": b"(cos\nsystem\nS'true'\no.",
    "result dropped": b"(cos\nsystem\nS'true'\no0N.",
    "names in the memo": b"\x80\x04\x8c\x02osq\x00\x8c\x06systemq\x0100h\x00h\x01\x93\x8c\x04true\x85R.",
    "python 2 names": b"c__builtin__\neval\n(S'1'\ntR.",
    "dotted": b"\x80\x04\x8c\x02os\x8c\x0bpath.system\x93\x8c\x04true\x85R.",
    "then cut": b"cos\nsystem\n(S'true'\ntR(K",
    "then nonsense": b"cos\nsystem\n(S'true'\ntR\xff",
    "extension": b"\x80\x02\x82\x05(S'true'\ntR.",
    "looks alike": "cо\nsystem\n(S'true'\ntR.".encode(),
    "empty name": b"c\n\n(S'true'\ntR.",
    "nested loads": b"cpickle\nloads\n(B\x03\x00\x00\x00N..tR.",
    "embedded file": b"ctorch.storage\n_load_from_bytes\n(B\x02\x00\x00\x00N.tR.",
    "by a subclass": b"ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nctorch\nTensor\n(S'true'\ntNtR.",
    "changes a class": b"ccollections\nOrderedDict\n}S'a'\nS'b'\nsb.",
    "sets on a class": b"ccollections\nOrderedDict\nS'a'\nS'b'\ns.",
}


_SEEN = []
_WATCHING = []


def _hook(event, args):
    if _WATCHING and event.split(".")[0] in ("import", "exec", "os", "subprocess", "pickle", "open", "socket"):
        _SEEN.append((event, args))


sys.addaudithook(_hook)


@contextmanager
def nothing_runs():
    """Fails when anything is imported, run or opened meanwhile."""
    _SEEN.clear()
    _WATCHING.append(True)
    try:
        yield
    finally:
        _WATCHING.clear()
    assert _SEEN == []


@pytest.mark.parametrize("name", OS_SYSTEM)
def test_what_would_run_is_named_and_not_run(name):
    with nothing_runs():
        parsed = parse(OS_SYSTEM[name])
        uses = {found.use.value for found in judge(parsed.refs)}
        to_json(parsed.root)
    assert "callable" in uses


def test_an_instance_without_a_call_only_names_a_class():
    parsed = parse(b"\x80\x02csubprocess\nPopen\n)\x81}b.")
    assert [found.use.value for found in judge(parsed.refs)] == ["class"]


def test_calls_that_would_fill_the_memory_stay_descriptions():
    for call in (b"c__builtin__\nbytearray\n(L100000000000\ntR.", b"ctorch\nFloatTensor\n(L100000000000\ntR."):
        assert type(parse(call).root) is Call


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02Nr\xff\xff\xff\xff.",
        b"Np99999999999\n.",
        b"\x80\x04\x8c\x01a" + b"\x95" + b"\xff" * 8 + b".",
        b"]" + b"\x85" * 300_000 + b".",
        b"})" + b"\x85" * 300_000 + b"Ns.",
        b"N" + b"2\x86" * 64 + b".",
        b"]q\x00h\x00a.",
        b"}q\x00K\x01h\x00s.",
        b"(lp0\n(g0\ntp1\na.",
        b"(" + b"I1\n" * 1000 + b"l.",
    ],
    ids=["wide put", "text put", "frame", "deep", "deep key", "doubling", "own list", "own dict", "cycle", "list"],
)
def test_shapes_that_hang_other_readers_are_read(data):
    parsed = parse(data)
    assert parsed.broken is None
    to_json(parsed.root)


def test_a_doubling_key_costs_nothing():
    parsed = parse(b"}N" + b"2\x86" * 64 + b"Ns.")
    assert to_json(parsed.root) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"\x8e" + (1 << 40).to_bytes(8, "little"),
        b"\x8d" + b"\xff" * 8,
        b"\x96" + (1 << 63).to_bytes(8, "little"),
        b"T\x00\x00\x00\x80abc.",
        b"\x8b\xff\xff\xff\xff.",
        b"B\xff\xff\xff\xffabc.",
        b"0.", b"1.", b"g5\n.", b"h\x05.", b"S'\\xZZ'\n.", b"Sabc\n.", b"V\\u12\n.", b"X\x01\x00\x00\x00\xff.",
        b"\x80\x06N.", b"\x80\xffN.", b"", b"N", b".", b"(N.", b"\xfe.", b"\x97.", b"Ifoo\n.", b"Fbar\n.", b"K",
        b"NNs.", b"NN\x86\x86.", b"Nb.", b"NNb.", b"Na.", b"(o.", b"NN\x93.",
    ],
)  # fmt: skip
def test_streams_that_make_no_sense_get_a_reason(data):
    parsed = parse(data)
    assert parsed.broken
    assert parsed.broken.endswith(".")


@pytest.mark.parametrize(
    ("limit", "data"),
    [
        ("opcodes", b"N0" * 100_000 + b"N."),
        ("nesting", b"(" * 20_000),
        ("stack", b"N" * 30_000 + b"."),
        ("memo_entries", b"N" + b"".join(b"r" + i.to_bytes(4, "little") for i in range(30_000)) + b"."),
        ("text_bytes", b"X\x10\x00\x00\x00" + b"a" * 16 + b"0" + (b"X\x10\x00\x00\x00" + b"a" * 16 + b"0") * 2000),
    ],
)
def test_each_budget_is_an_error_that_names_it(limit, data):
    limits = Limits(opcodes=100_000, stack=20_000, memo_entries=20_000, text_bytes=10_000)
    with pytest.raises(LimitExceededError, match=limit):
        parse(data, limits=limits)


@pytest.mark.parametrize(
    "spelled", [b"L" + b"1" * 5000 + b"L\n", b"I" + b"1" * 5000 + b"\n", b"\x8b\x00\x10\x00\x00" + b"\x7f" * 4096]
)
def test_an_integer_that_would_take_long_stays_undecoded_and_the_rest_is_read(spelled):
    parsed = parse(b"]" + spelled + b"aK\x05a.")
    assert parsed.broken is None
    number, rest = parsed.root
    assert (number.path, rest) == ("builtins.int", 5)
    assert parsed.refs == ()


def test_a_long_integer_at_which_the_file_is_cut_leaves_what_stands_before_it():
    parsed = parse(b"]K\x05a\x8b\xff\xff\xff\x7f123")
    assert parsed.cut
    assert parsed.root == [5]


def test_an_index_of_the_memo_has_no_thousand_digits():
    assert "digits" in parse(b"Np" + b"1" * 5000 + b"\n.").broken


def test_text_beyond_a_name_stays_undecoded():
    parsed = parse(b"X\x40\x00\x00\x00" + b"a" * 64 + b".", limits=Limits(string_bytes=32))
    assert type(parsed.root) is LongText


def test_an_operation_across_the_end_of_a_frame_is_noted():
    data = b"\x80\x04\x95\x03" + b"\0" * 7 + b"\x8c\x05hello."
    parsed = parse(data)
    assert parsed.root == "hello"
    assert parsed.notes


def test_a_frame_in_a_frame_is_refused():
    inner = b"\x95\x01" + b"\0" * 7 + b"N"
    assert parse(b"\x80\x04\x95" + len(inner).to_bytes(8, "little") + inner + b".").broken


def test_our_operations_are_those_that_pickletools_sees():
    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(2), "b": [1, (2, 3)], "c": {"d": 1.5}}, buffer, pickle_protocol=4)
    data = zipfile.ZipFile(buffer).read("archive/data.pkl")
    end = [pos for _, _, pos in pickletools.genops(data)][-1] + 1
    assert parse(data).end == end
