"""The dialogue, opened as a person does, and what is told when it is through."""

import pytest
from PySide6.QtCore import Qt

from ..conftest import opened

CTRL, LEFT = Qt.KeyboardModifier.ControlModifier, Qt.MouseButton.LeftButton


@pytest.fixture
def dialogue(qtbot, window):
    """``dialogue(path)``: Ctrl+E on a checkpoint; the dialogue once it knows what it would write."""

    def ask(path):
        page = opened(qtbot, window, path)
        qtbot.keyClick(window, Qt.Key.Key_E, CTRL)
        qtbot.waitUntil(lambda: page.export.dialog is not None, timeout=10_000)
        return planned(qtbot, page.export.dialog)

    return ask


def planned(qtbot, dialog):
    """A dialogue once all that was wished is worked out."""
    qtbot.waitUntil(lambda: dialog.up_to_date, timeout=10_000)
    return dialog


def write(qtbot, dialog, path):
    """Type a path over the one that is proposed."""
    dialog.foot.field.selectAll()
    qtbot.keyClicks(dialog.foot.field, str(path))
    return planned(qtbot, dialog)


def notice(qtbot, page, key="export"):
    """The banner that says what came of an export."""
    notices = page.view.notices
    qtbot.waitUntil(lambda: any(n.key == key for n in notices.notices()), timeout=10_000)
    return notices.banner(key)
