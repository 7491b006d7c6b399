"""What a cast would lose, in sentences. No widgets."""

from __future__ import annotations

from ckptgui.analysis.precision import Example, FloatTarget, Loss, Target
from ckptgui.analysis.statistics import Statistics
from ckptgui.core.dtypes import BY_NAME, Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.gui.numbers import integer, percent, significant, size_text, tr

INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
TOLD_AS_SHARE = 0.001
"""A smaller part of the values is told by its number."""


def name(target: Target) -> str:
    """What a target is called in the table."""
    return target.name if isinstance(target, FloatTarget) else tr(target.name)


def sentence(loss: Loss, complex_parts: bool = False) -> str:
    """What the cast would do to the values."""
    what = tr("real and imaginary parts") if complex_parts else tr("values")
    target, told = loss.target, _called(loss.target)
    if not loss.count:
        return tr("No value is finite, so there is nothing to round.")
    if not loss.changed:
        return _unheld(loss, tr("{0} holds every value exactly").format(told))
    within = percent(target.within, 1) if isinstance(target, FloatTarget) else significant(loss.max_absolute, 2)
    every = not (loss.zeroed or loss.subnormal or loss.overflowed)
    if isinstance(target, FloatTarget):
        text = (tr("{0} keeps all {1} within {2}") if every else tr("{0} keeps {1} within {2}")).format(
            told, what, within
        )
    else:
        text = tr("{0} is off by at most {1}").format(told, within)
    parts = []
    if loss.zeroed:
        parts.append(tr("{0} would become zero").format(_amount(loss.zeroed, loss.count)))
    if loss.overflowed:
        assert isinstance(target, FloatTarget)
        end = tr("infinite") if target.infinite else tr("{0} at most").format(significant(int(target.largest)))
        parts.append(tr("{0} would become {1}").format(_amount(loss.overflowed, loss.count), end))
    if loss.subnormal:
        parts.append(tr("{0} lose digits near zero").format(_amount(loss.subnormal, loss.count)))
    return _unheld(loss, f"{text}; {', '.join(parts)}" if parts else text)


def _called(target: Target) -> str:
    if isinstance(target, FloatTarget):
        return target.name
    return tr("int8 with a scale for each row") if target.by_row else tr("int8 with one scale")


def share(count: int, whole: int) -> str:
    """A share that is told as 100 % only where it is all."""
    text = percent(count, whole)
    return tr("> 99.9 %") if count < whole and text == percent(1, 1) else text


def _amount(count: int, whole: int) -> str:
    if 0 < whole - count < TOLD_AS_SHARE * whole:
        return tr("all but {0}").format(integer(whole - count))
    if count == whole:
        return tr("all")
    return percent(count, whole) if count >= TOLD_AS_SHARE * whole and count > 9 else integer(count)


def _unheld(loss: Loss, text: str) -> str:
    if not loss.unheld:
        return f"{text}."
    lacking = tr("infinity") if isinstance(loss.target, FloatTarget) else tr("NaN or infinity")
    return tr("{0}. It has no {1}, and {2} of the values are that.").format(text, lacking, integer(loss.unheld))


def telling_example(loss: Loss) -> tuple[str, Example] | None:
    """The value that loses most, and what is said before its place."""
    if loss.largest_overflowed is not None:
        value = significant(loss.largest_overflowed.value)
        return tr("Farthest beyond the range: {0} at").format(value), loss.largest_overflowed
    if loss.largest_zeroed is not None:
        value = significant(loss.largest_zeroed.value)
        return tr("Largest that would become zero: {0} at").format(value), loss.largest_zeroed
    if loss.worst is not None:
        value, error = significant(loss.worst.value), percent(loss.max_relative, 1)
        return tr("Largest relative error, {0}: {1} at").format(error, value), loss.worst
    return None


def decibels(snr: float | None) -> str:
    """``73.7``; nothing lost is no number."""
    if snr is None:
        return significant(None)
    return tr("exact") if snr == float("inf") else significant(snr, 3)


def integer_sentence(info: TensorInfo, figures: Statistics) -> str:
    """Which narrower integer type holds all values."""
    if not isinstance(figures.min, int) or not isinstance(figures.max, int):
        return tr("Its range is not known.")
    low, high = figures.min, figures.max
    width = info.dtype.itemsize
    span = tr("The values run from {0} to {1}").format(integer(low), integer(high))
    for dtype in INTEGERS:
        bits, signed = BY_NAME[dtype].bits, BY_NAME[dtype].kind is Kind.SIGNED
        least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        if bits < 8 * width and least <= low and high <= most:
            before, after = info.numel * width, info.numel * bits // 8
            return tr("{0}, so {1} holds all of them: {2} instead of {3}.").format(
                span, dtype, size_text(after), size_text(before)
            )
    return tr("{0}; no narrower integer holds all of them.").format(span)


def may_be_cast(info: TensorInfo) -> bool:
    """Whether there are numbers that a narrower type might hold."""
    readable = info.error is None and info.extent is not None and info.numel > 0
    return readable and info.dtype.kind in (Kind.FLOAT, Kind.COMPLEX, Kind.QUANTIZED, Kind.SIGNED, Kind.UNSIGNED)
