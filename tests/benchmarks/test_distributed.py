"""Listing a distributed checkpoint of 10,000 tensors over 8 ranks, against torch's reading of its description.

Target: at most 2 s for ``info --json``, whether each tensor is in one rank's file or in pieces in all eight.
"""

import io
import json
import pickle

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

from tests.benchmarks.conftest import run_child

RANKS, TENSORS = 8, 10_000
SHAPES = ((16, 8), (8,), (24, 8), (64, 4))
DESCRIPTION = (
    "import sys; from torch.distributed.checkpoint import FileSystemReader; "
    "FileSystemReader(sys.argv[1]).read_metadata()"
)
CONVERTER = (
    "import sys; from torch.distributed.checkpoint.format_utils import dcp_to_torch_save; "
    "dcp_to_torch_save(sys.argv[1], sys.argv[1] + '.pt')"
)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """The files that eight ranks write, made by this process with torch's own classes."""
    folder = tmp_path_factory.mktemp("distributed")
    return {pieces: written(folder / str(pieces), pieces) for pieces in (1, RANKS)}


def written(folder, pieces):
    folder.mkdir()
    names = [f"__{rank}_0.distcp" for rank in range(RANKS)]
    files = [io.BytesIO() for _ in names]
    tensors, paths = {}, {}
    places = [[] for _ in names]
    for number in range(TENSORS):
        name = f"layers.{number // 10}.block.part{number % 10}.weight"
        shape = SHAPES[number % len(SHAPES)]
        sizes = (shape[0] // pieces, *shape[1:])
        chunks = []
        for piece in range(pieces):
            rank = (number + piece) % RANKS
            offsets = (piece * sizes[0], *(0 for _ in sizes[1:]))
            chunks.append(ChunkStorageMetadata(torch.Size(offsets), torch.Size(sizes)))
            start = files[rank].tell()
            torch.save(torch.full(sizes, float(piece)), files[rank])
            place = _StorageInfo(names[rank], start, files[rank].tell() - start)
            places[rank].append((MetadataIndex(f"model.{name}", offsets, piece), place))
        tensors[f"model.{name}"] = TensorStorageMetadata(
            TensorProperties(torch.float32), torch.Size(shape), chunks
        )
        paths[f"model.{name}"] = ("model", name)
    stored = {index: place for rank in places for index, place in pickle.loads(pickle.dumps(rank))}
    metadata = Metadata(tensors, paths, stored, StorageMeta(str(folder)), "1.0.0")
    (folder / ".metadata").write_bytes(pickle.dumps(metadata))
    for name, file in zip(names, files):
        (folder / name).write_bytes(file.getvalue())
    return folder


@pytest.mark.parametrize("pieces", [1, RANKS])
@pytest.mark.benchmark(group="listing 10,000 tensors over 8 ranks")
def test_ckptgui_lists_them(benchmark, folders, pieces):
    runs = []
    command = ("-m", "ckptgui", "info", "--json", str(folders[pieces]))
    benchmark.pedantic(lambda: runs.append(run_child(*command)), rounds=5, warmup_rounds=1)
    assert all(run.status == 0 for run in runs), runs[-1].output
    assert json.loads(runs[-1].output)["tensor_count"] == TENSORS
    benchmark.extra_info["peak_mib"] = max(run.peak_mib for run in runs)
    print(f"\n{pieces} pieces: {min(run.seconds for run in runs):.2f} s, {runs[-1].peak_mib:.0f} MiB")


@pytest.mark.parametrize("pieces", [1, RANKS])
@pytest.mark.parametrize("code", [DESCRIPTION, CONVERTER], ids=["description", "converter"])
@pytest.mark.benchmark(group="listing 10,000 tensors over 8 ranks")
def test_peer_torch(benchmark, folders, pieces, code):
    runs = []
    benchmark.pedantic(lambda: runs.append(run_child("-c", code, str(folders[pieces]))), rounds=1)
    assert all(run.status == 0 for run in runs), runs[-1].output
    benchmark.extra_info["peak_mib"] = max(run.peak_mib for run in runs)
    print(f"\ntorch, {pieces} pieces: {runs[-1].seconds:.2f} s, {runs[-1].peak_mib:.0f} MiB")
