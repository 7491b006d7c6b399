"""Presets of an export: those that everyone has, with the settings they were last used with, and one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ckptgui.export.request import ExportRequest

DTYPES = ("keep", "float32", "float16", "bfloat16")
"""What floating-point tensors may become."""

MOST_PRESETS, MOST_PATTERNS, LONGEST = 100, 200, 1000
"""Own presets, patterns in one of them, and characters of a text, that are taken from a settings file."""

SMALLEST, LARGEST = 100, 16_384


@dataclass(frozen=True, slots=True)
class Preset:
    """A name for settings. ``key`` is fixed for those that everyone has, for one's own it is the title."""

    key: str
    title: str
    request: ExportRequest

    @property
    def own(self) -> bool:
        """Whether somebody made it."""
        return self.key not in _BUILT_IN


BUILT_IN = (
    Preset("state-dict", "State dict only", ExportRequest(device="keep")),
    Preset("safetensors", "safetensors", ExportRequest(format="safetensors", strip=("auto",))),
    Preset("half", "Half size", ExportRequest(format="safetensors", dtype="bfloat16", strip=("auto",))),
    Preset("cpu", "For CPU", ExportRequest(device="cpu", strip=("auto",))),
)
_BUILT_IN = {preset.key: preset for preset in BUILT_IN}


def _is_still(key: str, request: ExportRequest) -> bool:
    """Whether settings are what the name of a preset promises, since it writes at one click."""
    if key == "half":
        return request.only == "state-dict" and request.dtype in ("float16", "bfloat16")
    if key == "safetensors":
        return request.format == "safetensors"
    if key == "cpu":
        return request.format == "pt" and request.location == "cpu"
    return request.only == "state-dict" or key not in _BUILT_IN


@dataclass(frozen=True, slots=True)
class ExportMemory:
    """What the dialogue remembers: all presets, the one that was used last, and its size (0: as it comes)."""

    presets: tuple[Preset, ...] = BUILT_IN
    last: str = BUILT_IN[0].key
    width: int = 0
    height: int = 0

    def preset(self, key: str) -> Preset:
        """One of the presets; the first where there is none such."""
        return next((preset for preset in self.presets if preset.key == key), self.presets[0])

    def used(self, key: str, request: ExportRequest) -> ExportMemory:
        """Remember with which settings a preset was used; nothing where it was none, or is not what its name says
        any more.
        """
        if all(preset.key != key for preset in self.presets):
            return self
        used = self.preset(key)
        if not _is_still(key, request):
            return replace(self, last=key)
        new = replace(used, request=lasting(request, own=used.own))
        presets = tuple(new if each is used else each for each in self.presets)
        return replace(self, presets=presets, last=used.key)

    def saved(self, title: str, request: ExportRequest) -> ExportMemory:
        """Add a preset of one's own, or change the one of that name; a name that everyone has gets a number."""
        taken = {each.title for each in BUILT_IN} | _BUILT_IN.keys()
        title = " ".join(title.split())[:LONGEST] or "Preset"
        if title in taken:
            title = next(f"{title} {number}" for number in range(2, 10**6) if f"{title} {number}" not in taken)
        new = Preset(title, title, lasting(request, own=True))
        if any(each.key == title for each in self.presets):
            presets = tuple(new if each.key == title else each for each in self.presets)
        else:
            presets = (*self.presets, new)
        return replace(self, presets=presets, last=title)

    def without(self, key: str) -> ExportMemory:
        """Forget a preset of one's own; one that everyone has is as it was at first again."""
        if key in _BUILT_IN:
            presets = tuple(_BUILT_IN[key] if each.key == key else each for each in self.presets)
        else:
            presets = tuple(each for each in self.presets if each.key != key)
        last = self.last if any(each.key == self.last for each in presets) else BUILT_IN[0].key
        return replace(self, presets=presets, last=last)

    def renamed(self, key: str, title: str) -> ExportMemory:
        """Call a preset of one's own something else; a name that is taken changes nothing."""
        title = " ".join(title.split())[:LONGEST]
        if not title or key in _BUILT_IN or any(title in (each.key, each.title) for each in self.presets):
            return self
        presets = tuple(Preset(title, title, each.request) if each.key == key else each for each in self.presets)
        return replace(self, presets=presets, last=title if self.last == key else self.last)


def lasting(request: ExportRequest, *, own: bool) -> ExportRequest:
    """What of a wish is worth remembering: nothing that is about one file or one moment.

    Patterns of names stay with the presets that somebody made. Values of the training are never kept, only
    which of them stay behind.
    """
    kept = replace(
        request,
        section=None,
        rows=None,
        force=False,
        rescue=False,
        metadata=tuple((key, "") for key, value in request.metadata if not value),
    )
    return kept if own else replace(kept, include=(), exclude=(), rename=(), metadata=())


def memory_from(table: object) -> ExportMemory:
    """What a settings file says, which anyone may have written: what does not fit gets its default."""
    if not isinstance(table, Mapping):
        return ExportMemory()
    found: dict[str, Preset] = dict(_BUILT_IN)
    entries = table.get("presets")
    for entry in entries[: MOST_PRESETS + len(BUILT_IN)] if isinstance(entries, list | tuple) else ():
        if not isinstance(entry, Mapping):
            continue
        key, title, request = entry.get("key"), entry.get("title"), request_from(entry.get("request"))
        if isinstance(key, str) and key in _BUILT_IN:
            request = request if _is_still(key, request) else _BUILT_IN[key].request
            found[key] = replace(_BUILT_IN[key], request=request)
        elif isinstance(title, str) and _is_text(title) and title.strip():
            found.setdefault(title, Preset(title, title, request))
    last = table.get("last")
    return ExportMemory(
        tuple(found.values()),
        last if isinstance(last, str) and last in found else BUILT_IN[0].key,
        *(_side(table.get(name)) for name in ("width", "height")),
    )


def table_of(memory: ExportMemory) -> dict[str, Any]:
    """The same as a table for a settings file."""
    presets = [{"key": p.key, "title": p.title, "request": _table_of(p.request)} for p in memory.presets]
    return {"presets": presets, "last": memory.last, "width": memory.width, "height": memory.height}


def _table_of(request: ExportRequest) -> dict[str, Any]:
    return {name: value for name, value in asdict(request).items() if name in _FITS}


def request_from(table: object) -> ExportRequest:
    """A wish from a table; each field that does not fit is left as it is by default."""
    if not isinstance(table, Mapping):
        return ExportRequest()
    values = {name: _tuples(table[name]) for name, fits in _FITS.items() if name in table and fits(table[name])}
    return ExportRequest(**values)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST and "\0" not in value


def _one_of(*choices: object) -> Callable[[object], bool]:
    return lambda value: any(value is choice or (isinstance(value, str) and value == choice) for choice in choices)


def _texts(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) <= MOST_PATTERNS and all(map(_is_text, value))


def _pairs(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) <= MOST_PATTERNS
        and all(_texts(pair) and len(pair) == 2 for pair in value)
    )


def _side(value: object) -> int:
    return min(value, LARGEST) if type(value) is int and value >= SMALLEST else 0


_FITS: dict[str, Callable[[Any], bool]] = {
    "format": _one_of("pt", "safetensors"),
    "only": _one_of("state-dict", "all"),
    "device": lambda value: value is None or _is_text(value),
    "tied": _one_of(None, "keep", "copy", "drop"),
    "dtype": _one_of(*DTYPES),
    "dtype_for": lambda value: _pairs(value) and all(pair[1] in DTYPES for pair in value),
    "include": _texts,
    "exclude": _texts,
    "strip": _texts,
    "rename": _pairs,
    "max_shard_bytes": lambda value: value is None or (type(value) is int and 0 < value < 2**60),
    "keep_metadata": _one_of(None, True, False),
    "metadata": _pairs,
    "verify": _one_of(True, False),
}
