"""A window whose devices are a fake, and a checkpoint that was saved on a GPU."""

import threading

import pytest
import torch
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from ckptgui.engine.executors import shutdown_executors
from ckptgui.gui.jobs import Background
from ckptgui.gui.theme import apply_theme
from ckptgui.gui.window import MainWindow

from ..conftest import opened
from .fake import GPU, FakeService

LONG = 20_000
"""Milliseconds that a process may take to start on a machine that is busy."""


@pytest.fixture
def service():
    return FakeService(GPU)


@pytest.fixture
def window(qtbot, qapp, settings, service):
    """As in the folder above, with ``service`` behind its devices."""
    apply_theme(qapp, dark=False)
    background = Background()
    window = MainWindow(settings, background, lambda: service)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close_now()
    assert background.shutdown(5)
    assert service.closed or not service.asked
    shutdown_executors()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not [t.name for t in threading.enumerate() if t.name.startswith("ckptgui")]


def save(path):
    """A model with a tied head, an average of it, and a number."""
    generator = torch.Generator().manual_seed(0)
    model = {
        "embed.weight": torch.randn(40, 16, generator=generator),
        "layers.0.weight": torch.randn(16, 16, generator=generator),
        "layers.0.bias": torch.randn(16, generator=generator),
        "layers.1.weight": torch.randn(16, 16, generator=generator).t(),
        "layers.1.bias": torch.full((16,), 0.25),
    }
    model["head.weight"] = model["embed.weight"]
    average = {name: tensor.clone() for name, tensor in model.items()}
    torch.save({"model": model, "ema": average, "epoch": 3}, path)
    return str(path)


@pytest.fixture
def source(tmp_path):
    return save(tmp_path / "epoch_3.pt")


@pytest.fixture
def page(qtbot, window, source):
    page = opened(qtbot, window, source)
    qtbot.waitUntil(lambda: page.view.complete)
    return page


def confirmed(qtbot, window):
    """The question, once it can be answered."""
    qtbot.waitUntil(lambda: window.sheets.asking and window.sheets.confirm.primary.isVisible(), timeout=LONG)
    return window.sheets.confirm


def move(qtbot, window, page, path=(), action="move_to_device"):
    """Select, choose the action, agree, and wait until all of it is shown."""
    assert page.view.select(path)
    window.actions_by_key[action].trigger()
    confirmed(qtbot, window).primary.click()
    settle(qtbot, page)


def settle(qtbot, page):
    qtbot.waitUntil(lambda: not page.moves.busy and page.residents.settled, timeout=LONG)
