"""Damage that shows only when bytes are read: which tensor it is, and a rescue of the others."""

import os
import zipfile

import pytest
import torch
from safetensors.torch import load_file

from ckptgui.engine.job import Cancel
from ckptgui.errors import DamagedSourceError
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.formats.registry import open_checkpoint
from tests.export.helpers import same_bits

SAVED = {f"t{number}": torch.arange(5000.0) * number for number in range(6)}


@pytest.fixture(params=["stored", "deflated"])
def damaged(request, tmp_path):
    """A checkpoint of which two tensors' bytes were changed after saving."""
    path = tmp_path / "damaged.pt"
    torch.save(SAVED, path)
    if request.param == "deflated":
        with zipfile.ZipFile(path) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content.items():
                archive.writestr(name, data)
    with zipfile.ZipFile(path) as archive:
        places = {info.filename: info.header_offset for info in archive.infolist()}
        root = next(iter(places)).partition("/")[0]
    with path.open("r+b") as file:
        for key in ("1", "4"):
            file.seek(places[f"{root}/data/{key}"] + 2000)
            file.write(b"\xff" * 100)
    return path


def carried_out(source, target, pool, **options):
    request = ExportRequest(format="pt" if target.suffix == ".pt" else "safetensors", **options)
    return export(plan_export(open_checkpoint(str(source)), str(target), request), pool, Cancel())


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_a_rescue_leaves_out_what_the_bytes_prove_damaged(damaged, tmp_path, pool, suffix):
    target = tmp_path / f"out.{suffix}"
    result = carried_out(damaged, target, pool, rescue=True)
    loaded = torch.load(target, weights_only=True) if suffix == "pt" else load_file(target)
    assert list(result.lost) == ["t1", "t4"]
    assert sorted(loaded) == ["t0", "t2", "t3", "t5"]
    assert all(same_bits(value, SAVED[name]) for name, value in loaded.items())
    assert sorted(os.listdir(tmp_path)) == ["damaged.pt", target.name]


def test_a_tensor_that_does_not_inflate_is_named_and_nothing_is_written(damaged, tmp_path, pool, monkeypatch):
    with zipfile.ZipFile(damaged) as archive:
        if archive.infolist()[0].compress_type == zipfile.ZIP_STORED:
            pytest.skip("stored bytes are not looked at unless that is asked for")
    with pytest.raises(DamagedSourceError, match=r"t[14] cannot be exported: .* A rescue writes what is whole"):
        carried_out(damaged, tmp_path / "out.pt", pool)
    assert os.listdir(tmp_path) == ["damaged.pt"]
    monkeypatch.setattr("ckptgui.export.run.contradicted", lambda *_: {})
    for name in ("found.pt", "found.safetensors"):
        target = tmp_path / name
        assert list(carried_out(damaged, target, pool, rescue=True).lost) == ["t1", "t4"]
