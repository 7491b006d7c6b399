"""What was saved by older torch, or by pickle, is exported as if torch had saved it today."""

import collections
import pickle
import warnings

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
from tests.formats.torch_save.test_torch_tar import Old, old_tar


def training():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    base = torch.arange(20.0)
    saved = {"model": model.state_dict(), "epoch": 3, "note": "a word", "blob": b"some bytes of some length"}
    return saved | {"view": base[3:9:2], "tied": [base, base]}


def legacy(path, value):
    torch.save(value, path, _use_new_zipfile_serialization=False)


def pickled(path, value):
    path.write_bytes(pickle.dumps(value))


def pickled_as_text(path, value):
    path.write_bytes(pickle.dumps(value, 2))


def exported(path, out, **wishes):
    checkpoint = open_checkpoint(str(path))
    pool = SourcePool()
    try:
        export(plan_export(checkpoint, str(out), ExportRequest(**wishes)), pool)
    finally:
        pool.close()
    return out


def equal(found, expected):
    if isinstance(expected, torch.Tensor):
        return torch.equal(found, expected)
    if isinstance(expected, dict):
        return list(found) == list(expected) and all(equal(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return all(equal(a, b) for a, b in zip(found, expected, strict=True))
    return found == expected


@pytest.mark.parametrize("write", [legacy, pickled, pickled_as_text])
def test_a_state_dict_goes_to_either_format(write, tmp_path):
    saved = training()
    write(tmp_path / "in", saved)
    found = torch.load(exported(tmp_path / "in", tmp_path / "out.pt"))
    assert equal(found, saved["model"])
    found = load_file(exported(tmp_path / "in", tmp_path / "out.safetensors", format="safetensors"))
    assert equal(dict(sorted(found.items())), dict(sorted(saved["model"].items())))


@pytest.mark.parametrize("write", [legacy, pickled, pickled_as_text])
def test_everything_that_may_be_kept_is_kept(write, tmp_path):
    saved = training()
    write(tmp_path / "in", saved)
    found = torch.load(exported(tmp_path / "in", tmp_path / "out.pt", only="all"), weights_only=True)
    assert equal(found, saved)
    assert found["tied"][0].data_ptr() == found["tied"][1].data_ptr()


def test_an_old_tar_becomes_a_file_of_today(tmp_path):
    storages = {5: np.arange(12, dtype=np.float32), 6: np.arange(4, dtype=np.float32)}
    state = collections.OrderedDict(weight=Old(1, 5, (3, 4), (1, 3)), bias=Old(2, 60, (2,), (1,)))
    path = old_tar(tmp_path / "in", {"state_dict": state, "epoch": 2}, storages, [(60, 6, 1, 2)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = torch.load(path, weights_only=False)
    assert equal(torch.load(exported(path, tmp_path / "out.pt")), expected["state_dict"])
    assert equal(torch.load(exported(path, tmp_path / "all.pt", only="all")), expected)


def test_pickled_arrays_become_tensors(tmp_path):
    arrays = {
        "w": np.arange(12.0).reshape(3, 4),
        "b": np.arange(30, dtype=">f4"),
        "f": np.asfortranarray(np.eye(3)),
    }
    pickled(tmp_path / "in", arrays)
    found = torch.load(exported(tmp_path / "in", tmp_path / "out.pt"))
    assert equal(
        found,
        {name: torch.from_numpy(array.astype(array.dtype.newbyteorder("="))) for name, array in arrays.items()},
    )
