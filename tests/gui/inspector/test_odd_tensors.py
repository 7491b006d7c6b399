"""Every page of the inspector on tensors at the edges of what there is; exceptions and warnings fail a test."""

import warnings

import pytest
import torch

from ckptgui.gui.inspector.lower_half import KINDS
from ckptgui.gui.inspector.overview.values_strip import ValuesStrip

DOUBLE = torch.finfo(torch.float64).max
ODD = {
    "vast": torch.full((30, 40), 1.7e308, dtype=torch.float64),
    "ends": torch.tensor([[DOUBLE, -DOUBLE], [0.0, DOUBLE]], dtype=torch.float64),
    "subnormal": torch.arange(1.0, 13.0, dtype=torch.float64).reshape(3, 4) * 5e-324,
    "close": 1e8 + torch.arange(12.0, dtype=torch.float64).reshape(3, 4) * 1e-8,
    "lost": torch.full((3, 4), float("nan")),
    "one": torch.ones(1, 1),
    "deep": torch.ones((1,) * 63 + (5,)),
    "empty": torch.zeros(3, 0, 5),
    "endless": torch.ones(1).expand(1 << 30, 3),
    "whole": torch.tensor([[-(2**63), 2**63 - 1]]),
}


@pytest.fixture(scope="module")
def odd_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("odd") / "odd.pt"
    with warnings.catch_warnings(action="ignore"):
        sparse = torch.sparse_coo_tensor(torch.zeros(3, 1, dtype=torch.long), torch.ones(1), (10**6, 10**6, 10**3))
        torch.save({**ODD, "sparse": sparse}, path)
    return path


@pytest.mark.parametrize("name", [*ODD, "sparse"])
def test_every_page_has_something_to_say(open_bench, odd_file, qtbot, name):
    bench = open_bench(odd_file)
    bench.select(name, wait=False)
    half = bench.inspector.tensor.half
    info = bench.checkpoint.info(int(bench.tree.row[bench.tree.node_of_path((name,))]))
    for kind in KINDS:
        if kind.fits(info):
            half.open(kind.key)
            bench.inspector.grab()
            if info.nbytes < 1 << 20:
                qtbot.waitUntil(lambda: not half.waiting, timeout=10_000)
                bench.inspector.grab()


@pytest.mark.parametrize("value", [1e308, 5e-324, 0.0])
def test_the_strip_of_all_values_holds_the_largest_and_the_smallest(open_bench, qtbot, tmp_path, value):
    path = tmp_path / "model.pt"
    torch.save({name: torch.full((4, 4), value, dtype=torch.float64) for name in ("a.weight", "b.weight")}, path)
    bench = open_bench(path)
    bench.select("", wait=False)
    bench.summaries.begin()
    (strip,) = bench.inspector.findChildren(ValuesStrip)
    qtbot.waitUntil(lambda: bool(bench.summaries.profile.known.all()), timeout=10_000)
    strip._refresh()
    assert not strip.grab().isNull()
