"""Lines made from a template are the lines that are made one by one."""

import json
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ckptgui.cli import tensor_lines as tensor_lines_module
from ckptgui.cli.answer import tensor
from ckptgui.cli.tensor_lines import tensor_lines
from ckptgui.formats.registry import open_checkpoint


def full(checkpoint, row):
    return tensor(checkpoint, checkpoint.info(row)) | {"row": row}


def lines(path):
    checkpoint = open_checkpoint(str(path))
    asked = []

    def describe(row):
        asked.append(row)
        return tensor(checkpoint, checkpoint.info(row))

    def endings(first, stop):
        return [f', "row": {row}' for row in range(first, stop)]

    made = [line for block in tensor_lines(checkpoint, describe, endings) for line in block]
    assert made == [json.dumps(full(checkpoint, row)) for row in range(len(checkpoint))]
    return made, asked


def weights(count):
    shapes = [(2, 3), (4,), (), (0, 5)]
    return OrderedDict((f'layers.{i}.é\n"w"', torch.zeros(shapes[i % 4])) for i in range(count))


EVERYTHING = {
    "model": weights(50),
    "half": {
        "a": {"b": torch.zeros(2, dtype=torch.float16)},
        "view": torch.zeros(6)[2::2],
        "x\ud83d": torch.ones(1),
    },
    "optimizer": {"state": {i: {"step": torch.tensor(1.0), "exp_avg": torch.zeros(2, 3)} for i in range(20)}},
    "array": np.arange(6).reshape(2, 3),
    "sparse": torch.eye(3).to_sparse(),
    "meta": torch.zeros(3, device="meta"),
    "conj": torch.zeros(2, dtype=torch.complex64).conj(),
    "grad": torch.zeros(2, requires_grad=True),
    "lone": torch.zeros(2),
}
SAVED = {
    "everything": EVERYTHING,
    "a bare state dict": weights(30),
    "a tensor": torch.zeros(3),
    "a list": [torch.zeros(2), {"x": torch.zeros(1)}],
    "a module": torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)),
    "nothing": {},
}


@pytest.mark.parametrize("saved", SAVED.values(), ids=SAVED)
def test_every_line_is_what_it_would_be_alone(saved, tmp_path):
    path = tmp_path / "a.pt"
    torch.save(saved, path)
    lines(path)


def test_a_cut_file_is_listed_too(tmp_path):
    path = tmp_path / "a.pt"
    torch.save({"model": weights(40)}, path)
    path.write_bytes(path.read_bytes()[:-4000])
    lines(path)


def test_tensors_of_one_kind_are_described_once(tmp_path):
    save_file({f"w{i}": torch.full((2, 2), float(i)) for i in range(9000)}, tmp_path / "a.safetensors")
    made, asked = lines(tmp_path / "a.safetensors")
    assert len(made) == 9000
    assert asked == [0]


def test_kinds_are_told_apart_from_block_to_block(tmp_path, monkeypatch):
    monkeypatch.setattr(tensor_lines_module, "_BLOCK", 7)
    kinds = [torch.float32, torch.int8, torch.float64]
    torch.save({f"w{i}": torch.zeros(2, dtype=kinds[i // 10]) for i in range(30)}, tmp_path / "a.pt")
    _, asked = lines(tmp_path / "a.pt")
    assert asked == [0, 10, 20]


def test_tensors_that_are_a_section_each_are_called_by_it(tmp_path):
    torch.save([torch.zeros(i % 3) for i in range(20)], tmp_path / "a.pt")
    made, asked = lines(tmp_path / "a.pt")
    assert [json.loads(line)["name"] for line in made] == [str(i) for i in range(20)]
    assert asked == [0, 1, 2]
