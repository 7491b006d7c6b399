"""What lies over the window is in a picture of it once it is filled."""

from ckptgui.gui.picture_over import Over
from ckptgui.gui.theme import TAB, theme

from ..conftest import opened


def pictured(qtbot, window, page, view):
    ready = []
    over = Over(view, window, page, lambda: ready.append(True))
    assert over.show() == ""
    qtbot.waitUntil(lambda: bool(ready))
    before = window.grab().toImage()
    picture = window.grab()
    over.paint(picture)
    return before, picture.toImage()


def test_the_devices_are_in_it_once_they_are_known(qtbot, window, source):
    page = opened(qtbot, window, source)
    before, after = pictured(qtbot, window, page, "devices")
    assert window.devices.inventory is not None
    panel = window.sheets.panel
    assert panel.isVisible() and len(panel.rows) > 1
    assert before == after  # it is part of the window


def test_the_export_dialogue_is_painted_over_a_paler_window(qtbot, window, source):
    page = opened(qtbot, window, source)
    before, after = pictured(qtbot, window, page, "export")
    dialog = page.export.dialog
    assert dialog.up_to_date and dialog.foot.export.isEnabled()
    inside = dialog.grab().toImage()
    left, top = (after.width() - inside.width()) // 2, (after.height() - inside.height() + TAB) // 2
    shown = after.copy(left, top, inside.width(), inside.height())
    found = [shown.copy(dx + 100, dy + 100, 400, 300) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    assert inside.copy(100, 100, 400, 300) in found
    words = [(x, y) for x in range(300) for y in range(30) if before.pixelColor(x, y).lightness() < 90]
    assert words and all(after.pixelColor(x, y).lightness() > 100 for x, y in words)
    dialog.reject()


def test_a_dialogue_is_whole_in_the_picture_of_a_small_window(qtbot, window, source):
    window.resize(900, 600)
    page = opened(qtbot, window, source)
    before, after = pictured(qtbot, window, page, "export")
    dialog = page.export.dialog
    assert dialog.width() > before.width() == after.width()
    right, foot = range(after.width() // 2, after.width()), range(after.height() - 60, after.height())
    blue = [x for x in right for y in foot if after.pixelColor(x, y) == theme().accent]  # the button
    assert max(blue) - min(blue) > 40 and max(blue) < after.width() - 20
    dialog.reject()
