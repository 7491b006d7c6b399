"""What a cast would lose is what torch's own cast loses; what is known at once never claims more than that."""

import math

import numpy as np
import pytest
import torch

from ckptgui.analysis.profile import RECORD
from ckptgui.core.dtypes import BY_NAME
from ckptgui.engine.job import Cancel
from ckptgui.engine.profile import profile
from ckptgui.errors import Cancelled, CheckpointError
from ckptgui.export.losses import TARGETS, Amount, casts_of, glob_of, is_lossless, narrows_range
from ckptgui.export.losses_exact import exact
from ckptgui.export.losses_quick import quick
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool

FLOATS = ("float64", "float32", "float16", "bfloat16")


def planned(tmp_path, state, **wishes):
    path = tmp_path / "source.pt"
    torch.save(state, path)
    checkpoint = open_checkpoint(str(path))
    return plan_export(checkpoint, str(tmp_path / "out.pt"), ExportRequest(**wishes))


def measured(plan):
    pool = SourcePool()
    try:
        return exact(plan, pool, Cancel())
    finally:
        pool.close()


def kept_records(plan):
    found = np.zeros(len(plan.checkpoint), RECORD)

    def take(batch):
        found[batch.rows] = batch.records

    pool = SourcePool()
    try:
        profile(plan.checkpoint, range(len(plan.checkpoint)), pool, take, Cancel())
    finally:
        pool.close()
    return found


def oracle(tensor, dtype):
    """(changed, infinite, zero, largest relative error of the rest) by torch's own cast."""
    before = tensor.double()
    after = tensor.to(getattr(torch, dtype)).double()
    finite = before.isfinite()
    infinite = finite & after.isinf()
    zero = finite & (before != 0) & (after == 0)
    rest = finite & ~infinite & ~zero & (before != 0)
    error = ((after - before).abs() / before.abs())[rest]
    changed = int((before != after)[finite].sum())
    return changed, int(infinite.sum()), int(zero.sum()), error.max().item() if len(error) else 0.0


def spread(dtype, seed=0, numel=3000):
    """Values over the whole range, with what is special among them."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(2, numel, dtype=torch.float64, generator=generator)
    special = torch.tensor([0.0, -0.0, math.nan, math.inf, -math.inf, 2.0**-25, 65519.9, 65520.0, -65520.0])
    return torch.cat([special.double(), noise[0] * torch.exp(noise[1] * 8)]).to(dtype)


def state_of(dtype):
    return {
        "wide": spread(dtype),
        "deep.wide": spread(dtype, 1, 70_000).reshape(-1, 1),
        "small": torch.full((3,), 0.5, dtype=dtype),
        "count": torch.arange(3),
        "empty": torch.empty(0, dtype=dtype),
    }


@pytest.mark.parametrize("target", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("source", FLOATS)
def test_all_of_it_is_what_torchs_cast_loses(tmp_path, source, target):
    state = state_of(getattr(torch, source))
    plan = planned(tmp_path, state, dtype=target)
    found = measured(plan)
    cast = [name for name in ("wide", "deep.wide", "small") if source != target]
    wanted = [oracle(state[name], target) for name in cast]
    assert found.exact and found.casts == len(cast) and found.unknown == 0
    totals = [sum(column) for column in list(zip(*wanted))[:3]] or [0, 0, 0]
    assert [found.changed, found.overflowed, found.zeroed] == [Amount.of(total) for total in totals]
    assert found.relative == pytest.approx(max((w[3] for w in wanted), default=0.0))
    assert found.overflowing == sum(w[1] > 0 for w in wanted)
    listed = {loss.name: loss for loss in found.tensors}
    for name, (changed, infinite, zero, relative) in zip(cast, wanted):
        assert (name in listed) == (changed > 0)
        if changed:
            loss = listed[name]
            assert (loss.changed.most, loss.overflowed.most, loss.zeroed.most) == (changed, infinite, zero)
            assert loss.relative == pytest.approx(relative)
            assert plan.checkpoint.info(loss.row).name == name


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("target", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("source", FLOATS)
def test_what_is_known_at_once_bounds_it(tmp_path, source, target, known):
    plan = planned(tmp_path, state_of(getattr(torch, source)), dtype=target)
    truth = {loss.name: loss for loss in measured(plan).tensors}
    found = quick(plan, kept_records(plan) if known else None)
    assert found.unknown == (0 if known or is_lossless(BY_NAME[source], BY_NAME[target]) else found.casts)
    for loss in found.tensors:
        real = truth.get(loss.name)
        for key in ("changed", "overflowed", "zeroed", "subnormal"):
            exactly = getattr(real, key).most if real else 0
            assert getattr(loss, key).least <= exactly <= getattr(loss, key).most
        assert real is None or real.relative <= loss.relative
    assert truth.keys() <= {loss.name for loss in found.tensors}
    if known:
        assert found.overflowing == sum(bool(loss.overflowed) for loss in truth.values())


def test_a_number_that_is_beyond_the_range_is_known_at_once(tmp_path):
    plan = planned(tmp_path, {"w": torch.tensor([1.0, 7e4]), "v": torch.ones(2)}, dtype="float16")
    found = quick(plan, kept_records(plan))
    told = "At least 1 value of w would become infinite; keep it in float32."
    assert told in found.sentence()
    assert found.keep == (("w", "float32"),)
    assert narrows_range(plan)
    assert not narrows_range(planned(tmp_path, {"w": torch.ones(2)}, dtype="bfloat16"))


def test_the_sentence_says_what_a_person_must_know(tmp_path):
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(5000, generator=generator)
    same = planned(tmp_path, {"w": weights.half()}, dtype="float32")
    assert measured(same).sentence() == quick(same).sentence() == "Every value stays as it is."
    found = measured(planned(tmp_path, {"w": weights}, dtype="bfloat16"))
    assert found.sentence() == "Rounds by 0.39 % at most. No value overflows, none becomes zero."
    wild = {"a": weights, "b": torch.tensor([1e5, 1e-9, 1.1]), "c": torch.tensor([-1e6, 1e6])}
    found = measured(planned(tmp_path, wild, dtype="float16"))
    told = "3 values of 2 tensors would become infinite, the most in c; keep them in float32."
    assert told in found.sentence()
    assert found.sentence().endswith("1 value would become zero.")
    assert found.keep == (("c", "float32"), ("b", "float32"))
    assert measured(planned(tmp_path, {"w": weights})).sentence() == ""


def test_what_is_advised_helps(tmp_path):
    state = {"a[0].w*": torch.tensor([1e9]), "a": torch.tensor([1e9]), "a.b": torch.ones(1)}
    found = measured(planned(tmp_path, state, dtype="float16"))
    again = planned(tmp_path, state, dtype="float16", dtype_for=found.keep)
    assert not measured(again).overflowed
    assert glob_of("a[0].w*") == "a[[]0].w[*]"


def test_a_tied_tensor_counts_once_and_the_source_is_read_once(tmp_path):
    weight = torch.tensor([1.1, 1.2])
    plan = planned(tmp_path, {"a": weight, "b": weight}, dtype="float16")
    assert len(casts_of(plan).rows) == 1
    assert measured(plan).changed == Amount.of(2)


def test_it_can_be_cancelled_and_says_what_cannot_be_read(tmp_path):
    plan = planned(tmp_path, {"w": torch.ones(2)}, dtype="float16")
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        exact(plan, SourcePool(), cancel)
    (tmp_path / "source.pt").unlink()
    with pytest.raises(CheckpointError):
        measured(plan)


def test_loops_that_were_never_compiled_are_compiled_apart(tmp_path, monkeypatch):
    from ckptgui.engine import warming

    asked = []
    monkeypatch.setattr(warming, "missing", lambda pieces: pieces)
    monkeypatch.setattr(warming, "compile_apart", lambda given_up, pieces: asked.append(pieces))
    assert measured(planned(tmp_path, {"w": torch.tensor([1.1])}, dtype="float16")).changed == Amount.of(1)
    assert asked == [warming.RARE]


def test_progress_counts_the_bytes_that_are_read(tmp_path):
    plan = planned(tmp_path, {"w": torch.ones(1000), "v": torch.ones(10).long()}, dtype="bfloat16")
    told = []
    exact(plan, SourcePool(), Cancel(), told.append)
    assert (told[0].done, told[-1].done, told[-1].total) == (0, 4000, 4000)


def test_every_type_that_floats_are_cast_to_is_known():
    assert set(FLOATS) <= {*TARGETS, "float64"}
