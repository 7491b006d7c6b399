"""Snippets for TorchScript, torch.export and torch.package archives are run with real torch."""

import sys
import warnings

import pytest
import torch
from torch import nn

from ckptgui.core.loading.how_to_load import load_snippet
from ckptgui.formats.registry import open_checkpoint
from tests.formats import package_files
from tests.formats.export_files import program, save, save_older
from tests.formats.script_files import Net, Plain, old_model, quantised, repacked, script

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def run(path):
    """What the names of a snippet are after it ran."""
    names = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(load_snippet(open_checkpoint(str(path))), "snippet", "exec"), names)
    return names


@pytest.mark.parametrize("model", [Plain, Net])
def test_a_scripted_model_is_loaded_by_torch_jit(model, tmp_path):
    path = tmp_path / "model.pt"
    scripted = script(model())
    scripted.save(path)
    names = run(path)
    assert names["state_dict"].keys() == scripted.state_dict().keys()
    assert not names["model"].training


def test_so_are_mobile_frozen_and_repacked_ones(tmp_path):
    path = tmp_path / "model.ptl"
    quantised()._save_for_lite_interpreter(str(path))
    assert "take.scale" in run(path)["state_dict"]
    frozen = tmp_path / "frozen.pt"
    torch.jit.freeze(script(Net().eval())).save(frozen)
    assert "state_dict" not in run(frozen)
    assert run(repacked(frozen, tmp_path / "again.pt"))["model"](torch.ones(1, 3, 8, 8)).shape == (1, 5)


def test_torch_load_refuses_it_as_the_snippet_says(tmp_path):
    path = tmp_path / "model.pt"
    script(nn.Linear(1, 1)).save(path)
    assert "torch.load refuses it" in load_snippet(open_checkpoint(str(path)))
    with pytest.raises(RuntimeError, match="TorchScript"), pytest.warns(UserWarning, match="TorchScript"):
        torch.load(path)


def test_archives_that_torch_no_longer_loads_have_no_snippet(tmp_path):
    old_model(tmp_path / "old.pt")
    assert load_snippet(open_checkpoint(str(tmp_path / "old.pt"))) is None
    with pytest.raises(RuntimeError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.load(tmp_path / "old.pt")


@pytest.mark.parametrize("saving", [save, save_older])
def test_an_exported_program_is_loaded_by_torch_export(saving, tmp_path):
    path = saving(program(), tmp_path / "model.pt2")
    names = run(path)
    assert "head.weight" in names["state_dict"]
    assert names["model"](torch.tensor([1, 2])).shape == (2, 10)


def test_the_first_of_several_programs_is_taken_and_the_others_named(tmp_path):
    from torch.export.pt2_archive._package import package_pt2

    path = tmp_path / "two.pt2"
    both = {"one": program(), "two": torch.export.export(nn.Linear(2, 2), (torch.ones(1, 2),))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package_pt2(str(path), exported_programs=both)
    assert "# also two" in load_snippet(open_checkpoint(str(path)))
    assert "head.weight" in run(path)["state_dict"]


def test_a_packaged_model_is_loaded_by_its_importer(tmp_path):
    path, expected = package_files.whole_model(tmp_path)
    before = set(sys.modules)
    names = run(path)
    assert names["model"].state_dict().keys() == {name for (name,) in expected}
    assert not names["model"].training
    assert "packaged_nets" not in set(sys.modules) - before


def test_each_of_several_pickles_gets_a_name(tmp_path):
    path, _ = package_files.several(tmp_path)
    names = run(repacked(path, tmp_path / "again.pt"))
    assert isinstance(names["model"], nn.Module)
    assert "fc.weight" in names["weights"]
    assert names["values"]["lr"] == 0.1


def test_a_packaged_script_module_too(tmp_path):
    path, _ = package_files.with_script(tmp_path)
    (value,) = (value for name, value in run(path).items() if isinstance(value, dict) and "epoch" in value)
    assert value["net"](torch.ones(1, 2)).shape == (1, 2)


def test_modules_that_the_package_relies_on_are_named(tmp_path):
    with package_files.package(tmp_path / "p.pt") as exporter:
        exporter.extern("pytest.**")
        exporter.save_source_string("mine", "import pytest\n", dependencies=True)
        exporter.save_pickle("mine", "v.pkl", {"w": torch.ones(2)})
    assert "# You supply the modules pytest" in load_snippet(open_checkpoint(str(tmp_path / "p.pt")))
