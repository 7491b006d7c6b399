"""Four processes save what four ranks of a training save: run as a program, with the folder to write to.

One process imports torch and forks the ranks, which is much faster than four that start from nothing. Beside
each checkpoint lies ``NAME.pt`` with the whole tensors by path.
"""

import os
import sys
import warnings
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint._extension import ZStandard
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

RANKS = 4


def main(folder):
    children = []
    for rank in range(RANKS):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                save_all(rank, folder)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    sys.exit(any([os.waitpid(child, 0)[1] for child in children]))


def save_all(rank, folder):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # whatever the machine's name leads to, or not
    dist.init_process_group(
        "gloo", store=dist.FileStore(str(folder / "store"), RANKS), rank=rank, world_size=RANKS
    )
    state = sharded(rank)
    save("sharded", state, rank, folder)
    save("zstd", state, rank, folder, _extensions=[ZStandard()])
    save("files", state, rank, folder, single_file_per_rank=False)
    save("threads", state, rank, folder, thread_count=2)
    save("optimizer", trained(), rank, folder)
    keep(state, "alone", rank, folder)
    writer = dcp.FileSystemWriter(folder / "alone")
    dcp.save(state, storage_writer=writer, use_collectives=False)
    flat = {name: tensor for name, tensor in state["model"].items() if tensor.dtype is not torch.complex64}
    keep(flat, "hugging", rank, folder)
    dcp.save(flat, storage_writer=dcp.HuggingFaceStorageWriter(str(folder / "hugging"), save_distributed=True))
    dist.barrier()


def sharded(rank):
    """Tensors cut in every way that DTensor cuts them, over one and over two dimensions."""
    line = init_device_mesh("cpu", (RANKS,))
    square = init_device_mesh("cpu", (2, 2))
    torch.manual_seed(5)
    weight = torch.randn(10, 6)
    model = {
        "rows": distribute_tensor(weight, line, [Shard(0)]),  # 3, 3, 3, 1
        "columns": distribute_tensor(weight + 1, line, [Shard(1)]),  # 2, 2, 2, 0
        "grid": distribute_tensor(weight + 2, square, [Shard(0), Shard(1)]),
        "middle": distribute_tensor(torch.randn(3, 8, 2).bfloat16(), square, [Replicate(), Shard(1)]),
        "twice": distribute_tensor(torch.randn(9, 2), square, [Shard(0), Shard(0)]),
        "few": distribute_tensor(torch.arange(3), line, [Shard(0)]),  # the last rank has none
        "whole": distribute_tensor(torch.arange(5.0), line, [Replicate()]),
        "complex": distribute_tensor(torch.randn(4, 2, dtype=torch.complex64), line, [Shard(0)]),
        "plain": torch.arange(4, dtype=torch.int16),
    }
    return {"model": model, "step": 7, "note": {"who": "all", "numbers": [1, 2.5, None]}}


def trained():
    """A model and its optimizer as the ranks of a training keep them."""
    from torch.distributed.fsdp import fully_shard

    torch.manual_seed(6)
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    fully_shard(model, mesh=init_device_mesh("cpu", (RANKS,)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    model(torch.ones(2, 6)).sum().backward()
    optimizer.step()
    flat = StateDictOptions(flatten_optimizer_state_dict=True)
    return {
        "model": model.state_dict(),
        "optimizer": get_optimizer_state_dict(model, optimizer),
        "flat": get_optimizer_state_dict(model, optimizer, options=flat),
        "epoch": 2,
    }


def save(name, state, rank, folder, **options):
    keep(state, name, rank, folder)
    dcp.save(state, storage_writer=dcp.FileSystemWriter(folder / name, **options))


def keep(state, name, rank, folder):
    """The whole of every tensor by its path, for the tests to compare with."""
    found = {}

    def walk(value, path):
        if isinstance(value, torch.Tensor):
            found[path] = value.full_tensor() if isinstance(value, DTensor) else value
        elif isinstance(value, dict):
            for key, below in value.items():
                walk(below, (*path, str(key)))
        elif isinstance(value, list):
            for index, below in enumerate(value):
                walk(below, (*path, str(index)))

    walk(state, ())
    if rank == 0:
        torch.save({path: tensor.detach().clone() for path, tensor in found.items()}, folder / f"{name}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
