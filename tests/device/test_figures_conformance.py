"""One suite over both: what is found of a resident tensor on its device is what the CPU finds in its file."""

import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckptgui.device.inside import differences, figures, refining, spectrum
from ckptgui.device.inside.accelerators import accelerators, why_none
from ckptgui.device.inside.main_memory import CpuBackend
from ckptgui.device.inside.simulated import Settings, SimulatedBackend
from ckptgui.engine import summarise as cpu
from ckptgui.engine.compare_one import compare_pair
from ckptgui.engine.job import Cancel, silent
from ckptgui.engine.refine import refine, refine_bars
from ckptgui.engine.spectrum import spectrum_of
from ckptgui.engine.stream import iter_values
from ckptgui.errors import CheckpointError
from tests.device.residents import Both, assert_same_record, assert_same_spread, assert_same_summary
from tests.engine.files import Shelf

GENERATOR = torch.Generator()


pytestmark = pytest.mark.usefixtures("few_threads")


@pytest.fixture(autouse=True)
def seeded():
    GENERATOR.manual_seed(11)


def accelerator():
    found = accelerators()
    if not found:
        pytest.skip(why_none())
    return found[0]


MAKERS = {
    "simulated": lambda: SimulatedBackend(Settings(memory=1 << 34)),
    "cpu": CpuBackend,
    "accelerator": accelerator,
}


@pytest.fixture(params=["simulated", "cpu", pytest.param("accelerator", marks=pytest.mark.gpu)])
def backend(request):
    """What works it out: torch's operations, the CPU's own loops on bytes in memory, and a GPU."""
    return MAKERS[request.param]()


@pytest.fixture(params=["simulated", pytest.param("accelerator", marks=pytest.mark.gpu)])
def device(request):
    """What has torch's operations work it out."""
    return MAKERS[request.param]()


def there(backend, both):
    """The bytes on the backend's device."""
    data = backend.allocate(both.data.numel())
    backend.write(data, 0, both.data)
    return data


def normal(*shape, dtype=torch.float32):
    return torch.randn(shape, generator=GENERATOR, dtype=torch.float64).to(dtype)


def bits(*values, dtype=torch.float32):
    """Floats by their bits."""
    width = {torch.float32: torch.int32, torch.float64: torch.int64}[dtype]
    top = 1 << (31 if dtype is torch.float32 else 63)
    return torch.tensor([value - 2 * top if value >= top else value for value in values], dtype=width).view(dtype)


def random_bytes(count, dtype):
    data = torch.randint(0, 256, (count * dtype.itemsize,), generator=GENERATOR, dtype=torch.uint8)
    return data.view(dtype)


def every_float(width, dtype):
    return torch.arange(1 << 8 * width, dtype=torch.int32).to({1: torch.uint8, 2: torch.int16}[width]).view(dtype)


FLOATS = ["float16", "bfloat16", "float32", "float64"]
EIGHT = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"]
WHOLE = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
COMPLEX = ["complex32", "complex64", "complex128"]

inf, nan = math.inf, math.nan

FLOAT_VALUES = {
    "empty": [],
    "one": [2.5],
    "constant": [0.1] * 300,
    "all NaN": [nan] * 9,
    "infinite": [inf, 1.0, -inf, inf, -2.0],
    "nothing finite": [nan, inf, -inf],
    "zeros of both signs": [-0.0, 0.0, -0.0, 1.0],
    "only negative zeros": [-0.0] * 5,
    "tiny": [1e-310, -5e-324, 1e-45, -1e-40, 6e-8],
    "ends of the range": [1.797e308, -1.797e308, 3.4e38, 65504.0],
    "wide": [10.0**e for e in range(-300, 300, 7)],
    "ties": [1.0, -1.0, 1.0, -1.0, 0.5],
}
INTEGER_VALUES = {
    "one": [7],
    "constant": [3] * 40,
    "beyond float32": [(1 << 24) + 1, 1 << 24, 255, 256, 257],
    "ends": [(1 << 63) - 1, -(1 << 63), 0, -1, 1, -(1 << 63), (1 << 63) - 1],
    "neighbours beyond float64": [(1 << 53) + 1, 1 << 53, (1 << 53) + 2, (1 << 53) + 1],
}


def check(files, backend, tensor, exact=False):
    both = files.put(tensor)
    file = cpu.summarise(both.info, both.pool, Cancel(), exact=exact)
    data = there(backend, both)
    mine, _ = figures.summarise(backend, data, both.info, Cancel(), exact=exact)
    assert_same_summary(mine, file, both.info)
    assert torch.equal(data.cpu(), both.data)
    return both, mine


@pytest.fixture(params=["sorted", "counted"])
def way(request, monkeypatch):
    """Few elements are kept apart; with the limit at nothing they are counted as many are, in small pieces."""
    if request.param == "counted":
        monkeypatch.setattr(cpu, "SMALL", 0)
        monkeypatch.setattr(figures, "PIECE", 1000)
    return request.param


@pytest.mark.parametrize("name", FLOATS)
def test_floats_have_the_figures_of_the_file(files, backend, way, name):
    for values in FLOAT_VALUES.values():
        check(files, backend, torch.tensor(values, dtype=torch.float64).to(getattr(torch, name)))


@pytest.mark.parametrize("name", WHOLE)
def test_integers_have_the_figures_of_the_file(files, backend, way, name):
    for values in INTEGER_VALUES.values():
        whole = torch.tensor(values)
        check(files, backend, whole != 3 if name == "bool" else whole.view(torch.uint64).to(getattr(torch, name)))


@pytest.mark.parametrize("name", ["float16", "bfloat16", *EIGHT])
def test_all_codes_of_a_narrow_float_have_the_figures_of_the_file(files, backend, way, name):
    dtype = getattr(torch, name)
    check(files, backend, every_float(dtype.itemsize, dtype))


LAYOUTS = {
    "transposed": lambda t: t[:400].reshape(20, 20).T,
    "every second column": lambda t: t[:600].reshape(20, 30)[:, ::2],
    "permuted": lambda t: t[:480].reshape(6, 8, 10).permute(2, 0, 1),
    "repeated": lambda t: t[:60].reshape(6, 1, 10).expand(6, 7, 10),
    "repeated outside": lambda t: t[:10].expand(30, 10),
    "one number, repeated": lambda t: t[3].expand(4, 5),
    "overlapping windows": lambda t: t[:200].unfold(0, 20, 7),
    "scalar": lambda t: t[5],
    "empty dimension": lambda t: t[:0].reshape(3, 0),
}


@pytest.mark.parametrize("view", LAYOUTS.values(), ids=LAYOUTS)
def test_views_have_the_figures_and_the_digest_of_the_file(files, backend, way, monkeypatch, view):
    if way == "counted":
        monkeypatch.setattr(figures, "PIECE", 30)
    for name in ("float32", "bfloat16", "int64", "uint8"):
        dtype = getattr(torch, name)
        tensor = random_bytes(600, dtype)
        least, most = (tensor.max(), tensor.min()) if dtype is torch.uint8 else (-1, 1)
        for start, value in enumerate((nan, inf, -inf) if dtype.is_floating_point else (least, most)):
            tensor[start::11] = value
        check(files, backend, view(tensor))


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
def test_conjugates_negatives_and_complex_numbers_have_those_of_the_file(files, backend, way):
    for name in COMPLEX:
        parts = torch.view_as_complex(torch.stack([normal(300), normal(300)], -1)).to(getattr(torch, name))
        check(files, backend, parts)
        if name != "complex32":
            check(files, backend, parts.conj())
            check(files, backend, parts.conj().imag)


@pytest.mark.filterwarnings("ignore")
def test_quantised_numbers_have_those_of_the_file(files, backend, way):
    values = normal(40, 30)
    check(files, backend, torch.quantize_per_tensor(values, 0.05, 3, torch.qint8))
    scales, zeros = (
        torch.rand(40, generator=GENERATOR, dtype=torch.float64) + 0.1,
        torch.zeros(40, dtype=torch.long),
    )
    check(files, backend, torch.quantize_per_channel(values, scales, zeros, 0, torch.qint8))


def test_four_bits_have_those_of_the_file(backend, tmp_path):
    shelf, sides = Shelf(tmp_path), []
    for _ in range(2):
        stored = random_bytes(1001, torch.uint8)
        info = shelf.put(stored.numpy(), "F4", shape=(3, 667)).info
        sides.append((backend, there(backend, Both(info, shelf.pool, stored)), info))
        mine, _ = figures.summarise(*sides[-1], Cancel())
        assert_same_summary(mine, cpu.summarise(info, shelf.pool, Cancel()), info)
    record, _ = differences.compare(*sides, Cancel())
    assert_same_record(record, compare_pair(sides[0][2], sides[1][2], shelf.pool, Cancel(), silent, True))
    shelf.close()


SIZES = [cpu.SMALL - 1, cpu.SMALL, cpu.SMALL + 1, 200_001]


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("name", ["float32", "float64", "int64", "bfloat16"])
def test_tensors_around_the_limits_have_the_figures_of_the_file(files, backend, monkeypatch, count, name):
    monkeypatch.setattr(figures, "PIECE", 70_000)
    dtype = getattr(torch, name)
    values = normal(count, dtype=torch.float64)
    values = values * 1000 if name == "int64" else values.to(dtype)
    values[count // 3] = nan if dtype.is_floating_point else 5
    _, mine = check(files, backend, values.to(dtype))
    assert mine.statistics.count == count


@pytest.mark.parametrize("name", ["float32", "float64", "int32", "int64", "uint64"])
def test_any_bits_have_the_figures_of_the_file(files, backend, name):
    check(files, backend, random_bytes(90_000, getattr(torch, name)))


def test_values_that_live_in_few_spans_are_counted_again_as_in_the_file(files, backend):
    check(files, backend, 1.0 + 1e-4 * normal(100_000))
    check(files, backend, 1e9 + normal(100_000, dtype=torch.float64), exact=True)
    check(files, backend, (normal(100_000, dtype=torch.float64) * 50).long() + (1 << 60), exact=True)
    check(files, backend, normal(100_000), exact=True)


def test_a_closer_look_counts_what_it_counts_in_the_file(files, backend):
    for tensor in (normal(120_000), normal(90_000, dtype=torch.float64), random_bytes(90_000, torch.int64)):
        both, mine = check(files, backend, tensor)
        data, spread = there(backend, both), mine.distribution
        low, high = spread.bounds(0.5)
        for scale in ("linear", "symlog"):
            file = refine(both.info, both.pool, spread, low, high, Cancel(), scale=scale)
            found, why = refining.refine(backend, data, both.info, spread, low, high, Cancel(), scale=scale)
            assert_same_spread(found, file)
            assert not why
        edges = np.linspace(*spread.bounds(), 12)
        found, _ = refining.refine_bars(backend, data, both.info, spread, edges, Cancel())
        assert_same_spread(found, refine_bars(both.info, both.pool, spread, edges, Cancel()))


def fine(backend, both, spread):
    return refining.refine(backend, there(backend, both), both.info, spread, *spread.bounds(), Cancel())[0]


def test_what_is_fine_enough_is_left_as_it_is(files, backend):
    both, mine = check(files, backend, torch.arange(50.0))
    assert fine(backend, both, mine.distribution) is mine.distribution


MATRICES = {
    "wide": lambda: normal(40, 90),
    "tall": lambda: normal(500, 20),
    "square": lambda: normal(64, 64, dtype=torch.float64),
    "filters": lambda: normal(8, 3, 5, 5),
    "half": lambda: normal(30, 50, dtype=torch.bfloat16),
    "eight bits": lambda: normal(30, 50).to(torch.float8_e4m3fn),
    "rank one": lambda: normal(30, 1) @ normal(1, 20),
    "zeros": lambda: torch.zeros(10, 20),
    "transposed": lambda: normal(20, 30).T,
}


@pytest.mark.parametrize("by", ["triangle", "product"])
@pytest.mark.parametrize("make", MATRICES.values(), ids=MATRICES)
def test_singular_values_are_those_of_the_file(files, device, monkeypatch, make, by):
    both = files.put(make())
    file = spectrum_of(both.info, iter_values(both.info, both.pool, Cancel()), silent)
    if by == "product":
        monkeypatch.setattr(spectrum, "EXACT", 6)
    data = there(device, both)
    mine, why = spectrum.spectrum(device, data, both.info, Cancel())
    assert mine.shape == file.shape and not why
    assert torch.equal(data.cpu(), both.data)
    assert np.abs(mine.values - file.values).max() <= 1e-6 * file.values[0]
    assert mine.stable_rank == pytest.approx(file.stable_rank, rel=1e-6)
    assert mine.effective_rank == pytest.approx(file.effective_rank, rel=1e-5 if by == "product" else 1e-6)


def test_a_matrix_with_nan_is_refused_in_the_same_words(files, backend):
    matrix = normal(6, 7)
    matrix[2, 3] = nan
    both = files.put(matrix)
    with pytest.raises(CheckpointError, match=r"^1 of its values is not finite, so it has no singular values"):
        spectrum.spectrum(backend, there(backend, both), both.info, Cancel())
    whole = files.put(torch.ones(3, 3, dtype=torch.int32))
    with pytest.raises(CheckpointError, match="real floating-point numbers, not of int32"):
        spectrum.spectrum(backend, there(backend, whole), whole.info, Cancel())


def compared(files, backend, a, b):
    one, other = files.put(a), files.put(b)
    file = compare_pair(one.info, other.info, files.pool, Cancel(), silent, True)
    sides = [(backend, there(backend, both), both.info) for both in (one, other)]
    mine, why = differences.compare(*sides, Cancel())
    assert_same_record(mine, file)
    assert torch.equal(sides[0][1].cpu(), one.data) and torch.equal(sides[1][1].cpu(), other.data)
    return why


@pytest.fixture(params=[1 << 21, 100])
def pieces(request, monkeypatch):
    monkeypatch.setattr(differences, "PIECE", request.param)


NUMBERS = FLOATS + EIGHT + WHOLE


@pytest.mark.parametrize("name", NUMBERS)
def test_differences_are_those_of_the_files(files, device, pieces, name):
    dtype = getattr(torch, name)
    a, b = random_bytes(500, dtype), random_bytes(500, dtype)
    b.view(torch.uint8)[: 100 * dtype.itemsize] = a.view(torch.uint8)[: 100 * dtype.itemsize]
    compared(files, device, a, b)
    compared(files, device, a, a.clone())
    for other in ("float32", "float64", "int64", "uint64", "bool", "int8"):
        compared(files, device, a, random_bytes(500, getattr(torch, other)))


def test_differences_of_extreme_values_are_those_of_the_files(files, device, pieces):
    values = [v for v in FLOAT_VALUES.values() if v]
    for dtype in (torch.float32, torch.float64):
        for one in values:
            a = torch.tensor(one, dtype=torch.float64).to(dtype)
            for b in (a.flip(0), a * 0.5, torch.zeros_like(a), -a):
                compared(files, device, a, b)
    for one in INTEGER_VALUES.values():
        a = torch.tensor(one)
        for b in (a.flip(0), a.roll(1)):
            compared(files, device, a, b)
            compared(files, device, a, b.view(torch.uint64))


@pytest.mark.parametrize("view", LAYOUTS.values(), ids=LAYOUTS)
def test_differences_of_views_are_those_of_the_files(files, device, view):
    a, b = normal(600), normal(600)
    if view(a).numel():
        compared(files, device, view(a), view(b))
        compared(files, device, view(a), view(b).contiguous())


def test_differences_of_complex_numbers_are_those_of_the_files_and_found_on_the_cpu(files, backend):
    a, b = (torch.view_as_complex(normal(50, 2)) for _ in range(2))
    why = compared(files, backend, a, b)
    assert bool(why) == (backend.name != "cpu")


@settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_the_bytes_shape_and_pieces_the_answers_are_those_of_the_file(files, data):
    dtype = getattr(torch, data.draw(st.sampled_from(NUMBERS)))
    count = data.draw(st.integers(600, 3000))
    GENERATOR.manual_seed(data.draw(st.integers(0, 99)))
    tensor = random_bytes(count, dtype)
    if data.draw(st.booleans()):  # few values, often
        tensor = tensor[torch.randint(0, 5, (count,), generator=GENERATOR)]
    tensor = data.draw(st.sampled_from([lambda t: t, *LAYOUTS.values()]))(tensor)
    backend = MAKERS["simulated"]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cpu, "SMALL", data.draw(st.sampled_from([0, 65_536])))
        patch.setattr(figures, "PIECE", data.draw(st.sampled_from([7, 100, 1 << 21])))
        check(files, backend, tensor, exact=data.draw(st.booleans()))
