"""Templates of file names, as ``{stem}-epoch{epoch}``: read by rules of our own and filled with plain values.

A template is words with ``-``, ``+``, commas or spaces between them. What a file does not tell goes, and with it
what is written onto it: the text before the field, back to the field before it or to the beginning of the word,
and after the word's last field what follows there. A word of which nothing is left takes the mark before it along.
Without a step, ``{stem}-epoch{epoch}_step{step}`` is ``model-epoch3``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ckptgui.core.display import display
from ckptgui.errors import ExportError

FIELDS: Mapping[str, str] = {
    "stem": "the file's own name, without its ending",
    "model": "the model's class, or what its configuration calls it, else what the file's name says of it",
    "epoch": "the epoch",
    "step": "the step",
    "loss": "the loss",
    "saved": "when the file was saved, as 2026-11-27-0214",
    "section": "the name of the state dict in the file",
    "dtype": "the type of most of the values, as they are written",
}
"""What may stand in braces, and what each is."""

MAX_TEMPLATE = 200
"""Characters of a template."""

MAX_NAME = 255
"""Bytes of a file's name that every file system takes."""

MAX_VALUE = 80
"""Characters of one value within a name, and twice as many bytes."""

Value = str | int | float

_NUMBERS = frozenset({"epoch", "step", "loss"})
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[^{}]+")
_BETWEEN = re.compile(r"([-+, ]+)")
_NUMBER_FORMAT = re.compile(r"(0?[0-9]{0,2})(?:\.([0-9]{1,2}))?([defg]?)")
_FORBIDDEN = frozenset('/\\:*?"<>|')
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
_FRACTIONS = frozenset("efg")
_ENDINGS = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A field and the text before it in its word; without a field, the text at the word's end."""

    text: str
    field: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """One that was read: ``words``, what stands ``between`` each and the one before it, and a format's ``ending``
    where somebody wrote one behind them.
    """

    words: tuple[tuple[_Piece, ...], ...]
    between: tuple[str, ...]
    ending: str = ""

    @property
    def fields(self) -> frozenset[str]:
        """What it asks for."""
        return frozenset(piece.field for word in self.words for piece in word if piece.field)

    def name(self, values: Mapping[str, Value], suffix: str) -> str:
        """The file's name; ``suffix`` is that of the format (``.pt``), or empty for a folder.

        ``values`` lack what is not known. Raises ``ExportError`` where no name comes of them that every file
        system takes.
        """
        if self.ending not in ("", suffix):
            raise ExportError(f"The template ends in {self.ending}; what is written is {suffix or 'a folder'}.")
        found = ""
        for between, word in zip(self.between, self.words):
            text = _filled(word, values)
            if text is not None:
                found += between + text if found else text
        found = found.strip(" .")
        if not found.strip(" ._-+,"):
            lacking = sorted(field for field in self.fields if field not in values)
            why = f" The file does not tell: {', '.join(lacking)}." if lacking else ""
            raise ExportError(f"The template gives no name.{why}")
        if found.split(".")[0].strip().lower() in _RESERVED:
            raise ExportError(f"The name would be {display(found)}{suffix}, which Windows keeps for itself.")
        whole = found + suffix
        nbytes = len(whole.encode("utf-8", "surrogateescape"))
        if nbytes > MAX_NAME:
            raise ExportError(f"The name would be {nbytes:,} bytes long; file systems take {MAX_NAME}.")
        return whole


def parse_template(text: str) -> Template:
    """Read a template; raises ``ExportError`` with one sentence that says what is wrong with it, and where."""
    if len(text) > MAX_TEMPLATE:
        raise ExportError(f"The template has {len(text):,} characters; {MAX_TEMPLATE} are allowed.")
    words: list[tuple[_Piece, ...]] = []
    between = [""]
    pieces: list[_Piece] = []
    for literal, field, form in _tokens(text):
        first, *rest = _BETWEEN.split(literal)
        for mark, word in zip(rest[::2], rest[1::2]):
            words.append((*pieces, _Piece(first)))
            between.append(mark)
            pieces, first = [], word
        pieces.append(_Piece(first, field, form))
    tail = pieces.pop().text
    ending = next((each for each in _ENDINGS if tail.lower().endswith(each)), "")
    words.append((*pieces, _Piece(tail[: len(tail) - len(ending)])))
    template = Template(tuple(words), tuple(between), ending)
    if ".." in text:
        raise ExportError("The template has two dots in a row, which could lead out of the folder.")
    if not text.strip(" ._-+,"):
        raise ExportError("The template is empty.")
    if not template.fields:
        template.name({}, ending)
    return template


def plain(text: str) -> str:
    """A value as it may stand in a name on every file system, and not endless."""
    kept = "".join(letter if letter.isprintable() and letter not in _FORBIDDEN else "-" for letter in text)
    short = kept.strip(" .-")[:MAX_VALUE].encode("utf-8")[: 2 * MAX_VALUE].decode("utf-8", "ignore")
    return short.replace("..", ".").rstrip(" .-")


def _tokens(text: str) -> Iterator[tuple[str, str, str]]:
    """Each field with the text before it and its format; at last the text behind them, with no field."""
    literal, at = "", 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExportError(f"The {text[at]} at character {at + 1} of the template has no partner.")
        if match[1] is None:
            literal += _checked(match[0], at) if match[0] not in ("{{", "}}") else match[0][0]
        else:
            yield (literal, *_field(match[1]))
            literal = ""
        at = match.end()
    yield literal, "", ""


def _checked(literal: str, at: int) -> str:
    for place, letter in enumerate(literal, at + 1):
        if letter in _FORBIDDEN:
            raise ExportError(f"A file's name may not hold the {letter} at character {place} of the template.")
        if not letter.isprintable():
            shown = display(letter)
            raise ExportError(f"Character {place} of the template, {shown}, is invisible; a name may not hold it.")
    return literal


def _field(inside: str) -> tuple[str, str]:
    name, colon, form = inside.partition(":")
    if name not in FIELDS:
        *some, last = FIELDS
        raise ExportError(f"The template knows no {{{display(name, 60)}}}; it knows {', '.join(some)} and {last}.")
    if not colon:
        return name, ""
    if name not in _NUMBERS:
        raise ExportError(f"{{{name}}} is text and takes no format; epoch, step and loss do.")
    match = _NUMBER_FORMAT.fullmatch(form)
    if match is None or not form:
        shown = display(form, 60) or "Nothing"
        raise ExportError(f"{shown} is no format of a number; {{epoch:03d}} and {{loss:.3f}} have one.")
    if name == "loss" and match[3] == "d":
        raise ExportError("{loss} is no whole number; {loss:.3f} gives it three digits.")
    if match[3] == "d" and match[2] is not None:
        raise ExportError(f"{display(form, 60)} asks for digits behind the point of a whole number.")
    return name, form


def _filled(word: tuple[_Piece, ...], values: Mapping[str, Value]) -> str | None:
    """The word with its values, None where it asks for some and none of them is known."""
    found, known, lacking = "", True, False
    for piece in word:
        value = values.get(piece.field)
        if not piece.field:
            found += piece.text if known else ""
        elif value is None:
            known, lacking = False, True
        else:
            known = True
            label = piece.text if found or not lacking else piece.text.lstrip("_.=")
            found += label + formatted(value, piece.form)
    return found if found or not lacking else None


def formatted(value: Value, form: str = "") -> str:
    """A value in words of a name; a loss has three digits where its format does not say how many."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, int) and "." not in form and form[-1:] not in _FRACTIONS:
        return format(value, form).strip()
    if not form:
        form = ".3f" if 0.001 <= abs(value) < 10_000 or value == 0 else ".2e"
    elif form[-1] not in _FRACTIONS:
        form += "f" if "." in form else ".3f"
    return format(float(value), form).strip()
