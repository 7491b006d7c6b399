"""A small network that is really trained, with a hook for whoever wants to break it at an epoch."""

import torch
from torch import nn
from torch.nn import functional

from ckptgui.analysis.breakage.breakages import breakages
from ckptgui.analysis.breakage.history import history_of
from ckptgui.core.series.series import series_of
from ckptgui.engine.job import Cancel
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import Comparing
from ckptgui.workspace.run import read_run

EPOCHS = 8


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
        self.blocks = nn.ModuleList(nn.Linear(64, 64) for _ in range(3))
        self.head = nn.Linear(64, 10)

    def forward(self, pictures):
        values = self.stem(pictures).flatten(1)
        for block in self.blocks:
            values = values + torch.relu(block(values))
        return self.head(values)


def nothing(model, epoch):
    """A training that nobody disturbs."""


def train(before=nothing, after=nothing, seed=0):
    """The state dict of every epoch; ``before`` and ``after`` get the model around an epoch's steps."""
    torch.manual_seed(seed)
    centres = torch.randn(10, 1, 8, 8)
    labels = torch.randint(10, (256,))
    pictures = centres[labels] + torch.randn(256, 1, 8, 8)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    states = []
    for epoch in range(EPOCHS):
        before(model, epoch)
        for batch in torch.randperm(256).split(32):
            loss = functional.cross_entropy(model(pictures[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        after(model, epoch)
        states.append({name: value.clone() for name, value in model.state_dict().items()})
    return states


def saved(folder, states, epochs=None, rates=None):
    """A file an epoch; ``epochs`` are other numbers of theirs, ``rates`` the learning rates that files tell."""
    for number, state in enumerate(states):
        epoch = epochs[number] if epochs else number
        told = {"lr": rates[number]} if rates else {}
        torch.save({"epoch": epoch, "model_state_dict": state, **told}, folder / f"epoch_{epoch}.pt")
    return folder


def read(folder):
    """Everything there is to know of a run."""
    found = Compared(series_of(read_run(str(folder)).members))
    comparing = Comparing(found.series, SourcePool(), None, found.profiles)
    comparing.carry_out(found.tasks(), found.take, Cancel())
    return found


def broken(folder):
    """What broke in a run, worst first."""
    found = read(folder)
    return breakages(history_of(found.series, found.profiles, found.pairs))
