"""The directory of a zip: what zipfile reads, and what is refused because loaders disagree about it."""

import io
import struct
import time
import zipfile
import zlib

import pytest
import torch

from ckptgui.errors import CheckpointError, DamagedFileError, LimitExceededError, UnsupportedError
from ckptgui.formats.zips.directory import read_directory
from ckptgui.formats.zips.end import DirectoryMissingError
from ckptgui.sources.base import read_exactly
from ckptgui.sources.local import LocalSource
from ckptgui.sources.memory import MemorySource

RECORDS = {"m/data.pkl": b"pickle" * 20, "m/data/0": bytes(range(200)), "m/version": b"3\n"}


def archive(records=RECORDS, method=zipfile.ZIP_STORED, comment=b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        for name, data in records.items():
            target.writestr(name, data)
        target.comment = comment
    return buffer.getvalue()


def read(data: bytes):
    return read_directory(MemorySource(data))


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def local(data: bytes, name: bytes) -> int:
    """Where the local header of a record begins."""
    return data.index(name) - 30


def central(data: bytes, name: bytes) -> int:
    """Where the directory's entry of a record begins."""
    return data.rindex(name) - 46


def torch_file(value, **options) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        torch_file({"a": torch.arange(1000), "b": [torch.ones(3), 1]}),
        archive(),
        archive(method=zipfile.ZIP_DEFLATED),
        archive(comment=b"a comment"),
        archive({}),
        archive({"m/": b"", "m/data.pkl": b"x"}),
    ],
    ids=["torch", "stored", "deflated", "comment", "empty", "a folder"],
)
def test_it_agrees_with_zipfile_on_every_record(data):
    found = read(data)
    with zipfile.ZipFile(io.BytesIO(data)) as oracle:
        assert list(found.entries) == oracle.namelist()
        for info in oracle.infolist():
            entry = found.entries[info.filename]
            assert (entry.offset, entry.size, entry.compressed, entry.method, entry.crc) == (
                info.header_offset, info.file_size, info.compress_size, info.compress_type, info.CRC,
            )  # fmt: skip
            assert found.read(MemorySource(data), info.filename, 1 << 20) == oracle.read(info)
            if info.compress_type == zipfile.ZIP_STORED:
                assert data[entry.data_offset : entry.data_offset + entry.size] == oracle.read(info)


def test_a_record_with_64_bit_sizes_in_its_header_is_read():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target, target.open("m/data.pkl", "w", force_zip64=True) as record:
        record.write(b"abc")
    data = buffer.getvalue()
    assert read(data).read(MemorySource(data), "m/data.pkl", 10) == b"abc"


def test_the_directory_of_a_file_of_100_gb_is_read_by_seeking_alone(tmp_path):
    """The archive is made by hand: its one storage is a hole in a sparse file, beyond what 32 bits reach."""
    size, path = 100 << 30, tmp_path / "huge.pt"
    name, full = b"m/data/0", 0xFFFFFFFF
    extra = struct.pack("<2H2Q", 1, 16, size, size)
    head = struct.pack("<4s5H3I2H", b"PK\x03\x04", 45, 0, 0, 0, 0, 0, full, full, len(name), len(extra))
    last, tail_at = b"m/version", 30 + len(name) + len(extra) + size
    crc = zlib.crc32(b"3\n")
    tail = struct.pack("<4s5H3I2H", b"PK\x03\x04", 45, 0, 0, 0, 0, crc, 2, 2, len(last), 0) + last + b"3\n"
    entries = struct.pack(
        "<4s6H3I5H2I", b"PK\x01\x02", 45, 45, 0, 0, 0, 0, 0, full, full, len(name), len(extra), 0, 0, 0, 0, 0
    ) + name + extra  # fmt: skip
    wide = struct.pack("<2HQ", 1, 8, tail_at)
    entries += struct.pack(
        "<4s6H3I5H2I", b"PK\x01\x02", 45, 45, 0, 0, 0, 0, crc, 2, 2, len(last), len(wide), 0, 0, 0, 0, 0xFFFFFFFF
    ) + last + wide  # fmt: skip
    at = tail_at + len(tail)
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2, 2, len(entries), at)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at + len(entries), 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, len(entries), 0xFFFFFFFF, 0)
    with path.open("wb") as target:
        target.write(head + name + extra)
        target.seek(tail_at)
        target.write(tail + entries + end64 + locator + end)
    source = LocalSource(str(path))
    found = read_directory(source)
    assert found.entries["m/data/0"].size == size
    assert found.read(source, "m/version", 10) == b"3\n"
    with zipfile.ZipFile(path) as oracle:
        assert [i.header_offset for i in oracle.infolist()] == [e.offset for e in found.entries.values()]
    source.close()


GOOD = archive()
TORCH = torch_file({"a": torch.ones(3)})
END = len(GOOD) - 22


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Both names of a record, in its header and in the directory."""
    return data.replace(old, new)


def overlapping() -> bytes:
    """Two entries that lead to one local header's bytes."""
    data = archive({"m/data.pkl": b"x" * 50, "m/data/0": b"y" * 50})
    return patched(data, central(data, b"m/data/0") + 42, struct.pack("<I", 0))


def zip64_overflow(value: bytes) -> bytes:
    """torch's file with a number in its 64-bit end record replaced (the directory's offset)."""
    return patched(TORCH, TORCH.rindex(b"PK\x06\x06") + 48, value)


def long_record(size_field: bytes, where: int) -> bytes:
    return patched(GOOD, central(GOOD, b"m/data/0") + where, size_field)


BAD = {
    "bytes before the archive": b"MZ" + GOOD,
    "bytes after the end record": GOOD + b"x",
    "a second end record in the comment": archive(comment=b"PK\x05\x06" + bytes(18)),
    "directory beyond the file": patched(GOOD, END + 16, struct.pack("<I", 1 << 31)),
    "directory of size 0": patched(GOOD, END + 12, struct.pack("<I", 0)),
    "one record too many": patched(GOOD, END + 8, struct.pack("<2H", 4, 4)),
    "one record too few": patched(GOOD, END + 8, struct.pack("<2H", 2, 2)),
    "several disks": patched(GOOD, END + 4, struct.pack("<H", 1)),
    "counts that differ": patched(GOOD, END + 8, struct.pack("<2H", 2, 3)),
    "another disk's record": patched(GOOD, central(GOOD, b"m/data/0") + 34, struct.pack("<H", 3)),
    "a duplicate name": renamed(archive({"m/a": b"1", "m/b": b"2"}), b"m/b", b"m/a"),
    "names equal but for case": archive({"m/data.pkl": b"1", "m/DATA.PKL": b"2"}),
    "another name in the header": patched(GOOD, local(GOOD, b"m/data/0") + 30, b"m/evil/0"),
    "another method in the header": patched(GOOD, local(GOOD, b"m/data/0") + 8, struct.pack("<H", 8)),
    "another CRC in the header": patched(GOOD, local(GOOD, b"m/data/0") + 14, b"\0\0\0\1"),
    "another size in the header": patched(GOOD, local(GOOD, b"m/data/0") + 22, b"\1\0\0\0"),
    "no header": patched(GOOD, local(GOOD, b"m/data/0"), b"XX"),
    **{
        f"flag {flag:#x} in the {where}": patched(GOOD, place(GOOD, b"m/data/0") + at, struct.pack("<H", flag))
        for flag in (0x1, 0x20, 0x40)
        for where, place, at in (("directory", central, 8), ("header", local, 6))
    },
    "overlapping records": overlapping(),
    "a size beyond the file": long_record(struct.pack("<2I", 1 << 30, 1 << 30), 20),
    "a stored record of two sizes": long_record(struct.pack("<2I", 200, 100), 20),
    "a 64-bit size without its block": long_record(struct.pack("<2I", 0xFFFFFFFF, 0xFFFFFFFF), 20),
    "a header's place beyond the records": long_record(struct.pack("<I", 1 << 30), 42),
    "64-bit offset of the directory 2^63": zip64_overflow(struct.pack("<Q", 1 << 63)),
    "64-bit locator to elsewhere": patched(TORCH, TORCH.rindex(b"PK\x06\x07") + 8, struct.pack("<Q", 0)),
    "64-bit locator beyond the file": patched(TORCH, TORCH.rindex(b"PK\x06\x07") + 8, struct.pack("<Q", 1 << 62)),
    **{
        f"the name {name!r}": renamed(archive({"m/data.pkl": b"x", "AAAAAA": b"y"}), b"AAAAAA", name)
        for name in (b"../../", b"/etc/x", b"C:/abc", b"a\\b\\cd", b"a\0bcde", b"\xff\xfe\xfdabc", b"a/../b")
    },
    "a folder with bytes": renamed(archive({"m/data.pkl": b"x", "AAAAAA": b"y"}), b"AAAAAA", b"AAAAA/"),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_loaders_read_differently_is_refused_in_one_sentence(data):
    with pytest.raises(DamagedFileError) as caught:
        read(data)
    assert not isinstance(caught.value, DirectoryMissingError)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "\0" not in sentence
    assert len(sentence) <= 300


@pytest.mark.parametrize("method", [12, 14, 93, 99], ids=["bzip2", "lzma", "zstd", "AES"])
def test_other_compressions_are_named(method):
    field = struct.pack("<H", method)
    data = patched(GOOD, central(GOOD, b"m/data/0") + 10, field)
    with pytest.raises(UnsupportedError, match=f"method {method}"):
        read(patched(data, local(data, b"m/data/0") + 8, field))


def test_a_file_without_its_end_says_so_at_any_cut():
    for cut in range(len(GOOD)):
        with pytest.raises(DirectoryMissingError, match="cut"):
            read(GOOD[:cut])


def test_any_flipped_bit_gives_records_or_one_sentence():
    for at in range(len(TORCH)):
        for bit in (0x01, 0x80):
            data = bytearray(TORCH)
            data[at] ^= bit
            source = MemorySource(bytes(data))
            try:
                found = read_directory(source)
                for name in found.entries:
                    found.read(source, name, 1 << 20, [])
            except CheckpointError as error:
                assert "\n" not in str(error)


def test_a_changed_record_is_noticed_by_its_crc():
    data = patched(GOOD, GOOD.index(b"pickle"), b"P")
    found, source = read(data), MemorySource(data)
    with pytest.raises(DamagedFileError, match="CRC"):
        found.read(source, "m/data.pkl", 1000)
    warnings: list[str] = []
    assert found.read(source, "m/data.pkl", 1000, warnings).startswith(b"Pickle")
    assert "m/data.pkl" in warnings[0]


def test_crcs_that_torch_was_told_to_skip_are_no_damage():
    torch.serialization.set_crc32_options(False)
    try:
        data = torch_file({"a": torch.ones(3)})
    finally:
        torch.serialization.set_crc32_options(True)
    assert read(data).read(MemorySource(data), "archive/byteorder", 10) == b"little"


def test_a_record_beyond_the_limit_is_not_read():
    with pytest.raises(LimitExceededError, match="claims 200 bytes; at most 199"):
        read(GOOD).read(MemorySource(GOOD), "m/data/0", 199)


def test_a_compressed_record_never_inflates_beyond_its_claim():
    data = archive({"m/data.pkl": bytes(10 << 20)}, zipfile.ZIP_DEFLATED)
    for place, at in ((central, 24), (local, 22)):
        data = patched(data, place(data, b"m/data.pkl") + at, struct.pack("<I", 1000))
    with pytest.raises(DamagedFileError, match="does not hold the 1,000 bytes"):
        read(data).read(MemorySource(data), "m/data.pkl", 1 << 30)


def test_65_536_records_are_read_in_few_reads_with_a_chance_to_cancel():
    data = archive({f"m/data/{i}": b"12345678" for i in range(65_536)})
    reads = []

    class Counting(MemorySource):
        def read_into(self, offset, buffer):
            reads.append(offset)
            return super().read_into(offset, buffer)

    checks = []
    started = time.perf_counter()
    found = read_directory(Counting(data), lambda: checks.append(1))
    assert time.perf_counter() - started < 5
    assert len(found.entries) == 65_536
    assert len(reads) < 10
    assert checks
    entry = found.entries["m/data/65535"]
    assert read_exactly(MemorySource(data), entry.data_offset, entry.size) == b"12345678"
