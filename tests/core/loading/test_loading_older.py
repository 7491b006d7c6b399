"""Snippets for what torch wrote before 1.6 and for bare pickles, run with the real libraries."""

import collections
import pickle
import warnings

import numpy as np
import pytest
import torch

from ckptgui.core.loading.how_to_load import load_snippet
from ckptgui.formats.registry import open_checkpoint
from tests.core.loading.test_loading import network, run, same, trained
from tests.formats.torch_save.test_torch_tar import Old, old_tar


def legacy(path, value, **options):
    torch.save(value, path, _use_new_zipfile_serialization=False, **options)
    return load_snippet(open_checkpoint(str(path)))


def pickled(path, value, protocol=None):
    path.write_bytes(pickle.dumps(value, protocol))
    return load_snippet(open_checkpoint(str(path)))


@pytest.mark.parametrize("protocol", [1, 2, 4])
def test_a_legacy_state_dict_is_loaded_as_restricted_as_torch_can(protocol, tmp_path):
    model = network(1)
    code = legacy(tmp_path / "m.pt", model.state_dict(), pickle_protocol=protocol)
    assert f"weights_only={protocol == 2}" in code
    assert same(run(code, model=network(2)).model, model)


@pytest.mark.parametrize("protocol", [2, 3])
def test_bytes_of_protocol_3_need_a_full_load(protocol, tmp_path):
    torch.save({"w": torch.ones(1), "v": [{"deep": b"some bytes"}]}, tmp_path / "b.pt", pickle_protocol=protocol)
    code = load_snippet(open_checkpoint(str(tmp_path / "b.pt")))
    assert f"weights_only={protocol == 2}" in code
    loaded = torch.load(tmp_path / "b.pt", weights_only=protocol == 2)
    assert loaded["v"][0]["deep"] == b"some bytes"


def test_a_legacy_training_goes_on(tmp_path):
    model, optimizer, _ = trained()
    saved = {"epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    fresh = network(9)
    found = run(
        legacy(tmp_path / "m.pt", saved), model=fresh, optimizer=torch.optim.Adam(fresh.parameters(), lr=0.5)
    )
    assert same(found.model, model)
    assert found.start_epoch == 4
    assert found.optimizer.state_dict()["param_groups"][0]["lr"] == optimizer.param_groups[0]["lr"]


def test_a_whole_legacy_model_is_loaded_with_a_warning(tmp_path):
    model = network(1)
    code = legacy(tmp_path / "m.pt", model)
    assert "weights_only=False" in code
    assert same(run(code).model, model)


def test_a_legacy_file_that_torch_cannot_load_has_no_snippet(tmp_path):
    assert legacy(tmp_path / "m.pt", {"a": torch.zeros(2, dtype=torch.uint16)}) is None


def test_an_old_tar_needs_a_full_load(tmp_path):
    storages = {5: np.arange(12, dtype=np.float32), 6: np.arange(4, dtype=np.float32)}
    saved = collections.OrderedDict(weight=Old(1, 5, (4, 3), (3, 1)), bias=Old(2, 6, (4,), (1,)))
    path = old_tar(tmp_path / "old.pth", saved, storages)
    code = load_snippet(open_checkpoint(str(path)))
    assert "weights_only=False" in code
    model = torch.nn.Linear(3, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(code, model=model)
    assert model.weight.detach().numpy().tobytes() == storages[5].tobytes()


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickled_state_dict_is_unpickled(protocol, tmp_path):
    model = network(1)
    code = pickled(tmp_path / "m.pkl", model.state_dict(), protocol)
    assert "run code of its choice" in code
    assert same(run(code, model=network(2)).model, model)


def test_a_pickled_model_and_a_pickled_tensor_are_unpickled(tmp_path):
    model = network(1)
    assert same(run(pickled(tmp_path / "m.pkl", model)).model, model)
    assert torch.equal(run(pickled(tmp_path / "t.pkl", torch.arange(4.0))).tensor, torch.arange(4.0))


def test_pickled_arrays_become_tensors_for_the_model(tmp_path):
    model = torch.nn.Linear(3, 4)
    arrays = {"weight": np.ones((4, 3), np.float32), "bias": np.zeros(4, np.float32)}
    found = run(pickled(tmp_path / "a.pkl", arrays), model=model)
    assert torch.equal(found.model.weight.detach(), torch.ones(4, 3))


def test_strings_of_python_2_are_decoded_byte_by_byte(tmp_path):
    path = tmp_path / "old.pkl"
    path.write_bytes(b"\x80\x02}U\x04nameU\x02\xe9\xe8s.")
    code = load_snippet(open_checkpoint(str(path)))
    assert 'encoding="latin1"' in code
    assert run(code).checkpoint == {"name": "éè"}


def test_a_pickle_that_torch_cannot_rebuild_has_no_snippet(tmp_path):
    assert pickled(tmp_path / "m.pkl", {"a": torch.zeros(2, dtype=torch.float8_e5m2)}) is None
