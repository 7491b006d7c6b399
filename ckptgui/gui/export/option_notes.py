"""What an export comes to, told at the options that it is about."""

from __future__ import annotations

from ckptgui.core.display import display
from ckptgui.core.kept import LOST
from ckptgui.errors import DamagedSourceError
from ckptgui.gui.export.option_controls import OptionControls
from ckptgui.gui.export.outlook import Outlook
from ckptgui.gui.export.trouble import field_of
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import counted, integer, tr

_NAMED = 6
"""Values that are named below their tick."""


def tell_fields(page: OptionControls, outlook: Outlook) -> None:
    """Show at each field how many names it selects and what is wrong with it."""
    plan, request = outlook.plan, outlook.request
    where = field_of(outlook.trouble, request)
    troubles = {where: outlook.trouble} if where else {}
    for note in plan.notes if plan is not None else ():
        troubles.setdefault(field_of(note, request), note)
    count = ""
    if plan is not None:
        count = tr("{goes} of {total}").format(goes=integer(len(plan.chosen)), total=integer(len(outlook.names)))
    page.include.tell(count, troubles.get("include", ""))
    page.exclude.tell("", troubles.get("exclude", ""))
    page.exceptions.tell(troubles.get("dtype_for", ""))
    page.renames.tell(troubles.get("rename", ""))


def tell_ticks(page: OptionControls, outlook: Outlook) -> None:
    """Say below each tick what it comes to."""
    plan = outlook.shown
    if plan is None:
        return
    text = ""
    if outlook.wrapped:
        text = tr("{prefix} from {names}").format(
            prefix=display(outlook.wrapper, 60), names=counted(outlook.wrapped, "name", "names")
        )
    _note(page.strip_note, text)
    keys = [key for key in plan.metadata if key != LOST]
    names = ", ".join(display(key, 40) for key in keys[:_NAMED])
    more = len(keys) - _NAMED
    _note(page.keep_note, tr("{names} and {count} more").format(names=names, count=more) if more > 0 else names)
    _tell_damage(page, outlook)


def _tell_damage(page: OptionControls, outlook: Outlook) -> None:
    """Offer to export what is whole of a damaged source."""
    plan, error = outlook.plan, outlook.error
    if plan is not None:
        whole, lost = len(plan.chosen), len(plan.lost)
    elif isinstance(error, DamagedSourceError):
        whole, lost = error.left, error.lost
    else:
        return
    damaged = lost > 0 and whole > 0
    page.rescue.setVisible(damaged or page.rescue.isChecked())
    text = tr("{whole} of {all} are whole; what is lost is listed.").format(
        whole=integer(whole), all=counted(whole + lost, "tensor", "tensors")
    )
    _note(page.rescue_note, text if damaged else "")


def _note(label: PlainLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
