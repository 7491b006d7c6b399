"""Figures of resident tensors: where they are worked out, what memory that takes, and through the process."""

import math
import re
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
import torch

from ckptgui.analysis.reduction import Chunk
from ckptgui.analysis.refinement import RefinementPass
from ckptgui.device.inside import differences, figures, refining, spectrum
from ckptgui.device.inside.counting import RangeCounts
from ckptgui.device.inside.exact_sums import DOUBLE, SINGLE, FloatSums
from ckptgui.device.inside.main_memory import CpuBackend
from ckptgui.device.inside.reals import unsigned_reals
from ckptgui.device.inside.simulated import Settings, SimulatedBackend
from ckptgui.device.messages import OutOfMemoryError
from ckptgui.device.process import DeviceProcess
from ckptgui.engine import summarise as cpu
from ckptgui.engine.compare_one import compare_pair
from ckptgui.engine.job import Cancel, silent
from ckptgui.engine.refine import refine, refine_bars
from ckptgui.engine.spectrum import spectrum_of
from ckptgui.engine.stream import iter_values
from ckptgui.errors import Cancelled, UnsupportedError
from tests.device.residents import assert_same_record, assert_same_spread, assert_same_summary

pytestmark = pytest.mark.usefixtures("few_threads")


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(3)


def device(memory=1 << 34):
    return SimulatedBackend(Settings(memory=memory))


@pytest.mark.parametrize("width", [SINGLE, DOUBLE], ids=["float32", "float64"])
@pytest.mark.parametrize("often", [1 << 30, 1000])
def test_sums_on_a_device_are_those_of_exact_fractions(monkeypatch, width, often):
    monkeypatch.setattr("ckptgui.device.inside.exact_sums._OFTEN", often)
    dtype, whole = {32: (torch.float32, torch.int32), 64: (torch.float64, torch.int64)}[width.bits]
    values = (
        torch.randint(-(1 << 63), (1 << 63) - 1, (4096,)).view(torch.uint8)[: 4096 * dtype.itemsize].view(dtype)
    )
    values = torch.cat([values[:4000], torch.tensor([math.nan, math.inf, -math.inf, 0.0, -0.0], dtype=dtype)])
    sums = FloatSums(width, values.device)
    for part in values.split(700):
        sums.add(part.view(whole))
    _, found = sums.finish()
    exact = [Fraction(value) for value in values.double().tolist() if math.isfinite(value)]
    unit = Fraction(2) ** found.unit
    assert found.n == len(exact)
    assert found.total * unit == sum(exact)
    assert found.size * unit == sum(map(abs, exact))
    assert found.squares * unit**2 == sum(value * value for value in exact)


def test_keys_are_counted_in_ranges_as_the_cpu_counts_them_up_to_the_whole_of_64_bits():
    ends = [-(1 << 63), -(1 << 62), -5, 0, 7, 1 << 40, (1 << 63) - 1]
    keys = torch.cat([torch.randint(-(1 << 63), (1 << 63) - 1, (3000,)), torch.tensor(ends * 3)])
    whole = [[ends[0]], [ends[-1]]]
    parts = [[-(1 << 63), -5, 7], [-(1 << 62), 0, (1 << 63) - 1]]
    for lows, highs in (whole, parts):
        for bits in (1, 3, 16):
            closer = RefinementPass("int", np.array(lows), np.array(highs), bits)
            counts = RangeCounts(closer, keys.device)
            for part in keys.split(1000):
                counts.add(part)
            chunk = Chunk(keys.numpy(), (0,), (keys.numel(),), (1,), True)
            assert np.array_equal(counts.counts, closer.of(chunk))


def test_unsigned_integers_become_float64_as_the_cpu_rounds_them():
    ties = [1 << 63, (1 << 63) + (1 << 10), (1 << 63) + (1 << 10) + 1, (1 << 63) + (3 << 10), (1 << 64) - 1]
    whole = np.array([0, 1, (1 << 53) + 1, (1 << 53) + 3, (1 << 63) - 1, *ties], np.uint64)
    found = unsigned_reals(torch.from_numpy(whole.view(np.int64)))
    assert np.array_equal(found.numpy(), whole.astype(np.float64))


def test_where_the_device_has_not_the_memory_the_cpu_comes_to_the_same_and_that_is_said(files):
    tensor = torch.randn(100, 120)
    both = files.put(tensor)
    poor = device(memory=both.data.numel() + 1000)
    data = poor.allocate(both.data.numel())
    data.copy_(both.data)

    found, why = figures.summarise(poor, data, both.info, Cancel())
    file = cpu.summarise(both.info, both.pool, Cancel())
    assert found.statistics == file.statistics and found.digest == file.digest
    assert re.fullmatch(
        r"sim:0 has 1,?000 B free; 1\.5 MiB are needed\. It was worked out on the CPU instead\.", why
    )

    spread = found.distribution
    assert "on the CPU" in spectrum.spectrum(poor, data, both.info, Cancel())[1]
    record, why = differences.compare((poor, data, both.info), (poor, data, both.info), Cancel())
    assert "on the CPU" in why
    assert_same_record(record, compare_pair(both.info, both.info, both.pool, Cancel(), silent, True))
    finer, why = refining.refine(poor, data, both.info, spread, -1.0, 1.0, Cancel())
    assert finer is spread and "on the CPU" in why
    assert poor.info().free == 1000


def test_memory_that_runs_out_in_the_middle_leaves_no_trace_in_the_answer(files, monkeypatch):
    monkeypatch.setattr(figures, "PIECE", 1000)
    both, backend = files.put(torch.randn(70_000)), device()
    fold = figures.fitting

    def failing(*arguments):
        whole, pieces = fold(*arguments), []
        add = whole.add

        def some(piece):
            pieces.append(piece)
            if len(pieces) > 20:
                raise OutOfMemoryError("sim:0 has 0 B free; 8 KB are needed.")
            add(piece)

        whole.add = some
        return whole

    monkeypatch.setattr(figures, "fitting", failing)
    found, why = figures.summarise(backend, both.data, both.info, Cancel())
    assert "worked out on the CPU instead" in why
    assert_same_summary(found, cpu.summarise(both.info, both.pool, Cancel()), both.info)
    assert backend.info().free == 1 << 34


def test_a_tensor_may_be_part_of_a_larger_piece_of_memory(files):
    both = files.put(torch.randn(30, 40).T)
    data = torch.zeros(both.data.numel() + 128, dtype=torch.uint8)[64:-64]
    data.copy_(both.data)
    found, _ = figures.summarise(device(), data, both.info, Cancel())
    assert_same_summary(found, cpu.summarise(both.info, both.pool, Cancel()), both.info)


def test_work_in_main_memory_is_no_falling_back(files):
    both = files.put(torch.randn(1000))
    assert figures.summarise(CpuBackend(), both.data, both.info, Cancel())[1] == ""


def test_what_torch_refuses_on_a_device_is_worked_out_on_the_cpu(files, monkeypatch):
    def refusing(*_):
        raise NotImplementedError("The operator 'aten::histc' is not here.\nMore of it")

    both, backend = files.put(torch.randn(100)), device()
    monkeypatch.setattr(figures, "fitting", refusing)
    found, why = figures.summarise(backend, both.data, both.info, Cancel())
    assert why.startswith("sim:0 does not do this: The operator 'aten::histc' is not here.")
    assert found.digest == cpu.summarise(both.info, both.pool, Cancel()).digest


def test_what_a_device_does_not_do_to_the_last_bit_is_said(files):
    both = files.put(torch.view_as_complex(torch.randn(50, 2)))
    _, why = figures.summarise(device(), both.data, both.info, Cancel())
    assert why.startswith("Figures of complex64 are not found on a device.")


WORKS = {
    "figures": lambda both, cancel, report: figures.summarise(device(), both.data, both.info, cancel, report),
    "spectrum": lambda both, cancel, report: spectrum.spectrum(device(), both.data, both.info, cancel, report),
    "differences": lambda both, cancel, report: differences.compare(
        (device(), both.data, both.info), (device(), both.data, both.info), cancel, report
    ),
}


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_it_reports_as_it_goes_and_stops_when_it_is_told(files, monkeypatch, work):
    for module in (figures, differences):
        monkeypatch.setattr(module, "PIECE", 1000)
    both, heard = files.put(torch.randn(900, 30)), []
    work(both, Cancel(), heard.append)
    done = [progress.done for progress in heard]
    assert done == sorted(done) and done[-1] == heard[-1].total and len(done) > 3

    cancel = Cancel()
    with pytest.raises(Cancelled):
        work(both, cancel, lambda _: cancel.cancel())


class Asked(SimulatedBackend):
    """Keeps what it was last asked for."""

    asked = 0

    def scratch(self, nbytes):
        self.asked = nbytes
        return super().scratch(nbytes)


def allocated(work):
    """The most memory that torch's operations took at once."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as taken:
        work()
    now = most = 0
    events = [event for event in taken.profiler.kineto_results.events() if event.name() == "[memory]"]
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


@pytest.mark.parametrize("name", ["float32", "float64", "bfloat16", "int64"])
def test_it_takes_no_more_memory_than_it_asks_for(files, monkeypatch, name):
    for module in (figures, differences):
        monkeypatch.setattr(module, "PIECE", 1 << 16)
    dtype = getattr(torch, name)
    raw = torch.randint(0, 256, (150_000 * dtype.itemsize,), dtype=torch.uint8).view(dtype).reshape(300, 500)
    for tensor in (raw.T, raw[:, :1].expand(300, 500)):
        both, backend = files.put(tensor), Asked(Settings(memory=1 << 34))
        side = backend, both.data, both.info
        assert allocated(partial(figures.summarise, *side, Cancel())) <= backend.asked
        assert allocated(partial(differences.compare, side, side, Cancel())) <= backend.asked
    if dtype.is_floating_point:
        both = files.put(torch.randn(300, 200).to(dtype))
        assert allocated(partial(spectrum.spectrum, backend, both.data, both.info, Cancel())) <= backend.asked


@pytest.fixture(scope="module")
def process():
    process = DeviceProcess(simulated="memory=64MB")
    yield process
    process.close()


@pytest.mark.parametrize("where", ["cpu", "sim:0", pytest.param("cuda:0", marks=pytest.mark.gpu)])
def test_the_process_answers_as_the_files_do(files, process, where):
    if where == "cuda:0" and not torch.cuda.is_available():
        pytest.skip("no CUDA device is here")
    a, b = files.put(torch.randn(400, 200).T), files.put(torch.randn(200, 400, dtype=torch.bfloat16))
    one, other = process.move([a.info, b.info], where, Cancel())
    assert one.device == where

    for both, resident in ((a, one), (b, other)):
        found = process.summarise(resident.token, Cancel(), exact=True)
        assert process.fell_back == ""
        assert_same_summary(found, cpu.summarise(both.info, both.pool, Cancel(), exact=True), both.info)
    spread = process.summarise(one.token, Cancel()).distribution
    low, high = spread.bounds(0.5)
    assert_same_spread(
        process.refine(one.token, spread, low, high, Cancel()), refine(a.info, a.pool, spread, low, high, Cancel())
    )
    edges = spread.histogram(9).edges
    assert_same_spread(
        process.refine_bars(one.token, spread, edges, Cancel()),
        refine_bars(a.info, a.pool, spread, edges, Cancel()),
    )
    assert_same_record(
        process.compare(one.token, other.token, Cancel()),
        compare_pair(a.info, b.info, files.pool, Cancel(), silent, True),
    )
    file = spectrum_of(a.info, iter_values(a.info, a.pool, Cancel()), silent)
    mine = process.spectrum(one.token, Cancel())
    assert abs(mine.values - file.values).max() <= 1e-6 * file.values[0]
    assert process.fell_back == ""
    process.free([one.token, other.token])


def test_the_process_falls_back_says_so_and_refuses_in_the_same_words(files, process):
    matrix = torch.randn(300, 40_000, dtype=torch.bfloat16)
    both = files.put(matrix)
    (resident,) = process.move([both.info], "sim:0", Cancel())
    found = process.summarise(resident.token, Cancel())
    assert process.fell_back.startswith("sim:0 has ") and process.fell_back.endswith("on the CPU instead.")
    assert_same_summary(found, cpu.summarise(both.info, both.pool, Cancel()), both.info)
    process.free([resident.token])

    matrix[0, 0] = math.nan
    broken = files.put(matrix[:20, :20])
    (resident,) = process.move([broken.info], "sim:0", Cancel())
    with pytest.raises(UnsupportedError, match=r"^1 of its values is not finite, so it has no singular values\.$"):
        process.spectrum(resident.token, Cancel())
    process.free([resident.token])
