"""What is said about a tensor without reading its values: the facts line, and every detail for the table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.extents import Codec, Extent
from ckptgui.core.loading.saved_devices import tells_devices
from ckptgui.core.tensors import Path, TensorInfo, TensorKind
from ckptgui.gui.numbers import counted, integer, percent, shape_text, significant, size_text, tr


@dataclass(frozen=True)
class Fact:
    """A thing that is so. ``lead`` and ``tail`` are pale words around ``text``, ``link`` is where it leads: a
    path, or a tensor's row where a path would be that of the section around it as well.
    """

    text: str
    lead: str = ""
    tail: str = ""
    link: Path | int | None = None
    warn: bool = False
    tip: str = ""


def short_facts(
    info: TensorInfo, *, several_files: bool = False, device: bool = True, now: str = ""
) -> list[Fact]:
    """What tells this tensor from others at a glance; its file only where there are several.

    ``now`` is the device that it lies on, in words.
    """
    if info.is_nowhere:
        return []
    facts = [Fact(shape_text(info.shape)), Fact(display(str(info.dtype))), Fact(size_text(info.nbytes))]
    if device:
        facts.append(Fact(display(info.device), tr("saved on")))
    if now:
        facts.append(Fact(now, tr("now on"), tip=tr("A copy is held there; the file is as it was.")))
    if info.layout != "strided":
        facts.append(Fact(display(info.layout)))
    elif info.is_contiguous:
        facts.append(Fact("", tr("contiguous")))
    else:
        facts.append(Fact(_tuple(info.strides), tr("strides")))
    if info.file_offset is not None:
        tail = tr("of {0}").format(display(info.file, 40)) if several_files and info.file is not None else ""
        facts.append(Fact(integer(info.file_offset), tr("at byte"), tail))
    elif pieces := pieces_text(info.extent):
        facts.append(Fact("", pieces))
    elif info.device == "meta":
        facts.append(Fact(tr("no data"), tip=tr("It was on the meta device, which has shapes and no values.")))
    if quantised := quantisation_words(info):
        facts.append(Fact(quantised, tr("quantised")))
    if wrapper := info.extra.get("class"):
        facts.append(Fact(display(wrapper), tr("class")))
    if info.kind not in (TensorKind.TENSOR, TensorKind.COMPONENT):  # what it is a component of is told below
        kind = {
            TensorKind.PARAMETER: tr("parameter"),
            TensorKind.BUFFER: tr("buffer"),
            TensorKind.ARRAY: tr("NumPy array"),
        }[info.kind]
        facts.append(Fact("", kind))
    if not info.persistent:
        facts.append(Fact("", tr("not persistent"), tip=tr("state_dict() leaves this buffer out.")))
    if info.requires_grad and info.kind is not TensorKind.PARAMETER:
        facts.append(Fact("", tr("requires grad")))
    return facts


def quantisation_words(info: TensorInfo) -> str:
    """``per tensor, scale 0.1, zero point 3``; empty where it is not quantised."""
    rule = info.extra.get("quantization")
    if not isinstance(rule, Mapping):
        return ""
    if "scale" in rule:
        return tr("per tensor, scale {0}, zero point {1}").format(
            _number(rule["scale"]), _number(rule.get("zero_point"))
        )
    scales = rule.get("scales")
    count = len(scales) if isinstance(scales, list) else 0
    axis = display(rule.get("axis"), 24)
    return tr("per channel, {0} on dimension {1}").format(counted(count, "scale", "scales"), axis)


def _number(value: object) -> str:
    return significant(value) if isinstance(value, (int, float)) else display(value, 24)


def sharing_facts(checkpoint: Checkpoint, info: TensorInfo) -> list[Fact]:
    """With whom the tensor shares its bytes."""
    facts = []
    tied = checkpoint.tied_to(info.index)
    for number, row in enumerate(tied[:4]):
        other = checkpoint.info(row)
        more = len(tied) - 4 if number == 3 else 0
        name = display(name_from(checkpoint, info, other)) + (
            tr(" and {0} more").format(integer(more)) if more > 0 else ""
        )
        facts.append(Fact(name, tr("tied to") if number == 0 else "", link=other.path))
    held = storage_bytes(info)
    if held is not None and held > info.nbytes and info.numel and not _expanded(info):
        facts.append(Fact(tr("view of a storage of {0}").format(size_text(held)), warn=True))
    if _expanded(info):
        facts.append(Fact("", tr("expanded: elements share their bytes")))
    return facts


def name_from(checkpoint: Checkpoint, info: TensorInfo, other: TensorInfo) -> str:
    """What ``other`` is called, with its section where that is another one."""
    here, there = checkpoint.section_of(info.index), checkpoint.section_of(other.index)
    if here is None or there is None or here.path == there.path:
        return other.name
    return " › ".join((*there.path[: len(other.path) - 1], other.name))


def storage_bytes(info: TensorInfo) -> int | None:
    """Bytes of the storage that the tensor looks at."""
    return info.extent.nbytes if info.extent is not None else None


def _expanded(info: TensorInfo) -> bool:
    return any(step == 0 and size > 1 for size, step in zip(info.shape, info.strides))


def _tuple(numbers: tuple[int, ...]) -> str:
    return f"({', '.join(map(integer, numbers))})" if numbers else "()"


def details(checkpoint: Checkpoint, info: TensorInfo, now: str = "") -> list[tuple[str, str, str]]:
    """Everything, in rows of a title, a text, and what is copied; ``now`` is the device that it lies on."""
    section = checkpoint.section_of(info.index)
    rows: list[tuple[str, str, str]] = [
        (tr("Name"), display(info.name), info.name),
        (tr("Path"), display(" › ".join(info.path) or tr("the saved object itself")), "/".join(info.path)),
    ]
    if section is not None:
        rows.append((tr("Role"), tr(section.role.value), section.role.value))
    rows += [
        (tr("Kind"), tr(str(info.kind)), str(info.kind)),
        (tr("Shape"), shape_text(info.shape), str(info.shape)),
        (tr("Elements"), integer(info.numel), str(info.numel)),
        (tr("Type"), display(str(info.dtype)), str(info.dtype)),
        (tr("Size"), tr("{0} ({1} bytes)").format(size_text(info.nbytes), integer(info.nbytes)), str(info.nbytes)),
        (
            tr("Share of the file"),
            percent(info.nbytes, checkpoint.nbytes),
            repr(info.nbytes / max(1, checkpoint.nbytes)),
        ),
        *([(tr("Saved on"), display(info.device), info.device)] if tells_devices(checkpoint) else []),
        *([(tr("Now on"), now, now)] if now else []),
        (tr("Requires grad"), tr("yes") if info.requires_grad else tr("no"), str(info.requires_grad)),
        (tr("Layout"), display(info.layout), info.layout),
        (tr("Strides"), _tuple(info.strides), str(info.strides)),
    ]
    if not info.persistent:
        rows.append((tr("Persistent"), tr("no; state_dict() leaves it out"), "False"))
    rows += _storage_rows(info)
    for key, value in info.extra.items():
        if key == "components":  # rows of the table, told by name elsewhere
            continue
        rows.append((display(key), display(value), str(value)))
    tied = [checkpoint.info(row) for row in checkpoint.tied_to(info.index)]
    if tied:
        names = ", ".join(other.name for other in tied)
        rows.append((tr("Tied to"), display(names, 1024), names))
    return rows


def _storage_rows(info: TensorInfo) -> list[tuple[str, str, str]]:
    rows = []
    if info.storage_key is not None:
        rows.append((tr("Storage"), display(info.storage_key), info.storage_key))
    held = storage_bytes(info)
    if held is not None:
        rows.append((tr("Storage size"), tr("{0} ({1} bytes)").format(size_text(held), integer(held)), str(held)))
        offset = tr("{0} elements").format(integer(info.storage_offset))
        rows.append((tr("Storage offset"), offset, str(info.storage_offset)))
    if info.file is not None:
        rows.append((tr("File"), display(info.file), info.file))
    if info.file_offset is not None:
        rows.append((tr("At byte"), integer(info.file_offset), str(info.file_offset)))
        end = info.file_offset + info.dtype.nbytes(_span(info))
        rows.append((tr("Up to byte"), integer(end), str(end)))
    elif info.extent is not None:
        rows.append((tr("In the file"), _elsewhere(info), _elsewhere(info)))
    if info.extent is not None and info.dtype.itemsize > 1:
        order = tr("little-endian") if info.extent.byteorder == "little" else tr("big-endian")
        rows.append((tr("Byte order"), order, info.extent.byteorder))
    if info.conj or info.neg:
        bits = ", ".join(filter(None, (tr("conjugated") if info.conj else "", tr("negated") if info.neg else "")))
        rows.append((tr("Lazy bits"), bits, bits))
    return rows


def pieces_text(extent: Extent | None) -> str:
    """``in 8 pieces of 4 files``; empty where a tensor lies in one stretch."""
    if extent is None:
        return ""
    parts = [extent] if extent.assembly is None else [block.extent for block in extent.assembly.blocks]
    segments = [segment for part in parts for segment in part.segments]
    files = len({segment.source for segment in segments})
    if len(segments) < 2:
        return ""
    many = counted(len(segments), "piece", "pieces")
    return tr("in {0} of {1}").format(many, counted(files, "file", "files"))


def _elsewhere(info: TensorInfo) -> str:
    extent = info.extent
    if extent is None:
        return ""
    if extent.inline is not None:
        return tr("written into the pickle itself")
    if extent.codec is not Codec.STORED:
        return tr("compressed ({0})").format(extent.codec.value)
    return pieces_text(extent)


def _span(info: TensorInfo) -> int:
    """Elements from the first to the last, both included."""
    if math.prod(info.shape) == 0:
        return 0
    return 1 + sum((size - 1) * step for size, step in zip(info.shape, info.strides))
