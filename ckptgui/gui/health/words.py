"""Findings in the window's words: the badge of each kind, the name it leads to, the marks in the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ckptgui.analysis.health.finding import WORST_FIRST, Finding
from ckptgui.core.display import display
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.tree.build import Tree
from ckptgui.gui.numbers import tr
from ckptgui.gui.tree.badges import Badge, RowFinding, Tone

_LOUD = frozenset({"nan", "inf"})
_QUIET = frozenset({"equal", "underflow"})


def badge(finding: Finding) -> Badge:
    """The kind in a word."""
    word = {
        "nan": tr("NaN"),
        "inf": tr("Inf"),
        "moment": tr("Moment"),
        "spike": tr("Spike"),
        "ratio": tr("Outlier"),
        "dead": tr("Dead"),
        "overflow": tr("Range"),
        "untrained": tr("Untrained"),
        "zero": tr("All zero"),
        "constant": tr("Constant"),
        "equal": tr("Equal"),
        "underflow": tr("Range"),
    }[finding.kind]
    return Badge(word, _tone(finding))


def _tone(finding: Finding) -> Tone:
    return Tone.ALARM if finding.kind in _LOUD else Tone.PLAIN if finding.kind in _QUIET else Tone.WARN


def is_quiet(finding: Finding) -> bool:
    """Whether it is well to know and nothing to worry about: nearly every checkpoint with an optimizer has one."""
    return finding.kind in _QUIET


def name(finding: Finding, tree: Tree, slots: SlotMap | None) -> str:
    """The tensor's name as the tree has it; an optimizer's slot by the parameter that it belongs to."""
    if not finding.rows:
        return display("/".join(finding.path), 200)
    row = finding.rows[0]
    owner = slots.parameter_of(row) if slots is not None else None
    if slots is None or owner is None:
        return display(tree.bare_name(row), 200)
    return tr("{0} of {1}").format(display(slots.name(row), 60), display(tree.bare_name(owner), 200))


def count_words(findings: Sequence[Finding], complete: bool) -> str:
    """``3 findings so far``"""
    count = len(findings)
    if complete:
        return tr("1 finding") if count == 1 else tr("{0} findings").format(f"{count:,}")
    return tr("1 finding so far") if count == 1 else tr("{0} findings so far").format(f"{count:,}")


def row_marks(findings: Sequence[Finding]) -> Mapping[int, Sequence[RowFinding]]:
    """What the tree's rows say of findings that their figures alone do not tell."""
    marks: dict[int, list[RowFinding]] = {}
    words = {
        "moment": tr("moment"),
        "spike": tr("spike"),
        "ratio": tr("outlier"),
        "dead": tr("dead"),
        "overflow": tr("beyond float16"),
        "untrained": tr("untrained"),
        "constant": tr("constant"),
    }
    for finding in findings:
        word = words.get(finding.kind)
        if word is not None:
            count = finding.count if finding.kind in ("dead", "overflow") else 0
            mark = RowFinding(word, count, WORST_FIRST.index(finding.kind), Tone.WARN)
            for row in finding.rows:
                marks.setdefault(row, []).append(mark)
    return marks
