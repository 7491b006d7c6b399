"""A cut archive still gives up the records that are in it."""

import io
import zipfile

import pytest
import torch

from ckptgui.errors import DamagedFileError
from ckptgui.formats.zips.directory import ZipDirectory, read_directory
from ckptgui.formats.zips.end import DirectoryMissingError
from ckptgui.formats.zips.salvage import salvage
from ckptgui.sources.memory import MemorySource


@pytest.fixture(scope="module")
def saved() -> bytes:
    buffer = io.BytesIO()
    torch.save({"a": torch.arange(10.0), "b": torch.zeros(300), "empty": torch.zeros(0)}, buffer)
    return buffer.getvalue()


def sizes(whole: ZipDirectory):
    return lambda name, _before: whole.entries[name].size if "/data/" in name else None


@pytest.mark.parametrize("told", [False, True], ids=["sizes unknown", "sizes known from the pickle"])
def test_a_torch_file_cut_at_any_byte_lists_the_records_before_the_cut(saved, told):
    whole = read_directory(MemorySource(saved))
    for cut in range(0, len(saved), 7):
        source = MemorySource(saved[:cut])
        with pytest.raises(DirectoryMissingError):
            read_directory(source)
        found = salvage(source, expected=sizes(whole)) if told else salvage(source)
        for name, entry in whole.entries.items():
            data_end = entry.data_offset + entry.compressed
            if data_end + 16 <= cut:
                assert found.entries[name] == entry
            elif entry.data_offset <= cut:
                there = found.entries[name]
                assert there.data_offset == entry.data_offset
                if told and "/data/" in name:
                    assert there.size == entry.size
                    assert there.compressed == min(entry.size, cut - entry.data_offset)
                    assert there.whole == (data_end <= cut)
                else:
                    assert there.whole == (entry.size == 0)
            else:
                assert name not in found.entries


def test_the_callback_can_read_the_records_before_it(saved):
    seen = []

    def expected(name, before):
        seen.append((name.partition("/")[2], len(before.entries)))
        return

    salvage(MemorySource(saved[:-30]), expected=expected)
    assert seen[0] == ("data.pkl", 0)
    assert seen[4] == ("data/0", 4)


def test_a_wrong_expectation_falls_back_to_the_search(saved):
    whole = read_directory(MemorySource(saved))
    found = salvage(MemorySource(saved[:-30]), expected=lambda name, _: 1 if "/data/" in name else None)
    assert dict(found.entries) == dict(whole.entries)


def test_a_repacked_archive_with_sizes_in_its_headers_is_walked_too():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data.pkl", b"x" * 1000)
        archive.writestr("m/data/0", bytes(4000))
    whole = buffer.getvalue()
    cut = MemorySource(whole[:-5])
    found = salvage(cut)
    assert dict(found.entries) == dict(read_directory(MemorySource(whole)).entries)
    assert found.read(cut, "m/data.pkl", 2000) == b"x" * 1000


def test_a_record_that_repeats_a_name_is_refused(saved):
    first = saved[: saved.index(b"PK\x03\x04", 4)]
    with pytest.raises(DamagedFileError, match="two records"):
        salvage(MemorySource(first + first))


def test_a_record_without_a_name_is_refused():
    with pytest.raises(DamagedFileError, match="not named"):
        salvage(MemorySource(b"PK\x03\x04" + bytes(26)))
