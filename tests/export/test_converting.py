"""From what torch saved, in whatever form, to a converted file that torch, safetensors and the module take."""

import collections
import json
import pickle
import warnings

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file, save_model

from ckptgui.errors import DamagedSourceError
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.formats.registry import open_checkpoint
from tests.export.helpers import same_bits

FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def name_of(dtype):
    return str(dtype).removeprefix("torch.")


def converted(source, out, pool, **wishes):
    """The exported state dict as torch or safetensors loads it, and the result."""
    format = "safetensors" if out.suffix == ".safetensors" else "pt"
    request = ExportRequest(format=format, force=True, **wishes)
    result = export(plan_export(open_checkpoint(str(source)), str(out), request), pool)
    assert result.bytes == out.stat().st_size
    if format == "safetensors":
        return load_file(out), result
    mapped = torch.load(out, weights_only=True, mmap=True)
    loaded = torch.load(out, weights_only=True)
    assert mapped.keys() == loaded.keys()
    assert all(same_bits(mapped[n], value) for n, value in loaded.items() if torch.is_tensor(value))
    return loaded, result


def difficult(dtype):
    """Values on which roundings differ: halves, the largest, the smallest, what is no number."""
    exact = torch.tensor(
        [0.0, -0.0, 1.0, 65504.0, 65519.9, 65520.0, 3.4e38, 1e-8, 6e-8, 5.96e-8, 1e-40, 1.4e-45],
        dtype=torch.float64,
    )
    halves = torch.arange(1, 40, dtype=torch.float64) * 2.0**-11 + 1
    halves = torch.cat([halves, torch.arange(1, 40, dtype=torch.float64) * 2.0**-8 + 1 + 2.0**-9])
    odd = torch.tensor([float("nan"), float("inf"), float("-inf"), 1e300, -1e300], dtype=torch.float64)
    torch.manual_seed(0)
    random = torch.randn(200, dtype=torch.float64) * 10 ** torch.randint(-45, 39, (200,)).double()
    return torch.cat([exact, -exact, halves, odd, random]).to(dtype)


def same_numbers(one, other):
    """Bit for bit, but for which NaN a NaN is."""
    if one.dtype != other.dtype or one.shape != other.shape or not torch.equal(one.isnan(), other.isnan()):
        return False
    return same_bits(
        one.nan_to_num(nan=0.0, posinf=None, neginf=None), other.nan_to_num(nan=0.0, posinf=None, neginf=None)
    )


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("target", FLOATS, ids=name_of)
def test_casts_are_torchs_own(tmp_path, pool, target, suffix):
    saved = {
        f"{name_of(dtype)}.{kind}": value for dtype in FLOATS for kind, value in shaped(difficult(dtype)).items()
    }
    saved |= {"steps": torch.arange(5), "mask": torch.tensor([True]), "z": torch.ones(2, dtype=torch.complex64)}
    torch.save(saved, tmp_path / "in.pt")
    loaded, _ = converted(tmp_path / "in.pt", tmp_path / f"out{suffix}", pool, dtype=name_of(target))
    assert loaded.keys() == saved.keys()
    for name, value in saved.items():
        expected = value.to(target) if value.dtype in FLOATS else value
        assert (
            same_numbers(loaded[name], expected) if expected.dtype in FLOATS else same_bits(loaded[name], expected)
        ), name


def shaped(values):
    """The values as they lie, across, in steps and as one."""
    values = values[: len(values) // 6 * 6]
    grid = values.reshape(6, -1).clone()
    return {
        "flat": values.clone(),
        "across": grid.t(),
        "steps": values.clone()[1::3],
        "one": values[7].clone(),
        "none": values[:0].clone(),
    }


def test_names_of_one_tensor_still_share_it_after_a_cast(tmp_path, pool):
    base = torch.arange(40.0)
    saved = {"a": base, "b": base, "part": base[10:20], "rest": base[15:], "other": base[3:7]}
    torch.save(saved, tmp_path / "in.pt")
    loaded, result = converted(tmp_path / "in.pt", tmp_path / "out.pt", pool, dtype="bfloat16")
    assert result.tied == {"b": "a"}
    assert len({value.untyped_storage().data_ptr() for value in loaded.values()}) == 1
    assert loaded["a"].untyped_storage().nbytes() == 80
    loaded, _ = converted(
        tmp_path / "in.pt", tmp_path / "out.pt", pool, dtype="bfloat16", dtype_for=(("other", "keep"),)
    )
    places = {name: value.untyped_storage().data_ptr() for name, value in loaded.items()}
    assert places["a"] == places["b"] and len(set(places.values())) == 4  # the rest have their own
    assert all(same_bits(value, saved[name].to(value.dtype)) for name, value in loaded.items())


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(4, 4)
        self.again = self.fc
        self.norm = torch.nn.BatchNorm1d(4)
        self.note = None

    def get_extra_state(self):
        return {"note": [1, "two"]}

    def set_extra_state(self, state):
        self.note = state["note"]


@pytest.mark.parametrize("wishes", [{}, {"dtype": "float16", "dtype_for": (("*norm*", "keep"),)}])
def test_a_wrapped_model_loads_strictly_into_the_bare_one(tmp_path, pool, wishes):
    wrapped = torch.nn.Sequential(
        collections.OrderedDict(module=torch.nn.Sequential(collections.OrderedDict(_orig_mod=Net())))
    )
    torch.save({"state": {"deep": {"model": wrapped.state_dict()}}, "epoch": 1}, tmp_path / "in.pt")
    loaded, result = converted(
        tmp_path / "in.pt",
        tmp_path / "out.pt",
        pool,
        strip=("auto",),
        section=("state", "deep", "model"),
        **wishes,
    )
    net = Net()
    net.load_state_dict(loaded, strict=True)
    assert net.note == [1, "two"] and result.tied["again.weight"] == "fc.weight"
    assert loaded._metadata == Net().state_dict()._metadata
    assert loaded["fc.weight"].data_ptr() == loaded["again.weight"].data_ptr()


def zip_of(protocol):
    return lambda value, path: torch.save(value, path, pickle_protocol=protocol)


def legacy(value, path):
    torch.save(value, path, _use_new_zipfile_serialization=False)


def bare(value, path):
    path.write_bytes(pickle.dumps(value, 4))


def distributed(value, path):
    from torch.distributed import checkpoint

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checkpoint.save(value, checkpoint_id=path, no_dist=True)


def traced(value, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(Held(value["model"]), torch.ones(1)), str(path))


class Held(torch.nn.Module):
    def __init__(self, values):
        super().__init__()
        for name, value in values.items():
            self.register_buffer(name, value)

    def forward(self, x):
        return sum(value.float().sum() for value in self.buffers()) + x


def packaged(value, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with torch.package.PackageExporter(str(path)) as exporter:
            exporter.save_pickle("model", "model.pkl", value["model"])


def exported(value, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(Held(value["model"]), (torch.ones(1),)), path)


@pytest.mark.parametrize(
    "save",
    [zip_of(2), zip_of(4), zip_of(5), legacy, bare, distributed, traced, packaged, exported],
    ids=["p2", "p4", "p5", "legacy", "pickle", "distributed", "torchscript", "package", "pt2"],
)
def test_every_form_of_saving_becomes_one_file(tmp_path, pool, save):
    base = torch.randn(1 << 12)
    model = {"weight": torch.randn(4, 3), "view": base[5:9], "count": torch.tensor(7)}
    source = tmp_path / "source.pt2"
    save({"model": model, "epoch": 3}, source)
    for suffix in (".pt", ".safetensors"):
        loaded, result = converted(
            source, tmp_path / f"out{suffix}", pool, dtype="bfloat16", rename=(("^view$", "slice"),)
        )
        assert sorted(loaded) == ["count", "slice", "weight"]
        assert same_bits(loaded["weight"], model["weight"].bfloat16())
        assert same_bits(loaded["slice"], model["view"].bfloat16()) and same_bits(loaded["count"], model["count"])
        assert result.bytes < 4_000  # not the view's storage


def test_sharded_models_become_one_file(tmp_path, pool):
    folder = tmp_path / "model"
    folder.mkdir()
    parts = {
        "model-00001-of-00002.safetensors": {"a": torch.randn(3)},
        "model-00002-of-00002.safetensors": {"b": torch.randn(2)},
    }
    for file, tensors in parts.items():
        save_file(tensors, folder / file, {"format": "pt"})
    told = {
        "metadata": {"total_size": 20},
        "weight_map": {name: file for file, part in parts.items() for name in part},
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(told))
    loaded, _ = converted(folder, tmp_path / "out.pt", pool, dtype="float16")
    assert {name: value.dtype for name, value in loaded.items()} == {"a": torch.float16, "b": torch.float16}


def test_a_second_name_that_safetensors_recorded_comes_back(tmp_path, pool):
    net = Shared()
    save_model(net, tmp_path / "in.safetensors", {"epoch": "3"})
    assert len(load_file(tmp_path / "in.safetensors")) == 1
    loaded, result = converted(
        tmp_path / "in.safetensors", tmp_path / "out.pt", pool, dtype="float16", keep_metadata=True
    )
    Shared().load_state_dict(loaded, strict=True)
    assert loaded._metadata["training"] == {"epoch": 3}
    assert result.tied and "weight" not in str(result.dropped)
    _, again = converted(tmp_path / "in.safetensors", tmp_path / "again.safetensors", pool)
    with safe_open(tmp_path / "again.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt", **again.tied}


class Shared(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(4, 2)
        self.head = torch.nn.Linear(2, 4, bias=False)
        self.head.weight = self.embed.weight


def test_what_is_whole_of_a_cut_file_is_rescued_and_the_rest_listed(tmp_path, pool):
    saved = {f"w{n}": torch.randn(1_000) for n in range(6)}
    torch.save(saved, tmp_path / "whole.pt", _use_new_zipfile_serialization=False)
    raw = (tmp_path / "whole.pt").read_bytes()
    source = tmp_path / "cut.pt"
    source.write_bytes(raw[: len(raw) - 6_000])
    with pytest.raises(DamagedSourceError, match=r"cannot be exported: .*A rescue writes the 4 that are whole"):
        converted(source, tmp_path / "out.pt", pool)
    for suffix in (".pt", ".safetensors"):
        loaded, result = converted(source, tmp_path / f"out{suffix}", pool, rescue=True)
        assert len(loaded) == 4 and all(same_bits(value, saved[name]) for name, value in loaded.items())
        assert sorted(result.lost) == sorted(set(saved) - set(loaded))
    assert loaded_lost(tmp_path / "out.safetensors") == dict(result.lost)
    assert torch.load(tmp_path / "out.pt", weights_only=True)._metadata["training"] == {"lost": dict(result.lost)}


def loaded_lost(path):
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["lost"])


def test_everything_can_be_cast_and_thinned_out(tmp_path, pool):
    net = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    torch.save(
        {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "list": [torch.ones(2)]},
        tmp_path / "in.pt",
    )
    loaded, result = converted_whole(
        tmp_path, pool, dtype="bfloat16", dtype_for=(("*exp_avg_sq", "keep"),), exclude=("list", "*.step")
    )
    assert same_bits(loaded["model"]["weight"], net.weight.detach().bfloat16())
    state = loaded["optimizer"]["state"][0]
    assert state["exp_avg_sq"].dtype == torch.float32 and state["exp_avg"].dtype == torch.bfloat16
    assert "step" not in state and loaded["list"] == [None]
    assert (
        "list/0" in result.dropped
        and loaded["optimizer"]["param_groups"] == optimizer.state_dict()["param_groups"]
    )


def converted_whole(folder, pool, **wishes):
    request = ExportRequest(only="all", force=True, **wishes)
    result = export(plan_export(open_checkpoint(str(folder / "in.pt")), str(folder / "out.pt"), request), pool)
    return torch.load(folder / "out.pt", weights_only=True), result
