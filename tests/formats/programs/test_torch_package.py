"""Archives of torch.package: what is listed, under which names, and what is said about them."""

import zipfile

import pytest
import torch

from ckptgui.cli.main import main
from ckptgui.core.checkpoint import GlobalClass, Role, SavedShape
from ckptgui.core.loading.how_to_load import load_snippet
from ckptgui.errors import UnknownFormatError
from ckptgui.formats.registry import open_checkpoint
from tests.formats.conformance import ReaderConformance
from tests.formats.package_files import package, several, whole_model, with_script
from tests.formats.script_files import repacked

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def deflated(folder):
    path, expected = several(folder)
    return repacked(path, folder / "again.pt"), expected


class TestTorchPackage(ReaderConformance):
    format = "torch-package"

    @classmethod
    def cases(cls):
        return {"several": several, "model": whole_model, "deflated": deflated, "script": with_script}

    @classmethod
    def large(cls, folder):
        with package(folder / "large.pt") as exporter:
            exporter.save_pickle("model", "w.pkl", {"w": torch.zeros(1024, 512), "b": torch.zeros(512)})
        return folder / "large.pt"


def test_each_pickle_is_a_section_under_its_name(tmp_path):
    path, _ = several(tmp_path)
    found = {section.path: section.role for section in open_checkpoint(str(path)).sections}
    assert found["model/model.pkl",] is Role.MODEL
    assert found["deep/er/weights.pkl",] is Role.MODEL
    assert found["model/values.pkl", "list"] is Role.OTHER


def test_tensors_of_different_pickles_share_their_storage(tmp_path):
    path, _ = several(tmp_path)
    checkpoint = open_checkpoint(str(path))
    (other,) = checkpoint.tied_to(checkpoint.row(("model/model.pkl", "fc.weight")))
    assert checkpoint.tensors.path(other) == ("deep/er/weights.pkl", "fc.weight")


def test_a_whole_model_is_told_as_one(tmp_path):
    path, _ = whole_model(tmp_path)
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.saved_shape is SavedShape.MODULE
    assert checkpoint.modules[0].class_name == "packaged_nets.net.Net"
    assert checkpoint.metadata["heads"] == 3


def test_sources_are_code_and_other_resources_are_named(tmp_path):
    path, _ = several(tmp_path)
    found = open_checkpoint(str(path)).attributes
    code = dict(found["code"])
    assert "packaged_nets/net.py" in code
    extent = code["packaged_nets/net.py"]
    assert b"class Net(torch.nn.Module)" in path.read_bytes()[extent.file_offset :][: extent.nbytes]
    assert [name for name, _ in found["extra"]] == ["notes/raw", "notes/read.txt"]
    assert "torch.nn.modules.linear" in found["extern_modules"]
    assert found["python_version"].startswith("3.")
    assert found["pickles"] == ("model/model.pkl", "deep/er/weights.pkl", "model/values.pkl")


def test_loading_it_reaches_for_its_own_classes(tmp_path):
    path, _ = several(tmp_path)
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.verdict == "classes"
    uses = {name.name: name.use for name in checkpoint.globals}
    assert uses["packaged_nets.net.Net"] is GlobalClass.CLASS


def test_a_value_left_to_a_function_counts_as_a_call(tmp_path):
    path, _ = with_script(tmp_path)
    pid = b"(X\x0e\x00\x00\x00reduce_packageK\x07cos\nsystem\nX\x02\x00\x00\x00ls\x85t"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("script/model/odd.pkl", b"\x80\x02}X\x01\x00\x00\x00x" + pid + b"Qs.")
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.verdict == "calls"
    assert checkpoint.metadata["model/odd.pkl"]["x"]["__class__"] == "os.system"


def test_a_pickle_that_breaks_off_costs_no_other(tmp_path):
    path, expected = several(tmp_path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "again.pt", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[: len(data) // 2] if name.endswith("values.pkl") else data)
    checkpoint = open_checkpoint(str(tmp_path / "again.pt"))
    assert {path for path in checkpoint if path[0] != "model/values.pkl"} == {
        path for path in expected if path[0] != "model/values.pkl"
    }
    assert any("model/values.pkl" in warning for warning in checkpoint.warnings)


def test_a_missing_storage_is_said_at_its_tensors(tmp_path):
    path, _ = whole_model(tmp_path)
    bare = repacked(path, tmp_path / "bare.pt", lambda name: not name.endswith("/1.storage"))
    errors = {info.name: info.error for info in open_checkpoint(str(bare)).tensors}
    assert sum(error is not None for error in errors.values()) == 1
    assert any("not in the file" in error for error in errors.values() if error)


def test_the_layout_of_the_first_trial_is_read_too(tmp_path):
    """torch 1.8 put storages into ``data/`` and hid nothing."""
    path, expected = whole_model(tmp_path)
    with zipfile.ZipFile(path) as new, zipfile.ZipFile(tmp_path / "old.pt", "w") as old:
        for name in new.namelist():
            kept = name.replace("/.data/extern_modules", "/extern_modules").replace("/.data/version", "/version")
            if name.endswith(".storage"):
                kept = name.removesuffix(".storage").replace("/.data/", "/data/")
            old.writestr(kept, new.read(name))
    checkpoint = open_checkpoint(str(tmp_path / "old.pt"))
    assert checkpoint.format == "torch-package"
    assert list(checkpoint) == list(expected)
    assert not checkpoint.tensors.errors
    assert checkpoint.attributes["extern_modules"]
    assert load_snippet(checkpoint) is None


def test_a_cut_package_is_named(tmp_path):
    path, _ = several(tmp_path)
    (tmp_path / "cut.pt").write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UnknownFormatError, match=r"torch\.package, cut"):
        open_checkpoint(str(tmp_path / "cut.pt"))


def test_its_weights_export_as_safetensors(tmp_path, capsys):
    from safetensors.torch import load_file

    path, expected = whole_model(tmp_path)
    assert main(["export", str(path), str(tmp_path / "out.safetensors")], None) == 0
    written = load_file(tmp_path / "out.safetensors")
    assert written.keys() == {name for (name,) in expected}
    assert all(torch.equal(value, expected[name,]) for name, value in written.items())
