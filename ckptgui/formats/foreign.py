"""What a file is when no reader knows it: one sentence, from its content, with what was tried.

A file with a checkpoint's name often is not one: a login page that a download ended in, a pointer that
git-lfs left, an archive around the checkpoint. Naming it saves the search for a fault in the checkpoint.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection

from ckptgui.core.display import display
from ckptgui.errors import CheckpointError, UnknownFormatError
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.zips.end import DirectoryDamagedError, DirectoryMissingError
from ckptgui.formats.zips.probe import directory_of
from ckptgui.formats.zips.salvage import salvage

# What the first bytes say, longest first where one begins another.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a git-lfs pointer; the real file is fetched by “git lfs pull”"),
    (b"GGUF", "a GGUF model, which is not read yet"),
    (b"\x93NUMPY", "a numpy array (npy), which is not read yet"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as Keras writes"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "a program or library (ELF)"),
    (b"MZ", "a Windows program"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ\x00", "compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first"),
    (b"\x04\x22\x4d\x18", "compressed with lz4; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PK\x07\x08", "one part of a zip archive in several parts"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet table"),
    (b"ARROW1", "an Arrow table"),
)

# What a record's name says of an archive whose directory is no longer there; a sound one has its reader.
_ARCHIVES = (
    ("/data/weights/", "an archive of torch.export (pt2)"),
    ("/archive_format", "an archive of torch.export (pt2)"),
    ("/serialized_exported_program.json", "an archive of torch.export (pt2)"),
    ("/.data/extern_modules", "an archive of torch.package"),
    ("/.data/0.storage", "an archive of torch.package"),
    ("/code/__torch__", "a TorchScript archive"),
)
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body")


def refusal(probe: Probe, tried: Collection[str], check: Check = lambda: None) -> UnknownFormatError:
    """The error for a file that none of the readers in ``tried`` takes."""
    if probe.size == 0:
        return UnknownFormatError("The file is empty.")
    for guess in _GUESSES:
        if (kind := guess(probe)) is not None:
            break
    else:
        kind = _zip(probe, check) if probe.head.startswith(b"PK\x03\x04") else None
    names = ", ".join(tried)
    if kind is None:
        return UnknownFormatError(
            f"Its content is no known format: it begins with {_first_bytes(probe.head)} (tried: {names})."
        )
    return UnknownFormatError(f"It is {kind} (tried: {names}).")


def zip_kind(names: Collection[str]) -> str:
    """What a zip archive without a checkpoint is, by the names of its records, to follow “It is”."""
    for mark, kind in _ARCHIVES:
        if any(mark in f"/{name}" for name in names):
            return kind
    last = {name.rpartition("/")[2] for name in names}
    if names and all(name.endswith(".npy") for name in names):
        return "a numpy archive (npz), which is not read yet"
    if "[Content_Types].xml" in last:
        return "an office document"
    if "META-INF/MANIFEST.MF" in names:
        return "a Java archive"
    first = next(iter(names), None)
    shown = f" (its first is {display(first, 60)})" if first is not None else ""
    return f"a zip archive without a checkpoint's data.pkl among its {len(names):,} records{shown}"


def _magic(probe: Probe) -> str | None:
    return next((kind for start, kind in _MAGIC if probe.head.startswith(start)), None)


def _tiny(probe: Probe) -> str | None:
    return f"only {probe.size} bytes long, too short for any checkpoint" if probe.size < 9 else None


def _flatbuffer(probe: Probe) -> str | None:
    return "a mobile model of PyTorch in a flatbuffer, which is not read" if probe.head[4:8] == b"PTMF" else None


def _html(probe: Probe) -> str | None:
    start = probe.head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "an HTML page, as a download behind a login leaves it" if start.startswith(_HTML) else None


def _tar(probe: Probe) -> str | None:
    if probe.head[257:262] != b"ustar":
        return None
    return "a tar archive; unpack it first"


def _onnx(probe: Probe) -> str | None:
    """A protobuf whose first field is a small version and whose second is the producer's name."""
    head = probe.head
    if len(head) > 4 and head[0] == 0x08 and 1 <= head[1] <= 20 and head[2] == 0x12:
        name = head[4 : 4 + head[3]]
        if name.isascii() and name.decode().isprintable():
            return "a protobuf that looks like an ONNX model"
    return None


def _zeros(probe: Probe) -> str | None:
    if probe.head.strip(b"\0"):
        return None
    return "zeros at its start, as a download that reserved its space and never finished"


def _almost_safetensors(probe: Probe) -> str | None:
    """A length that fits and text behind it, which only fails to begin with a brace."""
    (length,) = struct.unpack_from("<Q", probe.head)
    if not 2 <= length <= probe.size - 8:
        return None
    text = probe.head[8 : 8 + min(length, 64)]
    if text[:1] not in (b"[", b" ", b"\t", b"\n", b"\r", b"\xef") or not _is_text(text):
        return None
    return "like safetensors, but its header does not begin with “{” at byte 8"


def _text(probe: Probe) -> str | None:
    if not _is_text(probe.head):
        return None
    if probe.head.lstrip()[:1] in (b"{", b"["):
        return "a text file that looks like JSON"
    line = probe.head.decode(errors="replace").lstrip("\ufeff").strip().partition("\n")[0].strip()
    return f"a text file that begins with “{display(line, 40)}”" if line else "a text file of blanks"


def _is_text(data: bytes) -> bool:
    """UTF-8 without control characters, apart from a character that the end of ``data`` cuts."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3:
            return False
        text = data[: error.start].decode()
    return not any(ord(character) < 32 and character not in "\t\n\r\f" for character in text)


_GUESSES: tuple[Callable[[Probe], str | None], ...] = (
    _magic, _flatbuffer, _html, _tiny, _tar, _almost_safetensors, _text, _zeros, _onnx,
)  # fmt: skip


def _zip(probe: Probe, check: Check) -> str | None:
    """A zip archive by its records; what is wrong with a zip that has no readable directory."""
    try:
        directory = directory_of(probe, check)
    except DirectoryMissingError:
        return _cut_zip(probe, "its directory is missing at the end", check)
    except DirectoryDamagedError as error:
        return _cut_zip(probe, str(error).rstrip("."), check)
    except CheckpointError as error:
        return f"a damaged zip archive: {str(error).rstrip('.')}"
    return zip_kind(directory.entries)


def _cut_zip(probe: Probe, damage: str, check: Check) -> str:
    """A zip without a sound directory, by what of its records can be walked."""
    try:
        names = salvage(probe.source, check).entries
    except CheckpointError as error:
        return f"a damaged zip archive: {str(error).rstrip('.')}"
    if not names:
        return f"the beginning of a zip archive, cut within its first record: {probe.size:,} bytes are here"
    return f"{zip_kind(names)}, cut or damaged: {damage}"


def _first_bytes(head: bytes) -> str:
    return f"the bytes {head[:8].hex(' ')}"
