"""From a checkpoint that torch saved to a file that torch loads, and what can go wrong on the way."""

import errno
import os
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled, ChangedOnDiskError, CheckpointError, ExportError, TargetExistsError
from ckptgui.export import verify
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export, is_source
from ckptgui.formats.registry import open_checkpoint
from tests.export.helpers import same_bits


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Linear(4, 4)
        self.again = self.embed
        self.norm = torch.nn.BatchNorm1d(4)
        self.register_buffer("scratch", torch.ones(3), persistent=False)


@pytest.fixture
def training(tmp_path):
    net = Net()
    optimizer = torch.optim.Adam(net.parameters())
    net.embed(torch.randn(2, 4)).sum().backward()
    optimizer.step()
    saved = {
        "epoch": 3,
        "model_state_dict": net.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": 0.1,
    }
    path = tmp_path / "epoch_3.pt"
    torch.save(saved, path)
    return path, net


def run(source, out, pool, **wishes):
    return export(plan_export(open_checkpoint(str(source)), str(out), ExportRequest(**wishes)), pool)


def assert_same(loaded, expected):
    assert loaded.keys() == expected.keys()
    assert all(same_bits(loaded[name], expected[name]) for name in expected)


def test_the_model_of_a_training_checkpoint_is_exported_and_the_rest_is_listed(training, tmp_path, pool):
    path, net = training
    result = run(path, tmp_path / "out.pt", pool)
    loaded = torch.load(tmp_path / "out.pt", weights_only=True)
    assert_same(loaded, net.state_dict())
    assert loaded._metadata == net.state_dict()._metadata
    Net().load_state_dict(loaded)
    assert result.to_json() == {
        "out": str(tmp_path / "out.pt"),
        "format": "pt",
        "tensor_count": len(loaded),
        "bytes": (tmp_path / "out.pt").stat().st_size,
        "source_bytes": path.stat().st_size,
        "dropped": ["optimizer_state_dict", "epoch", "loss"],
        "tied": {"again.weight": "embed.weight", "again.bias": "embed.bias"},
        "verified": True,
    }


LOST = """
import sys, torch

class Lost(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
        self.tail = self.body[0]
        self.register_buffer("scratch", torch.ones(2), persistent=False)
"""
SAVE = (
    "import sys, lost, torch; n = lost.Lost(); torch.save(n, sys.argv[1]); torch.save(n.state_dict(), sys.argv[2])"
)


def test_a_whole_model_whose_class_is_nowhere_becomes_its_state_dict(tmp_path, pool):
    path, state = tmp_path / "model.pt", tmp_path / "state.pt"
    (tmp_path / "lost.py").write_text(LOST)
    subprocess.run([sys.executable, "-c", SAVE, path, state], check=True, cwd=tmp_path)
    result = run(path, tmp_path / "out.pt", pool)
    assert_same(torch.load(tmp_path / "out.pt", weights_only=True), torch.load(state))
    assert result.dropped == ("scratch",)
    assert result.tied == {"tail.weight": "body.0.weight", "tail.bias": "body.0.bias"}


def test_safetensors_and_back_gives_the_same_values(training, tmp_path, pool):
    path, net = training
    run(path, tmp_path / "a.safetensors", pool, format="safetensors", tied="copy")
    run(tmp_path / "a.safetensors", tmp_path / "b.pt", pool)
    assert_same(load_file(tmp_path / "a.safetensors"), net.state_dict())
    assert_same(torch.load(tmp_path / "b.pt", weights_only=True), net.state_dict())


def test_a_section_is_chosen_by_name_and_several_without_a_model_are_named(tmp_path, pool):
    path = tmp_path / "gan.pt"
    parts = {"generator": {"w": torch.ones(2)}, "discriminator": {"w": torch.zeros(2)}, "epoch": 1}
    torch.save(parts, path)
    with pytest.raises(ExportError, match="generator, discriminator"):
        run(path, tmp_path / "out.pt", pool)
    with pytest.raises(ExportError, match="no section ema"):
        run(path, tmp_path / "out.pt", pool, section=("ema",))
    result = run(path, tmp_path / "out.pt", pool, section=("discriminator",))
    assert torch.load(tmp_path / "out.pt")["w"].tolist() == [0, 0]
    assert set(result.dropped) == {"generator", "epoch"}


@pytest.mark.parametrize("saved", [{"epoch": 1}, torch.ones(2), {"state": {}, "param_groups": []}])
def test_what_holds_no_state_dict_says_so(tmp_path, pool, saved):
    torch.save(saved, tmp_path / "x.pt")
    with pytest.raises(ExportError):
        run(tmp_path / "x.pt", tmp_path / "out.pt", pool)
    assert os.listdir(tmp_path) == ["x.pt"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("tensor", "why"),
    [
        (torch.eye(3).to_sparse(), "sparse_coo"),
        (torch.empty(3, device="meta"), "without values"),
    ],
)
def test_a_tensor_that_cannot_go_is_named(tmp_path, pool, tensor, why):
    torch.save({"ok": torch.ones(1), "odd.one": tensor}, tmp_path / "x.pt")
    with pytest.raises(ExportError, match=rf"odd\.one cannot be exported.*{why}"):
        run(tmp_path / "x.pt", tmp_path / "out.pt", pool)


def test_a_cut_file_is_refused_by_the_first_tensor_and_how_many_more(tmp_path, pool):
    path = tmp_path / "x.pt"
    torch.save({f"t{number}": torch.randn(1000) for number in range(5)}, path)
    os.truncate(path, 9000)
    with pytest.raises(ExportError, match=r"t\d cannot be exported: .* \d more are like it\."):
        run(path, tmp_path / "out.pt", pool)
    assert os.listdir(tmp_path) == ["x.pt"]


def test_a_deflated_checkpoint_exports_like_any(training, tmp_path, pool):
    import zipfile

    path, net = training
    packed = tmp_path / "packed.pt"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    run(packed, tmp_path / "out.pt", pool)
    assert_same(torch.load(tmp_path / "out.pt", weights_only=True), net.state_dict())


def test_nothing_is_replaced_unasked_and_the_source_only_by_force(training, tmp_path, pool):
    path, net = training
    before = path.read_bytes()
    assert is_source(open_checkpoint(str(path)), str(path))
    with pytest.raises(TargetExistsError):
        run(path, path, pool)
    assert path.read_bytes() == before
    run(path, path, pool, force=True)
    assert_same(torch.load(path, weights_only=True), net.state_dict())
    assert os.listdir(tmp_path) == [path.name]


def test_progress_counts_bytes_up_to_the_total_and_a_cancel_leaves_nothing(training, tmp_path, pool):
    path, _ = training
    plan = plan_export(open_checkpoint(str(path)), str(tmp_path / "out.pt"), ExportRequest())
    told = []
    export(plan, pool, Cancel(), told.append)
    assert [step.done for step in told] == sorted(step.done for step in told)
    assert told[-1].done == told[-1].total
    assert {step.note for step in told} == {"Writing", "Verifying"}
    os.unlink(tmp_path / "out.pt")
    for stop_at in (told[0].done, told[-1].done):
        cancel = Cancel()

        def report(step, stop_at=stop_at, cancel=cancel):
            if step.done >= stop_at:
                cancel.cancel()

        try:
            export(plan, pool, cancel, report)
        except Cancelled:
            assert os.listdir(tmp_path) == [path.name]


def test_a_result_that_reads_back_differently_never_takes_the_place(training, tmp_path, pool, monkeypatch):
    path, _ = training
    original = verify.LocalSource

    def flipped(written):
        with open(written, "r+b") as file:
            content = bytearray(file.read())
            content[content.index(b"archive/data/0") + 128] ^= 1
            file.seek(0)
            file.write(content)
        return original(written)

    monkeypatch.setattr(verify, "LocalSource", flipped)
    with pytest.raises(ExportError, match="read back"):
        run(path, tmp_path / "out.pt", pool)
    assert os.listdir(tmp_path) == [path.name]


def test_a_source_that_changes_meanwhile_is_told_and_nothing_is_written(training, tmp_path, pool):
    path, _ = training
    plan = plan_export(open_checkpoint(str(path)), str(tmp_path / "out.pt"), ExportRequest())
    shutil.copy(path, tmp_path / "other")
    os.utime(path, ns=(1, 1))
    with pytest.raises(ChangedOnDiskError):
        export(plan, pool)
    assert sorted(os.listdir(tmp_path)) == [path.name, "other"]


def test_whichever_write_fails_the_old_target_is_intact(training, tmp_path, pool, failing):
    path, _ = training
    plan = plan_export(open_checkpoint(str(path)), str(tmp_path / "out.pt"), ExportRequest(force=True))
    for call in ("write", "sync", "close", "replace", "create"):
        (tmp_path / "out.pt").write_bytes(b"old")
        with pytest.raises(CheckpointError):
            export(plan, pool, system=failing(1, call, errno.ENOSPC))
        assert (tmp_path / "out.pt").read_bytes() == b"old"
        assert sorted(os.listdir(tmp_path)) == [path.name, "out.pt"]


@pytest.mark.filterwarnings("ignore")
def test_quantised_tensors_keep_their_rule(tmp_path, pool):
    values = torch.randn(3, 4)
    scales, zeros = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0, 1, 2])
    saved = {
        "tensor": torch.quantize_per_tensor(values, 0.1, 2, torch.qint8),
        "wide": torch.quantize_per_tensor(values, 0.1, 0, torch.qint32).t(),
        "channel": torch.quantize_per_channel(values, scales, zeros, 0, torch.quint8),
        "float": torch.ones(2),
    }
    torch.save(saved, tmp_path / "q.pt")
    run(tmp_path / "q.pt", tmp_path / "out.pt", pool)
    loaded = torch.load(tmp_path / "out.pt", weights_only=True)
    for name in ("tensor", "wide", "channel"):
        assert torch.equal(loaded[name].int_repr(), saved[name].int_repr())
        assert torch.equal(loaded[name].dequantize(), saved[name].dequantize())
        assert loaded[name].dtype == saved[name].dtype
    with pytest.raises(ExportError, match="tensor is qint8, which safetensors cannot hold"):
        run(tmp_path / "q.pt", tmp_path / "out.safetensors", pool, format="safetensors")


class Counting(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)
        self.seen = {"steps": 3, "names": ("a", "b")}

    def get_extra_state(self):
        return self.seen

    def set_extra_state(self, state):
        self.seen = state


@pytest.mark.parametrize("key", [None, "model"])
def test_extra_state_goes_along_so_that_strict_loading_works(tmp_path, pool, key):
    net = Counting()
    saved = net.state_dict() if key is None else {key: net.state_dict(), "epoch": 1}
    torch.save(saved, tmp_path / "x.pt")
    result = run(tmp_path / "x.pt", tmp_path / "out.pt", pool)
    loaded = torch.load(tmp_path / "out.pt", weights_only=True)
    fresh = Counting()
    fresh.seen = None
    fresh.load_state_dict(loaded, strict=True)
    assert fresh.seen == net.seen
    assert result.dropped == (() if key is None else ("epoch",))
    result = run(tmp_path / "x.pt", tmp_path / "out.safetensors", pool, format="safetensors")
    assert "_extra_state" in result.dropped


def test_values_in_a_state_dict_that_are_no_tensors_are_listed(tmp_path, pool):
    torch.save({"w": torch.ones(1), "b": torch.ones(1), "count": 5}, tmp_path / "x.pt")
    assert run(tmp_path / "x.pt", tmp_path / "out.pt", pool).dropped == ("count",)


@pytest.mark.filterwarnings("ignore")
def test_weight_norm_and_parametrisations_keep_their_names(tmp_path, pool):
    net = torch.nn.Sequential(
        torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 3)),
        torch.nn.utils.weight_norm(torch.nn.Linear(3, 2)),
    )
    torch.save(net.state_dict(), tmp_path / "x.pt")
    run(tmp_path / "x.pt", tmp_path / "out.pt", pool)
    assert_same(torch.load(tmp_path / "out.pt", weights_only=True), net.state_dict())
