import struct
import zipfile

import pytest
import safetensors.torch
import torch


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.pt"
    torch.save({"a": torch.arange(64.0), "b": torch.ones(8, 8)}, path)
    return path


def damage(path, record):
    """Change one byte of a record's data, as a bad disk would."""
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(next(name for name in archive.namelist() if name.endswith(record)))
    data = bytearray(path.read_bytes())
    lengths = struct.unpack_from("<HH", data, info.header_offset + 26)
    data[info.header_offset + 30 + sum(lengths) + 5] ^= 0x40
    path.write_bytes(data)


def test_every_record_that_torch_wrote_is_compared_with_its_checksum(ckptgui, saved):
    answer = ckptgui("info", saved, "--json", "--verify")
    with zipfile.ZipFile(saved) as archive:
        checked = sum(info.CRC != 0 for info in archive.infolist())
    assert answer.status == 0
    assert answer.json["verify"] == {"checked": checked, "bad": []}


def test_a_record_that_was_changed_after_saving_is_named(ckptgui, saved):
    damage(saved, "data/1")
    answer = ckptgui("info", saved, "--json", "--verify")
    (bad,) = answer.json["verify"]["bad"]
    assert answer.status == 2
    assert (bad["file"], bad["record"]) == ("model.pt", "model/data/1")
    assert "changed after saving" in bad["text"] and bad["text"] in answer.err
    assert answer.json["tensor_count"] == 2


def test_without_being_asked_values_are_not_checked(ckptgui, saved):
    damage(saved, "data/1")
    answer = ckptgui("info", saved, "--json")
    assert answer.status == 0 and "verify" not in answer.json


def test_compressed_records_are_inflated_for_it(ckptgui, saved, tmp_path):
    packed = tmp_path / "packed.pt"
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    whole = ckptgui("info", packed, "--json", "--verify")
    assert whole.status == 0 and whole.json["verify"]["checked"] > 0
    damage(packed, "data/0")
    damaged = ckptgui("info", packed, "--json", "--verify")
    assert damaged.status == 2
    assert [bad["record"] for bad in damaged.json["verify"]["bad"]] == ["model/data/0"]


def test_a_format_without_checksums_says_so(ckptgui, tmp_path):
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file({"a": torch.ones(3)}, path)
    assert ckptgui("info", path, "--json", "--verify").json["verify"] == {"checked": 0, "bad": []}
    assert "keep no checksums" in ckptgui("info", path, "--verify").out


def test_a_cut_file_is_listed_and_told_to_be_cut(ckptgui, saved):
    saved.write_bytes(saved.read_bytes()[:-200])
    answer = ckptgui("info", saved, "--json", "--verify")
    assert answer.status == 2 and answer.json["verify"]["checked"] == 0
    assert answer.err.count("\n") == 1
