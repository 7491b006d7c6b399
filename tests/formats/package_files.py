"""Archives of torch.package: models, state dicts, texts and script modules, with the sources of their classes."""

import importlib
import sys
import warnings
from contextlib import contextmanager

import torch
from torch import nn
from torch.package import PackageExporter, PackageImporter
from torch.package import package_exporter as exporter_module

SOURCE = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(2, 3)
        self.drop = torch.nn.Dropout(0.1)
        self.register_buffer("steps", torch.ones(2))
        self.heads = 3

    def forward(self, x):
        return self.drop(self.fc(x))
"""


@contextmanager
def net(folder):
    """A model of a class whose source is a module on the disk."""
    name = "packaged_nets"
    package = folder / "source" / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "net.py").write_text(SOURCE)
    sys.path.insert(0, str(folder / "source"))
    try:
        torch.manual_seed(0)
        yield importlib.import_module(f"{name}.net").Net()
    finally:
        sys.path.remove(str(folder / "source"))
        for module in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[module]


@contextmanager
def package(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with PackageExporter(str(path)) as exporter:
            exporter.intern("packaged_nets.**")
            exporter.extern("numpy.**")
            yield exporter


def loaded(path, name, resource):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PackageImporter(str(path)).load_pickle(name, resource)


def whole_model(folder):
    """One pickle: a model, by its state dict's names."""
    path = folder / "model.pt"
    with net(folder) as model, package(path) as exporter:
        exporter.save_pickle("model", "model.pkl", model)
    found = loaded(path, "model", "model.pkl").state_dict()
    order = ("steps", "fc.weight", "fc.bias")
    return path, {(name,): found[name] for name in order}


def several(folder):
    """A model, its state dict, and tensors that share storages with both."""
    path = folder / "several.pt"
    with net(folder) as model, package(path) as exporter:
        values = {"lr": 0.1, "first": model.fc.weight.detach()[0], "list": [torch.arange(3)]}
        exporter.save_pickle("model", "model.pkl", model)
        exporter.save_pickle("deep.er", "weights.pkl", model.state_dict())
        exporter.save_pickle("model", "values.pkl", values)
        exporter.save_text("notes", "read.txt", "hello")
        exporter.save_binary("notes", "raw", b"\x80\x04no pickle")
    first = loaded(path, "model", "model.pkl").state_dict()
    expected = {("model/model.pkl", name): first[name] for name in ("steps", "fc.weight", "fc.bias")}
    second = loaded(path, "deep.er", "weights.pkl")
    expected |= {("deep/er/weights.pkl", name): tensor for name, tensor in second.items()}
    third = loaded(path, "model", "values.pkl")
    expected["model/values.pkl", "first"] = third["first"]
    expected["model/values.pkl", "list", "0"] = third["list"][0]
    return path, expected


@contextmanager
def scripts_allowed():
    exporter_module._gate_torchscript_serialization = False
    try:
        yield
    finally:
        exporter_module._gate_torchscript_serialization = True


def with_script(folder):
    """A script module within a dictionary."""
    path = folder / "script.pt"
    with scripts_allowed(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(3)
        with package(path) as exporter:
            exporter.save_pickle("model", "model.pkl", {"net": torch.jit.script(nn.Linear(2, 2)), "epoch": 3})
    found = loaded(path, "model", "model.pkl")["net"].state_dict()
    return path, {("net", name): tensor for name, tensor in found.items()}
