"""The reader of distributed checkpoints before the suite that every reader passes."""

import json
from functools import partial

import torch

from tests.formats.conformance import ReaderConformance
from tests.formats.dcp_files import copied, quiet, save


def one_process(folder):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).state_dict()
    odd = {
        "float8": torch.arange(8, dtype=torch.uint8).view(torch.float8_e4m3fn), "bool": torch.tensor([True]),
        "half": torch.ones(3).half(), "turned": torch.arange(6.0).reshape(2, 3).t(), "none": torch.ones(0, 4),
        "number": torch.tensor(2.5), "uint16": torch.ones(4, dtype=torch.uint16),
    }  # fmt: skip
    path = save({"model": model, "odd": odd, "epoch": 3}, folder / "whole")
    return path, {
        (part, name): value for part, held in (("model", model), ("odd", odd)) for name, value in held.items()
    }


class TestDcp(ReaderConformance):
    format = "dcp"
    strides = False  # what a tensor is loaded into decides
    cuts = 4
    flips = 12

    @classmethod
    def cases(cls):
        return {
            "sharded": partial(copied, "sharded"),
            "one process": one_process,
            "the description opened": partial(copied, "sharded", opened=".metadata"),
            "a rank's file opened": partial(copied, "sharded", opened="__2_0.distcp"),
            "compressed": partial(copied, "zstd"),
            "a file for each piece": partial(copied, "files"),
            "two files a rank": partial(copied, "threads"),
            "optimizer": partial(copied, "optimizer"),
            "each rank by itself": partial(copied, "alone"),
            "one rank's description opened": partial(copied, "alone", opened="__1.metadata"),
        }

    @classmethod
    def large(cls, folder):
        return save({"w": torch.zeros(1 << 20), "v": torch.zeros(1 << 18)}, folder / "large")


def in_safetensors(folder, opened=None):
    """What ranks wrote in safetensors files, in the order in which these have it."""
    path, expected = copied("hugging", folder, opened)
    order = {}
    for file in sorted((folder / "hugging").iterdir()):
        data = file.read_bytes()
        order |= json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return path, {(name,): expected[name,] for name in order if name != "__metadata__"}


class TestDcpInSafetensors(ReaderConformance):
    format = "dcp"
    cuts = 4
    flips = 12

    @classmethod
    def cases(cls):
        return {
            "folder": in_safetensors,
            "a rank's file opened": partial(in_safetensors, opened="shard-00003-model-00001-of-00001.safetensors"),
        }

    @classmethod
    def large(cls, folder):
        import torch.distributed.checkpoint as dcp

        writer = dcp.HuggingFaceStorageWriter(str(folder / "large"), save_distributed=True)
        with quiet():
            dcp.save({"w": torch.zeros(1 << 20)}, storage_writer=writer, no_dist=True)
        return folder / "large"
