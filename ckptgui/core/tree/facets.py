"""The properties that a filter can ask for, ``size:>10MB`` for one, and a filter divided into its terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from ckptgui.core.tree.quantities import Unit

MAX_FILTER = 400
"""Characters of a filter that are looked at."""

TYPE_WORDS = {
    "fp64": "float64",
    "f64": "float64",
    "double": "float64",
    "fp32": "float32",
    "f32": "float32",
    "fp16": "float16",
    "f16": "float16",
    "half": "float16",
    "bf16": "bfloat16",
    "fp8": "float8_e4m3fn",
    "i64": "int64",
    "i32": "int32",
    "i16": "int16",
    "i8": "int8",
    "u8": "uint8",
}
"""Short names that people type for dtypes."""


@dataclass(frozen=True, slots=True)
class Facet:
    """A property by the ``name`` that is typed before the colon.

    ``unit`` is None where its value is a word. ``figure`` says that it is known only once a tensor was read.
    """

    name: str
    about: str
    unit: Unit | None = None
    figure: bool = False
    examples: tuple[tuple[str, str], ...] = ()


_ANY = (">0", "any at all")

FACETS: tuple[Facet, ...] = (
    Facet("dtype", "Type of the values"),
    Facet(
        "shape",
        "Sizes of the dimensions, * for any",
        examples=(("*x*", "matrices"), ("1024x...", "first dimension 1,024"), ("scalar", "no dimensions")),
    ),
    Facet(
        "size",
        "Bytes of the values",
        Unit.BYTES,
        examples=((">10MB", "more than 10 megabytes"), ("1KiB..1MiB", "from one to the other")),
    ),
    Facet("numel", "Number of values", Unit.COUNT, False, ((">1M", "more than a million"), ("1", "exactly one"))),
    Facet("ndim", "Number of dimensions", Unit.NONE, False, (("2", "matrices"), (">2", "kernels"))),
    Facet("role", "What a tensor is for"),
    Facet("section", "Part of the file that it belongs to"),
    Facet("kind", "Parameter, buffer, array"),
    Facet("device", "Where it was saved from"),
    Facet("layout", "Strided or sparse"),
    Facet("nan", "How many are NaN", Unit.SHARE, True, (_ANY, (">1%", "more than one in a hundred"))),
    Facet("inf", "How many are infinite, of either sign", Unit.SHARE, True, (_ANY,)),
    Facet(
        "zeros",
        "How many are zero",
        Unit.SHARE,
        True,
        ((">50%", "more than half"), ("100%", "nothing else")),
    ),
    Facet("mean", "Mean", Unit.NONE, True, (("-0.1..0.1", "from one to the other"), (">0", "above zero"))),
    Facet(
        "std",
        "Standard deviation",
        Unit.NONE,
        True,
        (("<1e-4", "nearly constant"), ("0", "constant"), (">1", "spread wide")),
    ),
    Facet("min", "Least value", Unit.NONE, True, (("<-1", "below minus one"), (">=0", "nothing negative"))),
    Facet("max", "Largest value", Unit.NONE, True, ((">1", "above one"), ("<=0", "nothing positive"))),
    Facet("absmax", "Largest magnitude", Unit.NONE, True, ((">65504", "beyond float16"), ("<1e-3", "all small"))),
    Facet("l1", "Sum of the magnitudes", Unit.NONE, True, (("<1e-6", "next to nothing"),)),
    Facet("l2", "Euclidean norm", Unit.NONE, True, ((">100", "a long vector"), ("<1e-6", "next to nothing"))),
)
"""In the order in which they are offered."""

_ALIASES = {
    "type": "dtype",
    "count": "numel",
    "elements": "numel",
    "bytes": "size",
    "dims": "ndim",
    "norm": "l2",
    "zero": "zeros",
}
FACET = {facet.name: facet for facet in FACETS}
FACET |= {alias: FACET[name] for alias, name in _ALIASES.items()}
"""By name, and by the other names that people type."""

PARAMETER_ROLES: dict[str, tuple[str, str]] = {
    "weight": ("Names that end in weight or kernel", r"(^|[._])(weight|kernel)(_[^.]*)?$"),
    "bias": ("Names that end in bias", r"(^|[._])bias(_[^.]*)?$"),
    "norm": (
        "Norm layers: norm, ln_1, bn2 …",
        r"(norm[^.]*|(^|\.)(ln|bn|gn|rms)_?[0-9a-z]?[0-9]*)(\.|$)",
    ),
    "embedding": ("Embeddings: emb, wte, wpe …", r"(emb[^.]*|(^|\.)w[tp]e)(\.|$)"),
}
"""What a tensor does in its layer, told by its name: an explanation and a regular expression."""


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a filter: a ``facet`` and its ``value``, or, without one, a word of a name."""

    text: str  # as it was typed
    value: str
    facet: Facet | None = None
    negated: bool = False


def terms_of(text: str) -> Iterator[Term]:
    """The terms of a filter, all of which are to fit; those whose value is yet to be typed are left out."""
    for each in filter_words(text[:MAX_FILTER]):
        negated = len(each) > 1 and each.startswith("-")
        word = each[1:] if negated else each
        name, colon, value = word.partition(":")
        facet = FACET.get(name.lower()) if colon else None
        if facet is None:
            yield Term(each, word, None, negated)
        elif value:
            yield Term(each, value, facet, negated)


def mistaken_property(text: str) -> str | None:
    """A sentence about a word that looks like a property but is none; for a filter that nothing fits."""
    for term in terms_of(text):
        name, colon, value = term.value.partition(":")
        if term.facet is None and colon and value and name.isidentifier():
            near = get_close_matches(name.lower(), FACET, 1)
            hint = f"; {near[0]} is" if near else ""
            return f"{term.text}: no name has this in it, and {name} is no property{hint}."
    return None


def filter_words(text: str) -> Iterator[str]:
    """The words of a filter. A regular expression goes to its closing slash, else to the next space."""
    return (text[start:stop] for start, stop in word_places(text))


def word_places(text: str) -> Iterator[tuple[int, int]]:
    """Where the words of a filter begin and end."""
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        stop = next((at for at in range(place, len(text)) if text[at].isspace()), len(text))
        opening = place + text.startswith("-/", place)
        if text[opening] == "/":
            closing = (at for at in range(opening + 1, len(text)) if text[at] == "/")
            last = next((at for at in closing if at + 1 == len(text) or text[at + 1].isspace()), None)
            stop = stop if last is None else last + 1
        yield place, stop
        place = stop
