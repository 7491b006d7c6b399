"""What people call the formats."""

from __future__ import annotations

_NAMES = {
    "torch-zip": "PyTorch zip",
    "torch-legacy": "PyTorch before 1.6",
    "torch-tar": "PyTorch tar",
    "torchscript": "TorchScript",
    "torch-export": "torch.export",
    "torch-package": "torch.package",
    "pickle": "Pickle",
    "sharded": "Sharded",
    "dcp": "Distributed checkpoint",
    "gguf": "GGUF",
    "npz": "NumPy",
    "directory": "Folder",
}


def format_name(kind: str) -> str:
    """The name of a format (``docs/cli.md``, ``format``) for eyes; some go by their own."""
    return _NAMES.get(kind, kind)
