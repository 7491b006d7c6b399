"""Tensors in pieces, compressed or not, are written whole and bit for bit."""

import pytest
import torch
from safetensors.torch import load_file

from ckptgui.cli.main import main
from tests.formats.dcp_files import ranks, whole


@pytest.mark.parametrize("name", ["sharded", "zstd"])
@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_what_ranks_saved_becomes_one_file(name, suffix, tmp_path):
    target = tmp_path / f"one.{suffix}"
    assert main(["export", str(ranks() / name), str(target)], None) == 0
    found = torch.load(target) if suffix == "pt" else load_file(target)
    expected = {path[-1]: value for path, value in whole(name).items()}
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], value) for key, value in expected.items())
