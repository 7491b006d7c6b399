"""Elements of HTML and SVG: text and attributes are escaped here and nowhere else."""

from __future__ import annotations

from html import escape

from ckptgui.core.display import display

MAX_TEXT = 300
_MAX_ATTRIBUTE = 1 << 24


class Markup(str):
    """Text that is markup already; anything else that is put into an element is escaped."""

    __slots__ = ()


def element(tag: str, /, *children: str, **attributes: str | float) -> Markup:
    """``element("rect", x=1, class_="cell")``: an underscore at an attribute's end goes, others become hyphens."""
    spelled = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"' for key, value in attributes.items()
    )
    inner = "".join(child if isinstance(child, Markup) else text(child) for child in children)
    if not children and tag in _VOID:
        return Markup(f"<{tag}{spelled}/>")
    return Markup(f"<{tag}{spelled}>{inner}</{tag}>")


def text(words: str) -> Markup:
    """Plain text as markup; what a file brings in is shown, not obeyed."""
    return Markup(escape(display(words, MAX_TEXT)))


def joined(parts: list[Markup]) -> Markup:
    """Some elements, one after the other."""
    return Markup("".join(parts))


def number(value: float) -> str:
    """A coordinate, as short as a tenth of a point allows."""
    return f"{value:.1f}".rstrip("0").rstrip(".") or "0"


def svg(width: float, height: float, *children: Markup, title: str) -> Markup:
    """A picture as wide as its column, with a title for those who do not see it."""
    return element(
        "svg",
        element("title", title),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
    )


def _value(value: str | float) -> str:
    return display(value, _MAX_ATTRIBUTE) if isinstance(value, str) else number(value)


_VOID = frozenset({"rect", "line", "path", "circle", "meta", "polyline"})
