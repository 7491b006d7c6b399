"""The container, and its wide fields where 32 bits do not suffice."""

import io
import os
import zipfile
from dataclasses import replace

import pytest
import torch

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Extent, Segment
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled
from ckptgui.export.torch_file import state_dict_layout
from ckptgui.export.zip_file import ALIGNMENT, ZipWriter, archive_size, local_header
from ckptgui.sources.local import identify

GIB4 = 1 << 32


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000])
def test_data_is_aligned_and_python_reads_it(tmp_path, size):
    path = tmp_path / "a.zip"
    with path.open("wb") as file:
        output = FileOutput(file)
        writer = ZipWriter(output)
        writer.add("r/first", [b"x" * size] if size else [], size)
        span = output.position
        writer.add("r/second", [b"a", b"bc"], 3)
        writer.finish()
        assert output.position == archive_size([(len("r/first"), size), (len("r/second"), 3)])
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("r/first") == b"x" * size
        assert archive.read("r/second") == b"abc"
    assert (span + len(local_header(b"r/second", span, 3))) % ALIGNMENT == 0


class FileOutput:
    def __init__(self, file):
        self.file = file
        self.position = 0

    def write(self, data):
        self.file.write(data)
        self.position += len(data)


def test_a_record_of_another_length_than_announced_is_a_bug_not_a_file(tmp_path):
    with pytest.raises(AssertionError), (tmp_path / "a").open("wb") as file:
        ZipWriter(FileOutput(file)).add("r", [b"abc"], 4)


class SparseFile:
    """An output that seeks over runs of zeros, so that gigabytes take no room."""

    def __init__(self, file):
        self.file = file
        self.position = 0

    def write(self, data):
        if len(data) >= 1 << 20:
            self.file.seek(len(data), os.SEEK_CUR)
        else:
            self.file.write(data)
        self.position += len(data)


def test_records_beyond_four_gigabytes_are_found_by_torch_and_by_python(tmp_path, monkeypatch):
    """Two storages over a sparse source, one larger than 32 bits can say, one behind it."""
    monkeypatch.setattr("ckptgui.export.zip_file.zlib.crc32", lambda data, crc=0: 0)
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

    class Pieces:
        def __init__(self, piece):
            self.nbytes = piece.nbytes

        def read(self, pool, cancel):
            left = self.nbytes
            if left == 4:
                yield memoryview(tail)
                return
            while left:
                yield zeros[: min(left, len(zeros))] if left > 64 else memoryview(bytes(left))
                left -= min(left, len(zeros))

    size = layout.nbytes
    layout = replace(layout, storages=tuple(replace(s, piece=Pieces(s.piece)) for s in layout.storages))
    out = tmp_path / "out.pt"
    with out.open("wb") as file:
        output = SparseFile(file)
        layout.write(output, None, Cancel(), lambda nbytes: None)
        assert output.position == size
    with zipfile.ZipFile(out) as archive:
        info = archive.getinfo("archive/data/0")
        assert info.file_size == GIB4 + 64
        assert archive.getinfo("archive/data/1").header_offset > GIB4
    loaded = torch.load(out, mmap=True, weights_only=True)
    assert loaded["big"].shape == (GIB4 + 64,)
    assert loaded["small"].tolist() == [1, 2, 3, 4]


def test_a_cancel_is_heard_between_storages():
    cancel = Cancel()
    cancel.cancel()
    builder = TableBuilder()
    row = builder.add_storage("0", Extent(4, inline=b"abcd"))
    builder.add(("a",), (4,), BY_NAME["uint8"], storage=row)
    info = builder.build().info(0)
    layout = state_dict_layout(["a"], [info], [BY_NAME["uint8"]], location="cpu", share=True)
    with pytest.raises(Cancelled):
        layout.write(FileOutput(io.BytesIO()), None, cancel, lambda nbytes: None)
