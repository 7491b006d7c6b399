"""A renaming in export's own options, applied to names: the renames to what was saved, then the prefixes go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Renaming:
    """``strip``: prefixes, each taken off the names that begin with it, one after the other.

    ``rename``: ``REGEX=REPLACEMENT`` each, for ``re.sub``. A prefix to add is the rename ``^=module.``.
    """

    strip: tuple[str, ...] = ()
    rename: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.strip or self.rename)

    def __call__(self, name: str) -> str:
        """The name that a tensor of this name gets."""
        for option in self.rename:
            pattern, replacement = _parsed(option)
            name = pattern.sub(replacement, name)
        for prefix in self.strip:
            name = name.removeprefix(prefix)
        return name


def renamed(names: Sequence[str], renaming: Renaming) -> list[str] | None:
    """All names renamed, or None where two would become one."""
    new = [renaming(name) for name in names]
    return new if len(set(new)) == len(set(names)) else None


def replacing(old: str, new: str) -> str:
    """The option that replaces ``old`` by ``new`` where a part of a name begins.

    ``old`` ends with a dot, or else stands for the end of the name too.
    """
    begins = r"\b" if old[:1].isalnum() or old[:1] == "_" else ""
    ends = "" if old.endswith(".") else "$"
    return f"{begins}{_pattern(old)}{ends}={_literal(new)}"


def replacing_front(old: str, new: str) -> str:
    """The option that replaces ``old`` by ``new`` where a name begins with it."""
    return f"^{_pattern(old)}={_literal(new)}"


def adding(prefix: str) -> str:
    """The option that puts a prefix before every name."""
    return f"^={_literal(prefix)}"


def replaced(option: str) -> tuple[str, str]:
    """What an option of this module replaces by what, as text; nothing where it puts a prefix before names."""
    regex, _, replacement = option.partition("=")
    old = regex.removeprefix(r"\b").removeprefix("^").removesuffix("$").replace(r"\x3d", "=")
    return re.sub(r"\\(.)", r"\1", old), replacement.replace(r"\\", "\\")


def load_line(renaming: Renaming) -> str:
    """Python that loads ``state_dict`` into ``model`` under the new names."""
    key = "k"
    for option in renaming.rename:
        regex, _, replacement = option.partition("=")
        if regex == "^":
            key = f"{_quoted(_added(replacement))} + {key}"
        else:
            key = f"re.sub({_raw(regex)}, {_raw(replacement)}, {key})"
    for prefix in renaming.strip:
        key = f"({key})" if " + " in key else key
        key += f".removeprefix({_quoted(prefix)})"
    if key == "k":
        return "model.load_state_dict(state_dict)"
    line = f"model.load_state_dict({{{key}: v for k, v in state_dict.items()}})"
    return f"import re\n\n{line}" if "re.sub(" in key else line


@lru_cache(maxsize=64)
def _parsed(option: str) -> tuple[re.Pattern[str], str]:
    regex, _, replacement = option.partition("=")
    return re.compile(regex), replacement


def _pattern(text: str) -> str:
    """A regex without an equals sign, which would end it."""
    return re.escape(text).replace("=", r"\x3d")


def _literal(text: str) -> str:
    return text.replace("\\", r"\\")


def _added(replacement: str) -> str:
    return replacement.replace(r"\\", "\\")


def _quoted(text: str) -> str:
    """A Python string; double quotes as the rest of the snippets have them, where that is the text itself."""
    return f'"{text}"' if text.isprintable() and not set(text) & {'"', "\\"} else repr(text)


def _raw(text: str) -> str:
    """A raw Python string where it can be one."""
    if '"' in text or text.endswith("\\") or not text.isprintable():
        return repr(text)
    return f'r"{text}"' if "\\" in text else f'"{text}"'
