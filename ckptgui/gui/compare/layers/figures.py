"""What the map's figures are called, how they are explained, and how their values read."""

from __future__ import annotations

from ckptgui.analysis.colour_scale import ColourScale, ScaleKind
from ckptgui.gui.numbers import exact, percent, significant, tr

TITLES = {
    "relative": tr("Relative change"),
    "std": tr("Std"),
    "l2": tr("L2 norm"),
    "mean": tr("Mean"),
    "zeros": tr("Zeros"),
    "nan": tr("NaN and infinities"),
    "cosine": tr("Cosine to the first"),
    "changed": tr("Changed values"),
    "max": tr("Largest change"),
}

EXPLAINED = {
    "relative": tr("How far the values moved since the epoch before, by their norm: ‖b − a‖ / ‖a‖"),
    "std": tr("The standard deviation of the finite values"),
    "l2": tr("The length of the finite values as one vector"),
    "mean": tr("The mean of the finite values; the colour says its sign"),
    "zeros": tr("How many of the values are zero"),
    "nan": tr("How many values are NaN or infinite"),
    "cosine": tr("The cosine of the angle to the values of the first epoch"),
    "changed": tr("How many of the values are others than in the epoch before"),
    "max": tr("The largest change of a single value since the epoch before"),
}


def value_text(key: str, value: float) -> str:
    """A figure as it reads: shares as percentages, a cosine with the digits that tell it from 1."""
    if key in ("zeros", "changed"):
        return percent(value, 1.0)
    if key == "nan":
        return significant(round(value))
    return cosine_text(value) if key == "cosine" else significant(value)


def exact_text(value: float) -> str:
    """Every digit."""
    return exact(float(value))


def cosine_text(value: float) -> str:
    """``0.99996``: two digits of its distance from 1."""
    apart = 1.0 - value
    if not 1e-12 < apart < 0.01:
        return significant(value)
    places = 2
    while apart < 10.0 ** (2 - places) and places < 12:
        places += 1
    return f"{value:.{places}f}"


def trimmed(text: str) -> str:
    """A number without the zeros at its end."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def tick_text(scale: ColourScale, key: str, value: float, *, first: bool, last: bool) -> str:
    """A mark of the legend, with a sign at an end that stands for everything beyond."""
    if key in ("zeros", "changed"):
        text = percent(value, 1.0)
    elif scale.kind is ScaleKind.COSINE:
        text = trimmed(cosine_text(value))
    else:
        head, power, exponent = significant(value, 2).partition("e")
        text = f"{trimmed(head)}{power}{exponent}"
    beyond = {(True, False): scale.under, (False, True): scale.over}.get((first, last), False)
    less = first != (scale.kind is ScaleKind.COSINE)
    return f"{'≤' if less else '≥'} {text}" if beyond else text
