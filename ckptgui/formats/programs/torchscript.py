"""TorchScript archives, as ``torch.jit.save`` and ``_save_for_lite_interpreter`` write them.

``data.pkl`` is the root module, ``data/N`` its storages, ``constants.pkl`` the tensors that the code has in
it, ``code/`` the code (``torch/csrc/jit/serialization/export_module.cpp``). Nothing of it is compiled or run:
loading it with torch compiles the code and runs what objects say is to be done as they are restored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, GlobalName, Role, SavedShape
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.errors import CheckpointError, DamagedFileError
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.limits import DEFAULT
from ckptgui.formats.objects import metadata, sections
from ckptgui.formats.objects.tensor_walk import TensorWalk
from ckptgui.formats.pickles.machine import Parsed, parse
from ckptgui.formats.pickles.names import judge
from ckptgui.formats.programs.archive_texts import readable, small_number, texts_in
from ckptgui.formats.programs.torchscript_code import Code
from ckptgui.formats.programs.torchscript_json import MODEL, json_prefix, open_json
from ckptgui.formats.programs.torchscript_modules import is_script_object, tell_as_modules
from ckptgui.formats.torch_save.inner_streams import names
from ckptgui.formats.torch_save.torch_archive import (
    PICKLE,
    Archive,
    open_archive,
    pickle_warnings,
    prefix_of,
    records_of,
)
from ckptgui.formats.torch_save.torch_zip import TorchZip
from ckptgui.formats.zips.probe import is_zip, names_in

_CONSTANTS = "constants.pkl"
_BEGINNING = re.compile(rb"[^/\0]{1,255}/(?:data/\d+|code/.+|version)\Z", re.DOTALL)


class TorchScript:
    """Reads the pickles, the zip's directory and the classes that the pickles name, and no storage."""

    name = "torchscript"

    def matches(self, probe: Probe) -> bool:
        """A zip with a pickle of constants beside the root module's; a cut one, by the record it begins with."""
        directory = names_in(probe)
        if directory is None:
            return is_zip(probe) and _begins_as_script(probe.head)
        prefix = prefix_of(directory.entries)
        if prefix is None:
            return json_prefix(directory) is not None
        return prefix + _CONSTANTS in directory.entries

    def read(self, probe: Probe, check: Check = lambda: None) -> Checkpoint:
        """The checkpoint: the root module's tensors, then the code's constants in a section of their own."""
        with without_garbage_collection():
            directory = names_in(probe)
            prefix = json_prefix(directory) if directory is not None else None
            if directory is not None and prefix is not None:
                return script_checkpoint(probe, open_json(probe.source, directory, prefix, check), check, "")
            archive = open_archive(probe, check)
            if archive.directory.cut and not is_script_object(archive.parsed.root):
                return TorchZip().read(probe, check)
            code = Code(archive.source, archive.directory, archive.prefix)
            guessed = not tell_as_modules(archive.parsed.root, code.facts, check)
            archive.warnings += code.warnings
            if guessed:
                archive.warnings.append(
                    "Some of its code cannot be read: which tensors are parameters and which buffers is guessed."
                )
            return script_checkpoint(probe, archive, check)


def _begins_as_script(head: bytes) -> bool:
    """Whether the first record is one that torch.save never puts first, and this format often does."""
    length = int.from_bytes(head[26:28], "little")
    return _BEGINNING.match(head[30 : 30 + length]) is not None or b"/code/__torch__" in head


@dataclass
class _Constants:
    """The tensors in the code, and what their pickle names."""

    parts: list[sections.Part] = field(default_factory=list)
    parsed: Parsed | None = None
    globals: tuple[GlobalName, ...] = ()


def script_checkpoint(probe: Probe, archive: Archive, check: Check, folder: str = "data/") -> Checkpoint:
    """The checkpoint of an archive whose root has been told as a module; ``folder`` holds its storages."""
    root = archive.parsed.root
    if archive.parsed.broken and root is None:
        raise DamagedFileError(archive.parsed.broken)
    builder = TableBuilder()
    shape, parts = sections.parts_of(root)
    storages = archive.storages(builder, folder)
    walk = TensorWalk(builder, storages, check)
    ranges = sections.walk_parts(parts, walk, builder)
    constants = _constants(archive, check)
    their_storages = archive.storages(builder, "constants/", "constants/")
    their_walk = TensorWalk(builder, their_storages, check)
    ranges += sections.walk_parts(constants.parts, their_walk, builder)
    table = builder.build()
    return Checkpoint(
        path=probe.path,
        format=TorchScript.name,
        nbytes=probe.size,
        sources=(archive.source.identity,),
        tensors=table,
        sections=sections.to_sections(table, ranges),
        metadata=metadata.to_json(root),
        saved_shape=shape if shape is SavedShape.MODULE else SavedShape.OTHER,
        modules=tuple(walk.modules),
        globals=(*judge(names(archive.parsed, check), archive.prefix + PICKLE), *constants.globals),
        records=records_of(archive.directory, {**storages.rows, **their_storages.rows}),
        warnings=(*archive.warnings, *pickle_warnings(archive), *walk.warnings, *their_walk.warnings),
        attributes=_attributes(archive),
    )


def _constants(archive: Archive, check: Check) -> _Constants:
    """What ``constants.pkl`` holds; a sentence where it cannot be read."""
    name = archive.prefix + _CONSTANTS
    if name not in archive.directory.entries:
        return _Constants()
    try:
        data = archive.directory.read(archive.source, name, DEFAULT.pickle_bytes, archive.warnings)
    except CheckpointError as error:
        archive.warnings.append(f"The constants of its code cannot be listed: {error}")
        return _Constants()
    parsed = parse(data, check)
    if parsed.broken:
        archive.warnings.append(f"Of the constants of its code: {parsed.broken}")
    tell_as_modules(parsed.root, lambda _: None, check)
    parts = [sections.Part(("constants",), parsed.root, Role.OTHER)]
    return _Constants(parts, parsed, judge(names(parsed, check), name))


def _attributes(archive: Archive) -> Mapping[str, Any]:
    """What belongs to this format: its code and other texts where they lie, and its version."""
    code = texts_in(archive.source, archive.directory, f"{archive.prefix}code/", (".py",))
    extra = texts_in(archive.source, archive.directory, f"{archive.prefix}extra/")
    return {
        "incomplete": archive.parsed.broken is not None,
        "cut": archive.directory.cut,
        "protocol": archive.parsed.protocol,
        "archive_version": small_number(archive.source, archive.directory, archive.prefix + "version"),
        "layout": "model.json" if archive.prefix + MODEL in archive.directory.entries else "data.pkl",
        "mobile": archive.prefix + "bytecode.pkl" in archive.directory.entries,
        "code": (*code, *readable(extra)),
        "extra": extra,
    }
