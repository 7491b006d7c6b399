"""A whole model's modules with what they were constructed with, as a line each and by attribute."""

import pytest
import torch
from torch import nn

from ckptgui.core.module_line import module_line
from ckptgui.core.training.reminders import eval_reminder
from tests.formats.torch_files import read, save


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.hidden = [nn.Linear(2, 2)]  # in a plain list: state_dict() does not see it
        self.alias = [self.norm]
        self.activation = nn.functional.relu
        self.heads = 2
        self.sizes = (1, 2)
        self.table = {"a": 1}
        self.long = list(range(1000))
        self._private = 1
        self.register_parameter("scale", None)


PLAIN = [
    nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.Conv1d(2, 2, 3, dilation=2),
    nn.ConvTranspose2d(3, 3, 3, output_padding=0), nn.ReLU(True), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
    nn.AvgPool2d(2), nn.Linear(3, 4, bias=False), nn.Embedding(10, 4, padding_idx=0), nn.Embedding(10, 4),
    nn.LSTM(4, 8, 2, bidirectional=True), nn.GRU(4, 8, batch_first=True), nn.RNNCell(2, 3), nn.GELU(),
    nn.AdaptiveAvgPool2d(1), nn.Softmax(dim=1), nn.Flatten(), nn.PixelShuffle(2), nn.Bilinear(2, 3, 4),
    nn.Identity(), nn.Tanh(), nn.SiLU(), nn.Unflatten(1, (2, 3)),
]  # fmt: skip


def test_a_module_reads_as_it_prints(tmp_path):
    checkpoint = save(nn.ModuleList(PLAIN), tmp_path / "m.pt")
    lines = [module_line(module) for module in checkpoint.modules[1:]]
    assert lines == [repr(module) for module in PLAIN]


@pytest.mark.parametrize(
    ("module", "line"),
    [
        (
            nn.Conv1d(2, 2, 3, padding_mode="circular"),
            "Conv1d(2, 2, kernel_size=(3,), stride=(1,), padding_mode='circular')",
        ),
        (nn.BatchNorm2d(8), "BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)"),
        (nn.LayerNorm([2, 3]), "LayerNorm((2, 3), eps=1e-05, elementwise_affine=True)"),
        (nn.LayerNorm(3, bias=False), "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=False)"),
        (nn.GroupNorm(2, 8), "GroupNorm(2, 8, eps=1e-05, affine=True)"),
        (nn.Dropout(0.3), "Dropout(p=0.3)"),
        (nn.MultiheadAttention(8, 2, dropout=0.1), "MultiheadAttention(8, 2, dropout=0.1)"),
        (nn.Sequential(nn.ReLU()), "Sequential()"),
        (Block(), "Block(activation='torch.nn.functional.relu', heads=2, sizes=(1, 2))"),
    ],
)
def test_a_module_that_prints_more_is_told_in_a_line(tmp_path, module, line):
    assert module_line(save(module, tmp_path / "m.pt").modules[0]) == line


def test_attributes_are_plain_values_and_what_is_none(tmp_path):
    checkpoint = save(Block(), tmp_path / "m.pt")
    assert dict(checkpoint.modules[0].attributes) == {
        "activation": "torch.nn.functional.relu", "heads": 2, "sizes": [1, 2], "scale": None,
    }  # fmt: skip


def test_a_module_in_a_plain_attribute_is_listed_as_not_registered(tmp_path):
    checkpoint = save(Block(), tmp_path / "m.pt")
    assert [(m.path, m.registered) for m in checkpoint.modules] == [
        ((), True), (("hidden.0",), False), (("norm",), True),
    ]  # fmt: skip
    hidden = {info.path[-1] for info in checkpoint.tensors if not info.persistent}
    assert hidden == {"hidden.0.weight", "hidden.0.bias"}
    assert {info.path[-1] for info in checkpoint.tensors if info.persistent} == set(Block().state_dict())


def test_a_module_that_refers_to_its_owner_is_listed_once(tmp_path):
    outer = nn.Sequential(nn.Linear(2, 2))
    object.__setattr__(outer[0], "owner", [outer])
    torch.save(outer, tmp_path / "m.pt")
    assert len(read(tmp_path / "m.pt").modules) == 2


def test_a_model_saved_in_train_mode_gets_a_reminder(tmp_path):
    model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(2), nn.Dropout2d(), nn.Linear(2, 2))
    sentence = eval_reminder(save({"model": model}, tmp_path / "m.pt"))
    assert "2 of dropout, 1 of batch normalisation" in sentence
    assert "eval()" in sentence
    assert eval_reminder(save(model.eval(), tmp_path / "e.pt")) is None
    assert eval_reminder(save(nn.Sequential(nn.Linear(2, 2)), tmp_path / "l.pt")) is None
    assert eval_reminder(save(model.train().state_dict(), tmp_path / "s.pt")) is None


def test_a_list_of_registered_weights_is_not_listed_again(tmp_path):
    model = nn.LSTM(2, 3)
    checkpoint = save(model, tmp_path / "m.pt")  # keeps its weights in a list, too
    assert [info.path[-1] for info in checkpoint.tensors] == list(model.state_dict())
