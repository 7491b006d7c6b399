"""TorchScript archives: what is listed, under which names, and what is said about them."""

import json
import warnings
import zipfile
import zlib

import pytest
import torch
from torch import nn

from ckptgui.cli.main import main
from ckptgui.core.checkpoint import GlobalClass, Role, SavedShape
from ckptgui.core.extents import Codec
from ckptgui.core.tensors import TensorKind
from ckptgui.errors import CheckpointError, DamagedFileError
from ckptgui.formats.registry import open_checkpoint
from tests.formats.conformance import ReaderConformance
from tests.formats.script_files import (
    Net,
    Plain,
    constants_of,
    old_archive,
    old_model,
    quantised,
    repacked,
    script,
    state_dict,
)  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def scripted(folder):
    path = folder / "model.pt"
    script(Plain()).save(path)
    return path, state_dict(path)


def with_attributes(folder):
    path = folder / "model.pt"
    model = script(Net(attributes=True))
    model.save(path)
    expected = state_dict(path)
    loaded = torch.jit.load(path)
    first = {name: expected.pop(name) for name in (("tied",), ("passing",))}
    own = {("table",): loaded.table, ("by_name.w",): loaded.by_name["w"], ("by_name.v",): loaded.by_name["v"]}
    return path, {**first, **own, **expected}


def traced(folder):
    path = folder / "model.pt"
    model = Plain().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(model, torch.randn(2, 3)).save(path)
    return path, state_dict(path)


def frozen(folder):
    path = folder / "model.pt"
    torch.jit.freeze(script(Net(attributes=True).eval())).save(path)
    return path, {("constants", str(number)): tensor for number, tensor in enumerate(constants_of(path))}


def mobile(folder):
    path = folder / "model.ptl"
    script(Plain())._save_for_lite_interpreter(str(path))
    return path, state_dict(path)


def quantised_mobile(folder):
    path = folder / "model.ptl"
    quantised()._save_for_lite_interpreter(str(path))
    expected = state_dict(path)
    loaded = torch.jit.load(path)
    conv = loaded.conv._weight_bias()
    line = loaded.line._packed_params._weight_bias()
    own = {("conv.state.10",): conv[0], ("conv.state.11",): conv[1]}
    own |= {(f"line._packed_params._packed_params.state.{number}",): tensor for number, tensor in enumerate(line)}
    return path, {**expected, **own}


def deflated(folder):
    path, expected = scripted(folder)
    return repacked(path, folder / "again.pt"), expected


def old(folder):
    path = folder / "old.pt"
    return path, old_model(path)


class TestTorchScript(ReaderConformance):
    format = "torchscript"

    @classmethod
    def cases(cls):
        return {
            "scripted": scripted, "attributes": with_attributes, "traced": traced, "frozen": frozen,
            "mobile": mobile, "quantised": quantised_mobile, "deflated": deflated, "old": old,
        }  # fmt: skip

    @classmethod
    def large(cls, folder):
        path = folder / "large.pt"
        script(nn.Linear(1024, 512)).save(path)
        return path


def inflated(path, extent):
    """The bytes of a compressed record."""
    (segment,) = extent.segments
    raw = path.read_bytes()[segment.offset : segment.offset + segment.length]
    return zlib.decompress(raw, -15) if extent.codec is Codec.DEFLATE else raw


def test_kinds_are_told_by_the_code(tmp_path):
    path, _ = with_attributes(tmp_path)
    kinds = {info.name: (info.kind, info.persistent) for info in open_checkpoint(str(path)).tensors}
    assert kinds["stem.weight"] == (TensorKind.PARAMETER, True)
    assert kinds["layers.0.bn.running_mean"] == (TensorKind.BUFFER, True)
    assert kinds["passing"] == (TensorKind.BUFFER, True)  # torch.jit keeps it
    assert kinds["table"] == kinds["by_name.w"] == (TensorKind.TENSOR, False)


def test_it_is_a_whole_model_with_the_classes_that_its_program_had(tmp_path):
    path, _ = with_attributes(tmp_path)
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.saved_shape is SavedShape.MODULE
    assert [(s.path, s.role) for s in checkpoint.sections] == [((), Role.MODEL)]
    classes = {".".join(module.path): module.class_name for module in checkpoint.modules}
    assert classes["layers.1.conv"] == "torch.nn.modules.conv.Conv2d"
    assert classes["layers.1"] == "tests.formats.script_files.Block"
    assert all(module.training for module in checkpoint.modules)


def test_plain_attributes_and_constants_of_classes_are_metadata(tmp_path):
    path, _ = with_attributes(tmp_path)
    values = open_checkpoint(str(path)).metadata
    assert (values["names"], values["scale"]) == (["a", "b"], 2.5)
    assert values["stem"]["kernel_size"] == [3, 3]
    assert values["layers"]["0"]["bn"]["eps"] == 1e-05
    assert values["layers"]["0"]["drop"]["p"] == 0.1


def test_tied_tensors_share_their_storage(tmp_path):
    path, _ = with_attributes(tmp_path)
    checkpoint = open_checkpoint(str(path))
    (other,) = checkpoint.tied_to(checkpoint.row(("tied",)))
    assert checkpoint.tensors.path(other) == ("head.weight",)


def test_the_training_flag_is_each_modules_own(tmp_path):
    path = tmp_path / "model.pt"
    model = Net()
    model.layers[0].eval()
    script(model).save(path)
    flags = {module.path: module.training for module in open_checkpoint(str(path)).modules}
    assert flags[("layers.0.bn",)] is False
    assert flags[("layers.1.bn",)] is True


def test_loading_it_reaches_for_its_own_classes_and_calls_nothing(tmp_path):
    path, _ = with_attributes(tmp_path)
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.verdict == "classes"
    uses = {name.name: name.use for name in checkpoint.globals}
    assert uses.pop("torch.jit._pickle.restore_type_tag") is GlobalClass.KNOWN
    assert {use for name, use in uses.items() if name.startswith("__torch__.")} == {GlobalClass.CLASS}


def test_the_code_and_the_extra_files_are_where_they_say(tmp_path):
    path = tmp_path / "model.pt"
    torch.jit.save(script(nn.Linear(2, 2)), path, _extra_files={"labels.txt": "cat\ndog"})
    found = open_checkpoint(str(path)).attributes
    (code,) = [extent for name, extent in found["code"] if "/linear" in name]
    assert b"class Linear(Module):" in inflated(path, code)
    ((name, extent),) = found["extra"]
    assert (name, extent.nbytes) == ("labels.txt", 7)
    assert path.read_bytes()[extent.file_offset :][:7] == b"cat\ndog"
    assert found["archive_version"] >= 3
    assert found["mobile"] is False


def test_a_mobile_archive_says_that_it_is_one(tmp_path):
    path, _ = mobile(tmp_path)
    assert open_checkpoint(str(path)).attributes["mobile"] is True


def test_without_its_code_the_tensors_are_all_there_and_their_kinds_a_guess(tmp_path):
    path, expected = scripted(tmp_path)
    bare = repacked(path, tmp_path / "bare.pt", lambda name: "/code/" not in name)
    checkpoint = open_checkpoint(str(bare))
    assert set(checkpoint) == set(expected)
    assert any("guessed" in warning for warning in checkpoint.warnings)


def test_code_of_before_1_5_has_every_tensor_in_the_state_dict(tmp_path):
    """torch 1.3 and 1.4 wrote no line for buffers; each attribute that is a tensor was one."""
    path, expected = scripted(tmp_path)

    def older(data):
        return b"\n".join(line for line in data.split(b"\n") if b"__buffers__" not in line)

    with zipfile.ZipFile(path) as new, zipfile.ZipFile(tmp_path / "old.pt", "w") as archive:
        for name in new.namelist():
            data = new.read(name)
            archive.writestr(name, older(data) if name.endswith(".py") else data)
    checkpoint = open_checkpoint(str(tmp_path / "old.pt"))
    assert list(checkpoint) == list(expected)
    assert all(info.persistent for info in checkpoint.tensors)


def test_a_cut_archive_is_still_told_as_what_it_is(tmp_path):
    path, _ = with_attributes(tmp_path)
    data = path.read_bytes()
    (tmp_path / "cut.pt").write_bytes(data[:-30])
    checkpoint = open_checkpoint(str(tmp_path / "cut.pt"))
    assert checkpoint.format == "torchscript"
    assert any("cut short" in warning for warning in checkpoint.warnings)
    (tmp_path / "short.pt").write_bytes(data[:300])
    with pytest.raises(DamagedFileError, match="cut short"):
        open_checkpoint(str(tmp_path / "short.pt"))


def test_an_old_archive_has_kinds_values_and_a_verdict_too(tmp_path):
    path, _ = old(tmp_path)
    checkpoint = open_checkpoint(str(path))
    kinds = {info.name: info.kind for info in checkpoint.tensors}
    assert kinds["sub.half"] is TensorKind.PARAMETER
    assert kinds["sub.steps"] is TensorKind.BUFFER
    assert checkpoint.metadata["sizes"] == [1, 2]
    assert checkpoint.verdict == "classes"
    assert [name for name, _ in checkpoint.attributes["code"]] == ["old.py"]


@pytest.mark.parametrize(
    "table",
    [
        {"mainModule": {"parameters": [{"name": "w", "tensorId": "9"}]}},
        {"mainModule": {"parameters": [{"name": "w", "tensorId": "0"}]}, "tensors": [{"dims": "x"}]},
        {"mainModule": {"parameters": [{"name": 3, "tensorId": 0}]}, "tensors": [{"dims": ["-1"]}]},
        {"mainModule": [], "tensors": 5},
        [],
    ],
)
def test_a_table_that_makes_no_sense_is_an_error_or_a_row_with_one(table, tmp_path):
    with zipfile.ZipFile(tmp_path / "odd.pt", "w") as archive:
        archive.writestr("odd/version", "1")
        archive.writestr("odd/model.json", json.dumps(table))
    try:
        checkpoint = open_checkpoint(str(tmp_path / "odd.pt"))
    except CheckpointError:
        return
    assert all(info.error for info in checkpoint.tensors)


def test_modules_nested_beyond_reason_are_refused(tmp_path):
    root = {}
    for _ in range(400):
        root = {"submodules": [root]}
    old_archive(tmp_path / "deep.pt", root, [])
    with pytest.raises(DamagedFileError, match="nest"):
        open_checkpoint(str(tmp_path / "deep.pt"))


def test_its_weights_export_as_safetensors(tmp_path, capsys):
    from safetensors.torch import load_file

    path, expected = scripted(tmp_path)
    assert main(["export", str(path), str(tmp_path / "out.safetensors")], None) == 0
    written = load_file(tmp_path / "out.safetensors")
    assert set(written) <= {name for (name,) in expected}
    assert all(torch.equal(value, expected[name,]) for name, value in written.items())
    assert {"body.0.weight", "body.1.bias", "kept.0", "wide", "many"} <= set(written)
