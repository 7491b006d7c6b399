"""The quick reading of a description says what the machine says of the same bytes, or nothing."""

import pickle
import random

import pytest
import torch
from torch.distributed.checkpoint.filesystem import _StorageInfo
from torch.distributed.checkpoint.metadata import (
    ChunkStorageMetadata,
    Metadata,
    MetadataIndex,
    StorageMeta,
    TensorProperties,
    TensorStorageMetadata,
)

from ckptgui.errors import Cancelled, DamagedFileError
from ckptgui.formats.distributed.metadata import Slice, describe
from ckptgui.formats.distributed.names import judged
from ckptgui.formats.distributed.quick import _description, describe_quickly
from ckptgui.formats.distributed.quick_idioms import Chunk, Index
from ckptgui.formats.distributed.quick_loop import OddError, Pairs
from ckptgui.formats.pickles.graph import Ref
from ckptgui.formats.pickles.machine import parse
from tests.formats.dcp_files import described, ranks

NAMES = ("sharded", "zstd", "files", "threads", "optimizer")


def nothing():
    return None


def slowly(data):
    """What the machine makes of it: the description, its order and the names; None where it is none."""
    parsed = parse(data)
    if parsed.broken is not None or parsed.notes:
        return None
    try:
        return told(describe(parsed.root, nothing), parsed.refs)
    except DamagedFileError:
        return None


def told(description, refs):
    return description, list(description.order), list(description.paths), judged(refs, "x")


@pytest.mark.parametrize("name", NAMES)
def test_what_ranks_wrote_is_read_quickly_and_alike(name):
    data = (ranks() / name / ".metadata").read_bytes()
    quick = describe_quickly(data, nothing)
    assert quick is not None
    assert told(*quick) == slowly(data)


def test_what_each_rank_wrote_by_itself_is_read_alike():
    for rank in range(4):
        data = (ranks() / "alone" / f"__{rank}.metadata").read_bytes()
        assert told(*describe_quickly(data, nothing)) == slowly(data)


@pytest.mark.parametrize("protocol", [4, 5])
def test_many_pieces_of_every_rank_and_size_are_read_alike(protocol):
    chance = random.Random(protocol)
    tensors, places = {}, {}
    for number in range(400):
        ndim = chance.randrange(7)
        size = torch.Size(chance.choice((1, 7, 300, 70_000, 1 << 40)) for _ in range(ndim))
        name = f"layers.{number}" + "é" * chance.randrange(3)
        chunks = [ChunkStorageMetadata(torch.Size([0] * ndim), size) for _ in range(chance.randrange(3))]
        tensors[name] = TensorStorageMetadata(TensorProperties(dtype=torch.float16), size, chunks)
        offset, length = chance.choice((5, 1 << 20, 1 << 33, 1 << 45)), chance.choice((900, 70_000, 1 << 34))
        places[MetadataIndex(name, [0] * ndim, 0)] = _StorageInfo(f"__{number % 8}_0.distcp", offset, length)
    metadata = Metadata(tensors, {name: (name, 3) for name in tensors}, places, StorageMeta("x"), "1.0.0")
    data = pickle.dumps(metadata, protocol)
    assert len(data) > 1 << 16  # several frames
    assert told(*describe_quickly(data, nothing)) == slowly(data)


def test_nothing_is_hashed_that_may_be_nested_without_end():
    """Hashing a tuple in a tuple, three million deep, ends the process; so only what is surely flat is a key."""
    shape, dtype = (1,), Ref("torch", "float32")
    entry = {"size": shape, "properties": dtype, "chunks": [((0,), (1,))]}  # a chunk that is no Chunk
    stored = Pairs([("w", (0,)), Slice("f", 0, 1, ())])  # an index that is no Index
    with pytest.raises(OddError):
        _description({"state_dict_metadata": Pairs(["w", entry]), "storage_data": Pairs()})
    with pytest.raises(OddError):
        _description({"state_dict_metadata": Pairs(), "storage_data": stored})
    entry["chunks"] = [Chunk((0,), (1,))]
    stored[0] = Index("w", (0,))
    found = _description({"state_dict_metadata": Pairs(["w", entry]), "storage_data": stored})
    assert found.tensors["w"].pieces[0].place == Slice("f", 0, 1, ())


def test_an_older_protocol_is_left_to_the_machine():
    data = pickle.dumps(described(ranks() / "sharded"), 2)
    assert describe_quickly(data, nothing) is None
    assert slowly(data) is not None


def test_whatever_happens_to_the_bytes_the_two_never_disagree():
    """Bits flipped, bytes put in, taken out and moved: the quick reading is right or gives none."""
    chance = random.Random(4)
    agreed = 0
    for name in NAMES:
        data = (ranks() / name / ".metadata").read_bytes()[:20_000]
        data = data if data.endswith(b".") else (ranks() / "sharded" / ".metadata").read_bytes()
        for _ in range(120):
            changed = bytearray(data)
            at = chance.randrange(11, len(data))
            match chance.randrange(4):
                case 0:
                    changed[at] ^= 1 << chance.randrange(8)
                case 1:
                    del changed[at : at + chance.randrange(1, 9)]
                case 2:
                    changed[at:at] = data[chance.randrange(len(data)) :][: chance.randrange(1, 9)]
                case 3:
                    changed[at] = data[chance.randrange(len(data))]
            changed[3:11] = (len(changed) - 11).to_bytes(8, "little")  # the one frame
            quick = describe_quickly(bytes(changed), nothing)
            if quick is not None:
                assert told(*quick) == slowly(bytes(changed))
                agreed += 1
    assert agreed > 50


def test_the_wish_to_stop_is_heard(monkeypatch):
    monkeypatch.setattr("ckptgui.formats.distributed.quick_loop._STEPS", 10)

    def stop():
        raise Cancelled

    with pytest.raises(Cancelled):
        describe_quickly((ranks() / "sharded" / ".metadata").read_bytes(), stop)
