"""Chooses a front and brings it together with the window, which is loaded only when one is asked for."""

from __future__ import annotations

import sys

from ckptgui.cli.main import main as run_command_line


class _Qt:
    """The window's room, as the command line sees it (``cli.front.Front``)."""

    def window(self, paths: list[str], *, timings: bool, quit_after: str | None, select: str | None) -> int:
        from ckptgui.gui.app import run_window

        return run_window(paths, timings=timings, quit_after=quit_after, select=select)

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
        from ckptgui.gui.app import take_screenshot

        return take_screenshot(paths, png, size=size, scale=scale, theme=theme, select=select, view=view)


def main() -> int:
    """The command ``ckptgui``."""
    return run_command_line(sys.argv[1:], _Qt())


if __name__ == "__main__":
    sys.exit(main())
