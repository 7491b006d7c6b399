"""What the command line needs of the window's room, which it does not see; ``__main__`` brings them together."""

from __future__ import annotations

from typing import Protocol


class Front(Protocol):
    """Opens windows and draws pictures of them. Every call loads Qt, so ask only once all else is checked."""

    def window(self, paths: list[str], *, timings: bool, quit_after: str | None, select: str | None) -> int:
        """Open the window, each path in it, and return the exit status once it is closed."""
        ...

    def picture(
        self,
        paths: list[str],
        png: str,
        *,
        size: tuple[int, int],
        scale: float,
        theme: str | None,
        select: str | None,
        view: str | None,
    ) -> int:
        """Save a picture of the window, rendered off screen, and return the exit status."""
        ...
