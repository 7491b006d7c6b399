"""Numbers that were saved as tensors are read by their paths."""

import torch

from ckptgui.engine.job import Cancel
from ckptgui.engine.scalars import read_scalars
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool


def test_numbers_are_read_and_nothing_else(tmp_path):
    obj = {
        "loss": torch.tensor(0.25), "steps": torch.tensor([7]), "half": torch.tensor(1.5, dtype=torch.bfloat16),
        "view": torch.arange(5.0)[3], "many": torch.ones(2), "nan": torch.tensor(torch.nan), "epoch": 3,
        "complex": torch.tensor(1j), "deep": {"score": torch.tensor(2, dtype=torch.int8)},
    }  # fmt: skip
    torch.save(obj, tmp_path / "c.pt")
    checkpoint = open_checkpoint(str(tmp_path / "c.pt"))
    paths = [*((key,) for key in obj), ("deep", "score"), ("nothing",), ()]
    pool = SourcePool()
    assert read_scalars(checkpoint, paths, pool, Cancel()) == {
        ("loss",): 0.25, ("steps",): 7.0, ("half",): 1.5, ("view",): 3.0, ("deep", "score"): 2.0,
    }  # fmt: skip
    pool.close()
