"""What the window remembers between two starts. A file that cannot be understood costs the settings only."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from ckptgui.workspace.textfile import write_text

THEMES = ("system", "light", "dark")
MAX_FILE = 2**20
"""A settings file larger than this (bytes) is nobody's settings."""

MAX_DEPTH = 32
"""Tables and lists within each other; presets have seven, and writing deeper ones back may fail."""

MAX_PATH = 4096
"""Characters of a path in the list of recent files."""


@dataclass(frozen=True)
class Settings:
    """Everything that is remembered, with its defaults."""

    theme: str = "system"
    width: int = 1440
    height: int = 900
    maximised: bool = False
    tree_share: float = 0.55
    fold_layers: bool = False
    columns: tuple[str, ...] = ("type", "share", "mean", "distribution")  # of the tree, those that can be chosen
    last_folder: str = ""
    export_template: str = ""  # of file names; empty: as they read best
    exports: dict[str, Any] = field(default_factory=dict)  # presets and more; see ``export_presets``
    recent: tuple[str, ...] = field(default=())


class SettingsFile:
    """Reads and writes ``Settings``; ``now`` is what is in force."""

    def __init__(self, path: Path | None = None) -> None:
        """Read ``path``, by default ``settings.json`` in the user's configuration folder."""
        self.path = path or Path(platformdirs.user_config_dir("ckptgui", appauthor=False)) / "settings.json"
        self.now = self._read()

    def change(self, **values: Any) -> None:
        """Take other values and keep them; where the disk refuses they last as long as the window does."""
        changed = replace(self.now, **values)
        if changed == self.now:
            return
        self.now = changed
        with contextlib.suppress(OSError):
            # Not waited for: the window writes this, and what a power loss leaves half is set aside.
            write_text(self.path, json.dumps(asdict(changed), indent=2) + "\n", durable=False)

    def _read(self) -> Settings:
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_FILE + 1)
        except (OSError, ValueError):
            return Settings()
        try:
            if len(data) > MAX_FILE:
                raise ValueError("too large")
            known = json.loads(data)
            if not isinstance(known, dict):
                raise ValueError("not a table")
            if not _is_shallow(known):
                raise ValueError("nested too deeply")
        except (ValueError, RecursionError):
            self._set_aside()
            return Settings()
        return settings_from(known)

    def _set_aside(self) -> None:
        with contextlib.suppress(OSError):
            self.path.replace(self.path.with_name(f"{self.path.name}.bad"))


def settings_from(known: dict[str, Any]) -> Settings:
    """Settings from a table that anyone may have written: what does not fit gets its default."""
    defaults = Settings()
    values: dict[str, Any] = {}
    for entry in fields(Settings):
        value = known.get(entry.name)
        if isinstance(value, list):
            value = tuple(filter(_is_path, value))
        if type(value) is type(getattr(defaults, entry.name)):
            values[entry.name] = value
    found = replace(defaults, **values)
    return replace(
        found,
        theme=found.theme if found.theme in THEMES else defaults.theme,
        width=min(max(found.width, 900), 16_384),
        height=min(max(found.height, 600), 16_384),
        tree_share=found.tree_share if 0.1 <= found.tree_share <= 0.9 else defaults.tree_share,
    )


def _is_shallow(value: object, depth: int = 0) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return depth < MAX_DEPTH and all(_is_shallow(each, depth + 1) for each in inner)


def _is_path(item: object) -> bool:
    return isinstance(item, str) and 0 < len(item) <= MAX_PATH and "\0" not in item
