"""Each snippet is run with real torch, on a file that real torch wrote."""

import collections
import sys
import types

import numpy as np
import pytest
import torch
from safetensors.torch import save_file, save_model
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict

from ckptgui.core.checkpoint import Checkpoint, GlobalClass, GlobalName
from ckptgui.core.loading.how_to_load import load_snippet, safety_sentence
from ckptgui.core.loading.saved_devices import device_sentence
from ckptgui.core.loading.weights_only import ALLOWED
from ckptgui.formats.registry import open_checkpoint


def network(seed=0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))


def trained():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    scheduler.step()
    return model, optimizer, scheduler


def snippet_of(tmp_path, value, name="c.pt", **options) -> str:
    torch.save(value, tmp_path / name, **options)
    return load_snippet(open_checkpoint(str(tmp_path / name)))


def run(code: str, **supplied):
    for name in supplied:
        assert f"# You supply {name}: " in code
    names = dict(supplied)
    exec(compile(code, "snippet", "exec"), names)
    return types.SimpleNamespace(**names)


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_a_bare_state_dict_is_given_to_the_model(tmp_path):
    model = network(1)
    code = snippet_of(tmp_path, model.state_dict())
    assert "weights_only=True" in code
    assert same(run(code, model=network(2)).model, model)


def test_it_ends_ready_for_inference_and_names_the_other_way(tmp_path):
    code = snippet_of(tmp_path, network().state_dict())
    assert not run(code, model=network()).model.training
    assert "model.train() to go on training" in code


def test_a_checkpoint_restores_model_optimizer_scheduler_and_counters(tmp_path):
    model, optimizer, scheduler = trained()
    code = snippet_of(
        tmp_path,
        {
            "epoch": 7,
            "global_step": 99,
            "model_state_dict": model.state_dict(),
            "optimizer_state_dict": optimizer.state_dict(),
            "scheduler_state_dict": scheduler.state_dict(),
            "loss": 0.5,
        },
    )
    fresh = network(5)
    fresh_optimizer = torch.optim.Adam(fresh.parameters(), lr=9)
    fresh_scheduler = torch.optim.lr_scheduler.StepLR(fresh_optimizer, 1)
    names = run(code, model=fresh, optimizer=fresh_optimizer, scheduler=fresh_scheduler)
    assert same(fresh, model)
    assert fresh_optimizer.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]
    assert fresh_scheduler.state_dict() == scheduler.state_dict()
    assert (names.start_epoch, names.global_step, names.loss) == (8, 99, 0.5)
    assert "without + 1 where the next epoch was saved already" in code
    assert "Adam, by its state" in code


def test_lightnings_lists_are_indexed(tmp_path):
    model, optimizer, scheduler = trained()
    code = snippet_of(
        tmp_path,
        {
            "epoch": 1,
            "global_step": 10,
            "state_dict": model.state_dict(),
            "optimizer_states": [optimizer.state_dict()],
            "lr_schedulers": [scheduler.state_dict()],
        },
    )
    assert 'optimizer.load_state_dict(checkpoint["optimizer_states"][0])' in code
    fresh, fresh_optimizer, fresh_scheduler = trained()
    run(code, model=fresh, optimizer=fresh_optimizer, scheduler=fresh_scheduler)


def test_a_loss_saved_as_a_tensor_is_restored(tmp_path):
    code = snippet_of(tmp_path, {"model": network().state_dict(), "loss": torch.tensor(0.25), "start_epoch": 4})
    names = run(code, model=network(3))
    assert (float(names.loss), names.start_epoch) == (0.25, 4)


def test_several_models_and_optimizers_go_by_their_keys(tmp_path):
    a, b = network(1), network(2)
    states = {key: torch.optim.SGD(network().parameters(), lr=0.1).state_dict() for key in ("optim_g", "optim_d")}
    code = snippet_of(tmp_path, {"generator": a.state_dict(), "discriminator": b.state_dict(), **states})
    generator, discriminator = network(3), network(4)
    run(
        code,
        generator=generator,
        discriminator=discriminator,
        optim_g=torch.optim.SGD(generator.parameters(), lr=1),
        optim_d=torch.optim.SGD(discriminator.parameters(), lr=1),
    )
    assert same(generator, a)
    assert same(discriminator, b)


def test_a_gradient_scalers_state_is_restored(tmp_path):
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(torch.ones(1))
    code = snippet_of(tmp_path, {"model": network().state_dict(), "scaler": scaler.state_dict()})
    fresh = torch.amp.GradScaler("cpu")
    run(code, model=network(), scaler=fresh)
    assert fresh.state_dict() == scaler.state_dict()


@pytest.mark.parametrize(
    "wrap", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "module.module._orig_mod."]
)
@pytest.mark.parametrize("nested", [False, True])
def test_wrappers_prefixes_are_taken_off_in_any_nesting(tmp_path, wrap, nested):
    model = network(1)
    state = {wrap + name: value for name, value in model.state_dict().items()}
    code = snippet_of(tmp_path, {"epoch": 1, "model": state} if nested else state)
    assert same(run(code, model=network(2)).model, model)


class Compiled(torch.nn.Module):
    """Keeps its model under the name that ``torch.compile`` gives it; that itself takes seconds to import."""

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self._orig_mod = model


def test_what_a_compiled_and_parallel_model_saved_loads_into_the_bare_one(tmp_path):
    model = network(1)
    wrapped = torch.nn.DataParallel(Compiled(torch.nn.DataParallel(model)))
    code = snippet_of(tmp_path, {"model_state_dict": wrapped.state_dict()})
    assert "module._orig_mod.module." in code
    assert "DataParallel or DistributedDataParallel and torch.compile" in code
    assert same(run(code, model=network(2)).model, model)


def test_a_prefix_that_only_some_names_have_stays(tmp_path):
    swa = torch.optim.swa_utils.AveragedModel(network(1))
    code = snippet_of(tmp_path, swa.state_dict())
    assert "removeprefix" not in code
    fresh = torch.optim.swa_utils.AveragedModel(network(2))
    assert same(run(code, model=fresh).model, swa)


def test_of_two_chains_of_prefixes_what_they_share_is_taken_off(tmp_path):
    inner = network(1)
    inner[2] = Compiled(inner[2])
    state = {f"module.{name}": value for name, value in inner.state_dict().items()}
    code = snippet_of(tmp_path, state)
    fresh = network(2)
    fresh[2] = Compiled(fresh[2])
    assert same(run(code, model=fresh).model, inner)


def test_two_optimizers_of_a_list_are_called_optimizers(tmp_path):
    first, second = trained(), trained()
    value = {
        "state_dict": first[0].state_dict(),
        "optimizer_states": [first[1].state_dict(), second[1].state_dict()],
    }
    code = snippet_of(tmp_path, value)
    run(code, model=network(3), optimizer=trained()[1], optimizer_2=trained()[1])


def test_a_bare_list_of_optimizers_is_given_to_them(tmp_path):
    model, optimizer, _ = trained()
    other = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    other.step()
    code = snippet_of(tmp_path, [optimizer.state_dict(), other.state_dict()])
    fresh = torch.optim.Adam(network(2).parameters(), lr=9)
    fresh_other = torch.optim.SGD(network(3).parameters(), lr=9)
    run(code, optimizer=fresh, optimizer_2=fresh_other)
    assert fresh.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]
    assert fresh_other.state_dict()["param_groups"] == other.state_dict()["param_groups"]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(2, 2)


@pytest.fixture
def project(monkeypatch):
    """A module of the user's own, which holds the class."""
    module = types.ModuleType("my_project_models")
    module.Net = Net
    monkeypatch.setitem(sys.modules, "my_project_models", module)
    monkeypatch.setattr(Net, "__module__", "my_project_models")


def test_a_whole_model_names_its_class_warns_and_advises(tmp_path, project):
    model = Net()
    code = snippet_of(tmp_path, model)
    assert "# You supply the class Net: importable from my_project_models" in code
    assert "weights_only=False" in code
    assert "only if you trust" in code
    assert "# torch.save(model.state_dict()" in code
    assert same(run(code).model, model)


def test_a_whole_model_from_a_script_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "Net", Net, raising=False)
    monkeypatch.setattr(Net, "__module__", "__main__")
    code = snippet_of(tmp_path, Net())
    assert "# You supply the class Net: defined in the script that you run" in code
    run(code)


def test_a_whole_model_of_torchs_own_classes_needs_nothing(tmp_path):
    model = network()
    code = snippet_of(tmp_path, model)
    assert "You supply" not in code
    assert same(run(code).model, model)


def test_a_whole_model_within_a_checkpoint_is_taken_out(tmp_path, project):
    model = Net()
    code = snippet_of(tmp_path, {"epoch": 2, "model": model})
    assert same(run(code).model, model)
    assert "weights_only=False" in code


def test_a_lone_tensor_is_a_tensor(tmp_path):
    assert torch.equal(run(snippet_of(tmp_path, torch.arange(3))).tensor, torch.arange(3))


def test_a_list_of_tensors_is_just_loaded(tmp_path):
    assert len(run(snippet_of(tmp_path, [torch.arange(3), torch.ones(1)])).checkpoint) == 2


def test_an_optimizers_state_alone_goes_to_the_optimizer(tmp_path):
    _, optimizer, _ = trained()
    fresh = torch.optim.Adam(network().parameters(), lr=3)
    run(snippet_of(tmp_path, optimizer.state_dict()), optimizer=fresh)
    assert fresh.state_dict()["param_groups"][0]["lr"] == optimizer.state_dict()["param_groups"][0]["lr"]


def test_numpy_scalars_need_a_full_load_and_the_reason_is_told(tmp_path):
    code = snippet_of(tmp_path, {"model": network().state_dict(), "loss": np.float64(0.5), "epoch": 1})
    assert "weights_only=False" in code
    assert "multiarray.scalar" in code
    assert run(code, model=network()).loss == 0.5


def test_containers_that_weights_only_takes_need_no_full_load(tmp_path):
    value = {"model": network().state_dict(), "seen": {1, 2}, "counts": collections.Counter("aab"), "z": 1 + 2j}
    code = snippet_of(tmp_path, value)
    assert "weights_only=True" in code
    run(code, model=network())


def test_a_newer_pickle_protocol_needs_a_full_load(tmp_path):
    torch.save({"model": network().state_dict(), "epoch": 1}, tmp_path / "c.pt", pickle_protocol=4)
    checkpoint = open_checkpoint(str(tmp_path / "c.pt"))
    code = load_snippet(checkpoint)
    assert "it is a pickle of protocol 4, which that cannot read" in code
    run(code, model=network())


def test_odd_keys_and_file_names_are_safe_literals(tmp_path):
    name = 'it\'s "odd"\n\u202e {x}.pt'
    value = {"mo'del\n\"{}\\": network(1).state_dict(), "optimizer\u202e": trained()[1].state_dict(), "epoch": 1}
    code = snippet_of(tmp_path, value, name)
    assert "\u202e" not in code
    model, optimizer, _ = trained()
    names = run(code, **({"model": model} if "supply model" in code else {}), optimizer=optimizer)
    assert names.start_epoch == 2


def test_safetensors_load_with_its_own_library(tmp_path):
    model = network(1)
    save_file(model.state_dict(), tmp_path / "m.safetensors", metadata={"format": "pt"})
    code = load_snippet(open_checkpoint(str(tmp_path / "m.safetensors")))
    assert "from safetensors.torch import load_file" in code
    assert same(run(code, model=network(2)).model, model)


class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
        self.b.weight = self.a.weight


def test_safetensors_with_names_left_out_as_tied_load_into_the_model(tmp_path):
    model = Tied()
    save_model(model, str(tmp_path / "m.safetensors"))
    code = load_snippet(open_checkpoint(str(tmp_path / "m.safetensors")))
    assert same(run(code, model=Tied()).model, model)


def test_what_torch_cannot_load_has_no_snippet(tmp_path):
    torch.save({"a": torch.ones(1000)}, tmp_path / "c.pt")
    whole = (tmp_path / "c.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[:3000])
    assert load_snippet(open_checkpoint(str(tmp_path / "cut.pt"))) is None
    save_file({"a": torch.ones(1000)}, tmp_path / "m.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "m.safetensors").read_bytes()[:-1])
    assert load_snippet(open_checkpoint(str(tmp_path / "cut.safetensors"))) is None


def test_the_saved_device_is_a_sentence(tmp_path):
    from ckptgui.core.builder import TableBuilder
    from ckptgui.core.dtypes import BY_NAME

    def on(*devices):
        builder = TableBuilder()
        for i, device in enumerate(devices):
            builder.add((str(i),), (), BY_NAME["float32"], device=device)
        return Checkpoint("p", "torch-zip", 0, (), builder.build(), ())

    assert device_sentence(on("cpu", "meta")) is None
    assert device_sentence(on("cuda:0", "cpu")) == (
        "Saved on cuda:0; without one, plain torch.load fails: use map_location, or export for CPU."
    )
    assert device_sentence(on("cuda:0", "cuda:1")).startswith("Saved on cuda:0 and cuda:1; without these,")
    assert "# It was saved on cuda:0; map_location makes it load anywhere." in load_snippet(on("cuda:0"))


def test_what_a_pickle_names_is_a_sentence(tmp_path):
    def naming(**uses):
        names = tuple(GlobalName(name, use) for name, use in uses.items())
        return Checkpoint("p", "torch-zip", 0, (), open_checkpoint(str(path)).tensors, (), globals=names)

    path = tmp_path / "c.pt"
    torch.save({}, path)
    known, klass, call = GlobalClass.KNOWN, GlobalClass.CLASS, GlobalClass.CALLABLE
    assert safety_sentence(naming(a=known)) == "Holds tensors and plain values alone; nothing was run."
    assert safety_sentence(naming(a=klass)) == "Names 1 class; nothing was run."
    assert safety_sentence(naming(a=klass, b=klass, c=klass)) == "Names 3 classes; nothing was run."
    assert safety_sentence(naming(**{"os.system": call})) == "A full load would call os.system; nothing was run."
    assert "call 2 functions, x first" in safety_sentence(naming(x=call, y=call))


def test_every_name_that_weights_only_takes_is_known_here():
    from torch._weights_only_unpickler import _get_allowed_globals

    elsewhere = ("torch.cuda.", "torch.sparse.", "torch.xpu.", "torch.mtia.")
    theirs = {name for name in _get_allowed_globals() if not name.startswith(elsewhere)}
    assert theirs <= ALLOWED


def test_weights_loose_among_other_parts_are_picked_out(tmp_path):
    model, optimizer, _ = trained()
    code = snippet_of(tmp_path, {**model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 7})
    fresh = network(5)
    names = run(code, model=fresh, optimizer=torch.optim.Adam(fresh.parameters()))
    assert same(fresh, model)
    assert names.start_epoch == 8


def test_a_number_among_the_weights_is_left_out(tmp_path):
    model = network(1)
    code = snippet_of(tmp_path, {**model.state_dict(), "epoch": 7})
    assert same(run(code, model=network(2)).model, model)


@pytest.mark.parametrize("flat", [False, True])
def test_an_optimizers_state_by_name_goes_to_the_model_and_the_optimizer(tmp_path, flat):
    model, optimizer, _ = trained()
    options = StateDictOptions(flatten_optimizer_state_dict=flat)
    state = get_optimizer_state_dict(model, optimizer, options=options)
    code = snippet_of(tmp_path, {"model": model.state_dict(), "optim": state})
    assert "(Adam, by its state)" in code
    fresh = network(5)
    fresh_optimizer = torch.optim.Adam(fresh.parameters(), lr=9)
    run(code, model=fresh, optimizer=fresh_optimizer)
    (group,) = fresh_optimizer.state_dict()["param_groups"]
    assert group["lr"] == optimizer.param_groups[0]["lr"]
    assert torch.equal(*(o.state_dict()["state"][0]["exp_avg"] for o in (optimizer, fresh_optimizer)))
