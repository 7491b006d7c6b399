"""Bytes that no tensor needs: cut off by views, or of storages that nothing names."""

import zipfile

import torch

from ckptgui.core.waste import waste
from ckptgui.formats.registry import open_checkpoint


def opened(tmp_path, obj, *more):
    torch.save(obj, tmp_path / "c.pt")
    with zipfile.ZipFile(tmp_path / "c.pt", "a") as archive:
        for name, data in more:
            archive.writestr(f"c/{name}", data)
    return open_checkpoint(str(tmp_path / "c.pt"))


def test_a_view_keeps_the_whole_storage(tmp_path):
    found = waste(opened(tmp_path, {"w": torch.ones(100)[:10], "v": torch.ones(5)}))
    assert (found.nbytes, found.unreached.tolist()) == (360, [360, 0])
    assert found.sentence == "360 bytes of 1 storage are reached by no tensor."


def test_records_that_nothing_names_are_waste(tmp_path):
    checkpoint = opened(
        tmp_path, {"w": torch.ones(2)}, ("data/7", bytes(40)), ("data/8", bytes(2)), ("notes", b"x")
    )
    found = waste(checkpoint)
    assert [checkpoint.records[row].name for row in found.unnamed] == ["c/data/7", "c/data/8"]
    assert (found.unnamed_bytes, found.total) == (42, 42)
    assert found.sentence == "42 bytes are of 2 storages that nothing names."


def test_a_storage_that_was_saved_alone_is_named(tmp_path):
    found = waste(opened(tmp_path, {"w": torch.ones(2), "s": [torch.ones(9).untyped_storage()]}))
    assert (found.total, found.sentence) == (0, None)


def test_tied_and_overlapping_views_waste_nothing(tmp_path):
    base = torch.arange(6.0)
    assert waste(opened(tmp_path, {"a": base, "b": base, "c": base[2:], "d": base.view(2, 3)})).total == 0
    assert waste(opened(tmp_path, {"epoch": 1})).total == 0
