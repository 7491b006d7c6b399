"""Archives of ``torch.package``: pickles, the sources of the classes in them, texts and binaries, in one zip.

Tensors of all pickles lie in ``.data/N.storage``, script modules in ``.data/ts_code``; a pickle may leave a
value to a function and its arguments (``reduce_package``): ``torch/package/package_importer.py``. Loading a
pickle imports, that is runs, the sources it needs; here all of them are text.
"""

from __future__ import annotations

from ckptgui.core.checkpoint import Checkpoint, Json, SavedShape
from ckptgui.core.display import display
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.tensors import Path
from ckptgui.errors import CheckpointError
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.limits import DEFAULT
from ckptgui.formats.objects import metadata, sections
from ckptgui.formats.objects.state_dict_notes import versions_of
from ckptgui.formats.objects.storages import ZipStorages
from ckptgui.formats.pickles.machine import Parsed, parse
from ckptgui.formats.programs.archive_listing import ArchiveListing
from ckptgui.formats.programs.archive_texts import MOST_TEXTS, Text, extent_of, lines_of, readable, small_number
from ckptgui.formats.programs.package_values import resolve_reduced
from ckptgui.formats.programs.torchscript_code import Code
from ckptgui.formats.programs.torchscript_modules import tell_as_modules
from ckptgui.formats.torch_save.torch_archive import byteorder_of, prefix_of
from ckptgui.formats.zips.directory import STORED, ZipDirectory
from ckptgui.formats.zips.entries import ZipEntry
from ckptgui.formats.zips.probe import directory_of, names_in
from ckptgui.sources.base import read_exactly

_EXTERN = ".data/extern_modules"
_OLD_EXTERN = "extern_modules"  # the trial of torch 1.8 hid nothing in .data
_SUFFIXES = (".pkl", ".pickle", ".pt", ".pth", ".bin")
_PROTOCOLS = frozenset(range(2, 6))
MOST_SNIFFED = 4096
"""Records without a pickle's suffix whose first bytes are looked at."""


class TorchPackage:
    """Reads the pickles and the zip's directory, and no storage."""

    name = "torch-package"

    def matches(self, probe: Probe) -> bool:
        """A zip that names the modules which it does not bring itself."""
        directory = names_in(probe)
        if directory is None:
            return False
        root = _root(directory)
        old = {root + name for name in (_OLD_EXTERN, "version")} <= directory.entries.keys()
        return root + _EXTERN in directory.entries or (old and prefix_of(directory.entries) is None)

    def read(self, probe: Probe, check: Check = lambda: None) -> Checkpoint:
        """The checkpoint; where there are several pickles, each is a section under its name."""
        with without_garbage_collection():
            directory = directory_of(probe, check)
            return _read(ArchiveListing(probe, directory, _root(directory), check))


def _root(directory: ZipDirectory) -> str:
    return next(iter(directory.entries), "").partition("/")[0] + "/"


def _read(listing: ArchiveListing) -> Checkpoint:
    storages = _storages(listing)
    pickles = _pickles(listing)
    shape = SavedShape.OTHER
    values: dict[str, Json] = {}
    notes: dict[Path, Json] = {}
    for name, parsed in pickles.items():
        base = (name,) if len(pickles) > 1 else ()
        shape, parts = sections.parts_of(parsed.root)
        for part in parts:
            with listing.section((*base, *part.path), part.role):
                listing.walk(part.node, (*base, *part.path), storages)
            if found := versions_of(part.node):
                notes[*base, *part.path] = found
        values[name] = metadata.to_json(parsed.root)
    listing.rows.update(storages.rows)
    saved = next(iter(values.values())) if len(values) == 1 else values
    attributes = {**_attributes(listing, pickles), **({"state_dict_metadata": notes} if notes else {})}
    return listing.checkpoint(
        TorchPackage.name, saved, shape if len(pickles) == 1 else SavedShape.OTHER, attributes
    )


def _storages(listing: ArchiveListing) -> ZipStorages:
    """The storages of every pickle: a tensor of one may be a view of another's."""
    source, entries = listing.source, listing.directory.entries
    start = listing.prefix

    def find(key: str) -> ZipEntry | None:
        return entries.get(f"{start}.data/{key.removesuffix('.storage')}.storage") or entries.get(
            f"{start}data/{key}"
        )

    return ZipStorages(
        listing.builder,
        find,
        source.identity,
        byteorder_of(listing.directory, source, listing.prefix, listing.warnings),
        lambda offset, length: read_exactly(source, offset, length),
        cut=False,
    )


def _pickles(listing: ArchiveListing) -> dict[str, Parsed]:
    """Every pickle by its name in the package, in the order of the file, script modules put in their places."""
    code = Code(listing.source, listing.directory, f"{listing.prefix}.data/ts_code/")
    scripts: dict[str, Parsed] = {}
    found: dict[str, Parsed] = {}
    resolved: dict[str, Parsed] = {}
    left = MOST_SNIFFED
    hidden = _hidden(listing)
    entries = listing.directory.entries
    for name in entries:
        below = name.removeprefix(listing.prefix)
        script = below.startswith(".data/ts_code/") and below.endswith("/data.pkl")
        named = below.endswith(_SUFFIXES)
        if not script and (below.startswith(hidden) or below.endswith((".py", "/"))):
            continue
        left -= not named
        if named or (left > 0 and _begins_as_pickle(listing, entries[name])):
            parsed = _parsed(listing, name, required=named)
            if parsed is not None and script:
                listing.name_globals(parsed, name)
                tell_as_modules(parsed.root, code.facts, listing.check)
                scripts[below.split("/")[2]] = parsed
            elif parsed is not None:
                found[below] = parsed
    listing.warnings += code.warnings
    for name, parsed in found.items():
        resolved[name] = resolve_reduced(parsed, scripts)
        listing.name_globals(parsed, listing.prefix + name)
    return resolved


def _hidden(listing: ArchiveListing) -> tuple[str, ...]:
    """How records begin that are not the package's resources."""
    return (".data/", "byteorder") if listing.has(_EXTERN) else ("data/", "version", _OLD_EXTERN)


def _begins_as_pickle(listing: ArchiveListing, entry: ZipEntry) -> bool:
    head = read_exactly(listing.source, entry.data_offset, 2) if entry.method == STORED else b""
    return len(head) == 2 and head[0] == 0x80 and head[1] in _PROTOCOLS


def _parsed(listing: ArchiveListing, name: str, required: bool) -> Parsed | None:
    """A pickle; None for what is none after all, which only a record that should be one is blamed for."""
    shown = display(name.removeprefix(listing.prefix))
    try:
        data = listing.directory.read(listing.source, name, DEFAULT.pickle_bytes, listing.warnings)
    except CheckpointError as error:
        listing.warnings.append(f"{shown}: {error}")
        listing.incomplete |= required
        return None
    if data[:1] != b"\x80":
        return None
    parsed = parse(data, listing.check)
    if parsed.broken and not required:
        return None
    return None if parsed.broken and parsed.root is None else parsed


def _attributes(listing: ArchiveListing, pickles: dict[str, Parsed]) -> dict[str, object]:
    """What belongs to this format: sources and other texts where they lie, and what the package relies on."""
    code: list[Text] = []
    extra: list[Text] = []
    hidden = _hidden(listing)
    entries = listing.directory.entries
    for name in sorted(entries):
        below = name.removeprefix(listing.prefix)
        is_code = below.endswith(".py")
        if not is_code and (below.startswith(hidden) or below.endswith("/") or below in pickles):
            continue
        texts = code if is_code else extra
        if len(texts) < MOST_TEXTS:
            texts.append((below.removeprefix(".data/ts_code/code/"), extent_of(listing.source, entries[name])))
    source, directory, prefix = listing.source, listing.directory, listing.prefix
    extern, version = (_EXTERN, ".data/version") if listing.has(_EXTERN) else (_OLD_EXTERN, "version")
    return {
        "protocol": max((parsed.protocol for parsed in pickles.values()), default=0),
        "archive_version": small_number(source, directory, f"{prefix}{version}"),
        "python_version": next(iter(lines_of(source, directory, f"{prefix}.data/python_version")), None),
        "extern_modules": lines_of(source, directory, prefix + extern),
        "layout": "today" if extern == _EXTERN else "trial",
        "pickles": tuple(pickles),
        "code": (*code, *readable(tuple(extra))),
        "extra": tuple(extra),
    }
