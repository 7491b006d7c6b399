"""The command line as a script sees it, and small checkpoints that torch itself wrote."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from ckptgui.cli.main import main

ROOT = Path(__file__).parents[2]


@dataclass
class FakeFront:
    """Stands in for the window's room and remembers what it was asked."""

    calls: list = field(default_factory=list)

    def window(self, paths, **wishes):
        self.calls.append(("window", paths, wishes))
        return 0

    def picture(self, paths, png, **wishes):
        self.calls.append(("picture", paths, png, wishes))
        Path(png).write_bytes(b"picture")
        return 0


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def front():
    return FakeFront()


@pytest.fixture
def ckptgui(capsys, front):
    """Runs a command in this process."""

    def call(*words):
        capsys.readouterr()
        status = main([str(word) for word in words], front)
        return Answer(status, *capsys.readouterr())

    return call


@pytest.fixture
def process():
    """Runs a command as a process of its own, away from the repository's folder."""

    def call(*words, cwd=None, env=None):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ckptgui", *map(str, words)],
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            timeout=60,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A training checkpoint with model, optimizer and values."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model(torch.randn(8, 6)).square().mean().backward()
    optimizer.step()
    path = tmp_path_factory.mktemp("run") / "epoch_3.pt"
    saved = {
        "epoch": 3,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": 0.125,
        "best": float("inf"),
    }
    torch.save(saved, path)
    return path


@pytest.fixture
def save(tmp_path):
    """Saves an object with torch and says where."""

    def call(value, name="saved.pt"):
        path = tmp_path / name
        torch.save(value, path)
        return path

    return call
