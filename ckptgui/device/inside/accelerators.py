"""Which accelerators this torch can use here, and why there is none."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

from ckptgui.device.inside.cuda import CudaBackend
from ckptgui.device.inside.mps import MpsBackend


def accelerators() -> list[CudaBackend | MpsBackend]:
    """Those that this torch can use here."""
    found: list[CudaBackend | MpsBackend] = []
    if torch.cuda.is_available():
        found += [CudaBackend(number) for number in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append(MpsBackend())
    return found


def why_none() -> str:
    """Why there is no accelerator, in a sentence."""
    version = torch.__version__
    if platform.system() == "Darwin":
        if not torch.backends.mps.is_built():
            return f"This PyTorch ({version}) was built without MPS, so tensors cannot be moved to a GPU."
        return "PyTorch finds no GPU that MPS can use; it takes macOS 12.3 or newer and a Metal device."
    if not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
        return f"This PyTorch ({version}) was built for CPU only, so tensors cannot be moved to a GPU."
    hidden = "CUDA_VISIBLE_DEVICES" if torch.version.hip is None else "HIP_VISIBLE_DEVICES"
    if os.environ.get(hidden) in ("", "-1"):
        return f"{hidden} is empty, which hides every GPU from PyTorch."
    if torch.version.hip is None and not Path("/proc/driver/nvidia/version").exists():
        return f"PyTorch ({version}) finds no NVIDIA driver on this machine."
    return f"PyTorch ({version}) finds no GPU that it can use on this machine."
