"""The container, and its wide fields where 32 bits do not suffice."""

import os
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Extent, Segment
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled
from ckptgui.export.atomic import SYSTEM
from ckptgui.export.checksum import joined
from ckptgui.export.output import Output
from ckptgui.export.pieces import Span
from ckptgui.export.system import System
from ckptgui.export.torch_file import state_dict_layout
from ckptgui.export.zip_file import ALIGNMENT, ZipWriter, archive_size, local_header
from ckptgui.sources.local import identify

GIB4 = 1 << 32


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000])
def test_data_is_aligned_and_python_reads_it(tmp_path, size):
    path = tmp_path / "a.zip"
    with to_be_filled(path) as output:
        writer = ZipWriter(output)
        writer.add("r/first", b"x" * size)
        span = output.position
        writer.add("r/second", b"abc")
        writer.finish()
        assert output.position == archive_size([(len("r/first"), size), (len("r/second"), 3)])
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("r/first") == b"x" * size
        assert archive.read("r/second") == b"abc"
    assert (span + len(local_header(b"r/second", span, 3))) % ALIGNMENT == 0


@contextmanager
def to_be_filled(path, system=SYSTEM):
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        output = Output(descriptor, system)
        yield output
        output.flush()
    finally:
        os.close(descriptor)


class Given:
    """A piece of given parts, which may be fewer bytes than it promised."""

    tensor = SimpleNamespace(extent=None)

    def __init__(self, nbytes, *parts):
        self.nbytes = nbytes
        self.parts = parts

    def read(self, pool, cancel):
        return iter(self.parts)


def test_records_that_come_in_pieces_have_the_checksum_of_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("ckptgui.export.filling.APART", 1000)
    monkeypatch.setattr("ckptgui.export.filling.TOGETHER", 500)
    data = os.urandom(100_000)
    sizes = [0, 10, 999, 1001, 5000, 0, 60_000, 1, 17]
    records = {f"r/{number}": Extent(size, inline=data[:size]) for number, size in enumerate(sizes)}
    path = tmp_path / "a.zip"
    told = []
    with to_be_filled(path) as output:
        writer = ZipWriter(output)
        pieces = [(name, Span(extent, 0, extent.nbytes, BY_NAME["uint8"])) for name, extent in records.items()]
        writer.add_pieces(pieces, None, Cancel(), told.append)
        writer.finish()
        assert output.position == archive_size([(len(name), extent.nbytes) for name, extent in records.items()])
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == list(records)
        assert archive.testzip() is None
        assert all(archive.read(name) == extent.inline for name, extent in records.items())
    assert sum(told) == sum(sizes)


@pytest.mark.parametrize("lengths", [[], [0], [0, 1], [7, 0, 3], [1000, 1, 32, 4096]])
def test_checksums_of_parts_join_to_that_of_the_whole(lengths):
    parts = [os.urandom(length) for length in lengths]
    assert joined((zlib.crc32(part), len(part)) for part in parts) == zlib.crc32(b"".join(parts))


def test_a_record_of_another_length_than_announced_is_a_bug_not_a_file(tmp_path):
    with pytest.raises(AssertionError), to_be_filled(tmp_path / "a") as output:
        ZipWriter(output).add_pieces([("r", Given(4, b"abc"))], None, Cancel(), lambda nbytes: None)


class Sparse(System):
    """Leaves out long runs, which are all zeros here, so that gigabytes take no room."""

    def write(self, descriptor, data, offset):
        return len(data) if len(data) >= 1 << 20 else super().write(descriptor, data, offset)


def test_records_beyond_four_gigabytes_are_found_by_torch_and_by_python(tmp_path, monkeypatch):
    """Two storages over a sparse source, one larger than 32 bits can say, one behind it."""
    monkeypatch.setattr("ckptgui.export.filling.zlib.crc32", lambda data, crc=0: 0)
    source = tmp_path / "source"
    tail = b"\x01\x02\x03\x04"
    with source.open("wb") as file:
        file.truncate(GIB4 + 64)
        file.seek(GIB4 + 64)
        file.write(tail)
    identity = identify(str(source))
    builder = TableBuilder()
    big = builder.add_storage("0", Extent(GIB4 + 64, (Segment(identity, 0, GIB4 + 64),)))
    small = builder.add_storage("1", Extent(4, (Segment(identity, GIB4 + 64, 4),)))
    builder.add(("big",), (GIB4 + 64,), BY_NAME["uint8"], storage=big)
    builder.add(("small",), (4,), BY_NAME["uint8"], storage=small)
    table = builder.build()
    section = Section((), Role.MODEL, 0, 2, GIB4 + 68)
    checkpoint = Checkpoint("x", "torch-zip", GIB4 + 68, (identity,), table, (section,))
    layout = state_dict_layout(
        ["big", "small"],
        [checkpoint.info(0), checkpoint.info(1)],
        [BY_NAME["uint8"]] * 2,
        location="cpu",
        share=True,
    )
    zeros = memoryview(bytes(1 << 24))

    sizes = layout.storages.sizes.tolist()
    parts = [zeros] * (sizes[0] // len(zeros)) + [zeros[: sizes[0] % len(zeros)]]
    pieces = [Given(sizes[0], *parts), Given(4, memoryview(tail))]
    size = layout.nbytes
    storages = [SimpleNamespace(piece=piece) for piece in pieces]
    layout = replace(layout, storages=storages)
    out = tmp_path / "out.pt"
    with to_be_filled(out, Sparse()) as output:
        layout.write(output, None, Cancel(), lambda nbytes: None)
        assert output.position == size
    with zipfile.ZipFile(out) as archive:
        info = archive.getinfo("archive/data/0")
        assert info.file_size == GIB4 + 64
        assert archive.getinfo("archive/data/1").header_offset > GIB4
    loaded = torch.load(out, mmap=True, weights_only=True)
    assert loaded["big"].shape == (GIB4 + 64,)
    assert loaded["small"].tolist() == [1, 2, 3, 4]


def test_a_cancel_is_heard_between_storages(tmp_path):
    cancel = Cancel()
    cancel.cancel()
    builder = TableBuilder()
    row = builder.add_storage("0", Extent(4, inline=b"abcd"))
    builder.add(("a",), (4,), BY_NAME["uint8"], storage=row)
    info = builder.build().info(0)
    layout = state_dict_layout(["a"], [info], [BY_NAME["uint8"]], location="cpu", share=True)
    with pytest.raises(Cancelled), to_be_filled(tmp_path / "out") as output:
        layout.write(output, None, cancel, lambda nbytes: None)
