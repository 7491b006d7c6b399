"""A safetensors file of ours opens with the format's own library, bit for bit."""

import json

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from ckptgui.errors import ExportError, LargeOutputError
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.sources.locate import SourcePool
from tests.export.helpers import lay_out, same_bits
from tests.export.test_torch_file import DTYPES, NAMES, SHAPES, bits

HELD = [dtype for dtype in DTYPES if dtype not in (torch.complex128, torch.complex32, torch.bits8, torch.bits16)]


def write(folder, tensors, **wishes):
    checkpoint = lay_out(folder, tensors)
    out = folder / "out.safetensors"
    request = ExportRequest(format="safetensors", force=True, **wishes)
    pool = SourcePool()
    try:
        result = export(plan_export(checkpoint, str(out), request), pool)
    finally:
        pool.close()
    assert result.bytes == out.stat().st_size
    return out, result


def read(out):
    with safe_open(out, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


@pytest.mark.parametrize("dtype", HELD, ids=str)
def test_every_dtype_that_it_holds_comes_back_bit_for_bit(tmp_path, dtype):
    tensors = {"a": bits((3, 4), dtype), "empty": bits((0, 2), dtype)}
    out, _ = write(tmp_path, tensors)
    loaded, metadata = read(out)
    assert metadata == {"format": "pt"}
    assert all(same_bits(loaded[name], tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize("dtype", [torch.complex128, torch.bits8], ids=str)
def test_a_dtype_that_it_lacks_is_named(tmp_path, dtype):
    with pytest.raises(ExportError, match=r"deep\.a is (complex128|bits8), which safetensors"):
        write(tmp_path, {"deep.a": bits((2,), dtype)})


def test_mixed_dtypes_are_each_aligned_and_named_in_saved_order(tmp_path):
    tensors = {
        "flag": torch.tensor([True]),
        "wide": torch.randn(3, dtype=torch.float64),
        "half": torch.ones(3).half(),
    }
    out, _ = write(tmp_path, tensors)
    raw = out.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    assert (8 + length) % 8 == 0
    assert list(header)[1:] == list(tensors)
    assert all(header[name]["data_offsets"][0] % tensors[name].element_size() == 0 for name in tensors)
    assert all(same_bits(read(out)[0][name], tensor) for name, tensor in tensors.items())


def test_views_become_contiguous_values(tmp_path):
    base = torch.randn(4, 6, dtype=torch.complex64)
    tensors = {
        "transposed": torch.randn(5, 7).t(),
        "column": torch.randn(50, 4)[:, 1],
        "expanded": torch.tensor([3.0]).expand(10, 10),
        "conj": base.conj()[1:, ::2],
        "neg": torch._neg_view(torch.randn(3)),
    }
    out, _ = write(tmp_path, tensors)
    loaded, _ = read(out)
    assert all(same_bits(loaded[name], tensor) for name, tensor in tensors.items())


def test_a_tied_name_is_dropped_and_recorded_or_copied(tmp_path):
    weight = torch.randn(3)
    tensors = {"tok.weight": weight, "lm_head.weight": weight}
    out, result = write(tmp_path, tensors)
    loaded, metadata = read(out)
    assert list(loaded) == ["tok.weight"]
    assert metadata == {"format": "pt", "lm_head.weight": "tok.weight"}
    assert result.tied == {"lm_head.weight": "tok.weight"}
    assert result.tensor_count == 1
    out, result = write(tmp_path, tensors, tied="copy")
    assert torch.equal(read(out)[0]["lm_head.weight"], weight)
    assert result.tied == {}


def test_what_the_format_cannot_say_is_refused(tmp_path):
    with pytest.raises(ExportError, match="one storage under two names"):
        write(tmp_path, {"a": torch.ones(1)}, tied="keep")
    with pytest.raises(ExportError, match="other values"):
        write(tmp_path, {"a": torch.ones(1)}, only="all")
    with pytest.raises(ExportError, match="keeps for itself"):
        write(tmp_path, {"__metadata__": torch.ones(1)})
    with pytest.raises(ExportError, match="half a character"):
        write(tmp_path, {"\ud800": torch.ones(1)})


def test_an_expansion_out_of_proportion_is_written_on_demand_only(tmp_path):
    tensors = {"a": torch.ones(1).expand(10**12)}
    request = ExportRequest(format="safetensors")
    with pytest.raises(LargeOutputError, match="would take 4,000,000,000,120 bytes"):
        plan_export(lay_out(tmp_path, tensors), str(tmp_path / "x"), request)
    with pytest.raises(ExportError, match="not enough space"):
        write(tmp_path, tensors)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, st.tuples(SHAPES, st.sampled_from(HELD[:12])), max_size=5, min_size=1))
def test_any_names_shapes_and_dtypes(tmp_path, drawn):
    tensors = {name: bits(shape, dtype) for name, (shape, dtype) in drawn.items()}
    out, _ = write(tmp_path, tensors)
    loaded, _ = read(out)
    assert loaded.keys() == tensors.keys()
    assert all(same_bits(loaded[name], tensor) for name, tensor in tensors.items())
