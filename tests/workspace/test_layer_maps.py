"""Every figure of a map of layers equals what numpy finds in the values, of tensors and of folded modules."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ckptgui.analysis.layer_map import FIGURES, Cell
from ckptgui.analysis.layer_rows import rows_of
from ckptgui.core.series.series import series_of
from ckptgui.engine.job import Cancel
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import Comparing, ProfileTask
from ckptgui.workspace.layer_maps import layer_map
from ckptgui.workspace.run import read_run

EPOCHS = 3


def states():
    generator = torch.Generator().manual_seed(3)
    shapes = {"a.0.w": (7, 5), "a.0.b": (7,), "a.1.w": (5, 3), "a.1.b": (3,), "head": (4,)}
    state = {name: torch.randn(shape, generator=generator) * 3 + 1 for name, shape in shapes.items()}
    state["a.1.w"][0] = 0.0
    for _ in range(EPOCHS):
        yield {name: values.clone() for name, values in state.items()}
        for name in state:
            state[name] = state[name] + 0.1 * torch.randn(shapes[name], generator=generator)
        state["a.0.b"][:2] = 0.25


def saved(folder, found):
    for epoch, state in enumerate(found):
        torch.save({"epoch": epoch, "model_state_dict": state}, folder / f"epoch_{epoch}.pt")
    return Compared(series_of(read_run(str(folder)).members))


def read(known, tasks=None):
    pool = SourcePool()
    every = known.tasks(to_first=True) if tasks is None else tasks
    Comparing(known.series, pool, None, known.profiles).carry_out(every, known.take, Cancel())
    pool.close()


def mapped(known, key, *folded):
    closed = np.zeros(len(known.outline), bool)
    closed[[known.outline.find(path) for path in folded]] = True
    return layer_map(known, FIGURES[key], rows_of(known.outline, closed))


def expected(key, before, first, now):
    """One cell, from all values of its tensors."""
    own = {
        "std": lambda: now.std(),
        "mean": lambda: now.mean(),
        "l2": lambda: math.sqrt(math.fsum(now * now)),
        "zeros": lambda: (now == 0).mean(),
        "nan": lambda: 0.0,
    }
    if key in own:
        return own[key]()
    base = first if key == "cosine" else before
    if base is None:
        return math.nan
    moved = now - base
    return {
        "relative": lambda: np.linalg.norm(moved) / np.linalg.norm(base),
        "cosine": lambda: now @ base / (np.linalg.norm(now) * np.linalg.norm(base)),
        "changed": lambda: (moved != 0).mean(),
        "max": lambda: np.abs(moved).max(),
    }[key]()


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    known = saved(tmp_path_factory.mktemp("run"), states())
    read(known)
    return known


@pytest.mark.parametrize("folded", [(), ("a.0", "a.1"), ("a",)])
@pytest.mark.parametrize("key", FIGURES)
def test_a_cell_is_the_figure_of_all_values_of_its_row(whole_run, key, folded):
    found, known = list(states()), whole_run
    layers = mapped(known, key, *folded)
    names = known.outline.names
    heads = [*layers.rows.heads.tolist(), len(names)]
    for row in range(len(layers.rows)):
        tensors = names[heads[row] : heads[row + 1]]
        vectors = [np.concatenate([state[name].double().numpy().ravel() for name in tensors]) for state in found]
        for epoch in range(EPOCHS):
            before, first = (vectors[epoch - 1], vectors[0]) if epoch else (None, None)
            value = expected(key, before, first, vectors[epoch])
            assert layers.values[row, epoch] == pytest.approx(value, rel=1e-9, nan_ok=True)
            assert layers.cells[row, epoch] == (Cell.NONE if math.isnan(value) else Cell.VALUE)
    assert not layers.broken.any()


def test_what_is_broken_is_counted_in_tensors_and_modules_under_every_figure(tmp_path):
    found = list(states())
    found[1]["a.1.w"][1, :2] = float("nan")
    found[1]["a.1.b"][0] = float("-inf")
    known = saved(tmp_path, found)
    read(known)
    for key in FIGURES:
        layers = mapped(known, key, "a.0", "a.1")
        assert layers.broken.tolist() == [[False] * 3, [False, True, False], [False] * 3]
        assert (layers.nan[1, 1], layers.inf[1, 1]) == (2, 1)
        alone = mapped(known, key)
        assert np.argwhere(alone.broken).tolist() == [[2, 1], [3, 1]]
    assert mapped(known, "nan", "a").values[0].tolist() == [0.0, 3.0, 0.0]


def test_the_finite_values_of_what_is_broken_keep_their_figures(tmp_path):
    found = list(states())
    found[1]["a.1.w"][1, 0] = float("nan")
    known = saved(tmp_path, found)
    read(known)
    both = np.concatenate([found[1][name].double().numpy().ravel() for name in ("a.1.w", "a.1.b")])
    finite = both[np.isfinite(both)]
    assert mapped(known, "std", "a.1").values[2, 1] == pytest.approx(finite.std(), rel=1e-9)


def test_what_is_not_there_or_cannot_be_compared_says_so(tmp_path):
    found = list(states())
    del found[0]["head"]
    found[2]["head"] = torch.zeros(6)
    known = saved(tmp_path, found)
    read(known)
    row = known.outline.names.index("head")
    assert mapped(known, "relative").cells[row].tolist() == [Cell.ABSENT, Cell.NONE, Cell.NONE]
    assert mapped(known, "std").cells[row].tolist() == [Cell.ABSENT, Cell.VALUE, Cell.VALUE]


def test_a_member_that_cannot_be_read_has_no_cells_and_is_passed_over(whole_run):
    first, lost, last = whole_run.series.members
    known = Compared(series_of([first, replace(lost, checkpoint=None, error="It is no checkpoint."), last]))
    read(known)
    cells = mapped(known, "relative").cells
    assert (cells[:, 1] == Cell.ABSENT).all() and (cells[:, 2] == Cell.VALUE).all()


def test_cells_wait_until_all_their_tensors_were_read(tmp_path):
    known = saved(tmp_path, states())
    assert (mapped(known, "std", "a").cells == Cell.UNREAD).all()
    read(known, [ProfileTask(1)])
    cells = mapped(known, "std", "a").cells
    assert (cells[:, 1] == Cell.VALUE).all() and (cells[:, [0, 2]] == Cell.UNREAD).all()


def test_what_failed_is_told_and_the_rest_of_a_module_goes_on(tmp_path):
    known = saved(tmp_path, states())
    tensor = known.outline.names.index("a.0.b")
    read(known)
    row = int(known.matching.rows[tensor, 1])
    known.profiles[1].records["known"][row] = 0
    known.errors[ProfileTask(1)] = {row: "Its bytes are missing."}
    assert mapped(known, "std").cells[tensor, 1] == Cell.FAILED
    folded = mapped(known, "std", "a")
    assert folded.cells[0, 1] == Cell.VALUE


def test_rows_that_stay_keep_their_cells(whole_run):
    before, after = mapped(whole_run, "l2"), mapped(whole_run, "l2", "a.0")
    whole = after.values.copy()
    after.values[:] = np.nan
    after.keep(before)
    stay = ~after.rows.folded
    assert np.array_equal(after.values[stay], whole[stay])
    assert np.isnan(after.values[~stay]).all()
