"""A whole model whose class is nowhere to be found is seen as its state dict would be."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from ckptgui.core.checkpoint import GlobalClass, Role, SavedShape
from tests.formats.torch_files import agrees, read, save

PROGRAM = """
import sys, torch
from torch import nn

class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.scale = 0.5

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.head = Head()
        self.again = self.head
        self.tied = nn.Linear(4, 2)
        self.tied.weight = self.head.fc.weight
        self.register_buffer("mask", torch.ones(2), persistent=False)
        self.register_parameter("nothing", None)
        self.cache = [torch.zeros(3)]

torch.manual_seed(0)
net = Net()
torch.save(net, sys.argv[1])
torch.save({"model": net, "epoch": 4}, sys.argv[2])
torch.save(net.state_dict(), sys.argv[3])
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    paths = [str(folder / name) for name in ("model.pt", "inside.pt", "state.pt")]
    script = folder / "train.py"
    script.write_text(PROGRAM)
    subprocess.run([sys.executable, str(script), *paths], check=True)
    return paths


def persistent_of(checkpoint):
    return {info.path[-1]: info for info in checkpoint.tensors if info.persistent}


@pytest.mark.parametrize("inside", [False, True])
def test_a_whole_model_lists_its_state_dict(files, inside):
    checkpoint = read(files[1] if inside else files[0])
    expected = torch.load(files[2], weights_only=True)
    found = persistent_of(checkpoint)
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert found[name].path == (("model", name) if inside else (name,))
        assert found[name].shape == tuple(tensor.shape)
    assert checkpoint.saved_shape is (SavedShape.CHECKPOINT if inside else SavedShape.MODULE)
    assert [section.role for section in checkpoint.sections] == [Role.MODEL]


def test_values_of_a_whole_model_are_those_that_were_trained(files):
    found = persistent_of(read(files[0]))
    for name, tensor in torch.load(files[2], weights_only=True).items():
        tensor.requires_grad_(found[name].requires_grad)
        agrees(found[name], tensor)


def test_a_shared_submodule_stands_under_each_of_its_names(files):
    checkpoint = read(files[0])
    storages = {checkpoint[(name,)].storage for name in ("head.fc.weight", "again.fc.weight", "tied.weight")}
    assert len(storages) == 1


def test_what_state_dict_leaves_out_is_listed_and_marked(files):
    checkpoint = read(files[0])
    assert [info.path for info in checkpoint.tensors if not info.persistent] == [("mask",), ("cache.0",)]


def test_each_modules_class_is_told(files):
    modules = {module.path: module.class_name for module in read(files[0]).modules}
    assert modules[()] == "__main__.Net"
    assert modules[("head",)] == modules[("again",)] == "__main__.Head"
    assert modules[("norm",)] == "torch.nn.modules.batchnorm.BatchNorm2d"


def test_the_classes_are_named_and_nothing_is_called(files):
    checkpoint = read(files[0])
    names = {name.name: name.use for name in checkpoint.globals}
    assert names["__main__.Net"] is GlobalClass.CLASS
    assert checkpoint.verdict == "classes"


def test_hyper_parameters_of_modules_are_metadata(files):
    metadata = read(files[1]).metadata
    assert metadata["epoch"] == 4
    assert metadata["model"]["__class__"] == "__main__.Net"
    assert metadata["model"]["head"]["scale"] == 0.5
    assert "_parameters" not in metadata["model"]


def test_weight_norm_shows_its_two_factors(tmp_path):
    new = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    checkpoint = save({"state_dict": new.state_dict()}, tmp_path / "new.pt")
    assert [info.path[-1] for info in checkpoint.tensors] == list(new.state_dict())
    assert "parametrizations.weight.original0" in new.state_dict()


def test_old_weight_norm_in_a_whole_model_keeps_the_product_out_of_the_state_dict(tmp_path):
    with pytest.warns(FutureWarning):
        model = nn.Sequential(nn.utils.weight_norm(nn.Linear(3, 2)))
    checkpoint = save(model, tmp_path / "old.pt")
    assert list(persistent_of(checkpoint)) == list(model.state_dict())
    assert not checkpoint[("0.weight",)].persistent


class Stateful(nn.Linear):
    def get_extra_state(self):
        return {"seen": 7}

    def set_extra_state(self, state):
        self.seen = state["seen"]


def test_extra_state_in_a_state_dict_is_metadata(tmp_path):
    model = nn.Sequential(Stateful(2, 2))
    checkpoint = save(model.state_dict(), tmp_path / "extra.pt")
    assert [info.name for info in checkpoint.tensors] == ["0.weight", "0.bias"]
    assert checkpoint.saved_shape is SavedShape.STATE_DICT
    assert checkpoint.metadata == {"0._extra_state": {"seen": 7}}


def test_wrappers_and_cycles_are_followed_to_their_end(tmp_path):
    model = nn.DataParallel(nn.Linear(2, 2))
    model.module.parent_list = [model]
    model.module._modules["loop"] = model.module
    checkpoint = save(model, tmp_path / "loop.pt")
    assert list(checkpoint) == [("module.weight",), ("module.bias",)]
