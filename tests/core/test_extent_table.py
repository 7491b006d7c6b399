import numpy as np

from ckptgui.core.extent_table import extent_table, joined
from ckptgui.core.extents import Assembly, Block, Codec, Extent, Segment, SourceIdentity

ONE = SourceIdentity("/a", 0, 1, 100, 0)
TWO = SourceIdentity("/b", 0, 2, 200, 0)
BLOCK = Block((0,), (4,), Extent(16, (Segment(ONE, 8, 16),)))
EXTENTS = [
    Extent(16, (Segment(ONE, 64, 16),)),
    Extent(8, (Segment(TWO, 0, 4),), byteorder="big"),
    Extent(100, (Segment(ONE, 0, 10),), Codec.DEFLATE),
    Extent(4),
    Extent(3, inline=b"abc"),
    Extent(12, (Segment(ONE, 0, 4), Segment(TWO, 8, 8, 4))),
    Extent(50, (Segment(ONE, 0, 10),), Codec.ZSTD, skip=7),
    Extent(16, assembly=Assembly((4,), 4, (BLOCK,))),
]


def test_every_kind_of_extent_comes_out_as_it_went_in():
    table = extent_table(EXTENTS)
    assert list(table) == EXTENTS
    assert table[-1] == EXTENTS[-1]
    assert table[1:3] == EXTENTS[1:3]


def test_stored_bytes_are_what_the_file_holds():
    assert extent_table(EXTENTS).stored_bytes.tolist() == [16, 8, 10, 4, 3, 12, 10, 16]


def test_tables_are_joined_in_order_with_their_own_files():
    assert list(joined([extent_table(EXTENTS[:2]), extent_table([]), extent_table(EXTENTS[1:])])) == [
        *EXTENTS[:2],
        *EXTENTS[1:],
    ]


def test_an_archive_within_a_file_is_moved_to_its_place():
    moved = extent_table(EXTENTS).moved(1000)
    assert moved[0].file_offset == 1064
    assert [segment.offset for segment in moved[5].segments] == [1000, 1008]
    assert np.array_equal(moved.nbytes, extent_table(EXTENTS).nbytes)
