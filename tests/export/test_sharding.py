"""An export is cut into files that transformers and torch know, none larger than was asked for."""

import json
import os

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ckptgui.errors import ExportError
from ckptgui.export import sharding
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.export.sharding import cut, index, shard_names
from ckptgui.formats.registry import open_checkpoint
from tests.export.helpers import same_bits


@pytest.mark.parametrize(
    ("sizes", "tied_to", "most", "shards"),
    [
        ([4, 4, 4], [-1] * 3, 8, [[0, 1], [2]]),
        ([4, 9, 4, 4], [-1] * 4, 8, [[0], [1], [2, 3]]),  # one that is too large is alone
        ([0, 0, 8, 0], [-1] * 4, 8, [[0, 1, 2, 3]]),
        ([6, 6, 6], [-1, -1, 0], 8, [[0, 2], [1]]),  # a tied one costs nothing where the first is
        ([3], [-1], 100, [[0]]),
    ],
)
def test_shards_are_filled_in_order(sizes, tied_to, most, shards):
    assert cut(np.array(sizes), np.array(tied_to), most) == shards


def test_a_size_without_a_byte_and_too_many_files_are_refused(monkeypatch):
    with pytest.raises(ExportError, match="at least one byte"):
        cut(np.ones(1, np.int64), np.array([-1]), 0)
    monkeypatch.setattr(sharding, "MAX_SHARDS", 2)
    with pytest.raises(ExportError, match="would take 3 shards"):
        cut(np.ones(3, np.int64), np.array([-1] * 3), 1)


def test_files_and_index_are_called_as_transformers_has_them():
    assert shard_names("safetensors", 2) == [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ]
    assert shard_names("pt", 1) == ["pytorch_model.bin"]
    found = index([("a", ["w", "x"]), ("b", ["é"])], 12)
    assert json.loads(found.content) == {
        "metadata": {"total_size": 12},
        "weight_map": {"w": "a", "x": "a", "é": "b"},
    }
    assert found.nbytes == len(found.content) and found.data_bytes == 0
    with pytest.raises(ExportError, match="half a character"):
        index([("a", ["\ud800"])], 1)


class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(32, 8)
        self.blocks = torch.nn.ModuleList(torch.nn.Linear(8, 8) for _ in range(4))
        self.norm = torch.nn.BatchNorm1d(8)
        self.head = torch.nn.Linear(8, 32, bias=False)
        self.head.weight = self.embed.weight


@pytest.fixture
def saved(tmp_path):
    net = Tied()
    torch.save({"model": net.state_dict(), "epoch": 3}, tmp_path / "in.pt")
    return open_checkpoint(str(tmp_path / "in.pt")), net


@pytest.mark.parametrize("format", ["pt", "safetensors"])
def test_the_shards_together_are_the_model(saved, tmp_path, pool, format):
    checkpoint, net = saved
    out = tmp_path / "out"
    request = ExportRequest(format=format, max_shard_bytes=1_100, keep_metadata=True)
    plan = plan_export(checkpoint, str(out), request)
    result = export(plan, pool)
    names = sorted(os.listdir(out))
    assert names == sorted(file.name for file in plan.files) and len(names) == 4
    assert result.bytes == plan.nbytes == sum(file.stat().st_size for file in out.iterdir())
    told = json.loads((out / next(name for name in names if name.endswith("json"))).read_text())
    merged = {}
    for file in plan.files[:-1]:
        path = out / file.name
        part = load_file(path) if format == "safetensors" else torch.load(path, weights_only=True)
        assert all(told["weight_map"][name] == file.name for name in part) and file.layout.data_bytes <= 1_100
        merged |= part
    assert merged.keys() == told["weight_map"].keys()
    assert told["metadata"]["total_size"] == sum(file.layout.data_bytes for file in plan.files)
    if format == "safetensors":
        merged["head.weight"] = merged["embed.weight"]
    expected = net.state_dict()
    assert merged.keys() == expected.keys() and all(same_bits(merged[name], expected[name]) for name in expected)
    Tied().load_state_dict(merged, strict=True)
    back = open_checkpoint(str(out))
    assert sorted({path[-1] for path in back}) == sorted(told["weight_map"])


def test_what_fits_into_one_file_has_no_index(saved, tmp_path, pool):
    checkpoint, _ = saved
    export(
        plan_export(checkpoint, str(tmp_path / "out"), ExportRequest(format="safetensors", max_shard_bytes=10**9)),
        pool,
    )
    assert os.listdir(tmp_path / "out") == ["model.safetensors"]


def test_views_that_share_bytes_are_in_one_file(tmp_path, pool):
    base = torch.arange(100.0)
    torch.save({"a": base[:60], "b": torch.ones(60), "c": base[40:]}, tmp_path / "in.pt")
    checkpoint = open_checkpoint(str(tmp_path / "in.pt"))
    plan = plan_export(checkpoint, str(tmp_path / "out"), ExportRequest(max_shard_bytes=400))
    assert [file.tensors for file in plan.files] == [(0, 2), (1,), ()]
    with pytest.raises(ExportError, match="Shards hold one state dict"):
        plan_export(checkpoint, "out", ExportRequest(only="all", max_shard_bytes=400))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("format", ["pt", "safetensors"])
def test_transformers_opens_a_sharded_export(tmp_path, pool, format):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    config = transformers.GPT2Config(vocab_size=64, n_positions=16, n_embd=8, n_layer=2, n_head=2)
    model = transformers.GPT2LMHeadModel(config)
    saved = {f"module._orig_mod.{name}": value for name, value in model.state_dict().items()}
    torch.save({"model": saved, "epoch": 3}, tmp_path / "in.pt")
    request = ExportRequest(format=format, strip=("auto",), max_shard_bytes=4_000)
    checkpoint, out = open_checkpoint(str(tmp_path / "in.pt")), tmp_path / "out"
    export(plan_export(checkpoint, str(out), request), pool)
    config.save_pretrained(out)
    loaded, told = transformers.GPT2LMHeadModel.from_pretrained(out, output_loading_info=True)
    assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"]
    assert all(same_bits(value, loaded.state_dict()[name]) for name, value in model.state_dict().items())
