"""Where a checkpoint comes from: versions that it names, when it was written, what seems to have written it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.display import display
from ckptgui.core.kept import NOTE
from ckptgui.core.tensors import Path


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the file says of itself. ``path`` is where in the metadata; None where elsewhere."""

    name: str
    value: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class ModuleVersion:
    """A version that ``state_dict()`` noted for modules: how many have it, and the first one's name."""

    section: Path
    version: int
    count: int
    first: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """``writer`` is a guess, for the reason ``because``; both are empty where nothing tells.

    ``written`` is the newest modification time of its files.
    """

    writer: str
    because: str
    facts: tuple[Fact, ...]
    written: datetime | None
    module_versions: tuple[ModuleVersion, ...]

    @property
    def sentence(self) -> str:
        """One line: who seems to have written it, and with which versions."""
        parts = [f"Probably written by {self.writer} ({self.because})"] if self.writer else []
        parts += [f"{fact.name} {fact.value}" for fact in self.facts]
        return " · ".join(parts)


def provenance(checkpoint: Checkpoint) -> Provenance:
    """Collect what there is; never a failure, whatever JSON is in the file."""
    root = checkpoint.metadata if isinstance(checkpoint.metadata, Mapping) else {}
    writer, because = _writer(checkpoint, root)
    times = [source.mtime_ns for source in checkpoint.sources if source.mtime_ns > 0]
    return Provenance(
        writer,
        because,
        (*_facts(root), *_told_by_records(checkpoint, root)),
        _time(max(times, default=0)),
        _versions(checkpoint),
    )


def _time(ns: int) -> datetime | None:
    """A file's time in nanoseconds as a time in UTC; None where there is none that a calendar has."""
    try:
        return datetime.fromtimestamp(ns / 1e9, UTC) if ns else None
    except (OverflowError, OSError, ValueError):
        return None


_OF_DIFFUSERS = ("config.json", "model_index.json")
"""Files of a model's folder and of a pipeline's."""

_FACTS: tuple[tuple[str, tuple[Path, ...]], ...] = (
    (
        "torch",
        (
            ("torch_version",),
            ("program", "torch_version"),
            ("pytorch_version",),
            ("torch",),
            ("versions", "torch"),
            ("env", "torch"),
        ),
    ),
    ("Lightning", (("pytorch-lightning_version",), ("meta.pt", "pytorch-lightning_version"))),
    ("transformers", (("transformers_version",), ("config.json", "transformers_version"))),
    ("diffusers", (("_diffusers_version",), *((file, "_diffusers_version") for file in _OF_DIFFUSERS))),
    ("DeepSpeed", (("ds_version",),)),
    ("Megatron checkpoint", (("checkpoint_version",),)),
    ("mmcv", (("meta", "mmcv_version"),)),
    ("mmengine", (("meta", "mmengine_version"),)),
    ("model name", (("_name_or_path",), ("config.json", "_name_or_path"), ("arch",))),
    ("format", (("format",),)),
)
"""What is told, and where authors put it."""


def _facts(root: Mapping[str, Json]) -> Iterator[Fact]:
    own: tuple[tuple[str, tuple[Path, ...]], ...] = ()
    if root.keys() >= _ULTRALYTICS:
        own = (("ultralytics", (("version",),)),)
    for name, paths in (*own, *_FACTS):
        for path in paths:
            value = _at(root, path)
            if isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != "":
                yield Fact(name, display(value, 80), path)
                break


def _told_by_records(checkpoint: Checkpoint, root: Mapping[str, Json]) -> Iterator[Fact]:
    """Which torch wrote a zip, by records that it added in time: ``byteorder`` in 2.1, an alignment in 2.7."""
    if checkpoint.format != "torch-zip" or any(fact.name == "torch" for fact in _facts(root)):
        return
    names = checkpoint.records.names.text
    if "/.storage_alignment" in names:
        yield Fact("torch", "2.7 or newer, by its records")
    elif "/byteorder" in names:
        yield Fact("torch", "2.1 or newer, by its records")
    elif "/version" in names and not checkpoint.attributes.get("cut"):
        yield Fact("torch", "1.6 to 2.0, by its records")


def _at(root: Json, path: Path) -> Json:
    for key in path:
        root = root.get(key) if isinstance(root, Mapping) else None
    return root


def _writer(checkpoint: Checkpoint, root: Mapping[str, Json]) -> tuple[str, str]:
    """Who seems to have written it, and by what one can tell."""
    if checkpoint.format in _FORMATS:
        return _FORMATS[checkpoint.format], "by its format"
    if isinstance(_at(root, ("meta.pt", "pytorch-lightning_version")), str):
        return "Lightning", "its meta.pt has pytorch-lightning_version"
    for file in _OF_DIFFUSERS:
        if isinstance(_at(root, (file, "_diffusers_version")), str):
            return "save_pretrained of diffusers", f"its {file} has _diffusers_version"
    for writer, keys in _WRITERS:
        if all(key in root or any(s.path[:1] == (key,) for s in checkpoint.sections) for key in keys):
            return writer, f"it has {', '.join(keys)}"
    return "", ""


_FORMATS = {
    "torchscript": "torch.jit.save",
    "torch-export": "torch.export.save",
    "torch-package": "torch.package",
    "torch-tar": "torch.save of 0.1.9 or older",
}
"""Formats that one program writes."""

_ULTRALYTICS = frozenset({"train_args", "date", "version"})
_WRITERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Lightning", ("pytorch-lightning_version",)),
    ("the Trainer of transformers", ("trainer_state.json",)),
    ("accelerate's save_state", ("optimizer.bin", "random_states_0.pkl")),
    ("save_pretrained of transformers", ("config.json",)),
    ("DeepSpeed", ("ds_config", "ds_version")),
    ("DeepSpeed", ("ds_version",)),
    ("Megatron-LM", ("checkpoint_version", "args")),
    ("ultralytics", tuple(sorted(_ULTRALYTICS))),
    ("YOLOv5 or YOLOv7", ("model", "ema", "updates")),
    ("fairseq", ("args", "optimizer_history")),
    ("fairseq", ("cfg", "optimizer_history")),
    ("mmengine", ("message_hub",)),
    ("OpenMMLab's mmcv or mmengine", ("meta", "state_dict")),
    ("detectron2 or fvcore", ("__author__", "matching_heuristics")),
    ("timm", ("arch", "state_dict", "version")),
    ("torchvision's reference scripts", ("model", "optimizer", "lr_scheduler", "args")),
    ("nanoGPT", ("model_args", "iter_num", "best_val_loss")),
)
"""The more particular first."""


def _versions(checkpoint: Checkpoint) -> tuple[ModuleVersion, ...]:
    """Versions of modules by section, in rising order."""
    found: dict[tuple[Path, int], list[str]] = {}
    notes = checkpoint.attributes.get("state_dict_metadata")
    for section, modules in notes.items() if isinstance(notes, Mapping) else ():
        for name, note in modules.items():
            version = note.get("version")
            if type(version) is int and name != NOTE:
                found.setdefault((section, version), []).append(name)
    return tuple(
        ModuleVersion(section, version, len(names), names[0])
        for (section, version), names in sorted(found.items())
    )
