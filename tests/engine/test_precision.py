"""What casts would lose is what torch's own casts lose, bit for bit."""

import math

import numpy as np
import pytest
import torch

from ckptgui.analysis.precision import FLOATS
from ckptgui.analysis.reduction import Chunk
from ckptgui.core.dtypes import BY_NAME as DTYPES
from ckptgui.engine.job import Cancel
from ckptgui.engine.precision import precision, targets_of
from ckptgui.errors import Cancelled, CheckpointError
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool

BY_NAME = {target.name: target for target in FLOATS}
NARROW = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")


def rounded(target, bits):
    """What the compiled loop makes of float32 bits."""
    from ckptgui.analysis import precision_kernels as kernels

    out = np.empty_like(bits)
    largest = np.uint32(np.float32(target.largest).view(np.uint32))
    kernels.round_bits(bits, 23 - target.digits, target.exponent + 127, largest, np.float32(target.quantum), out)
    return out.view(np.float32)


def every_kind_of_float32():
    generator = np.random.default_rng(5)
    patterns = np.arange(1 << 16, dtype=np.uint32) << 16
    return np.concatenate(
        [
            patterns,  # every bfloat16
            patterns | 0x8000,  # every tie between two of them
            patterns | 0x7FFF,
            patterns | 0x8001,
            np.arange(65_536, dtype=np.uint16).view(np.float16).astype(np.float32).view(np.uint32),
            np.arange(4_096, dtype=np.uint32),  # subnormals
            generator.integers(0, 1 << 32, 200_000, dtype=np.uint32),
        ]
    )


@pytest.mark.parametrize("name", NARROW)
def test_rounding_is_torchs_for_every_pattern_of_16_bits_and_every_tie(name):
    bits = every_kind_of_float32()
    values, target = bits.view(np.float32), BY_NAME[name]
    ours = rounded(target, bits)
    theirs = torch.from_numpy(values.copy()).to(getattr(torch, name)).float().numpy()
    beyond = np.isinf(ours)
    if target.infinite:
        assert np.array_equal(ours, theirs, equal_nan=True)
        numbers = ~np.isnan(ours)
        assert np.array_equal(np.signbit(ours)[numbers], np.signbit(theirs)[numbers])
    else:  # saturates in torch of today, was NaN in older ones: never a value of its own
        assert np.array_equal(ours[~beyond], theirs[~beyond], equal_nan=True)
        saturated = (np.abs(theirs[beyond]) == target.largest) | np.isnan(theirs[beyond])
        assert saturated.all()


def oracle(tensor, name):
    """Counts and errors by torch's cast, the slow way."""
    before = tensor.double().numpy().reshape(-1)
    after = tensor.to(getattr(torch, name)).double().numpy().reshape(-1)
    finite = np.isfinite(before)
    largest = BY_NAME[name].largest
    with np.errstate(over="ignore"):
        single = before.astype(np.float32)
    beyond = finite & np.isinf(single)
    ours = rounded(BY_NAME[name], single.view(np.uint32)) if name in NARROW else single
    beyond |= finite & np.isinf(ours)
    assert (np.isinf(after[beyond]) | np.isnan(after[beyond]) | (np.abs(after[beyond]) == largest)).all()
    assert np.isfinite(after[finite & ~beyond]).all()
    kept = finite & ~beyond
    x, y = np.abs(before[kept]), np.abs(after[kept])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(x > 0, np.abs(x - y) / x, 0)
    alive = y > 0
    kept_changed = (x != y) & ((y > 0) | (x == 0))
    return {
        "count": int(finite.sum()),
        "changed": int((x != y).sum() + beyond.sum()),
        "zeroed": int(((y == 0) & (x > 0)).sum()),
        "subnormal": int((alive & (y < BY_NAME[name].least)).sum()),
        "overflowed": int(beyond.sum()),
        "mean_relative": share.mean() if kept.any() else None,
        "max_absolute": np.abs(x - y).max() if kept.any() else 0.0,
        "within": tuple(
            int((kept_changed & (share > low) & (share <= high)).sum())
            for low, high in ((0, 1e-3), (1e-3, 1e-2), (1e-2, 1e-1), (1e-1, np.inf))
        ),
        "worst": share[alive].max() if alive.any() else 0.0,
        "noise": np.square(x - y).sum(),
        "signal": np.square(x).sum(),
    }


def planted(dtype):
    """Values over the whole range of every target, with NaN, infinities, both zeros and subnormals."""
    torch.manual_seed(3)
    spread = torch.randn(40_000, dtype=torch.float64) * torch.exp(torch.randn(40_000, dtype=torch.float64) * 9)
    special = torch.tensor([0.0, -0.0, math.nan, math.inf, -math.inf, 1e-45, 6e-8, 65519.9, 65520.0, 464.0, 465.0])
    return torch.cat([special.double(), spread]).to(dtype).reshape(-1, 3)


CASES = [
    *((torch.float32, name) for name in NARROW),
    *((torch.float64, name) for name in ("float32", *NARROW)),
    *((torch.float16, name) for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2")),
    *((torch.bfloat16, name) for name in ("float16", "float8_e4m3fn", "float8_e5m2")),
    (torch.float8_e5m2, "float8_e4m3fn"),
]


def on_shelf(shelf, tensor, **more):
    name = str(tensor.dtype).removeprefix("torch.")
    raw = tensor.contiguous().reshape(-1).view(torch.uint8).numpy()
    array = raw.view(DTYPES[name].array).reshape(tuple(tensor.shape))
    return shelf.put(array, name, **more)


@pytest.mark.parametrize(("dtype", "name"), CASES, ids=str)
def test_every_figure_of_a_cast_is_that_of_torchs_cast(shelf, dtype, name):
    tensor = planted(dtype)
    stored = on_shelf(shelf, tensor)
    found = precision(stored.info, stored.pool, Cancel())
    loss = next(loss for loss in found.losses if loss.target.name == name)
    wanted = oracle(tensor, name)
    for figure in ("count", "changed", "zeroed", "subnormal", "overflowed", "within"):
        assert getattr(loss, figure) == wanted[figure], figure
    assert loss.mean_relative == pytest.approx(wanted["mean_relative"], rel=1e-9)
    assert loss.max_relative == pytest.approx(wanted["worst"], rel=1e-12)
    assert loss.max_absolute == pytest.approx(wanted["max_absolute"], rel=1e-12)
    if wanted["noise"] and math.isfinite(wanted["signal"]):
        assert loss.snr == pytest.approx(10 * math.log10(wanted["signal"] / wanted["noise"]), abs=1e-9)
    values = tensor.double().numpy()
    assert found.nan == np.isnan(values).sum() and found.infinite == np.isinf(values).sum()
    for example in (loss.worst, loss.largest_zeroed, loss.largest_overflowed):
        if example is not None:
            assert values[found.index(example)] == example.value
    if loss.worst is not None:
        one = torch.tensor(loss.worst.value, dtype=dtype).to(getattr(torch, name)).double().item()
        assert abs(one - loss.worst.value) / abs(loss.worst.value) == pytest.approx(wanted["worst"], rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("turned", [False, True])
def test_int8_is_a_quantisation_by_the_largest_magnitude(shelf, dtype, turned):
    torch.manual_seed(4)
    tensor = (torch.randn(300, 257) * torch.exp(torch.randn(300, 1))).to(dtype)
    tensor[7] = 0
    tensor[9, 3] = math.nan
    tensor[11, 5] = math.inf
    stored = on_shelf(shelf, tensor)
    if turned:
        tensor = tensor.t()
        stored = on_shelf(shelf, tensor.t(), shape=(257, 300), strides=(1, 257))
    found = precision(stored.info, stored.pool, Cancel())
    real = tensor if dtype == torch.float64 else tensor.float()
    finite = torch.isfinite(real)
    magnitudes = torch.where(finite, real.abs(), 0)
    for loss in found.losses[-2:]:
        peak = magnitudes.amax(1, keepdim=True) if loss.target.by_row else magnitudes.max()
        scale = peak / 127
        steps = torch.where(scale > 0, real / scale, torch.zeros((), dtype=real.dtype))
        after = (steps.round().clamp(-127, 127) * scale)[finite].double()
        before = real[finite].double()
        assert loss.changed == int((before != after).sum())
        assert loss.zeroed == int(((after == 0) & (before != 0)).sum())
        assert loss.overflowed == 0 and loss.unheld == 2
        assert loss.max_absolute == pytest.approx(float((before - after).abs().max()), rel=1e-12)
        assert loss.snr == pytest.approx(
            10 * math.log10(float(before.square().sum() / (before - after).square().sum())), abs=1e-9
        )
        assert loss.nbytes == tensor.numel() + 4 * (len(tensor) if loss.target.by_row else 1)


def test_the_answer_does_not_depend_on_chunks(shelf, monkeypatch):
    torch.manual_seed(6)
    stored = on_shelf(shelf, torch.randn(700, 333) * torch.exp(torch.randn(700, 1) * 5))
    whole = precision(stored.info, stored.pool, Cancel())
    monkeypatch.setattr("ckptgui.engine.plan.CHUNK", 4 * 1000)
    small = precision(stored.info, stored.pool, Cancel())
    for one, other in zip(whole.losses, small.losses, strict=True):
        counts = ("changed", "zeroed", "subnormal", "overflowed", "worst", "largest_zeroed", "max_absolute")
        assert [getattr(one, name) for name in counts] == [getattr(other, name) for name in counts]
        assert one.snr == pytest.approx(other.snr, rel=1e-12)


def test_an_expanded_tensor_counts_each_place(shelf):
    row = torch.tensor([1e-9, 0.1, 70000.0])
    stored = on_shelf(shelf, row, shape=(50, 3), strides=(0, 1))
    half = precision(stored.info, stored.pool, Cancel()).losses[0]
    assert (half.count, half.zeroed, half.overflowed, half.changed) == (150, 50, 50, 150)
    assert half.nbytes == 300


@pytest.mark.filterwarnings("ignore:ComplexHalf support")
def test_complex_values_of_16_bits_are_measured_too(shelf):
    stored = on_shelf(shelf, torch.tensor([1.0 + 1e-6j, 2.0 + 3.0j]).to(torch.complex32))
    found = precision(stored.info, stored.pool, Cancel())
    assert [(loss.target.name, loss.zeroed, loss.count) for loss in found.losses] == [
        ("bfloat16", 0, 4),
        ("float8_e4m3fn", 1, 4),
        ("float8_e5m2", 1, 4),
    ]
    assert found.index(found.losses[1].largest_zeroed) == (0,)


def test_complex_values_are_measured_by_their_parts(shelf):
    tensor = torch.tensor([[1.0 + 1e-9j, 2.0 + 70000j]])
    stored = on_shelf(shelf, tensor)
    found = precision(stored.info, stored.pool, Cancel())
    assert [t.name for t in targets_of(stored.info)] == list(NARROW)
    half = found.losses[0]
    assert (found.parts, half.count, half.zeroed, half.overflowed) == (2, 4, 1, 1)
    assert found.index(half.largest_overflowed) == (0, 1) and half.largest_overflowed.value == 70000
    assert half.nbytes == 8


@pytest.mark.filterwarnings("ignore")  # torch deprecates its own quantised tensors
def test_quantised_values_are_measured_as_the_numbers_they_stand_for(tmp_path):
    torch.manual_seed(8)
    scales, zeros = torch.tensor([0.1, 0.2, 300.0]), torch.tensor([0, 1, 2])
    tensor = torch.quantize_per_channel(torch.randn(3, 400) * 40, scales, zeros, 0, torch.qint8)
    tensor = torch.cat([tensor.dequantize()[:2], torch.full((1, 400), 300.0 * 100)])
    tensor = torch.quantize_per_channel(tensor, scales, zeros, 0, torch.qint8)
    torch.save({"w": tensor}, tmp_path / "q.pt")
    checkpoint, pool = open_checkpoint(str(tmp_path / "q.pt")), SourcePool()
    found = precision(checkpoint.info(0), pool, Cancel())
    pool.close()
    real = tensor.dequantize()
    for loss in found.losses:
        after = real.to(getattr(torch, loss.target.name)).float()
        assert loss.zeroed == int(((after == 0) & (real != 0)).sum())
        assert loss.changed == int((after != real).sum())
    assert [loss.target.name for loss in found.losses] == list(NARROW)


def test_a_tensor_without_finite_values_has_no_errors(shelf):
    stored = on_shelf(shelf, torch.full((3, 2), math.nan))
    for loss in precision(stored.info, stored.pool, Cancel()).losses:
        assert (loss.count, loss.changed, loss.snr, loss.mean_relative) == (0, 0, None, None)


def test_only_types_that_are_not_wider_are_offered(shelf):
    def names(tensor):
        return [target.name for target in targets_of(on_shelf(shelf, tensor).info)]

    assert names(torch.ones(2, 2)) == [*NARROW, "int8", "int8, by row"]
    assert names(torch.ones(2).double()) == ["float32", *NARROW, "int8"]
    assert names(torch.ones(2, 2).half()) == ["bfloat16", "float8_e4m3fn", "float8_e5m2", "int8", "int8, by row"]


def test_what_cannot_be_forecast_says_so(shelf):
    for tensor in (torch.ones(2, dtype=torch.int64), torch.ones(0)):
        stored = on_shelf(shelf, tensor)
        with pytest.raises(CheckpointError):
            precision(stored.info, stored.pool, Cancel())


def test_a_cancel_is_heard(shelf):
    stored = on_shelf(shelf, torch.ones(100))
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        precision(stored.info, stored.pool, cancel)


def test_runs_of_rows_are_found_in_any_box():
    from ckptgui.analysis.rows import by_rank, runs

    box = Chunk(np.arange(12.0), (1, 2), (3, 4), (1, 6), in_order=False)  # rows of six, stored by column
    ordered = by_rank(box)
    starts, rows = runs(ordered, 6)
    assert starts.tolist() == [0, 3, 6, 9, 12] and rows.tolist() == [2, 3, 4, 5]
    assert ordered.values[:3].tolist() == [0.0, 4.0, 8.0]
