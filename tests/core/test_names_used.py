"""Every name in a pickle with where it stands and what a full load would do; nothing of it is done."""

import io
import os
import pickle
import sys
import types
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ckptgui.core.checkpoint import GlobalClass
from ckptgui.core.loading.how_to_load import safety_sentence
from ckptgui.core.loading.weights_only import why_refused
from ckptgui.core.names_used import names_verdict, used_names
from ckptgui.formats.registry import open_checkpoint


class Calls:
    def __init__(self, *args):
        self.args = args

    def __reduce__(self):
        return os.system, self.args


class Plain:
    def __init__(self):
        self.rate = 0.1


def opened(tmp_path, obj):
    torch.save(obj, tmp_path / "c.pt")
    return open_checkpoint(str(tmp_path / "c.pt"))


def test_a_call_is_told_with_its_arguments_and_place(tmp_path):
    checkpoint = opened(tmp_path, {"model": nn.Linear(2, 2).state_dict(), "extra": {"x": Calls("echo hello")}})
    worst = used_names(checkpoint)[0]
    assert (worst.name, worst.use) == ("posix.system", GlobalClass.CALLABLE)
    assert worst.effect == "Imports posix and calls posix.system('echo hello')."
    assert worst.path == ("extra", "x")
    assert not worst.allowed
    record, _, byte = worst.where.partition(", byte ")
    data = torch.PyTorchFileReader(str(tmp_path / "c.pt")).get_record(record.partition("/")[2])
    assert data[int(byte.replace(",", "")) :].startswith(b"cposix\nsystem\n")
    verdict = "A full load would call posix.system; weights_only=True refuses: it names posix.system."
    assert names_verdict(checkpoint) == f"{verdict} Nothing was run here."


def test_the_number_of_arguments_is_told_where_they_are_no_plain_values(tmp_path):
    worst = used_names(opened(tmp_path, [Calls(torch.ones(1))]))[0]
    assert worst.effect == "Imports posix and calls posix.system with 1 argument."


def test_a_class_that_is_only_made_is_no_call(tmp_path):
    checkpoint = opened(tmp_path, {"a": Plain()})
    worst = used_names(checkpoint)[0]
    assert worst.use is GlobalClass.CLASS
    assert "makes objects of Plain;" in worst.effect
    assert worst.path == ("a",)
    assert "would import 1 class;" in names_verdict(checkpoint)


def test_a_name_that_is_only_mentioned_is_still_imported(tmp_path):
    checkpoint = opened(tmp_path, {"activation": nn.functional.relu})
    worst = used_names(checkpoint)[0]
    assert worst.effect.startswith("Imports torch.nn.functional, which runs that module's own code;")


def test_a_module_is_where_its_class_stands(tmp_path):
    names = {name.name: name for name in used_names(opened(tmp_path, {"net": nn.Sequential(nn.ReLU())}))}
    assert names["torch.nn.modules.activation.ReLU"].path == ("net", "0")


def test_tensors_alone_name_what_is_known(tmp_path):
    checkpoint = opened(tmp_path, nn.Linear(2, 2).state_dict())
    assert all(name.allowed and name.use is GlobalClass.KNOWN for name in used_names(checkpoint))
    assert names_verdict(checkpoint) == (
        "A full load only rebuilds tensors and plain values; weights_only=True takes it. Nothing was run here."
    )


@pytest.mark.parametrize(
    "obj", [{"a": Plain()}, {"a": torch.ones(1)}, nn.Linear(1, 1), {"n": torch.ones(1).numpy()}, {"s": {1, 2}}]
)
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_the_restricted_loader_agrees(tmp_path, obj, protocol):
    torch.save(obj, tmp_path / "c.pt", pickle_protocol=protocol)
    checkpoint = open_checkpoint(str(tmp_path / "c.pt"))
    try:
        torch.load(tmp_path / "c.pt", weights_only=True)
    except pickle.UnpicklingError:
        assert why_refused(checkpoint) is not None
        assert "refuses" in names_verdict(checkpoint)
    else:
        assert why_refused(checkpoint) is None
        assert "takes it" in names_verdict(checkpoint)


def test_a_name_in_a_pickle_within_says_so(tmp_path):
    inner = io.BytesIO()
    torch.save(Calls("x"), inner)

    class Loads:
        def __reduce__(self):
            return torch.storage._load_from_bytes, (inner.getvalue(),)

    names = {name.name: name for name in used_names(opened(tmp_path, {"a": Loads()}))}
    assert names["posix.system"].where == "c/data.pkl, in a pickle within it"


def test_no_sentence_promises_safety(tmp_path):
    for obj in ({"a": Plain(), "b": Calls("x")}, {"a": torch.ones(1)}):
        checkpoint = opened(tmp_path, obj)
        told = [names_verdict(checkpoint), *(name.effect for name in used_names(checkpoint))]
        assert "safe" not in " ".join(told).lower()


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_an_archive_of_torchscript_is_compiled_not_imported(tmp_path):
    torch.jit.script(nn.Sequential(nn.ReLU())).save(str(tmp_path / "s.pt"))
    checkpoint = open_checkpoint(str(tmp_path / "s.pt"))
    assert names_verdict(checkpoint).startswith("torch.jit.load compiles the archive's own code for 2 classes")
    assert used_names(checkpoint)[0].effect.startswith("torch.jit.load compiles the archive's own code for ")


def test_a_format_without_pickles_has_nothing_to_import(tmp_path):
    save_file({"w": torch.ones(1)}, tmp_path / "w.safetensors")
    checkpoint = open_checkpoint(str(tmp_path / "w.safetensors"))
    assert names_verdict(checkpoint).startswith("It holds no pickle")


class Member:
    """Pickled as a member of an enumeration is: a class of that name called with a value."""

    def __init__(self, monkeypatch, path, *args):
        module, _, name = path.rpartition(".")
        self.made = type(name, (), {"__module__": module}), args
        for package in (module.partition(".")[0], module):
            monkeypatch.setitem(sys.modules, package, sys.modules.get(package) or types.ModuleType(package))
        setattr(sys.modules[module], name, self.made[0])

    def __reduce__(self):
        return self.made


def test_a_member_of_a_known_enumeration_is_still_a_call_and_told_as_one(tmp_path, monkeypatch):
    linear = Member(monkeypatch, "transformers.trainer_utils.SchedulerType", "linear")
    alone = opened(tmp_path, {"lr": linear})
    worst = used_names(alone)[0]
    assert worst.use is GlobalClass.CALLABLE
    assert worst.effect == (
        "Imports transformers.trainer_utils and calls transformers.trainer_utils.SchedulerType('linear'). "
        "Where transformers is installed under that name, it is an enumeration and the call picks a member."
    )
    assert "would call transformers.trainer_utils.SchedulerType (an enumeration, by its name);" in names_verdict(
        alone
    )
    both = opened(tmp_path, {"lr": linear, "x": Calls("echo")})
    assert "would call 2 functions, posix.system first (1 of them an enumeration, by name);" in names_verdict(both)
    assert safety_sentence(both) == "A full load would call 2 functions, posix.system first; nothing was run."


@pytest.mark.parametrize(
    ("path", "args"),
    [("transformers.trainer_utils.SchedulerType", ("a", "b")), ("transformers.trainer_utils.Unheard", ("a",))],
)
def test_another_call_is_no_member_of_an_enumeration(tmp_path, monkeypatch, path, args):
    checkpoint = opened(tmp_path, {"x": Member(monkeypatch, path, *args)})
    assert "enumeration" not in used_names(checkpoint)[0].effect + names_verdict(checkpoint)


def test_the_names_that_are_refused_are_counted_with_their_digits_grouped(tmp_path):
    checkpoint = opened(tmp_path, {"a": Plain()})
    many = replace(checkpoint, globals=checkpoint.globals[-1:] * 10_000)
    assert why_refused(many).endswith("and 9,999 more")
