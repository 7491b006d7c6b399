"""Everything that is plain goes along as it was; what is foreign stays behind and is listed."""

import argparse
import collections
import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckptgui.errors import ExportError
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool


def again(folder, saved):
    """Save with torch, export everything, load with torch: what came back, and the result."""
    source, out = folder / "in.pt", folder / "out.pt"
    torch.save(saved, source)
    pool = SourcePool()
    try:
        plan = plan_export(open_checkpoint(str(source)), str(out), ExportRequest(only="all", force=True))
        result = export(plan, pool)
    finally:
        pool.close()
    return torch.load(out, weights_only=True), result


def test_plain_values_keep_their_types_keys_and_nesting(tmp_path):
    saved = {
        "none": None,
        "yes": True,
        "int": -7,
        "huge": 2**200,
        "float": 0.1,
        "text": "a\n\u202eb",
        "bytes": b"a\xff",
        "tuple": (1, (2, 3), [4], ()),
        "long": tuple(range(9)),
        "set": {1, 2},
        "complex": 1 + 2j,
        "size": torch.Size([2, 3]),
        "dtype": torch.bfloat16,
        "device": torch.device("cuda:1"),
        "many": list(range(2500)),
        "ordered": collections.OrderedDict(b=1, a=2),
        1: "one",
        "1": "text",
        (1, "k"): "pair",
        2.5: "float key",
        None: "none key",
    }
    loaded, result = again(tmp_path, saved)
    assert loaded == saved
    assert list(map(repr, loaded)) == list(map(repr, saved))
    assert type(loaded["ordered"]) is collections.OrderedDict
    assert result.dropped == ()


def test_numbers_that_are_none_pass(tmp_path):
    loaded, _ = again(tmp_path, {"nan": math.nan, "inf": -math.inf})
    assert math.isnan(loaded["nan"])
    assert loaded["inf"] == -math.inf


def test_an_optimizer_takes_its_state_back(tmp_path):
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    loaded, _ = again(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 2})
    assert list(loaded["optimizer"]["state"]) == [0, 1]
    torch.optim.Adam(model.parameters()).load_state_dict(loaded["optimizer"])
    model.load_state_dict(loaded["model"])
    assert loaded["model"]._metadata == model.state_dict()._metadata
    assert torch.equal(loaded["optimizer"]["state"][0]["exp_avg"], optimizer.state_dict()["state"][0]["exp_avg"])


def test_foreign_objects_stay_behind_and_leave_none_in_a_list(tmp_path):
    alien = argparse.Namespace(lr=0.1, weight=torch.ones(2))
    loaded, result = again(tmp_path, {"args": alien, "list": [1, alien, torch.ones(1)], "call": print, "epoch": 1})
    assert loaded == {"list": [1, None, torch.ones(1)], "epoch": 1}
    assert set(result.dropped) == {"args", "list/1", "call"}


def test_numpy_becomes_what_torch_can_load(tmp_path):
    loaded, _ = again(tmp_path, {"scalar": np.float64(0.5), "array": np.arange(6.0).reshape(2, 3).T})
    assert loaded["scalar"] == 0.5
    assert torch.equal(loaded["array"], torch.arange(6.0, dtype=torch.float64).reshape(2, 3).t())


def test_what_was_one_object_stays_one_and_a_circle_stays_a_circle(tmp_path):
    tensor, inner = torch.ones(3, requires_grad=True), [1]
    saved = {"a": tensor, "b": tensor, "view": tensor[1:], "x": inner, "y": inner}
    loop: list = []
    loop.append(loop)
    saved["loop"] = loop
    loaded, _ = again(tmp_path, saved)
    assert loaded["a"] is loaded["b"]
    assert loaded["a"].requires_grad
    assert loaded["x"] is loaded["y"]
    assert loaded["loop"][0] is loaded["loop"]
    with torch.no_grad():
        loaded["a"][1] = 5
    assert loaded["view"][0] == 5


def test_values_nested_deep_are_cut_where_no_loader_should_go(tmp_path):
    deep = 1
    for _ in range(300):
        deep = [deep]
    loaded, result = again(tmp_path, {"deep": deep})
    assert loaded == {"deep": deep}
    assert result.dropped == ()


def test_a_single_tensor_is_everything_there_is(tmp_path):
    loaded, result = again(tmp_path, torch.arange(3))
    assert torch.equal(loaded, torch.arange(3))
    assert result.tensor_count == 1


@pytest.mark.parametrize("saved", [torch.nn.Linear(1, 1), argparse.Namespace(a=1)], ids=["module", "object"])
def test_an_object_of_a_foreign_class_has_only_a_state_dict(tmp_path, saved):
    with pytest.raises(ExportError, match="state dict instead"):
        again(tmp_path, saved)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(min_size=1),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(2, 9), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLAIN)
def test_any_plain_values_come_back_equal(tmp_path, value):
    saved = {"value": value, "tensor": torch.ones(1)}
    loaded, result = again(tmp_path, saved)
    assert loaded["value"] == value
    assert result.dropped == ()
