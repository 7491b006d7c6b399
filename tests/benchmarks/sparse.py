"""safetensors files of very many small tensors, made in a moment: a real header before a hole."""

import struct
from pathlib import Path

PARTS = (
    "attn.q.weight", "attn.k.weight", "attn.v.weight", "attn.o.weight", "mlp.up.weight", "mlp.down.weight",
    "mlp.gate.weight", "ln_1.weight", "ln_2.weight", "ln_1.bias",
)  # fmt: skip


def layers(count: int):
    """``count`` tensors in layers of ten."""
    return (f"layers.{layer}.{part}" for layer in range(count // len(PARTS)) for part in PARTS)


def one_module(count: int):
    """``count`` tensors that hang on one module, all of different names."""
    return (f"table.embedding_row_{row:07d}" for row in range(count))


def write_sparse(path: Path, names, elements: int = 8) -> Path:
    """A file of float16 vectors that are all zero and take no room on the disk."""
    nbytes, place, entries = 2 * elements, 0, []
    for name in names:
        span = f"[{place},{place + nbytes}]"
        entries.append(f'"{name}":{{"dtype":"F16","shape":[{elements}],"data_offsets":{span}}}')
        place += nbytes
    header = ("{" + ",".join(entries) + "}").encode()
    header += b" " * (-len(header) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + place)
    return path
