"""The oracle is torch's own ``load_state_dict``."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from ckptgui.core.fit.entries import Entries, entries_of
from ckptgui.core.fit.fit import fit
from ckptgui.core.series.parts import part_of
from ckptgui.formats.registry import open_checkpoint


class Net(nn.Module):
    """Layers, buffers that are saved and one that is not, a scalar and extra state."""

    def __init__(self, width=4, extra=True, norm=True):
        super().__init__()
        self.fc = nn.Linear(3, width)
        self.norm = nn.BatchNorm1d(width) if norm else nn.LayerNorm(width)
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("mask", torch.ones(width))
        self.register_buffer("passing", torch.ones(2), persistent=False)
        self.head = Head() if extra else nn.Linear(1, 1)


class Head(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)

    def get_extra_state(self):
        return {"calls": 3}

    def set_extra_state(self, state):
        pass


def torch_says(model, state):
    """Missing, unexpected and mismatched names as torch tells them in its error."""
    try:
        model.load_state_dict(state, strict=True)
    except RuntimeError as error:
        text = str(error)
    else:
        return set(), set(), set()
    missing = re.search(r"Missing key\(s\) in state_dict: (.*?)\. \n?", text + "\n")
    unexpected = re.search(r"Unexpected key\(s\) in state_dict: (.*?)\. \n?", text + "\n")
    names = [set(re.findall(r'"([^"]*)"', found.group(1))) if found else set() for found in (missing, unexpected)]
    wrong = re.findall(r"size mismatch for (.*?): copying|the parameter named \"(.*?)\"", text)
    return (*names, {a or b for a, b in wrong})


@pytest.fixture
def entries(tmp_path):
    """The entries of a state dict after it went through a file."""

    def call(state, name="a.pt"):
        torch.save(state, tmp_path / name)
        return entries_of(part_of(open_checkpoint(str(tmp_path / name))))

    return call


def changed(state, **changes):
    """The same state dict with entries replaced, or taken out where they are None, its notes kept."""
    for name, value in changes.items():
        if value is None:
            del state[name.replace("__", ".")]
        else:
            state[name.replace("__", ".")] = value
    return state


CASES = {
    "itself": lambda: Net().state_dict(),
    "another dtype": lambda: Net().half().state_dict(),
    "another width": lambda: Net(width=5).state_dict(),
    "another norm": lambda: Net(norm=False).state_dict(),
    "no extra state": lambda: Net(extra=False).state_dict(),
    "wrapped": lambda: nn.DataParallel(Net()).state_dict(),
    "a 0-d as one element": lambda: changed(Net().state_dict(), scale=torch.ones(1)),
    "a 0-d as a matrix of one": lambda: changed(Net().state_dict(), scale=torch.ones(1, 1)),
    "one element as 0-d": lambda: changed(Net().state_dict(), head__bias=torch.tensor(1.0)),
    "a counter missing": lambda: changed(Net().state_dict(), norm__num_batches_tracked=None),
    "a counter missing, without versions": lambda: changed(
        dict(Net().state_dict()), norm__num_batches_tracked=None
    ),
    "means missing": lambda: changed(dict(Net().state_dict()), norm__running_mean=None),
    "extra state missing": lambda: changed(Net().state_dict(), head___extra_state=None),
    "extra state as a tensor": lambda: changed(Net().state_dict(), head___extra_state=torch.ones(7)),
    "a number among them": lambda: changed(Net().state_dict(), epoch=3),
    "a number for a tensor": lambda: changed(Net().state_dict(), fc__bias=3.0),
    "an array for a tensor": lambda: changed(Net().state_dict(), fc__bias=np.ones(4, np.float32)),
    "meta": lambda: changed(Net().state_dict(), fc__bias=torch.ones(4, device="meta")),
    "sparse": lambda: changed(Net().state_dict(), fc__weight=torch.eye(4, 3).to_sparse()),
    "quantized": lambda: changed(
        Net().state_dict(), fc__bias=torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8)
    ),
    "deeper and stranger names": lambda: changed(
        Net().state_dict(), fc__weight__deep=torch.ones(1), new__layer=torch.ones(1), norm=torch.ones(1)
    ),
    "nothing in common": lambda: {"x": torch.ones(1), "y": torch.ones(2)},
}


@pytest.mark.filterwarnings("ignore")  # torch's own about quantization
@pytest.mark.parametrize("case", CASES)
def test_it_finds_what_strict_loading_finds(entries, case):
    model, state = Net(), CASES[case]()
    found = fit(entries(state), entries(Net().state_dict(), "model.pt"))
    missing, unexpected, mismatched = torch_says(model, state)
    assert set(found.missing) == missing
    assert set(found.unexpected) == unexpected
    assert {each.name for each in found.mismatched} == mismatched
    assert found.loads == (not (missing or unexpected or mismatched))


def test_names_keep_the_order_of_the_model_and_of_the_file():
    found = fit(Entries({"z": (1,), "a": (2,), "y": (1,)}), Entries({"c": (1,), "a": (3,), "b": ()}))
    assert (found.missing, found.unexpected) == (("c", "b"), ("z", "y"))
    assert [(each.name, each.expected, each.found) for each in found.mismatched] == [("a", (3,), (2,))]


def test_a_pickled_module_is_looked_at_as_its_state_dict(tmp_path):
    torch.save(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), tmp_path / "module.pt")
    found = entries_of(part_of(open_checkpoint(str(tmp_path / "module.pt"))))
    assert list(found.shapes) == list(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).state_dict())


def test_plain_values_beside_a_nested_state_dict_are_none_of_its_entries(entries):
    found = entries({"epoch": 3, "model": Net().state_dict(), "loss": 0.5})
    assert set(found.shapes) == set(Net().state_dict())
