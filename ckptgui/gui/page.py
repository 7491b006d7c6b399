"""What the window asks of a tab: what it is called, what is going on in it, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Activity:
    """Something that takes a while: for the left of the status bar. ``total`` 0 means not known."""

    text: str
    done: int = 0
    total: int = 0
    detail: str = ""
    cancel: Callable[[], None] | None = None


@dataclass(frozen=True)
class Link:
    """What can be done about an outcome: a word, and what it does."""

    text: str
    act: Callable[[], None]


class Page(QWidget):
    """A tab. ``changed`` says that a title, a fact, or what can be done is another now, ``moved`` that only what
    is going on is further."""

    changed = Signal()
    moved = Signal()
    tree_painted = Signal()
    histogram_painted = Signal()
    profiled = Signal()

    icon = "checkpoint"
    path = ""

    def title(self) -> str:
        """The word on the tab, ready to be shown."""
        raise NotImplementedError

    def activity(self) -> Activity | None:
        """What is going on."""
        return None

    def outcome(self) -> str:
        """What was done last, when nothing is going on."""
        return ""

    def link(self) -> Link | None:
        """What can be done about the outcome."""
        return None

    def facts(self) -> tuple[str, ...]:
        """For the right of the status bar."""
        return ()

    def able(self, ability: str) -> str:
        """Why something can't be done here, in a sentence; empty when it can. See ``actions.Needs``."""
        raise NotImplementedError

    def unfinished(self) -> str:
        """What closing now would stop, in a sentence; empty when nothing."""
        return ""

    def close_page(self) -> None:
        """Stop all work of this tab and give its files back."""
