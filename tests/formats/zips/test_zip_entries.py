"""Records in columns answer as a dictionary of entries would."""

import numpy as np

from ckptgui.formats.zips.entries import Places, ZipEntries, ZipEntry, places_of

ENTRIES = {
    "m/data.pkl": ZipEntry("m/data.pkl", 0, 64, 10, 10, 0, 7, 8),
    "m/data/0": ZipEntry("m/data/0", 100, 192, 1 << 40, 1 << 40, 8, 1 << 31, 0),
}


def test_entries_come_out_as_they_went_in():
    columns = places_of(ENTRIES)
    found = ZipEntries(list(ENTRIES), columns)
    assert dict(found) == ENTRIES
    assert found.get("m/data/1") is None
    assert ("m/data/0" in found, "0" in found, len(found)) == (True, False, 2)
    assert found.rows(["m/data/0", "m/data/7"]).tolist() == [1, -1]
    assert places_of(found) is columns


def test_no_entries_are_no_rows():
    assert len(places_of({}).offset) == 0
    assert not ZipEntries([], Places(*np.zeros((7, 0), np.int64)))
