"""Tensors that go by another name in the next checkpoint."""

import pytest
import torch

from ckptgui.analysis.profile import Profile
from ckptgui.core.series.renames import Grounds
from ckptgui.core.series.series import series_of
from ckptgui.engine.job import Cancel
from ckptgui.engine.profile import profile
from ckptgui.errors import Cancelled
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace import renames
from ckptgui.workspace.renames import propose_all, propose_renames
from tests.core.series.headers import member, saved


@pytest.fixture
def pool():
    pool = SourcePool()
    yield pool
    pool.close()


@pytest.fixture
def propose(tmp_path, pool):
    """Saves two state dicts and looks for renames; gives them as ``{from: (to, grounds)}``."""

    def proposing(old, new):
        found = propose_renames(series(tmp_path, old, new), 0, 1, pool, Cancel())
        return {rename.from_name: (rename.to_name, rename.grounds) for rename in found}

    return proposing


def series(tmp_path, *states):
    return series_of([member(saved(tmp_path / f"{at}.pt", state)) for at, state in enumerate(states)])


def layers(name, count=3, seed=0, shape=(8, 16)):
    torch.manual_seed(seed)
    return {name.format(at): torch.randn(shape) for at in range(count)}


def test_equal_values_are_one_tensor(propose):
    old = layers("layers.{}.w")
    new = dict(zip(["a", "b", "c"], old.values()))
    assert propose(old, new) == {
        "layers.0.w": ("a", Grounds.EQUAL),
        "layers.1.w": ("b", Grounds.EQUAL),
        "layers.2.w": ("c", Grounds.EQUAL),
    }


def test_what_was_trained_on_is_found_by_being_the_nearest(propose):
    old = layers("layers.{}.w")
    moved = [value + 0.1 * torch.randn(value.shape) for value in old.values()]
    new = dict(zip(["z", "y", "x"], moved))
    assert propose(old, new) == {
        "layers.0.w": ("z", Grounds.SIMILAR),
        "layers.1.w": ("y", Grounds.SIMILAR),
        "layers.2.w": ("x", Grounds.SIMILAR),
    }


def test_strangers_of_one_shape_are_not_proposed(propose):
    assert propose(layers("a{}", 3, 0), layers("b{}", 2, 1)) == {}


def test_values_that_many_share_follow_the_rule_of_others(propose):
    weights = layers("layers.{}.attn.w")
    old = {**weights, **{f"layers.{i}.attn.b": torch.zeros(16) for i in range(3)}}
    new = {name.replace("layers", "blocks").replace("attn", "attention"): value for name, value in old.items()}
    found = propose(old, new)
    assert {name: to for name, (to, _) in found.items()} == dict(zip(old, new))
    assert {grounds for _, grounds in found.values()} == {Grounds.EQUAL}


def test_a_rule_alone_is_enough_where_all_fits_in_order(propose):
    found = propose(layers("encoder.layer.{}.w", seed=1), layers("body.layer.{}.w", seed=2))
    assert found == {f"encoder.layer.{i}.w": (f"body.layer.{i}.w", Grounds.RULE) for i in range(3)}


def test_shapes_have_to_agree(propose):
    assert propose({"a": torch.ones(4, 2)}, {"b": torch.ones(2, 4)}) == {}


def test_a_renamed_and_retyped_tensor_is_similar(propose):
    (value,) = layers("w", 1).values()
    assert propose({"a": value}, {"b": value.to(torch.bfloat16)}) == {"a": ("b", Grounds.SIMILAR)}


def test_figures_say_how_near_they_are(tmp_path, pool):
    (value,) = layers("w", 1).values()
    (found,) = propose_renames(series(tmp_path, {"a": value}, {"b": value * 1.1}), 0, 1, pool, Cancel())
    assert found.cosine == pytest.approx(1.0, abs=1e-7) and found.relative == pytest.approx(0.1, abs=1e-6)
    (found,) = propose_renames(
        series(tmp_path, {"a": torch.zeros(3)}, {"b": torch.zeros(3)}), 0, 1, pool, Cancel()
    )
    assert found.equal and found.cosine is None and found.relative is None


def test_nan_and_empty_tensors_are_no_trouble(propose):
    (value,) = layers("w", 1).values()
    sick = value.clone()
    sick[0, 0] = float("nan")
    old = {"a": value, "e": torch.zeros(0), "s": torch.eye(3).to_sparse(), "n": torch.tensor(3)}
    new = {"b": sick, "f": torch.zeros(0), "t": torch.eye(3).to_sparse(), "m": torch.tensor(3)}
    assert propose(old, new)["a"] == ("b", Grounds.SIMILAR)


def test_a_large_tensor_is_equal_where_digests_are(tmp_path, pool, monkeypatch):
    monkeypatch.setattr(renames, "SAMPLE", 16)
    old = layers("a{}")
    both = series(tmp_path, old, dict(zip("xyz", old.values())))
    plain = propose_renames(both, 0, 1, pool, Cancel())
    assert {rename.grounds for rename in plain} == {Grounds.SIMILAR}
    profiles = []
    for part in both.matching.parts:
        known = Profile(len(part.checkpoint), part.checkpoint.tensors.shape)
        profile(part.checkpoint, part.rows, pool, lambda p, known=known: known.put(p.rows, p.records), Cancel())
        profiles.append(known)
    told = propose_renames(both, 0, 1, pool, Cancel(), profiles=profiles)
    assert {rename.grounds for rename in told} == {Grounds.EQUAL}


def test_accepted_proposals_make_one_row_of_the_series(tmp_path, pool):
    old = layers("a{}")
    found = series(tmp_path, old, old, dict(zip("xyz", old.values())))
    accepted = propose_all(found, pool, Cancel())
    assert [(each.a, each.b) for each in accepted] == [(1, 2)] * 3
    again = series_of(found.members, accepted)
    assert again.matching.common == 3 and again.renames == accepted
    assert again.matching.renamed[0] == ("a0", "a0", "x")


def test_unreadable_members_have_no_renames(tmp_path, pool):
    whole = member(saved(tmp_path / "a.pt", layers("a{}")))
    broken = type(whole)("broken", 1, error="cut")
    assert propose_renames(series_of([whole, broken]), 0, 1, pool, Cancel()) == ()
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        propose_renames(series(tmp_path, layers("a{}"), layers("b{}")), 0, 1, pool, cancel)
