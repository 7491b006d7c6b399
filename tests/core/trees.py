"""Checkpoints made in memory for tests of the tree and of what shows it."""

import math

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Extent, Segment, SourceIdentity
from ckptgui.core.records import Record, record_table


class CheckpointMaker:
    """Adds tensors section by section; each gets a storage of its own unless another's is named."""

    def __init__(self, path="/runs/epoch_7.pt"):
        self.builder = TableBuilder()
        self.source = SourceIdentity(path, 0, 0, 0, 0)
        self.place = 0
        self.records = []
        self.sections = []

    def storage(self, nbytes, here=None):
        here = nbytes if here is None else here
        number = self.builder.add_storage(
            str(self.place), Extent(nbytes, (Segment(self.source, self.place, here),))
        )
        self.records.append(Record(f"data/{number}", 0, self.place, nbytes, number))
        self.place += nbytes
        return number

    def tensor(self, path, shape=(2, 3), storage=None, dtype="float32", **more):
        kind = BY_NAME[dtype]
        if storage is None:
            storage = self.storage(kind.nbytes(math.prod(shape)))
        return self.builder.add(path, shape, kind, storage=storage, **more)

    def section(self, path, role, names, **more):
        start = len(self.builder)
        rows = [self.tensor((*path, name), **more) for name in names]
        self.sections.append(Section(path, role, start, len(self.builder), 0))
        return rows

    def make(self, metadata=None, modules=()):
        source = SourceIdentity(self.source.path, 0, 0, self.place, 0)
        return Checkpoint(
            self.source.path,
            "torch_zip",
            self.place,
            (source,),
            self.builder.build(),
            tuple(self.sections),
            metadata=metadata,
            modules=tuple(modules),
            records=record_table(self.records),
        )


BLOCK = ("ln.weight", "ln.bias", "attn.qkv.weight", "attn.qkv.bias", "attn.proj.weight", "attn.proj.bias")


def gpt(layers=3, path="/runs/epoch_7.pt", prefix="module._orig_mod."):
    """A language model as a training loop saves it, with a tied head and an optimizer."""
    make = CheckpointMaker(path)
    names = ["tok.weight", *(f"blocks.{i}.{name}" for i in range(layers) for name in BLOCK)]
    rows = make.section(("model",), Role.MODEL, [prefix + name for name in names], shape=(64, 32))
    table_storage = 0
    make.tensor(("model", prefix + "head.weight"), (64, 32), storage=table_storage)
    make.sections[-1] = Section(("model",), Role.MODEL, rows[0], len(make.builder), 0)
    start = len(make.builder)
    for index in range(len(names)):
        make.tensor(("optimizer", "state", str(index), "exp_avg"), (64, 32))
    make.sections.append(Section(("optimizer",), Role.OPTIMIZER, start, len(make.builder), 0))
    return make.make(
        {
            "epoch": 7,
            "model": {},
            "optimizer": {"state": {}, "param_groups": [{"lr": 0.1, "params": list(range(40))}]},
            "loss": 2.985,
        }
    )


def flat(count):
    """``count`` small tensors in blocks of ten that share one storage."""
    make = CheckpointMaker()
    storage = make.storage(4 * 6 * count)
    add, kind = make.builder.add, BY_NAME["float32"]
    for row in range(count):
        name = f"layers.{row // 10}.part{row % 10}.weight"
        add((name,), (2, 3), kind, storage=storage, storage_offset=6 * row)
    make.sections.append(Section((), Role.MODEL, 0, count, 0))
    return make.make({})
