"""A plan says everything beforehand: which tensors go, under which names, as what, and how large the files are."""

import pickle

import pytest
import torch

from ckptgui.errors import CollisionError, DamagedSourceError, ExportError
from ckptgui.export import pickle_file
from ckptgui.export.planning import plan_export, plan_without
from ckptgui.export.request import ExportRequest
from ckptgui.formats.registry import open_checkpoint
from tests.export.helpers import lay_out

LARGE, SMALL = 1 << 14, 1 << 6


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(8, 4)
        self.norm = torch.nn.BatchNorm1d(4)
        self.head = torch.nn.Linear(4, 8, bias=False)
        self.head.weight = self.embed.weight


@pytest.fixture
def saved(tmp_path):
    net = torch.nn.Sequential()
    net.add_module("module", Net())
    optimizer = torch.optim.Adam(net.parameters())
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    path = tmp_path / "epoch_3.pt"
    torch.save(
        {
            "epoch": 3,
            "model": net.state_dict(),
            "ema": {name: value.double() for name, value in net.state_dict().items()},
            "optimizer": optimizer.state_dict(),
            "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 1).state_dict(),
            "rng_state": torch.get_rng_state(),
        },
        path,
    )
    return open_checkpoint(str(path))


def plan(checkpoint, **wishes):
    return plan_export(checkpoint, "out", ExportRequest(**wishes))


def dtypes_of(found):
    return {name: dtype.name for name, dtype in zip(found.names, found.dtypes)}


def test_the_model_goes_and_what_training_alone_needs_stays(saved):
    found = plan(saved)
    assert found.names[0] == "module.embed.weight" and len(found.names) == 7
    assert found.dropped == ("ema", "optimizer", "rng_state", "epoch", "scheduler")
    assert found.tied == {"module.head.weight": "module.embed.weight"}


@pytest.mark.parametrize("section", [("ema",), ("optimizer",)])
def test_any_state_dict_is_found_by_its_path(saved, section):
    found = plan(saved, section=section)
    assert found.section == section and section[0] not in found.dropped and "model" in found.dropped


def test_filtered_names_are_listed_as_dropped(saved):
    found = plan(saved, include=("*.norm.*",), exclude=("*running*", "module.norm.num_batches_tracked"))
    assert found.names == ("module.norm.weight", "module.norm.bias")
    assert {"module.embed.weight", "module.head.weight", "module.norm.running_mean"} <= set(found.dropped)


def test_rows_chosen_in_the_tree_are_those_of_their_section(saved):
    rows = {row for row in range(len(saved)) if saved.tensors.path(row)[0] == "ema"}
    assert plan(saved, rows=frozenset(list(rows)[:2])).section == ("ema",)
    assert plan(saved, rows=frozenset(rows), exclude=("*.bias",)).names[0] == "module.embed.weight"
    with pytest.raises(ExportError, match="chosen tensors lie in 2 sections: model, ema; choose those of one"):
        plan(saved, rows=frozenset({0, *rows}))
    with pytest.raises(ExportError, match="in no section"):
        plan(saved, rows=frozenset({10_000}))
    with pytest.raises(ExportError, match="None of the chosen tensors"):
        plan(saved, section=("model",), rows=frozenset(rows))


def test_a_tied_name_stands_for_itself_where_the_first_one_is_left_out(saved):
    for ties in ("keep", "drop", "copy"):
        found = plan(saved, tied=ties, exclude=("*embed*",), strip=("auto",))
        assert "head.weight" in found.names and not found.tied


def test_ties_have_their_new_names(saved):
    found = plan(saved, format="safetensors", strip=("module.",), rename=((r"head\.weight$", "lm_head.weight"),))
    assert found.tied == {"lm_head.weight": "embed.weight"} and "lm_head.weight" not in found.names
    assert found.chosen.names[-1] == "lm_head.weight" and found.chosen.source_names[-1] == "module.head.weight"


def test_a_tie_of_which_one_is_cast_is_two_tensors(saved):
    for ties in ("keep", "drop"):
        found = plan(saved, tied=ties, dtype="bfloat16", dtype_for=(("*head*", "float32"),))
        assert not found.tied
        assert dtypes_of(found)["module.embed.weight"] == "bfloat16"
        assert dtypes_of(found)["module.head.weight"] == "float32"


def test_views_that_can_no_longer_share_are_said(tmp_path):
    base = torch.zeros(10)
    checkpoint = lay_out(tmp_path, {"a": base[:6], "b": base[4:], "c": torch.ones(1)})
    assert plan(checkpoint, dtype="bfloat16").notes == ()
    assert plan(checkpoint, dtype_for=(("b", "bfloat16"),)).notes == (
        "2 tensors that share bytes in the source have bytes of their own, as their types differ.",
    )


def test_two_names_that_become_one_are_refused(saved):
    with pytest.raises(CollisionError, match=r"module\.norm\.weight would both be called module\.weight"):
        plan(saved, rename=((r"(embed|norm)\.weight", "weight"),))


def test_floating_point_numbers_alone_are_cast_and_the_last_glob_counts(saved):
    found = plan(
        saved, dtype="float16", dtype_for=(("*norm*", "float32"), ("*.bias", "bfloat16"), ("none", "keep"))
    )
    types = dtypes_of(found)
    assert types["module.embed.weight"] == "float16" and types["module.norm.weight"] == "float32"
    assert types["module.norm.bias"] == "bfloat16" and types["module.norm.num_batches_tracked"] == "int64"
    assert found.notes == ("none fits no name in the file.",)


@pytest.mark.parametrize("dtype", ["int8", "float8_e4m3fn", "half", "torch.float32", ""])
def test_a_type_that_nothing_is_cast_to_is_refused(saved, dtype):
    with pytest.raises(
        ExportError, match="Tensors are kept or cast to float64, float32, float16, bfloat16, not to"
    ):
        plan(saved, dtype_for=(("*", dtype),))


def test_float8_and_complex_numbers_stay_as_they_are(tmp_path):
    tensors = {
        "q": torch.ones(2).to(torch.float8_e4m3fn),
        "z": torch.ones(2, dtype=torch.complex64),
        "w": torch.ones(2),
    }
    found = plan(lay_out(tmp_path, tensors), dtype="bfloat16")
    assert dtypes_of(found) == {"q": "float8_e4m3fn", "z": "complex64", "w": "bfloat16"}


def test_what_a_view_keeps_in_the_file_for_nothing_is_said(tmp_path):
    base = torch.zeros(LARGE)
    found = plan(lay_out(tmp_path, {"view": base[:SMALL], "whole": torch.ones(3)}))
    assert found.compacted == 4 * (LARGE - SMALL)
    assert found.data_bytes == 4 * (SMALL + 3)


@pytest.mark.parametrize("format", ["pt", "safetensors"])
@pytest.mark.parametrize("wishes", [{}, {"dtype": "bfloat16"}, {"tied": "copy"}, {"strip": ("auto",)}])
def test_bytes_as_written_are_known_for_each_tensor(saved, format, wishes):
    found = plan(saved, format=format, **wishes)
    assert found.chosen.sizes.tolist() == [
        dtype.nbytes(saved.tensors.numel.item(row)) for dtype, row in zip(found.chosen.dtypes, found.chosen.rows)
    ]
    assert found.value_bytes == sum(d.nbytes(t.numel) for d, t in zip(found.dtypes, found.tensors))


def test_a_template_says_a_tensor_as_opcode_by_opcode(tmp_path, monkeypatch):
    tensors = {f"layer%d.{n}.%weight": torch.zeros(n % 3 + 1, 2)[: n % 2] for n in range(300)}
    tensors |= {f"s{n}\ud800": torch.tensor(1.0) for n in range(300)} | {"v": torch.zeros(9)[::4]}
    checkpoint = lay_out(tmp_path, tensors)
    quick = plan(checkpoint).files[0].layout
    assert quick.pickle.count(b"FloatStorage") == 1
    monkeypatch.setattr(pickle_file.PickleWriter, "recorder", lambda self: None)
    slow = plan(checkpoint).files[0].layout
    assert quick.pickle == slow.pickle and quick.nbytes == slow.nbytes


def test_a_template_says_everything_as_opcode_by_opcode(tmp_path, monkeypatch):
    saved = {"model": {f"w{n}": torch.zeros(n % 3 + 1, requires_grad=n % 2 == 0) for n in range(300)}, "epoch": 3}
    saved["again"] = [saved["model"][f"w{n}"] for n in range(100)]
    torch.save(saved, tmp_path / "in.pt")
    checkpoint = open_checkpoint(str(tmp_path / "in.pt"))
    quick = plan(checkpoint, only="all").files[0].layout
    monkeypatch.setattr(pickle_file.PickleWriter, "recorder", lambda self: None)
    assert quick.pickle == plan(checkpoint, only="all").files[0].layout.pickle


def test_damage_is_refused_with_what_a_rescue_would_save_and_left_out_by_one(tmp_path):
    path = tmp_path / "a.pt"
    torch.save({"w": torch.ones(2), "s": torch.eye(3).to_sparse(), "m": torch.ones(2, device="meta")}, path)
    checkpoint = open_checkpoint(str(path))
    with pytest.raises(
        DamagedSourceError, match=r"s cannot be exported: .* 1 more is like it\. A rescue writes the 1 that is"
    ) as e:
        plan(checkpoint)
    assert (e.value.lost, e.value.left) == (2, 1)
    found = plan(checkpoint, rescue=True)
    assert (
        found.names == ("w",) and list(found.lost) == ["s", "m"] and found.metadata == {"lost": dict(found.lost)}
    )


def test_what_turns_out_damaged_is_planned_without(saved):
    before = plan(saved, rescue=True, strip=("auto",))
    after = plan_without(before, {0: "Its bytes are not what their checksum says."})
    assert list(after.lost) == ["module.embed.weight", "module.head.weight"]  # two names of the same bytes
    assert "embed.weight" not in after.names and after.metadata["lost"] == dict(after.lost)
    again = plan_without(after, {0: "And this."})
    assert len(again.lost) == 3 and again.nbytes < after.nbytes < before.nbytes
    with pytest.raises(ExportError, match="Nothing of it is whole"):
        plan_without(before, dict.fromkeys(range(len(before.names)), "Gone."))


class Tagged:
    pass


def test_protocol_4_and_a_module_pickled_whole_are_planned_as_any(tmp_path):
    path = tmp_path / "p4.pt"
    torch.save({"model": Net().state_dict(), "tag": Tagged()}, path, pickle_protocol=4, pickle_module=pickle)
    found = plan(open_checkpoint(str(path)))
    assert found.tied == {"head.weight": "embed.weight"} and "tag" in found.dropped
