"""The code for distributed checkpoints is run with real torch, on what ranks of a real job wrote."""

import copy
import os
import types

import pytest
import torch

from ckptgui.core.loading.how_to_load import load_snippet
from ckptgui.formats.registry import open_checkpoint
from tests.formats.dcp_files import quiet, ranks, save


def run(path, folder, monkeypatch, **supplied):
    code = load_snippet(open_checkpoint(str(path)))
    for name in supplied:
        assert f"# You supply {name}: " in code
    monkeypatch.chdir(folder)
    names = dict(supplied)
    with quiet():
        exec(compile(code, "snippet", "exec"), names)
    return code, types.SimpleNamespace(**names)


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_a_state_dict_is_loaded_in_place(tmp_path, monkeypatch):
    saved, model = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    path = save(saved.state_dict(), tmp_path / "saved")
    code, found = run(path, tmp_path, monkeypatch, model=model)
    assert same(found.model, saved)
    assert not found.model.training
    assert "unpickles .metadata" in code


def test_a_state_dict_with_a_wrapper_s_prefix_is_given_to_a_bare_model(tmp_path, monkeypatch):
    saved = torch.nn.Linear(3, 2)
    path = save({f"module.{name}": value for name, value in saved.state_dict().items()}, tmp_path / "saved")
    assert same(run(path, tmp_path, monkeypatch, model=torch.nn.Linear(3, 2))[1].model, saved)


def test_a_checkpoint_becomes_one_file_and_then_its_parts(tmp_path, monkeypatch):
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": copy.deepcopy(optimizer.state_dict()), "epoch": 4}
    path = save(state, tmp_path / "saved")
    other = torch.nn.Linear(3, 2)
    fresh = torch.optim.Adam(other.parameters())
    _, found = run(path, tmp_path, monkeypatch, model=other, optimizer=fresh)
    assert same(other, model)
    assert torch.equal(fresh.state_dict()["state"][0]["exp_avg"], state["optimizer"]["state"][0]["exp_avg"])
    assert found.start_epoch == 5


def test_what_fully_sharded_ranks_saved_is_loaded_by_one_process(tmp_path, monkeypatch):
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    optimizer, flat = (torch.optim.AdamW(model.parameters()) for _ in range(2))
    code, found = run(ranks() / "optimizer", tmp_path, monkeypatch, model=model, optimizer=optimizer, flat=flat)
    expected = torch.load(ranks() / "optimizer.pt")
    assert torch.equal(model.state_dict()["2.weight"], expected["model", "2.weight"])
    for either in (optimizer, flat):
        first = either.state_dict()["state"][0]
        assert torch.equal(first["exp_avg"], expected["optimizer", "state", "0.weight", "exp_avg"])
    assert found.start_epoch == 3
    assert "set_optimizer_state_dict" in code


def test_safetensors_of_ranks_are_loaded_in_place(tmp_path, monkeypatch):
    expected = torch.load(ranks() / "hugging.pt")
    model = torch.nn.Module()
    for (name,), value in expected.items():
        model.register_buffer(name, torch.zeros_like(value))
    code, _ = run(ranks() / "hugging", tmp_path, monkeypatch, model=model)
    assert all(torch.equal(model.state_dict()[name], value) for (name,), value in expected.items())
    assert "unpickles" not in code


def test_what_each_rank_described_by_itself_takes_as_many_ranks():
    code = load_snippet(open_checkpoint(str(ranks() / "alone")))
    assert "takes a job of 4 ranks" in code
    compile(code, "snippet", "exec")


@pytest.mark.parametrize("name", ["__2_0.distcp", ".metadata"])
def test_what_torch_cannot_load_has_no_code(name, tmp_path):
    data = (ranks() / "sharded" / name).read_bytes()
    (tmp_path / name).write_bytes(data)
    assert load_snippet(open_checkpoint(os.path.join(tmp_path, name))) is None
