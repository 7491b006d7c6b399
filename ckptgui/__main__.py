"""Chooses a front: the window, a picture of it, or an answer on the terminal."""

from __future__ import annotations

import sys

from ckptgui.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
