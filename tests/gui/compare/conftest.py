"""Small runs on the disk, and a comparison of one that has been read to its end."""

import pytest
import torch
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from ckptgui.core.series.series import series_of
from ckptgui.engine.executors import shutdown_executors
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.jobs import Background
from ckptgui.gui.theme import apply_theme
from ckptgui.workspace.run import read_run


def weights(epoch):
    """A state dict of two blocks that moves less and less."""
    generator = torch.Generator().manual_seed(0)
    found = {}
    for block in range(2):
        for name, shape in (("attn.weight", (12, 8)), ("attn.bias", (12,)), ("norm.weight", (8,))):
            base = torch.randn(shape, generator=generator)
            way = torch.randn(shape, generator=generator)
            found[f"blocks.{block}.{name}"] = base + way * (1 - 0.5**epoch)
    return found


def save_run(folder, states, **scalars):
    """One file a state dict; each scalar is a list with a value a file."""
    folder.mkdir(exist_ok=True)
    for epoch, state in enumerate(states):
        told = {name: values[epoch] for name, values in scalars.items()}
        torch.save({"epoch": epoch, **told, "model_state_dict": state}, folder / f"epoch_{epoch}.pt")
    return str(folder)


@pytest.fixture
def run_folder(tmp_path):
    """Four epochs with a falling loss."""
    return save_run(tmp_path / "run", [weights(epoch) for epoch in range(4)], loss=[3.0, 2.0, 1.5, 1.25])


@pytest.fixture
def compare_run(qtbot, qapp):
    """A function from a folder to its comparison, read to its end."""
    apply_theme(qapp, dark=False)
    background = Background()
    made = []

    def compare(folder):
        comparison = Comparison(background)
        made.append(comparison)
        with qtbot.waitSignal(comparison.finished, timeout=20_000):
            comparison.show_series(series_of(read_run(folder).members))
        return comparison

    yield compare
    for comparison in made:
        comparison.release()
    assert background.shutdown(5)
    shutdown_executors()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def comparison(compare_run, run_folder):
    """That of ``run_folder``."""
    return compare_run(run_folder)
