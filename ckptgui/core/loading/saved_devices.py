"""The devices that tensors were on when they were saved, where that matters to somebody who loads them."""

from __future__ import annotations

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display

_STAND_INS = frozenset({"cpu", "meta"})


def device_sentence(checkpoint: Checkpoint) -> str | None:
    """Where the tensors were when they were saved, if that stands in the way of loading them; else None."""
    devices = saved_devices(checkpoint)
    if not devices:
        return None
    one = "one" if len(devices) == 1 else "these"
    return (
        f"Saved on {listed(devices)}; without {one}, plain torch.load fails: use map_location, or export for CPU."
    )


def tells_devices(checkpoint: Checkpoint) -> bool:
    """Whether the file says where its tensors were; safetensors does not, whatever holds its files together."""
    if checkpoint.format not in ("sharded", "dcp"):
        return checkpoint.format != "safetensors"
    return not all(source.path.endswith((".safetensors", ".json")) for source in checkpoint.sources)


def saved_devices(checkpoint: Checkpoint) -> list[str]:
    """Their names, in the order in which the file names them; the CPU is not among them."""
    return [device for device in checkpoint.tensors.devices if device not in _STAND_INS]


def listed(devices: list[str]) -> str:
    """Some names as a person would list them."""
    shown = [display(device, 40) for device in devices[:8]]
    if len(devices) > 8:
        shown.append(f"{len(devices) - 8} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
