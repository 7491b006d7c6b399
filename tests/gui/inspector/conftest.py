"""Inspectors over real files that torch wrote."""

from dataclasses import dataclass

import pytest
import torch

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tree.build import NodeKind, Tree, build_tree
from ckptgui.formats.registry import open_checkpoint
from ckptgui.gui.inspector.inspector import Inspector
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import settle_locale
from ckptgui.gui.selection import Selection
from ckptgui.gui.summaries import Summaries
from ckptgui.gui.theme import apply_theme
from ckptgui.sources.locate import SourcePool


def saved() -> dict:
    """What the file holds; the same values every time."""
    torch.manual_seed(7)
    weight = torch.randn(300, 200) * 0.02
    bias = torch.randn(300)
    bias[[5, 17]] = float("nan")
    bias[3] = float("inf")
    return {
        "epoch": 3,
        "loss": 0.125,
        "val_accuracy": 0.75,
        "model_state_dict": {
            "embed.weight": weight,
            "head.weight": weight,
            "fc.bias": bias,
            "conv.weight": torch.randn(6, 4, 3, 5),
            "steps": torch.arange(40),
            "scale": torch.tensor(2.5),
            "empty": torch.zeros(0, 4),
            "big": torch.randn(500, 400),
            "mask": torch.tensor([True, False, True]),
            "half": torch.randn(20, 30).bfloat16(),
            "tiny": torch.full((100,), 1e-310, dtype=torch.float64),
            "vast": torch.tensor([-1e300, 0.0, 1e300], dtype=torch.float64),
            "wave": torch.randn(4, 3, dtype=torch.complex64),
            "flipped": torch.randn(8, 6).t(),
        },
        "optimizer_state_dict": {
            "state": {0: {"momentum_buffer": torch.randn(300, 200)}},
            "param_groups": [
                {
                    "lr": 0.1,
                    "momentum": 0.9,
                    "dampening": 0,
                    "weight_decay": 1e-4,
                    "nesterov": False,
                    "params": [0],
                }
            ],
        },
        "config": {"layers": 6, "name": "net<b>", "note": "one\ntwo", "rates": [0.1, 0.2]},
        "view": torch.arange(10_000)[:10],
    }


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("inspector") / "epoch_3.pt"
    torch.save(saved(), path)
    return path


@dataclass
class Bench:
    """An inspector and what it looks at."""

    inspector: Inspector
    checkpoint: Checkpoint
    tree: Tree
    pool: SourcePool
    summaries: Summaries
    background: Background
    qtbot: object

    def select(self, path: str, wait: bool = True) -> None:
        """Select a path, joined with slashes, and wait until its view is there."""
        node = self.tree.node_of_path(tuple(path.split("/"))) if path else 0
        assert node is not None, path
        kind = NodeKind(int(self.tree.kind[node]))
        chosen = Selection(kind, self.tree.path(node), node, int(self.tree.row[node]))
        if wait:
            with self.qtbot.waitSignal(self.inspector.view_ready, timeout=10_000):
                self.inspector.show_selection(chosen)
        else:
            self.inspector.show_selection(chosen)


@pytest.fixture
def open_bench(qtbot, qapp):
    settle_locale()
    apply_theme(qapp, dark=False)
    opened = []

    def open_file(path, size=(646, 760), page="values") -> Bench:
        checkpoint = open_checkpoint(str(path))
        tree = build_tree(checkpoint)
        background, pool = Background(), SourcePool()
        summaries = Summaries(checkpoint, pool, background)
        inspector = Inspector(background)
        qtbot.addWidget(inspector)
        inspector.resize(*size)
        inspector.set_document(checkpoint, tree, pool, summaries)
        if page:
            inspector._tensor_panel().half.open(page)
        with qtbot.waitExposed(inspector):
            inspector.show()
        bench = Bench(inspector, checkpoint, tree, pool, summaries, background, qtbot)
        opened.append(bench)
        return bench

    yield open_file
    for bench in opened:
        bench.summaries.stop()
        assert bench.background.shutdown(5.0)
        bench.pool.close()


@pytest.fixture
def bench(open_bench, file):
    return open_bench(file)
