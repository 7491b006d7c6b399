"""Archives of torch.export: what is listed, under which names, and what is said about them."""

import io
import json
import pickle
import warnings
import zipfile

import pytest
import torch
from torch import nn

from ckptgui.cli.main import main
from ckptgui.core.checkpoint import GlobalClass, Role
from ckptgui.core.tensors import TensorKind
from ckptgui.errors import CheckpointError, UnknownFormatError
from ckptgui.formats.programs.export_payloads import LAYOUTS, SCALARS
from ckptgui.formats.registry import open_checkpoint
from tests.formats.conformance import ReaderConformance
from tests.formats.export_files import expected_of, program, save, save_older
from tests.formats.script_files import repacked

WEIGHTS = "model/data/weights/model_weights_config.json"


def today(folder):
    path = save(program(), folder / "model.pt2")
    return path, expected_of(path)


def older(folder):
    path = save_older(program(), folder / "older.pt2")
    return path, expected_of(path)


def deflated(folder):
    path, expected = today(folder)
    return repacked(path, folder / "again.pt2"), expected


def older_deflated(folder):
    path, expected = older(folder)
    return repacked(path, folder / "again.pt2"), expected


def of_a_class_of_its_own(folder):
    """A weight that torch.save wrote because its class is not plain."""
    path, _ = today(folder)

    def pickled(name, data):
        if name != WEIGHTS:
            return data
        table = json.loads(data)
        table["config"]["fc.weight"].update(use_pickle=True, path_name="weight_99")
        return json.dumps(table)

    buffer = io.BytesIO()
    torch.save(nn.Parameter(torch.arange(16.0).reshape(4, 4)), buffer)
    again = rewritten(path, folder / "again.pt2", pickled, {"model/data/weights/weight_99": buffer.getvalue()})
    return again, expected_of(again)


def several(folder):
    from torch.export.pt2_archive._package import load_pt2, package_pt2

    path = folder / "two.pt2"
    both = {"one": program(), "two": torch.export.export(nn.Linear(2, 2), (torch.ones(1, 2),))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package_pt2(str(path), exported_programs=both)
    loaded = load_pt2(str(path)).exported_programs
    expected = {}
    for name in ("one", "two"):
        expected |= {(name, *tensor): value for tensor, value in expected_of(path, loaded[name]).items()}
    return path, expected


class TestTorchExport(ReaderConformance):
    format = "torch-export"

    @classmethod
    def cases(cls):
        return {
            "today": today, "older": older, "deflated": deflated, "older deflated": older_deflated,
            "of its own class": of_a_class_of_its_own, "several": several,
        }  # fmt: skip

    @classmethod
    def large(cls, folder):
        return save(torch.export.export(nn.Linear(1024, 512), (torch.ones(1, 1024),)), folder / "large.pt2")


def rewritten(path, again, change=lambda name, data: data, more=(), without=()):
    """The archive with other records."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(again, "w") as new:
        for name in old.namelist():
            if name not in without:
                new.writestr(name, change(name, old.read(name)))
        for name, data in dict(more).items():
            new.writestr(name, data)
    return again


def changed(path, again, **change):
    """The archive with other words about ``fc.weight`` in the table of weights."""

    def apply(name, data):
        if name != WEIGHTS:
            return data
        table = json.loads(data)
        entry = table["config"]["fc.weight"]
        for key, value in change.items():
            (entry if key in entry else entry["tensor_meta"])[key] = value
        return json.dumps(table)

    return rewritten(path, again, apply)


def test_types_and_layouts_are_those_of_torchs_schema():
    from torch._export.serde import schema, serialize

    known = {int(k): str(v).removeprefix("torch.") for v, k in serialize._TORCH_TO_SERIALIZE_DTYPE.items()}
    assert known == SCALARS
    names = {value: name for name, value in schema.Layout.__members__.items() if value}
    assert {number: name.replace("_", "").lower() for number, name in LAYOUTS.items()} == {
        int(number): name.replace("_", "").lower() for number, name in names.items()
    }


def test_weights_constants_and_inputs_are_sections(tmp_path):
    path, _ = today(tmp_path)
    found = [(section.path, section.role) for section in open_checkpoint(str(path)).sections]
    assert found == [((), Role.MODEL), (("constants",), Role.OTHER), (("sample_inputs",), Role.OTHER)]


def test_parameters_buffers_and_those_that_pass_are_told_apart(tmp_path):
    path, _ = today(tmp_path)
    kinds = {info.path[-1]: (info.kind, info.persistent) for info in open_checkpoint(str(path)).tensors}
    assert kinds["emb.weight"] == (TensorKind.PARAMETER, True)
    assert kinds["every_other"] == (TensorKind.BUFFER, True)
    assert kinds["passing"] == (TensorKind.BUFFER, False)
    assert kinds["constant"] == (TensorKind.TENSOR, True)


def test_several_names_of_one_weight_are_tied(tmp_path):
    path, _ = today(tmp_path)
    checkpoint = open_checkpoint(str(path))
    (other,) = checkpoint.tied_to(checkpoint.row(("emb.weight",)))
    assert checkpoint.tensors.path(other) == ("head.weight",)


@pytest.mark.parametrize("make", [today, older])
def test_what_the_program_takes_and_gives_is_metadata(make, tmp_path):
    path, _ = make(tmp_path)
    said = open_checkpoint(str(path)).metadata["program"]
    assert said["inputs"] == [{"name": "x", "dtype": "int64", "shape": [2]}]
    assert said["outputs"][0]["shape"] == [2, 10]
    assert said["torch_version"] == torch.__version__
    assert said["graph_nodes"] > 3


def test_a_size_that_may_vary_is_told_as_its_expression(tmp_path):
    batch = torch.export.Dim("batch", min=2, max=16)
    exported = torch.export.export(nn.Linear(2, 3), (torch.ones(4, 2),), dynamic_shapes=({0: batch},))
    said = open_checkpoint(str(save(exported, tmp_path / "model.pt2"))).metadata["program"]
    (size, _) = said["inputs"][0]["shape"]
    assert said["range_constraints"][size] == {"min_val": 2, "max_val": 16}


def test_graph_and_extra_files_are_where_they_say(tmp_path):
    path = save(program(), tmp_path / "model.pt2", extra_files={"notes.txt": "hello"})
    found = open_checkpoint(str(path)).attributes
    assert [name for name, _ in found["code"]] == ["models/model.json", "extra/notes.txt"]
    ((name, extent),) = found["extra"]
    assert (name, path.read_bytes()[extent.file_offset :][:5]) == ("notes.txt", b"hello")


@pytest.mark.parametrize("make", [today, older])
def test_every_storage_that_lies_in_the_file_is_a_record(make, tmp_path):
    path, _ = make(tmp_path)
    checkpoint = open_checkpoint(str(path))
    records = {record.storage: record for record in checkpoint.records if record.storage >= 0}
    for info in checkpoint.tensors:
        record = records[info.storage]
        assert record.offset <= info.file_offset < record.offset + record.length
    offsets = [record.offset for record in checkpoint.records]
    assert offsets == sorted(offsets)


def test_a_weight_exported_without_values_is_a_meta_tensor(tmp_path):
    path, _ = today(tmp_path)
    number = json.loads(zipfile.ZipFile(path).read(WEIGHTS))["config"]["fc.weight"]["path_name"]
    record = f"model/data/weights/{number}"
    again = rewritten(path, tmp_path / "again.pt2", lambda name, data: b"" if name == record else data)
    info = open_checkpoint(str(again))["fc.weight",]
    assert (info.device, info.extent, info.error, info.shape) == ("meta", None, None, (4, 4))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dtype": 99}, "number 99"),
        ({"layout": 1}, "sparse_coo"),
        ({"sizes": [{"as_int": "x"}]}, "no numbers"),
        ({"sizes": [{"as_int": 400}, {"as_int": 4}]}, "needs"),
        ({"path_name": "weight_77"}, "not in the file"),
        ({"use_pickle": True}, "."),
        ({"path_name": "../../etc/passwd"}, "not in the file"),
    ],
)
def test_a_tensor_that_makes_no_sense_keeps_its_row_and_costs_no_other(change, reason, tmp_path):
    path, expected = today(tmp_path)
    checkpoint = open_checkpoint(str(changed(path, tmp_path / "again.pt2", **change)))
    assert list(checkpoint) == list(expected)
    bad = [info for info in checkpoint.tensors if info.error]
    assert [info.name for info in bad] == ["fc.weight"]
    assert reason in bad[0].error


def test_a_missing_or_damaged_table_is_said_and_the_rest_is_listed(tmp_path):
    path, expected = today(tmp_path)
    missing = open_checkpoint(str(rewritten(path, tmp_path / "missing.pt2", without=(WEIGHTS,))))
    broken = rewritten(path, tmp_path / "broken.pt2", lambda name, data: b"{" if name == WEIGHTS else data)
    for checkpoint, word in ((missing, "not in the file"), (open_checkpoint(str(broken)), "not JSON")):
        assert list(checkpoint) == [name for name in expected if len(name) > 1]
        assert any(word in warning for warning in checkpoint.warnings)


def test_a_cut_archive_is_named(tmp_path):
    path, _ = today(tmp_path)
    (tmp_path / "cut.pt2").write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UnknownFormatError, match=r"torch\.export"):
        open_checkpoint(str(tmp_path / "cut.pt2"))


class Bomb:
    def __reduce__(self):
        return (print, ("boom",))


def test_pickles_within_count_for_the_verdict_and_are_not_run(tmp_path, capsys):
    path, _ = today(tmp_path)
    more = {"model/data/constants/opaque_obj_0": pickle.dumps(Bomb())}
    checkpoint = open_checkpoint(str(rewritten(path, tmp_path / "again.pt2", more=more)))
    assert checkpoint.verdict == "calls"
    uses = {name.name: name.use for name in checkpoint.globals}
    assert uses["builtins.print"] is GlobalClass.CALLABLE
    assert "boom" not in capsys.readouterr().out


def test_compiled_code_is_named_and_its_source_shown(tmp_path):
    path, expected = today(tmp_path)
    more = {
        "model/data/aotinductor/model/m.wrapper.so": b"\x7fELF",
        "model/data/aotinductor/model/m.cpp": b"int x;",
    }
    checkpoint = open_checkpoint(str(rewritten(path, tmp_path / "again.pt2", more=more)))
    assert list(checkpoint) == list(expected)
    assert checkpoint.verdict == "calls"
    assert checkpoint.metadata["compiled"] == ["data/aotinductor/model/m.wrapper.so"]
    assert not checkpoint.warnings
    assert "data/aotinductor/model/m.cpp" in [name for name, _ in checkpoint.attributes["code"]]


def test_objects_that_are_no_tensors_are_named_and_not_read(tmp_path):
    path, expected = today(tmp_path)
    table = "model/data/constants/model_constants_config.json"
    entry = {"path_name": "custom_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}

    def more(name, data):
        return json.dumps({"config": {**json.loads(data)["config"], "obj": entry}}) if name == table else data

    checkpoint = open_checkpoint(str(rewritten(path, tmp_path / "again.pt2", more)))
    assert list(checkpoint) == list(expected)
    assert checkpoint.metadata["program"]["objects"] == ["obj"]


@pytest.mark.parametrize("make", [today, older, older_deflated])
def test_its_weights_export_as_safetensors(make, tmp_path, capsys):
    from safetensors.torch import load_file

    path, expected = make(tmp_path)
    assert main(["export", str(path), str(tmp_path / "out.safetensors")], None) == 0
    written = load_file(tmp_path / "out.safetensors")
    assert all(torch.equal(value, expected[name,]) for name, value in written.items())
    assert {"fc.weight", "emb.weight", "every_other", "turned"} <= set(written)


def test_anything_in_place_of_the_tables_is_survived(tmp_path):
    path, _ = today(tmp_path)
    odd = [
        b"",
        b"[]",
        b"null",
        b'{"config": []}',
        b'{"config": {"x": 3}}',
        b'{"config": {"\\ud800": {}}}',
        b"[" * 9999,
    ]
    for data in odd:
        for suffix in ("config.json", "models/model.json"):
            again = rewritten(path, tmp_path / "odd.pt2", lambda n, d, s=suffix, o=data: o if n.endswith(s) else d)
            try:
                checkpoint = open_checkpoint(str(again))
            except CheckpointError:
                continue
            json.dumps(checkpoint.metadata, allow_nan=False)
