"""Makes a double-click open the browser: launcher, icon and file types for this user, and their removal.

Everything lies under ``XDG_DATA_HOME``; ``--default`` adds a line per type to ``mimeapps.list`` under
``XDG_CONFIG_HOME``. Nothing else on the system is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ckptgui.workspace import mimeapps
from ckptgui.workspace.resources import resource
from ckptgui.workspace.textfile import remove, write_text

ENTRY = "ckptgui.desktop"
MIME_TYPES = ("application/x-pytorch-checkpoint", "application/x-safetensors")

_GENERATED_MIME = (
    "aliases", "generic-icons", "globs", "globs2", "icons", "magic", "mime.cache", "subclasses", "treemagic",
    "types", "version", "XMLnamespaces",
)  # fmt: skip
"""What ``update-mime-database`` makes from the packages; worth nothing once no package is left."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where this user's desktop looks for things."""

    data: Path
    config: Path

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Places:
        """From ``XDG_DATA_HOME`` and ``XDG_CONFIG_HOME``; relative values are ignored, as the standard asks."""
        home = Path(environment.get("HOME") or Path.home())
        data = Path(environment.get("XDG_DATA_HOME", ""))
        config = Path(environment.get("XDG_CONFIG_HOME", ""))
        return cls(
            data if data.is_absolute() else home / ".local" / "share",
            config if config.is_absolute() else home / ".config",
        )

    @property
    def launcher(self) -> Path:
        """The desktop entry."""
        return self.data / "applications" / ENTRY

    @property
    def icon(self) -> Path:
        """The application's icon, which the file types use too."""
        return self.data / "icons" / "hicolor" / "scalable" / "apps" / "ckptgui.svg"

    @property
    def mime_package(self) -> Path:
        """The source of the file types."""
        return self.data / "mime" / "packages" / "ckptgui.xml"

    @property
    def defaults(self) -> Path:
        """Which application opens which type, as this user chose."""
        return self.config / "mimeapps.list"


@dataclass(frozen=True, slots=True)
class Status:
    """What is in place: each file with whether it is there and as this installation would write it."""

    files: tuple[tuple[Path, bool], ...]
    default_for: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Whether all of it is in place."""
        return all(current for _, current in self.files)


def install(places: Places, *, default: bool = False) -> None:
    """Write launcher, icon and types (again does no harm) and refresh the caches; raises ``OSError``."""
    for path, text in _wanted(places):
        write_text(path, text)
    if default:
        _edit_defaults(places, add=True)
    _refresh(places)


def uninstall(places: Places) -> bool:
    """Remove what ``install`` made, with caches and folders that it leaves empty; False when nothing was there."""
    found = [remove(path) for path, _ in _wanted(places)]
    found.append(_edit_defaults(places, add=False))
    _refresh(places)
    _remove_empty_caches(places)
    for path, _ in _wanted(places):
        _remove_empty_folders(path.parent, stop=places.data)
    return any(found)


def status(places: Places) -> Status:
    """What is in place now."""
    return Status(
        tuple((path, _read(path) == text) for path, text in _wanted(places)),
        mimeapps.default_for(_read(places.defaults) or "", ENTRY),
    )


def launcher_text(python: str) -> str:
    """The desktop entry for the interpreter ``python``."""
    # -P keeps the folder that the file manager starts us in, perhaps full of strangers' files, off sys.path.
    command = f"{_quoted(python)} -P -m ckptgui"
    return (
        resource("desktop/ckptgui.desktop.in")
        .read_text("utf-8")
        .replace("@EXEC@", _escaped(command))
        .replace("@TRY_EXEC@", _escaped(python))
        .replace("@MIME_TYPES@", "".join(f"{name};" for name in MIME_TYPES))
    )


def _quoted(argument: str) -> str:
    """One argument of ``Exec`` in double quotes; ``%`` would start a field code."""
    for character in ("\\", '"', "`", "$"):
        argument = argument.replace(character, f"\\{character}")
    return '"' + argument.replace("%", "%%") + '"'


def _escaped(value: str) -> str:
    """A value of the entry: the file's own escapes come on top of those of ``Exec``."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _wanted(places: Places) -> Iterator[tuple[Path, str]]:
    yield places.launcher, launcher_text(sys.executable)
    yield places.icon, resource("desktop/ckptgui.svg").read_text("utf-8")
    yield places.mime_package, resource("desktop/ckptgui.xml").read_text("utf-8")


def _edit_defaults(places: Places, *, add: bool) -> bool:
    """Add or take out our lines in ``mimeapps.list``; True when that changed the file."""
    before = _read(places.defaults) or ""
    after = mimeapps.with_default(before, ENTRY, MIME_TYPES) if add else mimeapps.without(before, ENTRY)
    if after == before:
        return False
    if after.strip():
        write_text(places.defaults, after)
    else:
        remove(places.defaults)
    return True


def _refresh(places: Places) -> None:
    """Let the system's tools rebuild their caches; where they are missing the files alone have to do."""
    applications, mime = places.launcher.parent, places.mime_package.parent.parent
    if applications.is_dir():
        _run_tool("update-desktop-database", applications)
    if (mime / "packages").is_dir():
        _run_tool("update-mime-database", mime)


def _run_tool(name: str, folder: Path) -> None:
    tool = shutil.which(name)
    if tool is not None:
        subprocess.run([tool, str(folder)], check=False, capture_output=True, timeout=60)


def _remove_empty_caches(places: Places) -> None:
    """Caches over nothing: of types when no package is left, of launchers when none names a type."""
    mime = places.mime_package.parent.parent
    if not any(places.mime_package.parent.glob("*.xml")):
        for name in _GENERATED_MIME:
            remove(mime / name)
        for folder in {mime / name.partition("/")[0] for name in MIME_TYPES}:
            _remove_empty_folders(folder, stop=mime)
    cache = places.launcher.parent / "mimeinfo.cache"
    if (_read(cache) or "").strip() in ("", "[MIME Cache]"):
        remove(cache)


def _remove_empty_folders(folder: Path, stop: Path) -> None:
    """Remove ``folder`` and the folders around it, up to ``stop``, as long as they are empty."""
    while folder != stop and stop in folder.parents:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass  # the folder around it may be there and empty
        except OSError:
            return
        folder = folder.parent


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
