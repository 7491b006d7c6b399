"""Batches that are read in lockstep leave what the operations one by one would leave."""

import pickle
import pickletools
import random
from collections import OrderedDict
from functools import partial

import pytest
import torch
from torch import nn

from ckptgui.errors import Cancelled, LimitExceededError
from ckptgui.formats.limits import Limits
from ckptgui.formats.pickles.graph import entries
from ckptgui.formats.pickles.idioms import TensorIdiom
from ckptgui.formats.pickles.machine import parse
from ckptgui.formats.pickles.pieces import glance, loose, outline, pieces
from ckptgui.formats.registry import open_checkpoint
from ckptgui.formats.torch_save import torch_archive
from tests.formats.conformance import everything
from tests.formats.pickles.test_pickle_machine import canon
from tests.formats.torch_files import pickle_of

SHAPES = [(), (3,), (2, 3), (1, 2, 3), (1, 2, 1, 2), (1, 1, 1, 1, 1, 1, 1, 2), (300,), (70_000,)]
KINDS = torch.float32, torch.int8, torch.bool


@pytest.fixture
def eager(monkeypatch):
    """Batches are tried after three tensors instead of very many."""
    monkeypatch.setattr(TensorIdiom, "LONGEST", 3)


def state(count, name="layers.{}.weight"):
    made = OrderedDict()
    for i in range(count):
        one = torch.zeros((), dtype=KINDS[i % 3], requires_grad=i % 3 == 0)
        made[name.format(i)] = (
            one.new_zeros(SHAPES[i % len(SHAPES)]) if i % 2 else one.expand(SHAPES[i % len(SHAPES)])
        )
    return made


def parameters(count):
    """As ``dict(model.named_parameters())`` is saved, and a module's state with ``keep_vars``."""
    return OrderedDict(
        (name, nn.Parameter(tensor.detach(), tensor.requires_grad)) for name, tensor in state(count).items()
    )


def narrow(count):
    """Types that have no storage class of their own."""
    others = torch.float8_e4m3fn, torch.uint16, torch.float8_e5m2
    return OrderedDict(
        (name, tensor.detach().to(others[i % 3])) for i, (name, tensor) in enumerate(state(count).items())
    )


def mixed(count):
    """Weights of eight bits with scales of 32, parameters and buffers in turns."""
    both = zip(state(count).items(), narrow(count).values(), parameters(count).values())
    made = OrderedDict()
    for i, ((name, tensor), few, parameter) in enumerate(both):
        made[name] = (tensor, few, parameter, nn.Parameter(few, requires_grad=False))[i * 7 // 3 % 4]
    return made


STATES = state, parameters, narrow, mixed
every_state = pytest.mark.parametrize("state_of", STATES)


def runs_in(root):
    """How many pairs of a mapping stayed in columns."""
    return sum(len(piece) for piece in pieces(root) or () if type(piece) is not tuple)


def same(data, **options):
    fast, slow = parse(data, **options), parse(data, idioms=False, **options)
    taken = runs_in(fast.root) if fast.root is not None else 0
    assert canon(fast.root) == canon(slow.root)
    assert (fast.broken, fast.end, fast.cut) == (slow.broken, slow.end, slow.cut)
    assert [(ref.path, ref.called, ref.arguments) for ref in fast.refs] == [
        (ref.path, ref.called, ref.arguments) for ref in slow.refs
    ]
    return taken


@pytest.mark.parametrize("state_of", [state, mixed])
def test_a_large_state_dict_stays_in_columns(state_of):
    data = pickle_of(state_of(1500))
    root = parse(data).root
    assert 1200 < runs_in(root) < 1500
    assert [name for name, _ in outline(root)] == [name for name, _ in entries(parse(data, idioms=False).root)]
    assert len(loose(root)) + runs_in(root) == 1500
    assert len(glance(root)) == 3000
    assert same(data) > 1200


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", ["w{}", "слой.{}.вес", "x" * 900 + "{}", "((h\x05q{}"])
def test_names_and_protocols_change_nothing(protocol, name, eager):
    same(pickle_of({"model": state(120, name), "epoch": 3}, pickle_protocol=protocol))


def test_half_a_character_in_a_name_is_kept(eager):
    names = [f"w{i}" if i != 40 else "w\ud83d" for i in range(80)]
    same(pickle_of(OrderedDict((name, torch.zeros(2)) for name in names)))


def irregular(i, tensor, made):
    """Something else than a plain tensor of its own storage, now and then."""
    slotted = nn.Parameter(tensor, False)
    slotted.note = i
    others = [
        nn.Parameter(tensor, False), slotted, tensor.to(torch.uint16), i, None, [tensor],
        tensor.to_sparse() if tensor.dim() else 0,
        made.get("w1"), torch.zeros((1,) * 9), tensor.expand(2, *tensor.shape), {"deep": {"er": tensor}}, 2**40,
    ]  # fmt: skip
    return others[i // 37 % len(others)]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_stands_between_tensors_changes_nothing(seed, eager):
    numbers = random.Random(seed)
    made = OrderedDict()
    for i in range(300):
        tensor = torch.zeros(SHAPES[i % 7], dtype=KINDS[i % 3])
        made[f"w{i}"] = irregular(i, tensor, made) if numbers.random() < 0.04 else tensor
        if numbers.random() < 0.01:
            made[numbers.randrange(9)] = tensor
    root = {"a": made, "b": OrderedDict(list(made.items())[:200]), "again": made, "list": [made["w5"]] * 3}
    same(pickle_of(made))
    same(pickle_of(root))


@every_state
def test_a_second_dictionary_of_the_same_tensors_refers_to_them(state_of, eager):
    made = state_of(200)
    fast = parse(pickle_of({"model": made, "ema": OrderedDict(made)})).root
    model, ema = (dict(entries(value)) for value in (dict(entries(fast))[key] for key in ("model", "ema")))
    assert all(model[name] is ema[name] for name in model)
    same(pickle_of({"model": made, "ema": OrderedDict(made)}))


def test_storages_that_are_shared_stay_shared(eager):
    made = state(100)
    views = OrderedDict((f"view.{name}", tensor.detach().view(-1)) for name, tensor in made.items())
    same(pickle_of({"model": made, "views": views}))


@every_state
def test_something_set_on_a_tensor_afterwards_is_seen(state_of, eager):
    plain = pickle_of(state_of(60))
    body, stop = plain[:-1], plain[-1:]
    index = parse(plain).root.runs[0][1].memo_start + 11 + 7  # a second row's tensor, and the ones around it
    for place in range(index - 18, index + 15):
        recalled = b"j" + place.to_bytes(4, "little")
        same(body + recalled + b"}X\x01\x00\x00\x00aK\x01sb0" + stop)
        same(body + recalled + b"0" + stop)
        same(body + b"0" + recalled + stop)
        same(
            body + b"0K\x07r" + place.to_bytes(4, "little") + b"0" + recalled + b"\x94" + recalled + b"\x86" + stop
        )


def test_a_name_that_comes_twice_counts_once_at_its_first_place(eager):
    data = pickle_of(state(60))
    twice = data.replace(b"X\x10\x00\x00\x00layers.50.weight", b"X\x10\x00\x00\x00layers.20.weight")
    assert twice != data
    assert pieces(parse(twice).root) is None
    assert entries(parse(twice).root)[20][0] == "layers.20.weight"
    same(twice)


def test_a_call_of_something_else_is_no_tensor(eager):
    data = pickle_of(state(60)).replace(b"ctorch._utils\n_rebuild_tensor_v2\n", b"cbuiltins\neval\n")
    assert parse(data).root.runs is None
    same(data)


@every_state
def test_batches_break_off_where_the_plain_loop_does(state_of, eager):
    data = pickle_of(state_of(24))
    for cut in range(0, len(data), 11):
        same(data[:cut])


@every_state
def test_damaged_bytes_are_read_as_the_plain_loop_reads_them(state_of, eager):
    numbers = random.Random(3)
    data = pickle_of({"a": state_of(24), "b": 1})
    assert same(pickle_of(state_of(24))) >= 5
    for place in range(len(data) % 11, len(data), 11):
        for value in (0x75, numbers.randrange(256)):
            same(data[:place] + bytes([value]) + data[place + 1 :])


@every_state
def test_pieces_lost_or_doubled_are_read_as_the_plain_loop_reads_them(state_of, eager):
    numbers = random.Random(4)
    data = pickle_of(state_of(20))
    for _ in range(150):
        start = numbers.randrange(len(data))
        stop = min(len(data), start + numbers.randrange(1, 300))
        same(numbers.choice([data[:start] + data[stop:], data[:stop] + data[start:stop] + data[stop:]]))


def test_batches_are_charged_to_the_budgets():
    data = pickle_of(state(1500))
    for limits in (Limits(opcodes=40_000), Limits(text_bytes=20_000), Limits(memo_entries=9000)):
        with pytest.raises(LimitExceededError):
            parse(data, limits=limits)


def test_a_wish_to_stop_is_heard_between_batches():
    asked = []

    def check():
        asked.append(1)
        if len(asked) > 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        parse(pickle_of(state(1500)), check)


SAVED = {
    "a state dict": state(300),
    "parameters": parameters(200),
    "types without a storage class": narrow(200),
    "everything in turns": {"model": mixed(300), "again": dict(mixed(90)), "optimizer": state(90)},
    "views of bytes": OrderedDict(
        (f"w{i}", torch.zeros(6, 4).to(torch.float8_e5m2)[i % 3 :, ::2].T) for i in range(90)
    ),
    "a checkpoint": {"model": state(300), "optimizer": {"state": {}, "param_groups": []}, "epoch": 1},
    "views": {"model": state(90), "views": OrderedDict((str(i), torch.zeros(4, 6)[1:, ::2].T) for i in range(90))},
    "nothing in it": OrderedDict((f"w{i}", torch.zeros(0, i)) for i in range(90)),
    "extra state": {
        **state(100),
        "layer._extra_state": {"a": 1},
        "layer.other": torch.nn.Parameter(torch.ones(2)),
    },
    "a name with a dot at its end": {"": state(90, "{}."), "x": {"y": state(90, "")}},
}


def without_idioms(path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(torch_archive, "parse", partial(parse, idioms=False))
        return open_checkpoint(str(path))


@pytest.mark.parametrize("saved", SAVED.values(), ids=SAVED)
@pytest.mark.parametrize("cut", [0, 1500, 30_000])
def test_a_checkpoint_is_the_same_with_and_without(saved, cut, tmp_path, monkeypatch, eager):
    path = tmp_path / "a.pt"
    torch.save(saved, path)
    if cut:
        path.write_bytes(path.read_bytes()[: -min(cut, path.stat().st_size // 2)])
    assert everything(open_checkpoint(str(path))) == everything(without_idioms(path, monkeypatch))


@pytest.mark.parametrize("kind", [torch.Tensor, nn.Parameter])
def test_storages_that_are_not_as_the_pickle_says_are_the_same_with_and_without(
    kind, tmp_path, monkeypatch, eager
):
    path = tmp_path / "a.pt"
    torch.save(OrderedDict((f"w{i}", kind(torch.zeros(5))) for i in range(60)), path)
    data = path.read_bytes()
    sizes = [
        place
        for place in range(len(data))
        if data.startswith(b"K\x05tq", place) or data.startswith(b"K\x05tr", place)
    ]
    for place in (sizes[30], sizes[50]):
        for number in (4, 6, 0):
            path.write_bytes(data[: place + 1] + bytes([number]) + data[place + 2 :])
            found = everything(open_checkpoint(str(path)))
            assert found == everything(without_idioms(path, monkeypatch))


def test_a_pickle_of_python_itself_is_no_matter_for_batches(eager):
    same(pickle.dumps({f"w{i}": [i, str(i)] for i in range(3000)}, 2))


@every_state
def test_a_value_put_where_another_was_is_read_as_the_plain_loop_reads_it(state_of, eager):
    data = pickle_of(state_of(20))
    puts = [place for operation, _, place in pickletools.genops(data) if operation.name == "BINPUT"]
    for at in puts[60:72]:
        for index in range(0, 60, 3):
            same(data[: at + 1] + bytes([index]) + data[at + 2 :])
