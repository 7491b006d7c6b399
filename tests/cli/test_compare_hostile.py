"""Comparisons of files that somebody made to break them: an answer or one line, never a traceback."""

import json
import math
import struct
import time

import pytest
import torch


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def safetensors(path, *names, value=1.0):
    """A header of some names, each a number."""
    entries = {
        name: {"dtype": "F32", "shape": [1], "data_offsets": [4 * at, 4 * at + 4]} for at, name in enumerate(names)
    }
    header = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + struct.pack("<f", value) * len(names))
    return path


def test_a_checkpoint_without_tensors_has_its_place_in_a_series(ckptgui, save, tmp_path):
    empty, some = save({"epoch": 1}, "epoch_1.pt"), save({"epoch": 2, "w": torch.ones(2)}, "epoch_2.pt")
    answer = ckptgui("compare", empty, some, some, "--json")
    assert (answer.status, answer.err) == (1, "")
    assert [entry["l2"] for entry in answer.json["tensors"]] == [[None, math.sqrt(2), math.sqrt(2)]]
    page = tmp_path / "report.html"
    assert ckptgui("compare", empty, some, "--report", page).status == 1 and page.stat().st_size


def test_an_epoch_that_no_counter_reaches_is_none(ckptgui, save):
    files = [
        save({"epoch": epoch, "w": torch.ones(2)}, f"{n}.pt") for n, epoch in enumerate((10**400, 10**5000, 3))
    ]
    answer = ckptgui("compare", *files, "--json")
    assert (answer.status, answer.err) == (0, "")
    assert sorted(str(member["epoch"]) for member in answer.json["members"]) == ["3", "None", "None"]


def test_names_of_ten_thousand_parts_are_compared_and_checked_in_no_time(ckptgui, tmp_path):
    tail = ".".join("a" * 9_999)
    one = safetensors(tmp_path / "a.safetensors", *(f"x.{tail}{n}" for n in range(20)))
    other = safetensors(tmp_path / "b.safetensors", *(f"y.{tail}{n}" for n in range(20)), value=2.0)
    begun = time.process_time()
    assert ckptgui("compare", one, other, "--json").json["summary"]["added"] == 20
    answer = ckptgui("check", one, "--against", other, "--json")
    assert answer.status == 1 and len(answer.json["missing"]) == 20
    assert time.process_time() - begun < 5


def test_names_of_megabytes_do_not_make_a_report_of_megabytes(ckptgui, tmp_path):
    one = safetensors(tmp_path / "a.safetensors", "x" * 1_000_000, "q")
    other = safetensors(tmp_path / "b.safetensors", "y" * 1_000_000, "q", value=2.0)
    page = tmp_path / "report.html"
    assert ckptgui("compare", one, other, "--report", page).status == 1
    assert page.stat().st_size < 200_000
    assert ckptgui("check", one, "--against", other).status == 1


def test_a_view_that_repeats_its_storage_a_thousand_times_is_not_read_through(ckptgui, save):
    values = torch.arange(200_000.0)
    windows = {"w": values.as_strided((100_000, 100_000), (1, 1)), "x": torch.ones(1).expand(10**12)}
    files = [save(windows, f"{n}.pt") for n in range(2)]
    answer = ckptgui("compare", *files, files[0], "--json")
    found = {entry["name"]: entry for entry in answer.json["tensors"]}
    assert answer.status == 2 and answer.err.count("\n") == 1
    assert "which is too much to read through" in found["w"]["error"]
    assert found["x"]["l2"] == [1e6] * 3 and found["x"]["status"] == ["same"] * 2


def test_a_renamed_tensor_with_a_nan_that_signals_is_no_warning(ckptgui, save):
    odd = torch.tensor([0x7F800001, 0x7FA00000, 0x3F800000, 0x40000000], dtype=torch.int32).view(torch.float32)
    answer = ckptgui(
        "compare", save({"a": odd, "c": torch.ones(1)}, "a.pt"), save({"b": odd.flip(0)}, "b.pt"), "--json"
    )
    assert (answer.status, answer.err) == (1, "")


@pytest.mark.filterwarnings("ignore:ComplexHalf")
def test_a_renamed_tensor_of_half_complex_numbers_is_compared_by_their_moduli(ckptgui, save):
    odd = torch.tensor([3 + 4j, math.inf + 0j, 1j]).to(torch.complex32)
    answer = ckptgui("compare", save({"a": odd}, "a.pt"), save({"b": odd * 1}, "b.pt"), "--json")
    assert (answer.status, answer.err) == (1, "")
    assert [(each["from"], each["to"]) for each in answer.json["renamed"]] == [("a", "b")]


def test_json_may_begin_with_a_byte_order_mark(ckptgui, save, tmp_path):
    shapes = tmp_path / "shapes.json"
    shapes.write_bytes(b'\xef\xbb\xbf{"w": [2]}')
    assert ckptgui("check", save({"w": torch.ones(2)}), "--against", shapes).status == 0


@pytest.mark.parametrize("other", ["complex64", "float32", "float16", "bfloat16", "float8_e5m2"])
def test_bits_of_every_kind_are_no_warning_beside_complex_numbers(ckptgui, save, other):
    bits = torch.randint(0, 256, (4096,), generator=torch.Generator().manual_seed(7), dtype=torch.uint8)
    size = torch.empty(0, dtype=torch.complex64).element_size()
    one = {"w": bits.view(torch.complex64)}
    answer = ckptgui(
        "compare", save(one, "a.pt"), save({"w": bits.view(getattr(torch, other))[: 4096 // size]}, "b.pt")
    )
    assert (answer.status, answer.err) == (1 if other != "complex64" else 0, "")


def test_tens_of_thousands_of_tensors_without_elements_are_compared_in_no_time(ckptgui, tmp_path):
    entries = {f"m.{at}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for at in range(50_000)}
    header = json.dumps(entries).encode()
    for name in ("a", "b"):
        (tmp_path / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    begun = time.process_time()
    answer = ckptgui("compare", tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    assert (answer.status, answer.err) == (0, "")
    assert time.process_time() - begun < 5
