"""What is found is done for real: torch loads the state dict by the very line that is shown."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ckptgui.core.fit.entries import Entries
from ckptgui.core.fit.fit import fit
from ckptgui.core.fit.renaming import Renaming, adding, load_line, renamed, replacing, replacing_front
from ckptgui.core.fit.search import find_fix


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.ModuleDict({"query": nn.Linear(4, 4), "key": nn.Linear(4, 4)})
        self.norm = nn.LayerNorm(4)


class Net(nn.Module):
    """Enough of a transformer to be renamed."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(Block() for _ in range(3))
        self.head = nn.Linear(4, 2)


def entries(state):
    return Entries({name: tuple(tensor.shape) for name, tensor in state.items()})


def put(prefix):
    return lambda name: prefix + name


def swap(old, new):
    return lambda name: re.sub(old, new, name)


def both(one, other):
    return lambda name: other(one(name))


@pytest.mark.parametrize(
    ("rename", "strip", "option"),
    [
        (put("module."), ("module.",), ()),
        (put("module._orig_mod."), ("module._orig_mod.",), ()),
        (put("model."), ("model.",), ()),
        (lambda name: f"net.{name}" if name.startswith("encoder") else name, ("net.",), ()),
        (swap("layers", "layer"), (), (r"\blayer\.=layers.",)),
        (both(swap("layers", "layer"), put("module.")), ("module.",), (r"\blayer\.=layers.",)),
        (swap(r"encoder\.", "encoder._orig_mod."), (), (r"\b_orig_mod\.=",)),
        (swap(r"^encoder\.", ""), (), (r"^layers\.=encoder.layers.",)),
        (both(swap(r"norm\.weight", "norm.gamma"), swap(r"norm\.bias", "norm.beta")), (), None),
        (both(swap(r"\.query", ".q"), swap(r"\.key", ".k")), (), None),
        (put("x=y."), ("x=y.",), ()),
        (swap("encoder", "enc=oder"), (), None),
        (lambda name: name.replace("encoder", "en\\coder"), (), None),
    ],
)
def test_the_renaming_that_is_found_makes_torch_load_it(rename, strip, option):
    torch.manual_seed(1)
    model, trained = Net(), Net()
    state_dict = {rename(name): tensor for name, tensor in trained.state_dict().items()}
    fix = find_fix(entries(state_dict), entries(model.state_dict()))
    assert fix.fit.loads
    assert fix.renaming.strip == strip
    assert option is None or fix.renaming.rename == option
    exec(load_line(fix.renaming), {"model": model, "state_dict": state_dict})
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), trained.state_dict().values()))


def test_a_model_with_a_prefix_gets_it():
    trained = Net()
    model, state_dict = nn.DataParallel(Net()), trained.state_dict()
    fix = find_fix(entries(state_dict), entries(model.state_dict()))
    assert fix.renaming == Renaming(rename=("^=module.",)) and fix.fit.loads
    exec(load_line(fix.renaming), {"model": model, "state_dict": state_dict})
    assert torch.equal(model.module.head.bias, trained.head.bias)


def test_what_helps_but_does_not_suffice_says_what_is_left():
    state = {f"module.{name}": tensor for name, tensor in Net().state_dict().items()}
    state["module.head.weight"] = torch.ones(9, 4)
    fix = find_fix(entries(state), entries(Net().state_dict()))
    assert fix.renaming == Renaming(("module.",)) and not fix.fit.loads
    assert [each.name for each in fix.fit.mismatched] == ["head.weight"]


def test_where_it_loads_or_nothing_helps_there_is_no_fix():
    state = entries(Net().state_dict())
    assert find_fix(state, state) is None
    assert find_fix(Entries({"a.x": (3,), "b.y": (2, 2)}), state) is None
    assert find_fix(Entries({}), state) is None and find_fix(state, Entries({})) is None


def test_a_name_of_two_is_never_given_to_both():
    assert renamed(["module.a", "a"], Renaming(("module.",))) is None
    fix = find_fix(Entries({"module.a": (2,), "a": (3,)}), Entries({"a": (2,)}))
    assert fix is None


def test_equal_shapes_are_no_reason_to_rename_a_few_of_many():
    expected = Entries({f"layers.{n}.weight": (4, 4) for n in range(20)} | {"old.bias": (4,)})
    found = Entries({f"layers.{n}.weight": (4, 4) for n in range(20)} | {"quite.another": (7,)})
    assert find_fix(found, expected) is None


PART = st.sampled_from(["a", "b", "0", "layer", "module"])
NAMES = st.dictionaries(
    st.lists(PART, min_size=1, max_size=4).map(".".join),
    st.sampled_from([(2,), (3,), ()]),
    min_size=1,
    max_size=8,
)


@given(NAMES, NAMES)
@settings(max_examples=150, deadline=None)
def test_whatever_is_renamed_the_fix_does_what_it_says(found, expected):
    fix = find_fix(Entries(found), Entries(expected))
    if fix is None:
        return
    names = [fix.renaming(name) for name in found]
    assert len(set(names)) == len(found)
    assert fit(Entries(dict(zip(names, found.values()))), Entries(expected)) == fix.fit
    assert fix.fit.matched > fit(Entries(found), Entries(expected)).matched or fix.fit.loads


class Taker:
    """A model that remembers what it was to load."""

    def load_state_dict(self, state):
        self.names = list(state)


TEXT = st.text(min_size=1, max_size=6)


@given(TEXT, TEXT, st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_line_renames_as_the_options_do_whatever_the_names_are(old, new, ends):
    dot = "" if ends else "."
    names = [f"{old}{dot}", f"a.{old}{dot}", f"{new}.{old}.w", "w"]
    for renaming in (
        Renaming((f"{old}.", f"{new}."), (replacing(f"{old}{dot}", f"{new}{dot}"),)),
        Renaming((), (adding(f"{new}."), replacing_front(f"{new}.", f"{old}."))),
        Renaming((f"{new}.",), (adding(f"{new}."),)),
    ):
        model = Taker()
        exec(load_line(renaming), {"model": model, "state_dict": dict.fromkeys(names)})
        assert model.names == list(dict.fromkeys(map(renaming, names)))
