"""What the filter of the table understands, and in which order its rows stand."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckptgui.analysis.branch_differences import tensor_figures
from ckptgui.analysis.difference import FIGURES, Differences
from ckptgui.core.series.outline import outline_of
from ckptgui.core.series.status import Status
from ckptgui.core.tree.order import levels
from ckptgui.core.tree.pattern_syntax import PatternError
from ckptgui.engine.job import Cancel
from ckptgui.gui.compare.changes.columns import CHOICE, Column, Widths
from ckptgui.gui.compare.changes.conditions import NameText, conditions_of
from ckptgui.gui.compare.changes.order import keys, ranked, tensor_order, tree_order
from ckptgui.gui.compare.changes.words import cosine_text, fraction_text, relative_text, shortened

NAMES = ["wte.weight", "blocks.0.fc.weight", "blocks.0.fc.bias", "blocks.1.fc.weight", "head.weight", "same.bias"]


@pytest.fixture
def known():
    """One that is broken, one that is removed, one that was not read, one that began at zero, two that moved."""
    differences = Differences.unread(np.full(6, Status.MATCHED, np.uint8))
    differences.structure[4] = Status.REMOVED
    records = differences.records
    records["known"][[0, 1, 2, 5]] = FIGURES
    records["count"] = 100
    records["changed"][[0, 1, 2]] = 10, 100, 50
    records["relative"] = 0.5, 0.01, np.nan, 0, 0, 0
    records["cosine"] = 0.9, 0.999, np.nan, 0, 0, 1
    records["nan_b"][1] = 3
    return differences


def found(text, differences, names=NAMES):
    asked = conditions_of(text)
    fits = asked.fit(tensor_figures(differences), [5])
    if asked.names:
        fits &= NameText(names).fit(asked.names, Cancel())
    return [name for name, fit in zip(names, fits) if fit]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", NAMES),
        ("FC", ["blocks.0.fc.weight", "blocks.0.fc.bias", "blocks.1.fc.weight"]),
        ("fc -bias", ["blocks.0.fc.weight", "blocks.1.fc.weight"]),
        ("*.bias", ["blocks.0.fc.bias", "same.bias"]),
        ("/^blocks\\.[01]/ weight", ["blocks.0.fc.weight", "blocks.1.fc.weight"]),
        ("changed", ["wte.weight", "blocks.0.fc.weight", "blocks.0.fc.bias"]),
        ("-changed", ["head.weight", "same.bias"]),  # what was not read may have changed
        ("same", ["same.bias"]),
        ("/same/", ["same.bias"]),
        ("removed", ["head.weight"]),
        ("unread", ["blocks.1.fc.weight"]),
        ("failed", ["same.bias"]),
        ("nan", ["blocks.0.fc.weight"]),
        ("nan:>2", ["blocks.0.fc.weight"]),
        (">0.1", ["wte.weight"]),
        ("<=0.01", ["blocks.0.fc.weight", "same.bias"]),
        ("relative:0.005..0.1", ["blocks.0.fc.weight"]),
        ("cosine:<0.99", ["wte.weight"]),
        ("changed:>20%", ["blocks.0.fc.weight", "blocks.0.fc.bias"]),
        ("changed:10", ["wte.weight"]),
        ("weight >0.1", ["wte.weight"]),
        (">", NAMES),  # the number is yet to be typed
    ],
)
def test_a_filter_goes_by_names_statuses_and_figures(text, expected, known):
    assert found(text, known) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("relativ:>1", "relativ is no property; relative is."),
        ("foo:1", "foo is no property. Properties are relative, l2,"),
        (">x", "x is no number."),
        ("/(/", "( without its )"),
    ],
)
def test_a_mistake_is_told_in_a_line(text, said):
    with pytest.raises(PatternError, match=re.escape(said)) as error:
        conditions_of(text)
    assert "\n" not in str(error.value)


def test_one_word_alone_is_a_state_that_a_count_can_show():
    assert conditions_of("changed").state == "changed"
    assert conditions_of("-changed").state == ""
    assert conditions_of("changed fc").state == ""


def order_by(column, differences, backwards=False):
    outline, places = outline_of(NAMES)
    assert places.tolist() == list(range(6))
    key = keys(tensor_figures(differences), column, backwards)
    nodes = tensor_order(outline, np.ones(6, bool), key, backwards and column is Column.NAME)
    return [outline.path(node) for node in nodes.tolist()]


def test_nan_stands_on_top_and_what_is_not_read_at_the_end(known):
    first, *rest, last = order_by(Column.RELATIVE, known)
    assert (first, last) == ("blocks.0.fc.weight", "blocks.1.fc.weight")
    assert rest == ["wte.weight", "same.bias", "blocks.0.fc.bias", "head.weight"]  # no figure: after all figures
    first, *rest, last = order_by(Column.RELATIVE, known, backwards=True)
    assert (first, last) == ("blocks.0.fc.weight", "blocks.1.fc.weight")
    assert rest[:2] == ["same.bias", "wte.weight"]


def test_the_least_cosine_is_the_worst(known):
    assert order_by(Column.COSINE, known)[:3] == ["blocks.0.fc.weight", "wte.weight", "same.bias"]


def test_by_name_they_stand_as_in_the_network(known):
    assert order_by(Column.NAME, known) == NAMES
    assert order_by(Column.NAME, known, backwards=True) == NAMES[::-1]


def test_by_status_what_a_loader_stumbles_over_comes_first(known):
    known.records["nan_b"] = 0
    assert order_by(Column.STATUS, known)[0] == "head.weight"
    assert order_by(Column.STATUS, known)[-1] == "blocks.1.fc.weight"


@given(st.lists(st.sampled_from([0.0, -0.0, 1.0, 2.0, np.inf, -np.inf, np.nan])))
def test_equal_keys_stay_as_they_stand(values):
    key = np.array(values, float)
    assert ranked(key).tolist() == np.argsort(key, kind="stable").tolist()


def rows_of(outline, shown):
    return [outline.path(node) for node in shown.tolist()]


def test_modules_fold_and_their_children_are_sorted_within():
    outline, _ = outline_of(NAMES)
    key = np.arange(len(outline))[::-1].astype(float)  # the last first
    kept, opened = np.ones(len(outline), bool), np.zeros(len(outline), bool)
    by_level = levels(outline.depth)
    opened[[0, outline.find("blocks")]] = True
    shown = rows_of(outline, tree_order(outline, by_level, kept, opened, key, False))
    assert shown == ["", "same", "head", "blocks", "blocks.1", "blocks.0", "wte"]
    opened[outline.find("blocks.0.fc")] = True  # below one that is folded
    assert rows_of(outline, tree_order(outline, by_level, kept, opened, key, False)) == shown
    kept[outline.find("blocks") : outline.find("head")] = False
    assert rows_of(outline, tree_order(outline, by_level, kept, opened, key, False)) == ["", "same", "head", "wte"]
    nothing = np.zeros(len(outline), bool)
    assert tree_order(outline, by_level, nothing, opened, key, False).tolist() == []


def test_columns_go_one_by_one_and_name_and_relative_change_stay(qapp):
    widths = Widths()
    every = frozenset(CHOICE)
    gone = [widths.hidden(width, every) for width in range(1200, 100, -10)]
    assert gone[0] == frozenset()
    assert all(before <= after for before, after in pairwise(gone))
    assert gone[-1] == every
    assert widths.hidden(1200, frozenset({Column.COSINE})) == every - {Column.COSINE}


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (30, "blocks.12.attention.qkv.weight"),
        (25, "blocks.12…qkv.weight"),
        (19, "…12…qkv.weight"),
        (13, "…qkv.weight"),
        (8, "…weight"),
        (0, "…weight"),
    ],
)
def test_a_name_without_room_gives_whole_parts_and_keeps_its_end(room, expected):
    assert shortened("blocks.12.attention.qkv.weight", lambda text: len(text) <= room) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("…h.0.mlp.c_fc.weight", "…h.0…c_fc.weight"), ("weight", "weight"), ("", ""), ("a.b", "…b")],
)
def test_short_names_and_names_without_their_front_are_shortened_alike(name, expected):
    assert shortened(name, lambda text: len(text) <= 17 and "." in text and text != "a.b") == expected


def test_a_gap_that_a_very_long_name_has_already_joins_the_others():
    assert shortened("level0.level1.lev…level8.bias", lambda text: len(text) < 24) == "level0…level8.bias"


def test_figures_read_well_at_both_ends(qapp):
    assert [relative_text(x) for x in (0.0157, 0.00994, 1.5, 3.1e-5, 0.0)] == [
        "0.0157",
        "0.0099",
        "1.5000",
        "3.1e−05",
        "0",
    ]
    assert [cosine_text(x) for x in (0.99988, -0.5, 1.0, 1 - 2e-7)] == ["0.99988", "−0.50000", "1", "1−2e−07"]
    assert [fraction_text(x) for x in (1.0, 0.9958, 0.999999, 0.0123, 0.0)] == [
        "100 %",
        "99.58 %",
        "> 99.99 %",
        "1.23 %",
        "0 %",
    ]
