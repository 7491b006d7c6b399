"""The shards of one state dict, opened one after the other and held against their index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.composition import Part
from ckptgui.core.display import display
from ckptgui.errors import CheckpointError
from ckptgui.formats.base import Check
from ckptgui.formats.folders.shard_index import ShardIndex
from ckptgui.formats.folders.shard_names import ShardName, ShardSet, shard_files
from ckptgui.formats.folders.whole_of_parts import OpenFile, absent, open_member
from ckptgui.sources.folder import Folder, plain_name

NAMED = 8
"""Files and tensors that a sentence names before it counts the rest."""


@dataclass
class Shards:
    """What was found: the parts in the order of the shards, the files that were opened, what is to be said.

    ``unlisted`` says that tensors are missing whose names nobody knows.
    """

    parts: list[Part] = field(default_factory=list)
    files: dict[str, Checkpoint] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unlisted: bool = False


def indexed_shards(
    folder: Folder, chosen: ShardSet, index: ShardIndex, open_file: OpenFile, check: Check
) -> Shards:
    """Every shard that the index names, its tensors checked against it; a tensor that is nowhere keeps a row."""
    found = Shards()
    reasons = _open_all(folder, list(index.files), open_file, check, found)
    where = {name: file for file, names in index.files.items() for name in names}
    stray = []
    for file, checkpoint in found.files.items():
        names = _names(checkpoint)
        unindexed = [name for name in names if name not in where]
        if unindexed:
            found.warnings.append(f"The index does not name {_listed(unindexed)} of {display(file)}.")
        stray += [name for name in names if where.get(name, file) != file]
    if stray:
        found.warnings.append(f"In another shard than the index says: {_listed(stray)}.")
    present = _present(found)
    lacking: list[tuple[str, str]] = []  # an index may name very many files: those that are not here are one part
    for file, expected in index.files.items():
        check()
        if file in found.files:
            if lacking:
                found.parts.append(absent(lacking, folder.path))
                lacking = []
            found.parts.append(Part(found.files[file], label=file))
        reason = reasons.get(file) or f"The index says that it is in {display(file)}, which does not hold it."
        lacking += [(name, reason) for name in expected if name not in present]
    if lacking:
        found.parts.append(absent(lacking, folder.path))
    spare = [file for file, _ in shard_files(folder).get(chosen.whole, ()) if file not in index.files]
    if spare:
        noun, are = ("shard", "which is") if len(spare) == 1 else ("shards", "which are")
        found.warnings.append(f"The index does not name the {noun} {_listed(spare)}, {are} left out.")
    return found


def named_shards(folder: Folder, chosen: ShardSet, open_file: OpenFile, check: Check) -> Shards:
    """Every shard that says by its name that it is of this whole; those that are not there are named."""
    shards: dict[int, tuple[str, ShardName]] = {}
    for file, shard in shard_files(folder).get(chosen.whole, ()):
        if shard.total == chosen.total:
            shards.setdefault(shard.number, (file, shard))
    found = Shards()
    if len(shards) < chosen.total:
        _, some = next(iter(shards.values()))
        missing = (number for number in range(1, chosen.total + 1) if number not in shards)
        some_names = [some.sibling(number) for number in islice(missing, NAMED)]
        found.warnings.append(_missing(some_names, chosen.total - len(shards), chosen.total))
        found.unlisted = True
    files = [shards[number][0] for number in sorted(shards)]
    found.unlisted |= bool(_open_all(folder, files, open_file, check, found))
    _present(found)
    found.parts = [Part(checkpoint, label=file) for file, checkpoint in found.files.items()]
    return found


def _open_all(
    folder: Folder, files: Sequence[str], open_file: OpenFile, check: Check, found: Shards
) -> dict[str, str]:
    """Open what can be opened; for each of the others why not, as a sentence for its tensors."""
    reasons = {}
    missing = []
    for file in files:
        check()
        try:
            if plain_name(file) not in folder.files:
                reasons[file] = f"Its shard {display(file)} is missing."
                missing.append(file)
            else:
                found.files[file] = open_member(folder, file, open_file, check)
        except CheckpointError as error:
            reasons[file] = f"Its shard {display(file) or '“”'} cannot be read: {error}"
    if missing:
        found.warnings.append(_missing(missing, len(missing), len(files)))
    damaged = [reason for file, reason in reasons.items() if not reason.endswith("is missing.")]
    found.warnings += [reason.replace("Its shard", "The shard", 1) for reason in damaged[:NAMED]]
    return reasons


def _names(checkpoint: Checkpoint) -> list[str]:
    """The names of a shard's tensors, as its index has them."""
    table = checkpoint.tensors
    return list(table.names) if table.containers == ((),) else [".".join(path) for path in checkpoint]


def _present(found: Shards) -> set[str]:
    """The names of all tensors that are here; those that stand in two shards are told."""
    present: dict[str, str] = {}
    twice = []
    for file, checkpoint in found.files.items():
        twice += [name for name in _names(checkpoint) if present.setdefault(name, file) != file]
    if twice:
        found.warnings.append(f"In two shards: {_listed(twice)}.")
    return set(present)


def _missing(names: Sequence[str], count: int, total: int) -> str:
    are = "is" if count == 1 else "are"
    return f"{count:,} of {total:,} shards {are} missing: {_listed(names, count)}."


def _listed(names: Iterable[str], count: int = 0) -> str:
    """Some names, and how many more there are."""
    known = list(names)
    more = max(count, len(known)) - NAMED
    words = ", ".join(display(name, 80) for name in known[:NAMED])
    return f"{words} and {more:,} more" if more > 0 else words
