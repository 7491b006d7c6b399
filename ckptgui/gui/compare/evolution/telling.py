"""What is said in words about the values over the epochs: why there are none, and what the plot leaves out."""

from __future__ import annotations

from ckptgui.core.display import display
from ckptgui.gui.numbers import DASH, counted, integer, significant, size_text, tr
from ckptgui.workspace.distributions import MOST_BYTES, MemberValues
from ckptgui.workspace.evolution import Evolution


def reason(found: MemberValues | None, looked_for: bool) -> str:
    """Why an epoch has no ridge; empty where it has one."""
    if found is None:
        return tr("not read yet") if looked_for else DASH
    if found.values is not None:
        return ""
    if found.error:
        return display(found.error, 200)
    if found.absent:
        return tr("it is not in this one")
    if found.left_out:
        return tr("too large to read for this plot alone; it comes with the figures")
    return tr("no value is finite")


def notes(evolution: Evolution, *, whole: bool) -> list[str]:
    """Sentences about what the bars leave out, and how exact they are."""
    said = []
    if evolution.outside.max(initial=0.0) >= 0.5 and not whole:
        low, high = evolution.extremes
        most = int(evolution.outside.argmax())
        text = tr("At most {0} of {1} lie outside, as far as {2} and {3}.")
        many = counted(int(evolution.totals[most]), "value", "values")
        outside = integer(max(1, round(float(evolution.outside[most]))))
        said.append(text.format(outside, many, significant(low), significant(high)))
    if evolution.left_out:
        many = counted(evolution.left_out, "value is", "values are")
        text = tr("{0} not in it yet: of an epoch at most {1} are read for this plot alone.")
        said.append(text.format(many, size_text(MOST_BYTES)))
    errors = [each for each in evolution.found if each is not None and each.error and each.values is not None]
    if errors:
        said.append(tr("A tensor could not be read. {0}").format(display(errors[0].error, 200)))
    if not said and not evolution.exact:  # else the reading says so
        said.append(tr("Bars are approximate."))
    return said
