"""Programs exported with torch.export, and the archive as torch 2.1 to 2.7 wrote it."""

import warnings
import zipfile

import torch
from torch import nn


class Model(nn.Module):
    """A tied weight, buffers of both sorts, constants, several types, and a view of half a storage."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.emb = nn.Embedding(10, 4)
        self.fc = nn.Linear(4, 4)
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.emb.weight
        self.brief = nn.Parameter(torch.ones(4, dtype=torch.bfloat16), requires_grad=False)
        self.register_buffer("every_other", torch.arange(8.0)[::2])
        self.register_buffer("turned", torch.arange(12.0).reshape(3, 4).t())
        self.register_buffer("passing", torch.ones(4), persistent=False)
        self.constant = torch.full((4,), 3.0)

    def forward(self, x):
        y = self.fc(self.emb(x)) + self.every_other + self.passing + self.constant + self.brief
        return self.head(y + self.turned.sum() + torch.tensor([1.0, 2, 3, 4]))


def program():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.export.export(Model(), (torch.tensor([1, 2]),))


def save(exported, path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(exported, path, **options)
    return path


def expected_of(path, program=None):
    """Every tensor of the loaded program, under the names that the listing has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = program or torch.export.load(path)
    weights = {(name,): tensor for name, tensor in loaded.state_dict.items()}
    constants = {("constants", name): tensor for name, tensor in loaded.constants.items()}
    inputs = {("sample_inputs", "0", str(n)): tensor for n, tensor in enumerate(loaded.example_inputs[0])}
    return {**weights, **constants, **inputs}


def save_older(exported, path):
    """As ``torch.export.save`` of 2.1 to 2.7 did: what it writes today is read back by ``torch.export.load``."""
    from torch._export.serde.schema import SCHEMA_VERSION
    from torch._export.serde.serialize import serialize

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        artifact = serialize(exported)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("serialized_exported_program.json", artifact.exported_program)
        archive.writestr("serialized_state_dict.pt", artifact.state_dict)
        archive.writestr("serialized_constants.pt", artifact.constants)
        archive.writestr("serialized_example_inputs.pt", artifact.example_inputs)
        archive.writestr("version", ".".join(map(str, SCHEMA_VERSION)))
        archive.writestr("extra_files/notes.txt", "hello")
    return path
