"""Presets in the settings file: what fits is taken, whatever else stands there costs nothing."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckptgui.export.request import ExportRequest
from ckptgui.workspace.export_presets import (
    BUILT_IN,
    ExportMemory,
    memory_from,
    request_from,
    table_of,
)

RICH = ExportRequest(
    format="safetensors",
    dtype="bfloat16",
    dtype_for=(("*ln*", "float32"),),
    include=("a.*",),
    exclude=("b",),
    strip=("auto",),
    rename=(("^a", "b"),),
    max_shard_bytes=5 * 10**9,
    keep_metadata=True,
    tied="copy",
    verify=False,
)


def test_what_is_saved_is_there_at_the_next_start():
    memory = ExportMemory().saved("To the laptop", RICH)
    again = memory_from(json.loads(json.dumps(table_of(memory))))
    assert again == memory
    assert again.preset("To the laptop").request == RICH


def test_a_preset_of_ones_own_never_takes_the_name_of_one_that_everyone_has():
    memory = ExportMemory().saved("Half size", RICH).saved("half", RICH)
    assert [preset.title for preset in memory.presets if preset.own] == ["Half size 2", "half 2"]


def test_values_and_what_is_about_one_file_are_not_remembered():
    edits = (("api_key", "secret"), ("loss", ""))
    wish = replace(RICH, metadata=edits, rows=frozenset({1}), section=("m",), rescue=True)
    kept = ExportMemory().saved("Mine", wish).preset("Mine").request
    assert kept == replace(RICH, metadata=(("loss", ""),))
    used = ExportMemory().used("half", wish).preset("half").request
    assert not (used.include or used.exclude or used.rename or used.metadata)
    assert used.max_shard_bytes == RICH.max_shard_bytes


@pytest.mark.parametrize(
    ("key", "wish"),
    [
        ("state-dict", ExportRequest(only="all")),
        ("safetensors", ExportRequest()),
        ("half", ExportRequest(dtype="float32")),
        ("cpu", ExportRequest(device="cuda:0")),
    ],
)
def test_a_preset_that_everyone_has_stays_what_its_name_says(key, wish):
    memory = ExportMemory().used(key, wish)
    assert memory.presets == BUILT_IN
    assert memory.last == key
    table = table_of(ExportMemory(tuple(replace(each, request=wish) for each in BUILT_IN)))
    assert memory_from(table).preset(key) == ExportMemory().preset(key)


def test_a_preset_that_everyone_has_is_reset_and_ones_own_is_forgotten():
    memory = ExportMemory().saved("Mine", RICH).used("half", RICH)
    assert memory.without("half").preset("half") == BUILT_IN[2]
    assert memory.without("Mine").last in {preset.key for preset in BUILT_IN}


@pytest.mark.parametrize(
    "table",
    [
        None,
        [],
        {"presets": 3},
        {"presets": [3, None, {"title": ""}, {"title": "x" * 5000}, {"key": "half", "request": 7}]},
        {"presets": [{"key": [], "title": "a\0b", "request": {}}], "last": 5, "width": "wide", "height": -3},
        {"presets": [{"title": "Mine", "request": {"dtype": "float7", "format": [], "rename": [["a"]]}}]},
    ],
)
def test_a_table_that_makes_no_sense_costs_its_presets_alone(table):
    memory = memory_from(table)
    assert {preset.key for preset in BUILT_IN} <= {preset.key for preset in memory.presets}
    assert all(preset.request.dtype == "keep" for preset in memory.presets if preset.own)


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.text())
FIELDS = sorted(table_of(ExportMemory())["presets"][0]["request"])


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING | st.lists(ANYTHING, max_size=3)))
def test_no_table_at_all_makes_a_wish_that_cannot_be_remembered(table):
    request = request_from(table)
    memory = ExportMemory().saved("x", request)
    kept = json.loads(json.dumps(table_of(memory)))["presets"][-1]["request"]
    assert request_from(kept) == memory.preset("x").request
