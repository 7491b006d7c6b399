"""Archives of ``torch.export.save`` (pt2), in the layout of today and in that of before 2.8.

Today's has a table of names in JSON and a blob for each storage (``export_payloads``); the older one has
whole checkpoints of torch.save inside (``torch/export/__init__.py``, ``load``). AOTInductor's compiled models
lie in the same archive; they are named and never loaded.
"""

from __future__ import annotations

from ckptgui.core.checkpoint import Checkpoint, GlobalClass, GlobalName, Json, Role, SavedShape
from ckptgui.core.display import display
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.tensors import Path
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.limits import DEFAULT
from ckptgui.formats.pickles.machine import parse
from ckptgui.formats.programs.archive_listing import ArchiveListing
from ckptgui.formats.programs.archive_texts import readable, small_number, texts_in
from ckptgui.formats.programs.export_payloads import list_payloads
from ckptgui.formats.programs.export_program import Program, program_of
from ckptgui.formats.zips.directory import ZipDirectory
from ckptgui.formats.zips.probe import directory_of, names_in

_FORMAT = "archive_format"
_OLD_PROGRAM = "serialized_exported_program.json"
_MOST = 256
"""Files of compiled code that are listed."""

_LIBRARIES = (".so", ".dylib", ".dll", ".pyd", ".cubin", ".o")
_SOURCES = (".json", ".cpp", ".cc", ".h", ".cu", ".py", ".txt")


class TorchExport:
    """Reads the tables and the zip's directory, and no blob."""

    name = "torch-export"

    def matches(self, probe: Probe) -> bool:
        """A zip that says that it is one of these, or has an exported program at its root."""
        directory = names_in(probe)
        return directory is not None and (_is_new(directory) or _is_old(directory))

    def read(self, probe: Probe, check: Check = lambda: None) -> Checkpoint:
        """The checkpoint: weights, then constants and sample inputs in sections of their own."""
        with without_garbage_collection():
            directory = directory_of(probe, check)
            if _is_new(directory):
                return _read_new(ArchiveListing(probe, directory, _root(directory), check))
            return _read_old(ArchiveListing(probe, directory, _old_root(directory), check))


def _root(directory: ZipDirectory) -> str:
    return next(iter(directory.entries), "").partition("/")[0] + "/"


def _is_new(directory: ZipDirectory) -> bool:
    return _root(directory) + _FORMAT in directory.entries


def _old_root(directory: ZipDirectory) -> str:
    return "" if _OLD_PROGRAM in directory.entries else _root(directory)


def _is_old(directory: ZipDirectory) -> bool:
    return _old_root(directory) + _OLD_PROGRAM in directory.entries


def _read_new(listing: ArchiveListing) -> Checkpoint:
    start = f"{listing.prefix}models/"
    models = [
        name[len(start) : -len(".json")]
        for name in listing.directory.entries
        if name.startswith(start) and name.endswith(".json")
    ]
    found = {model: _model(listing, model, () if len(models) == 1 else (model,)) for model in models}
    compiled = _compiled(listing)
    metadata: dict[str, Json] = next(iter(found.values())) if len(found) == 1 else dict(found)
    if compiled:
        metadata = {**metadata, "compiled": compiled[:_MOST]}
    return _finished(listing, metadata, "new", f"{listing.prefix}extra/", models, compiled)


def _model(listing: ArchiveListing, model: str, base: Path) -> dict[str, Json]:
    """List one program's tensors; gives what there is to say of it."""
    program = Program({})
    with listing.losing_nothing_else(f"The program {display(model)}"):
        program = program_of(listing.source, listing.directory, f"{listing.prefix}models/{model}.json")
    with listing.section(base, Role.MODEL):
        _payloads(listing, "weights", model, base)
    with listing.section((*base, "constants"), Role.OTHER):
        others = _payloads(listing, "constants", model, (*base, "constants"), program)
    with listing.section((*base, "sample_inputs"), Role.OTHER):
        _pickled(listing, f"data/sample_inputs/{model}.pt", (*base, "sample_inputs"))
    return {"program": {**program.metadata, **({"objects": others} if others else {})}}


def _payloads(
    listing: ArchiveListing, folder: str, model: str, base: Path, program: Program | None = None
) -> list[str]:
    """The tensors of one table, or of the pickle that stood in its place for a while."""
    whole, config = f"data/{folder}/{model}.pt", f"data/{folder}/{model}_{folder}_config.json"
    others: list[str] = []
    if listing.has(whole):
        _pickled(listing, whole, base)
    elif listing.has(config):
        with listing.losing_nothing_else(f"Of its {folder}", tensors=True):
            others = list_payloads(listing, config, base, program.passing if program else ())
    else:
        listing.warnings.append(f"Its table of {folder}, {display(config)}, is not in the file.")
        listing.incomplete = True
    return others


def _pickled(listing: ArchiveListing, name: str, path: Path) -> None:
    """A record that torch.save wrote, if there is one; an empty one holds nothing."""
    entry = listing.directory.entries.get(listing.prefix + name)
    if entry is not None and entry.size:
        with listing.losing_nothing_else(f"Its record {display(name)}", tensors=True):
            listing.nested(name, path)


def _read_old(listing: ArchiveListing) -> Checkpoint:
    program = Program({})
    with listing.losing_nothing_else("The program"):
        program = program_of(listing.source, listing.directory, listing.prefix + _OLD_PROGRAM)
    with listing.section((), Role.MODEL):
        _either(listing, "serialized_state_dict", ())
    with listing.section(("constants",), Role.OTHER):
        _either(listing, "serialized_constants", ("constants",))
    with listing.section(("sample_inputs",), Role.OTHER):
        _either(listing, "serialized_example_inputs", ("sample_inputs",))
    metadata: Json = {"program": program.metadata}
    return _finished(listing, metadata, "old", f"{listing.prefix}extra_files/", ["model"], [])


def _either(listing: ArchiveListing, stem: str, path: Path) -> None:
    """The first of these archives called the same records JSON, which they never were."""
    for suffix in (".pt", ".json"):
        _pickled(listing, stem + suffix, path)


def _compiled(listing: ArchiveListing) -> list[str]:
    """Records of compiled code, which loading runs, and names in pickles that are no checkpoints."""
    found: list[str] = []
    for name in listing.directory.entries:
        below = name.removeprefix(listing.prefix)
        if below.startswith("data/aotinductor/") and below.endswith(_LIBRARIES):
            found.append(below)
            listing.globals[below] = GlobalName(below, GlobalClass.CALLABLE, name)
        elif below.startswith("data/constants/opaque_obj_"):
            with listing.losing_nothing_else(f"Its record {display(below)}"):
                data = listing.directory.read(listing.source, name, DEFAULT.pickle_bytes)
                listing.name_globals(parse(data, listing.check), name)
    return found


def _finished(
    listing: ArchiveListing, metadata: Json, layout: str, extra: str, models: list[str], compiled: list[str]
) -> Checkpoint:
    source, directory, prefix = listing.source, listing.directory, listing.prefix
    code = [
        (name, extent)
        for name, extent in texts_in(source, directory, prefix, _SOURCES)
        if name.startswith(("models/", "data/aotinductor/")) or name == _OLD_PROGRAM
    ]
    beside = texts_in(source, directory, extra)
    attributes = {
        "layout": layout,
        "models": tuple(models),
        "compiled": tuple(compiled),
        "archive_version": small_number(source, directory, f"{prefix}archive_version"),
        "code": (*code, *readable(beside)),
        "extra": beside,
    }
    return listing.checkpoint(TorchExport.name, metadata, SavedShape.OTHER, attributes)
