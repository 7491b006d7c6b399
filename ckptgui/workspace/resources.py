"""Finds the files that are not code: icons, the desktop entry, MIME types."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def resource(name: str, package: Path = _PACKAGE) -> Path:
    """The file ``name`` of ``resources/``: inside the package in a wheel, beside it in an editable install.

    Raises ``FileNotFoundError`` where neither has it, which is a broken installation.
    """
    for folder in (package / "resources", package.parent / "resources"):
        found = folder / name
        if found.exists():
            return found
    raise FileNotFoundError(f"The installation lacks its resource {name}.")
