"""A window of the test's own, checkpoints to open in it, and the rule that nothing of it stays behind."""

import threading

import pytest
import torch
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit

from ckptgui.engine.executors import shutdown_executors
from ckptgui.gui.jobs import Background
from ckptgui.gui.theme import apply_theme
from ckptgui.gui.window import MainWindow
from ckptgui.workspace.settings import SettingsFile


def pytest_collection_modifyitems(items):
    for item in items:
        # The platform without a screen says so of every window that has a least size, and of every pop-up.
        item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support", extend=True))


@pytest.fixture
def settings(tmp_path):
    return SettingsFile(tmp_path / "settings.json")


@pytest.fixture
def window(qtbot, qapp, settings):
    apply_theme(qapp, dark=False)
    background = Background()
    window = MainWindow(settings, background)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close_now()
    assert background.shutdown(5)
    shutdown_executors()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not [t.name for t in threading.enumerate() if t.name.startswith("ckptgui")]


def small_state_dict(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        "conv1.weight": torch.randn(8, 3, 3, 3, generator=generator),
        "conv1.bias": torch.randn(8, generator=generator),
        "fc.weight": torch.randn(10, 32, generator=generator),
    }


@pytest.fixture
def checkpoint(tmp_path):
    """A training checkpoint as tutorials save it."""
    path = tmp_path / "epoch_3.pt"
    save_epoch(path, 3)
    return str(path)


def save_epoch(path, epoch):
    torch.save({"epoch": epoch, "model_state_dict": small_state_dict(epoch), "loss": 1.5 / (epoch + 1)}, path)


@pytest.fixture
def run_folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for epoch in (10, 2, 1):
        save_epoch(folder / f"epoch_{epoch}.pt", epoch)
    return folder


def opened(qtbot, window, path):
    """Open ``path`` as the command line does and wait until it is shown."""
    window.open_path(str(path))
    qtbot.waitUntil(lambda: window.current.ready, timeout=10_000)
    return window.current


def drop(window, *paths):
    """What a file manager does when files are let go over the window."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(300, 300).toPoint(), copy, mime, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), copy, mime, left, none))


def dialog_of(qtbot, kind):
    """The dialogue of a class that is open now."""

    def find():
        return next((w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()), None)

    qtbot.waitUntil(lambda: find() is not None, timeout=5000)
    return find()


def answer(qtbot, path):
    """Write a path into the file dialogue that is open and press Return."""
    dialog = dialog_of(qtbot, QFileDialog)
    box = dialog.findChild(QLineEdit, "fileNameEdit")
    box.setText(str(path))
    qtbot.keyClick(box, Qt.Key.Key_Return)
