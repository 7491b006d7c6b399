"""Writes checkpoints with torch, opens them with the reader, and reads values at the extents with plain reads."""

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch

from ckptgui.core.extents import Codec
from ckptgui.formats.base import HEAD, Probe
from ckptgui.formats.torch_save.torch_zip import TorchZip
from ckptgui.sources.local import LocalSource


def read(path):
    source = LocalSource(str(path))
    try:
        head = bytearray(HEAD)
        got = source.read_into(0, memoryview(head))
        probe = Probe(str(path), bytes(head[:got]), source.size, source)
        assert TorchZip().matches(probe)
        return TorchZip().read(probe, lambda: None)
    finally:
        source.close()


def save(obj, path, **options):
    torch.save(obj, path, **options)
    return read(path)


def storage_bytes(info):
    extent = info.extent
    if extent.inline is not None:
        return extent.inline
    out = bytearray()
    for segment in extent.segments:
        with Path(segment.source.path).open("rb") as file:
            file.seek(segment.offset)
            out += file.read(segment.length)
    return zlib.decompress(bytes(out), -15) if extent.codec is Codec.DEFLATE else bytes(out)


def value_bytes(info):
    """The tensor's values, contiguous and little-endian, by nothing but its description."""
    raw = np.frombuffer(storage_bytes(info) + b"\0" * 16, np.uint8)
    width = info.dtype.itemsize
    view = np.lib.stride_tricks.as_strided(
        raw[info.storage_offset * width :],
        (*info.shape, width),
        (*[step * width for step in info.strides], 1),
        writeable=False,
    )
    if info.extent.byteorder == "big":
        parts = 2 if info.dtype.name.startswith("complex") else 1
        view = view.reshape(*info.shape, parts, width // parts)[..., ::-1]
    return np.ascontiguousarray(view).tobytes()


def torch_bytes(tensor):
    """What torch holds, byte for byte; conjugation and negation are not applied."""
    if tensor.is_conj():
        tensor = tensor.conj()
    if tensor.is_neg():
        tensor = torch._neg_view(tensor)
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    flat = tensor.detach().contiguous()
    return bytes(flat.reshape(-1).view(torch.uint8).tolist()) if flat.numel() else b""


def agrees(info, tensor):
    """Assert that a row describes exactly this tensor and that its bytes lie where it says."""
    assert info.error is None
    assert info.shape == tuple(tensor.shape)
    assert info.dtype.name == str(tensor.dtype).removeprefix("torch.")
    assert info.strides == tuple(tensor.stride())
    assert info.storage_offset == tensor.storage_offset()
    assert info.device == str(tensor.device)
    assert info.requires_grad == tensor.requires_grad
    assert value_bytes(info) == torch_bytes(tensor) if tensor.numel() else True
    assert info.conj == tensor.is_conj()
    assert info.neg == tensor.is_neg()


def with_pickle(pickle_bytes, path, records=()):
    """A torch archive around pickle bytes of our own making."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle_bytes)
        archive.writestr("archive/byteorder", "little")
        for name, data in records:
            archive.writestr(f"archive/data/{name}", data)
    return path


def pickle_of(obj, **options):
    """The pickle that torch writes for an object."""
    buffer = io.BytesIO()
    torch.save(obj, buffer, **options)
    return zipfile.ZipFile(buffer).read("archive/data.pkl")
