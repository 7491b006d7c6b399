"""Which tensor of one checkpoint is which of another."""

import numpy as np
import pytest
import torch

from ckptgui.core.series.matching import match
from ckptgui.core.series.members import RunMember, model_and_average
from ckptgui.core.series.parts import NoSuchSectionError
from ckptgui.core.series.renames import Grounds, Rename
from ckptgui.core.series.series import series_of, with_section
from ckptgui.core.series.status import Status, statuses
from tests.core.series.headers import member, part, saved


def test_names_match_whatever_wraps_them(tmp_path):
    found = match([part(tmp_path, "module._orig_mod.w", "module._orig_mod.b"), part(tmp_path, "b", "w", "new")])
    assert found.names == ("w", "b", "new")
    assert found.rows.tolist() == [[0, 1], [1, 0], [-1, 2]]
    assert found.stripped == (("module.", "_orig_mod."), ())
    assert (found.common, found.with_others(1)) == (2, 2)
    assert found.saved_name(0, 0) == "module._orig_mod.w" and found.saved_name(2, 0) is None


def test_a_member_that_cannot_be_read_has_none_of_the_tensors(tmp_path):
    found = match([part(tmp_path, "w"), None, part(tmp_path, "w")])
    assert found.rows.tolist() == [[0, -1, 0]]
    assert found.common == 1
    assert len(match([None, None])) == 0 and match([]).common == 0


def test_checkpoints_with_the_same_names_are_matched_with_all_others(tmp_path):
    parts = [part(tmp_path, "a", "b"), part(tmp_path, "model.b", "model.a"), part(tmp_path, "a", "b")]
    assert match(parts).rows.tolist() == [[0, 1, 0], [1, 0, 1]]


def test_a_state_dict_alone_matches_one_of_several_models(tmp_path):
    both = part(tmp_path, generator=["0.weight", "1.bias"], discriminator=["0.weight"])
    alone = part(tmp_path, "0.weight", "1.bias")
    found = match([both, alone])
    assert found.common == 2
    assert set(found.names) == {"0.weight", "1.bias", "discriminator.0.weight"}


def test_tied_tensors_are_matched_under_both_names(tmp_path):
    w = torch.ones(3)
    one = saved(tmp_path / "a.pt", {"w": w, "head": w})
    other = saved(tmp_path / "b.pt", {"w": w, "head": torch.ones(3)})
    series = series_of([member(one), member(other)])
    assert series.matching.names == ("w", "head")
    assert set(statuses(series.matching, 0, 1).tolist()) == {Status.MATCHED}


def test_a_model_is_compared_with_its_average(tmp_path):
    state = {"w": torch.ones(2)}
    average = {"module.w": torch.ones(2), "n_averaged": torch.tensor(3)}
    checkpoint = saved(tmp_path / "a.pt", {"model": state, "model_ema": average})
    both = model_and_average(member(checkpoint))
    assert [each.section for each in both] == ["model", "model_ema"]
    series = series_of(both)
    assert series.matching.common == 1
    assert statuses(series.matching, 0, 1).tolist() == [Status.MATCHED, Status.ADDED]
    assert model_and_average(member(saved(tmp_path / "b.pt", state))) == ()
    assert model_and_average(RunMember("broken", 1, error="cut")) == ()


def test_a_section_that_a_member_lacks_is_an_error_in_its_place(tmp_path):
    one = member(saved(tmp_path / "a.pt", {"model": {"w": torch.ones(2)}, "model_ema": {"w": torch.ones(2)}}))
    other = member(saved(tmp_path / "b.pt", {"model": {"w": torch.ones(2)}}))
    series = series_of(with_section([one, other], "model_ema"))
    assert series.whole == (0,)
    assert series.members[1].error == "There is no section model_ema in it. It has: model."
    with pytest.raises(NoSuchSectionError):
        series_of([RunMember("x", 1, checkpoint=other.checkpoint, section="none")])


def test_what_has_nothing_in_common_says_so(tmp_path):
    a = member(saved(tmp_path / "a.pt", {"a": torch.ones(1), "b": torch.ones(1)}))
    c = member(saved(tmp_path / "c.pt", {"c": torch.ones(1)}))
    d = member(saved(tmp_path / "d.pt", {"d": torch.ones(1)}))
    assert series_of([a, c]).apart == ("a.pt (2 tensors) and c.pt (1 tensor) have no tensor in common.",)
    assert series_of([a, a, c]).apart == ("c.pt has no tensor in common with the others.",)
    assert series_of([a, c, d]).apart == ("These 3 have no tensor in common.",)
    assert series_of([a, a]).apart == series_of([a]).apart == series_of([]).apart == ()


def rename(old: str, new: str) -> Rename:
    return Rename(old, new, 0, 1, Grounds.EQUAL)


def test_accepted_renames_are_one_tensor_and_marked(tmp_path):
    parts = [part(tmp_path, "module.old", "w"), part(tmp_path, "new", "w"), part(tmp_path, "newest", "w")]
    found = match(parts, [rename("old", "new"), rename("new", "newest")])
    assert found.names == ("newest", "w")
    assert (found.rows >= 0).all()
    assert found.renamed == {0: ("old", "new", "newest")}


def test_a_rename_takes_no_name_that_is_taken(tmp_path):
    found = match([part(tmp_path, "a", "b"), part(tmp_path, "b")], [rename("a", "b")])
    assert found.rows.tolist() == [[0, -1], [1, 0]] and found.renamed == {}
    found = match([part(tmp_path, "a", "b"), part(tmp_path, "c")], [rename("a", "c"), rename("b", "c")])
    assert len(found) == 3


def test_renames_in_a_circle_end(tmp_path):
    assert len(match([part(tmp_path, "a"), part(tmp_path, "b")], [rename("a", "b"), rename("b", "a")])) == 2


def test_the_outline_is_that_of_all_names(tmp_path):
    outline = match([part(tmp_path, "l.0.w", "l.1.w", "head"), part(tmp_path, "l.0.b", "l")]).outline
    assert outline.names == ("l.0.w", "l.0.b", "l.1.w", "head", "l")
    for node in range(len(outline)):
        inside = [n for n in outline.names if n == outline.path(node) or n.startswith(outline.path(node) + ".")]
        own = outline.names[outline.start[node] : outline.stop[node]]
        if outline.tensor[node] < 0:
            assert list(own) == [n for n in (inside if node else outline.names) if n != "l"] or not node
        else:
            assert own == (outline.path(node),)
    assert np.array_equal(outline.tensor[outline.node_of], np.arange(len(outline.names)))
    assert outline.find("l.0") is not None and outline.depth[outline.node_of].tolist() == [3, 3, 3, 1, 1]
