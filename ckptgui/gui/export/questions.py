"""What is asked before an export that somebody might regret: of a file that is there, of far too much."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from PySide6.QtWidgets import QWidget

from ckptgui.core.display import display
from ckptgui.gui.dialogs import ask
from ckptgui.gui.export.outlook import Outlook
from ckptgui.gui.export.place import Place
from ckptgui.gui.numbers import tr


def before_writing(parent: QWidget, outlook: Outlook, place: Place, act: Callable[[], object]) -> None:
    """Ask what has to be asked, and ``act`` once all is agreed to; at once where there is nothing to ask."""
    name = display(PurePath(place.path).name, 120)
    if outlook.large:
        ask_large(parent, outlook.trouble, act)
    elif place.is_source:
        ask(
            parent,
            tr("Replace {name}, the file you are looking at?").format(name=name),
            tr("The export is written and compared first. What it leaves out is gone then: {left}").format(
                left=", ".join(display(key, 60) for key, _ in outlook.left[:8]) or tr("nothing")
            ),
            tr("Replace {name}").format(name=name),
            act,
        )
    elif place.exists:
        ask(
            parent,
            tr("Replace {name}?").format(name=name),
            tr("There is one already. It is replaced once the new one is written whole."),
            tr("Replace {name}").format(name=name),
            act,
        )
    else:
        act()


def ask_large(parent: QWidget, reason: str, act: Callable[[], object]) -> None:
    """Ask whether a result that is many times larger than its source is wanted."""
    ask(
        parent,
        tr("Write far more than the file holds?"),
        tr("{reason} A view in it repeats few bytes many times, and an export writes each of them.").format(
            reason=display(reason, 2000)
        ),
        tr("Write it"),
        act,
    )
