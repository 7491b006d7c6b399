"""The report's page: what broke, how training went, what moved, in one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ckptgui.analysis.breakage.breakage import Breakage
from ckptgui.core.plain_numbers import count, size
from ckptgui.core.series.scalar_curves import first_shown, scalar_curves
from ckptgui.core.series.words import counted_in, counter_of, member_text
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.distributions import MemberValues
from ckptgui.workspace.report.layers_map import layers_map
from ckptgui.workspace.report.markup import Markup, element, joined
from ckptgui.workspace.report.moves_table import moves_table, summary_line
from ckptgui.workspace.report.ridge_chart import ridge_chart
from ckptgui.workspace.report.scalar_chart import scalar_chart
from ckptgui.workspace.report.style import sheet

ALARMS = ("nan", "inf")


@dataclass(frozen=True, eq=False)
class Reported:
    """What a report tells. ``a`` and ``b`` are the members whose changes are in the table; ``ridges`` the values
    of some tensors at every member; ``facts`` are words and values about the folder.
    """

    known: Compared
    a: int
    b: int
    breakages: Sequence[Breakage]
    facts: Sequence[tuple[str, str]]
    ridges: Sequence[tuple[int, Sequence[MemberValues]]]
    title: str


def page(reported: Reported) -> str:
    """The whole page, UTF-8."""
    known = reported.known
    series, counter = known.series, counter_of(known.series)
    labels = [member_text(member, counter) for member in series.members]
    short = [label.removeprefix(f"{counter} ") for label in labels]
    pair = known.pair(reported.a, reported.b)
    curves = first_shown(scalar_curves(series.members))
    sections = [
        _section("Which step broke it?", _broken(reported)),
        _section("Training", scalar_chart(curves, short)) if curves else Markup(""),
        _section(
            f"Layers × {counted_in(series)}",
            layers_map(known, short),
            "relative change against the checkpoint before",
        ),
        _section("Over the epochs", _ridges(reported, labels)) if reported.ridges else Markup(""),
        _section(
            "What changed",
            joined([summary_line(pair), moves_table(known.matching, pair)]),
            f"{labels[reported.a]} to {labels[reported.b]}",
        ),
        _section("This run", _facts(reported)),
    ]
    body = element("main", _head(reported), *sections)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width,initial-scale=1"),
        element("title", reported.title),
        element("style", Markup(sheet(len(series.members)))),
    )
    return "<!doctype html>\n" + element("html", head, element("body", body), lang="en") + "\n"


def _section(title: str, content: Markup, note: str = "") -> Markup:
    words = [title, Markup(" "), element("small", note)] if note else [title]
    return element("section", element("h2", *words), content)


def _head(reported: Reported) -> Markup:
    series = reported.known.series
    files = {member.path: member.nbytes for member in series.members}
    stripped = dict.fromkeys(prefix for each in series.matching.stripped for prefix in each)
    words = [
        count(len(series.members), "checkpoint"),
        size(sum(files.values())),
        f"{len(series.matching):,} tensors",
        *([f"{''.join(stripped)} taken off the names"] if stripped else []),
    ]
    return joined([element("h1", reported.title), element("p", " · ".join(words), class_="note")])


def _broken(reported: Reported) -> Markup:
    if not reported.breakages:
        series, looked = reported.known.series, count(len(reported.known.matching), "tensor")
        read = f"{len(series.whole):,}"
        these = f"these {read}" if len(series.whole) == len(series.members) else f"the {read} that could be read"
        return element("p", f"Nothing broke in {these}. {looked} looked at.")
    return element(
        "ol",
        *(
            element("li", each.text, **({"class_": "alarm"} if each.kind in ALARMS else {}))
            for each in reported.breakages
        ),
    )


def _ridges(reported: Reported, labels: Sequence[str]) -> Markup:
    names = reported.known.matching.names
    figures = [
        element("figure", element("figcaption", names[tensor]), ridge_chart(names[tensor], values, labels))
        for tensor, values in reported.ridges
    ]
    return element("div", *figures, class_="pair")


def _facts(reported: Reported) -> Markup:
    rows = [
        element("tr", element("td", name, class_="note"), element("td", value)) for name, value in reported.facts
    ]
    broken = [
        element("tr", element("td", member.name, class_="note"), element("td", member.error, class_="alarm"))
        for member in reported.known.series.members
        if member.error
    ]
    return element("table", *rows, *broken)
