"""Models scripted, traced, frozen and quantised with torch.jit, and archives as torch 1.0 to 1.2 wrote them."""

import io
import json
import pickle
import warnings
import zipfile

import torch
from torch import nn

ENGINE = "qnnpack"


class Block(nn.Module):
    """A residual block as image models have it."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        return torch.relu(self.drop(self.bn(self.conv(x))) + x)


class Net(nn.Module):
    """Convolutions, a tied weight, a buffer that state_dict() leaves out, and attributes of several sorts."""

    def __init__(self, attributes=False):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 4, 3)
        self.layers = nn.Sequential(Block(4), Block(4))
        self.head = nn.Linear(4, 5)
        self.register_buffer("passing", torch.ones(5), persistent=False)
        self.tied = self.head.weight
        self.names = ["a", "b"]
        self.scale = 2.5
        self.table = torch.arange(4.0)
        self.by_name = {"w": torch.ones(2), "v": torch.zeros(3, 2).t()}
        self.attributes = attributes

    def forward(self, x):
        y = self.layers(self.stem(x)).mean((2, 3))
        z = self.head(y) * self.scale + self.tied.sum() + self.passing + len(self.names)
        if self.attributes:
            z = z + self.table.sum() + self.by_name["w"].sum()
        return z


class Plain(nn.Module):
    """Nothing but what a state dict has, in several types."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.body = nn.ModuleList([nn.Linear(3, 3), nn.LayerNorm(3)])
        self.again = self.body[0]
        self.kept = nn.ParameterList([nn.Parameter(torch.ones(2, dtype=torch.bfloat16))])
        self.register_buffer("wide", torch.randn(2, 3, dtype=torch.complex64)[:, ::2])
        self.register_buffer("many", torch.arange(6).to(torch.uint8))
        self.register_buffer("none", None)

    def forward(self, x):
        return self.body[1](self.again(x)) + self.kept[0].float().sum()


class Quantised(nn.Module):
    """Weights that lie packed in objects of torch's own classes."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.take = torch.ao.quantization.QuantStub()
        self.conv = nn.Conv2d(3, 4, 3)
        self.line = nn.Linear(4, 2)
        self.give = torch.ao.quantization.DeQuantStub()

    def forward(self, x):
        return self.give(self.line(self.conv(self.take(x)).mean((2, 3))))


def script(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(model)


def quantised():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.backends.quantized.engine = ENGINE
        model = Quantised().eval()
        model.qconfig = torch.ao.quantization.get_default_qconfig(ENGINE)
        torch.ao.quantization.prepare(model, inplace=True)
        model(torch.randn(1, 3, 8, 8))
        torch.ao.quantization.convert(model, inplace=True)
        return torch.jit.script(model)


def state_dict(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {(name,): tensor for name, tensor in torch.jit.load(path).state_dict().items()}


def constants_of(path):
    """The tensors in an archive's code, rebuilt by torch's own functions; torch.jit numbers what it loads anew."""
    reader = torch._C.PyTorchFileReader(str(path))

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid):
            _, kind, key, _, numel = pid
            data = reader.get_storage_from_record(f"constants/{key}", numel, kind.dtype).untyped_storage()
            return torch.storage.TypedStorage(wrap_storage=data, dtype=kind.dtype, _internal=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # typed storages are going away
        return Unpickler(io.BytesIO(reader.get_record("constants.pkl"))).load()


def repacked(path, again, keep=lambda name: True, method=zipfile.ZIP_DEFLATED):
    """As a tool leaves it that packs archives again."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(again, "w", method) as new:
        for name in filter(keep, old.namelist()):
            new.writestr(name, old.read(name))
    return again


# Archives that newer releases of torch neither write nor read, as those of 2018 and 2019 wrote them.

_NAMES = {torch.float32: "FLOAT", torch.float16: "FLOAT16", torch.int64: "INT64", torch.int8: "INT8"}


def old_archive(path, root, tensors, attributes=None, version=5):
    """``model.json`` around ``root`` (its ``mainModule``), with the table of ``tensors``."""
    places = {}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("old/version", "1\n")
        archive.writestr(
            "old/code/old.py", "op_version_set = 1\ndef forward(self, x: Tensor) -> Tensor:\n  return x\n"
        )
        if attributes is not None:
            archive.writestr("old/attributes.pkl", attributes)
        for number, tensor in enumerate(tensors):
            storage = tensor.untyped_storage()
            key = places.setdefault(storage.data_ptr(), f"tensors/{number}")
            if key == f"tensors/{number}":
                archive.writestr(f"old/{key}", bytes(storage))
        table = [_entry(tensor, places[tensor.untyped_storage().data_ptr()]) for tensor in tensors]
        model = {
            "protoVersion": str(version), "mainModule": root, "producerName": "pytorch", "producerVersion": "1.0",
            "tensors": table,
        }  # fmt: skip
        archive.writestr("old/model.json", json.dumps(model))
    return path


def _entry(tensor, key):
    return {
        "dims": [str(size) for size in tensor.shape], "offset": str(tensor.storage_offset()),
        "strides": [str(step) for step in tensor.stride()], "requiresGrad": tensor.requires_grad,
        "dataType": _NAMES[tensor.dtype], "data": {"key": key}, "device": "cpu",
    }  # fmt: skip


def old_model(path):
    """As torch 1.1 writes a module with a submodule, a buffer, and a list, a number and tensors as attributes."""
    weight, bias = torch.arange(6.0).reshape(2, 3).requires_grad_(), torch.ones(2, requires_grad=True)
    half, steps, other = torch.ones(2).half(), torch.tensor([7]), torch.full((2,), 5.0)
    turned = torch.arange(12.0).view(3, 4).t().requires_grad_()
    fc = {
        "torchscriptArena": {"key": "code/old_fc.py"}, "name": "fc", "optimize": True,
        "parameters": [
            {"isBuffer": False, "tensorId": "2", "name": "bias"},
            {"isBuffer": False, "tensorId": "3", "name": "weight"},
        ],
    }  # fmt: skip
    sub = {
        "submodules": [fc], "name": "sub", "optimize": True,
        "parameters": [{"isBuffer": False, "tensorId": "1", "name": "half"}],
        "attributes": [{"type": "Tensor", "name": "steps", "id": "2"}],
    }  # fmt: skip
    root = {
        "submodules": [sub], "torchscriptArena": {"key": "code/old.py"}, "name": "old", "optimize": True,
        "parameters": [{"isBuffer": False, "tensorId": "0", "name": "turned"}],
        "attributes": [
            {"type": "List[int]", "name": "sizes", "id": "0"},
            {"type": "Dict[str, Tensor]", "name": "by_name", "id": "1"},
        ],
    }  # fmt: skip
    values = (
        b"\x80\x02(ctorch.jit._pickle\nbuild_intlist\nq\x00(](K\x01K\x02etR}q\x01(X\x01\x00\x00\x00x"
        b"ctorch.jit._pickle\nbuild_tensor_from_id\nq\x02(K\x05tRuh\x02(K\x04tRt."
    )
    old_archive(path, root, [turned, half, bias, weight, steps, other], values, version=3)
    return {
        ("turned",): turned, ("by_name.x",): other, ("sub.half",): half, ("sub.steps",): steps,
        ("sub.fc.bias",): bias, ("sub.fc.weight",): weight,
    }  # fmt: skip
