"""A tensor in pieces reads as the whole, whatever part of it is asked for and however the pieces lie."""

import itertools
import random

import numpy as np
import pytest

from ckptgui.core.builder import TableBuilder
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Assembly, Block, Codec, Extent, Segment
from ckptgui.engine.access import storage_reader
from ckptgui.engine.assembling import runs
from ckptgui.engine.job import Cancel
from ckptgui.engine.stream import digest, iter_storage, iter_values
from ckptgui.engine.summarise import summarise
from ckptgui.engine.window import read_window
from ckptgui.errors import DamagedFileError, UnsupportedError
from ckptgui.sources.local import LocalSource, identify
from ckptgui.sources.locate import SourcePool


@pytest.fixture
def pool():
    pool = SourcePool()
    yield pool
    pool.close()


def cut(array, grid, folder, *, compress=False, turned=False, order="<"):
    """Blocks of an array, each in a file of its own behind some other bytes, for a grid of edges."""
    blocks = []
    for number, ranges in enumerate(itertools.product(*(list(itertools.pairwise(edges)) for edges in grid))):
        part = np.ascontiguousarray(array[tuple(slice(a, b) for a, b in ranges)])
        laid = np.asfortranarray(part) if turned else part
        data = laid.astype(laid.dtype.newbyteorder(order)).tobytes("A")
        path = folder / f"{number}.bin"
        strides = tuple(step // part.itemsize for step in laid.strides) if turned else None
        if compress:
            import zstandard

            path.write_bytes(b"xyz" + zstandard.compress(b"in front" + data))
            segment = Segment(identify(str(path)), 3, path.stat().st_size - 3)
            extent = Extent(len(data), (segment,), Codec.ZSTD, skip=8)
        else:
            path.write_bytes(b"xyz" + data)
            extent = Extent(len(data), (Segment(identify(str(path)), 3, len(data)),))
        offsets = tuple(a for a, _ in ranges)
        blocks.append(Block(offsets, part.shape, extent, strides=strides))
    return Extent(array.nbytes, assembly=Assembly(array.shape, array.itemsize, tuple(blocks)))


def tensor(array, extent):
    builder = TableBuilder()
    row = builder.add_storage(None, extent)
    builder.add(("w",), array.shape, BY_NAME[array.dtype.name], storage=row)
    return builder.build().info(0)


CUTS = {
    "rows": ((0, 3, 6, 7), (0, 5), (0, 4)),
    "columns": ((0, 7), (0, 1, 5), (0, 4)),
    "a grid": ((0, 4, 7), (0, 2, 5), (0, 1, 4)),
    "one piece": ((0, 7), (0, 5), (0, 4)),
}


@pytest.fixture
def whole():
    return np.random.default_rng(2).normal(size=(7, 5, 4)).astype(np.float32)


@pytest.mark.parametrize("grid", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("how", [{}, {"turned": True}, {"compress": True}], ids=["plain", "turned", "compressed"])
def test_the_whole_and_any_part_of_it_are_the_bytes_that_were_cut(whole, grid, how, tmp_path, pool):
    extent = cut(whole, grid, tmp_path, **how)
    data = whole.tobytes()
    assert b"".join(iter_storage(extent, pool, Cancel(), chunk=37)) == data
    reader = storage_reader(extent, pool)
    chance = random.Random(3)
    for _ in range(60):
        start = chance.randrange(len(data))
        buffer = bytearray(chance.randrange(1, len(data) - start + 1))
        reader.read_into(start, memoryview(buffer))
        assert buffer == data[start : start + len(buffer)]


@pytest.mark.parametrize("grid", CUTS.values(), ids=CUTS)
def test_figures_windows_and_digests_are_those_of_a_tensor_in_one_piece(whole, grid, tmp_path, pool):
    info = tensor(whole, cut(whole, grid, tmp_path))
    assert b"".join(part.tobytes() for part in iter_values(info, pool, Cancel())) == whole.tobytes()
    (tmp_path / "plain.bin").write_bytes(whole.tobytes())
    plain = tensor(whole, Extent(whole.nbytes, (Segment(identify(str(tmp_path / "plain.bin")), 0, whole.nbytes),)))
    assert digest(info, pool, Cancel()) == digest(plain, pool, Cancel())
    assert summarise(info, pool, Cancel()).statistics == summarise(plain, pool, Cancel()).statistics
    assert np.array_equal(read_window(info, pool, (slice(1, 6), 3)), whole[1:6, 3])


def test_a_large_tensor_is_read_with_few_reads(tmp_path, pool, monkeypatch):
    whole = np.arange(1 << 20, dtype=np.float32).reshape(1024, 1024)
    info = tensor(whole, cut(whole, ((0, 512, 1024), (0, 256, 512, 768, 1024)), tmp_path))
    reads = []
    plain = LocalSource.read_into

    def counted(source, offset, buffer):
        reads.append(len(buffer))
        return plain(source, offset, buffer)

    monkeypatch.setattr(LocalSource, "read_into", counted)
    assert summarise(info, pool, Cancel()).statistics.max == whole.max()
    assert sum(reads) < 1.1 * whole.nbytes
    assert len(reads) <= 16


def test_big_endian_pieces_are_a_big_endian_whole(whole, tmp_path, pool):
    extent = cut(whole, CUTS["a grid"], tmp_path, order=">")
    info = tensor(whole, Extent(extent.nbytes, byteorder="big", assembly=extent.assembly))
    assert b"".join(part.tobytes() for part in iter_values(info, pool, Cancel())) == whole.tobytes()


def test_a_hole_is_said_when_it_is_read(whole, tmp_path, pool):
    extent = cut(whole, CUTS["a grid"], tmp_path)
    broken = Assembly(whole.shape, 4, extent.assembly.blocks[1:])
    with pytest.raises(DamagedFileError, match="do not make up"):
        storage_reader(Extent(extent.nbytes, assembly=broken), pool).read_into(0, memoryview(bytearray(8)))


def test_elements_of_an_odd_width_are_not_put_together(pool):
    with pytest.raises(UnsupportedError, match="3 bytes"):
        storage_reader(Extent(3, assembly=Assembly((1,), 3, ())), pool)


def test_a_range_is_cut_into_boxes_in_order():
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    chance = random.Random(1)
    for _ in range(200):
        first, last = sorted(chance.choices(range(array.size + 1), k=2))
        boxes = list(runs(array.shape, first, last))
        read = [array[tuple(slice(a, a + n) for a, n in zip(*box))].reshape(-1) for box in boxes]
        assert np.concatenate([np.zeros(0, int), *read]).tolist() == list(range(first, last))
        assert len(boxes) <= 7
    assert list(runs((), 0, 1)) == [((), ())]


def test_a_damaged_zstd_frame_is_said(whole, tmp_path, pool):
    extent = cut(whole, CUTS["one piece"], tmp_path, compress=True).assembly.blocks[0].extent
    path = tmp_path / "0.bin"
    data = bytearray(path.read_bytes())
    data[40:60] = bytes(20)
    path.write_bytes(data[:-30])
    moved = Segment(identify(str(path)), 3, len(data) - 33)
    with pytest.raises(DamagedFileError, match="zstd"):
        storage_reader(Extent(extent.nbytes, (moved,), Codec.ZSTD, skip=8), pool).read_into(
            0, memoryview(bytearray(extent.nbytes))
        )


def test_a_frame_may_be_read_backwards(tmp_path, pool):
    import zstandard

    data = np.random.default_rng(1).bytes(3 << 20)
    path = tmp_path / "frame"
    path.write_bytes(zstandard.compress(data))
    extent = Extent(len(data), (Segment(identify(str(path)), 0, path.stat().st_size),), Codec.ZSTD)
    reader = storage_reader(extent, pool)
    for start in (2 << 20, 5, 1 << 20, 0):
        buffer = bytearray(1000)
        reader.read_into(start, memoryview(buffer))
        assert buffer == data[start : start + 1000]
    with pytest.raises(DamagedFileError, match="ends after"):
        reader.read_into(len(data) - 5, memoryview(bytearray(10)))
