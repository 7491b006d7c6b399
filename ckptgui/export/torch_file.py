"""A ``.pt`` file: a state dict as torch writes it, made of a pickle of ours and streamed storages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import display
from ckptgui.core.dtypes import DType
from ckptgui.core.kept import NOTE
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel
from ckptgui.errors import ExportError
from ckptgui.export.output import Output
from ckptgui.export.pickle_file import (
    BUILD,
    EMPTY_DICT,
    EMPTY_LIST,
    MAX_LONG_BYTES,
    NONE,
    SETITEM,
    PickleWriter,
    long_bytes,
)
from ckptgui.export.storages import Storages, plan_storages
from ckptgui.export.tensor_pickle import TensorPickler
from ckptgui.export.zip_file import ALIGNMENT, ZipWriter, archive_size
from ckptgui.sources.locate import SourcePool

_ROOT = "archive"  # what torch calls it when it does not know the file's name
_NUMBERED = re.compile(r"cuda:(0|[1-9][0-9]?|1[01][0-9]|12[0-7])")
"""Numbers are torch's: one signed byte, as it writes them itself."""
_IDENTITY = f"{_ROOT}/.data/serialization_id"
_ID_DIGITS = 40

Metadata = Mapping[str, Mapping[str, Any]]
"""A state dict's ``_metadata``: module prefix to plain values, of which ``version`` is the one in use; under
``core.kept.NOTE`` the values that go along."""


@dataclass(frozen=True)
class TorchLayout:
    """A ``.pt`` that is ready to be written."""

    pickle: bytes = field(repr=False)
    storages: Storages

    @cached_property
    def nbytes(self) -> int:
        """Size of the file to come."""
        sizes = self.storages.sizes.tolist()
        keys = len(f"{_ROOT}/data/")
        data = ((keys + len(str(key)), size) for key, size in enumerate(sizes))
        ends = ((len(f"{_ROOT}/{name}"), len(content)) for name, content in (*_HEAD, *_TAIL))
        *head, tail = ends
        return archive_size(
            [(len(f"{_ROOT}/data.pkl"), len(self.pickle)), *head, *data, tail, (len(_IDENTITY), _ID_DIGITS)]
        )

    @cached_property
    def data_bytes(self) -> int:
        """Bytes of tensor data, for progress."""
        return int(self.storages.sizes.sum())

    def write(self, output: Output, pool: SourcePool, cancel: Cancel, wrote: Callable[[int], None]) -> None:
        """Write the whole file; ``wrote`` hears of every chunk of tensor data."""
        archive = ZipWriter(output)
        archive.add(f"{_ROOT}/data.pkl", self.pickle)
        for name, content in _HEAD:
            archive.add(f"{_ROOT}/{name}", content)
        pieces = ((f"{_ROOT}/data/{key}", storage.piece) for key, storage in enumerate(self.storages))
        archive.add_pieces(pieces, pool, cancel, wrote)
        for name, content in _TAIL:
            archive.add(f"{_ROOT}/{name}", content)
        archive.add(_IDENTITY, _serialization_id(archive))
        archive.finish()

    def tensor_of(self, number: int) -> int:
        """The first tensor that lies in the storage of this number, by its place among the file's; -1 for none."""
        return next(iter(np.flatnonzero(self.storages.of == number).tolist()), -1)


_HEAD = ((".format_version", b"1"), (".storage_alignment", b"%d" % ALIGNMENT), ("byteorder", b"little"))
_TAIL = (("version", b"3\n"),)


def state_dict_layout(
    names: Sequence[str],
    tensors: Sequence[TensorInfo],
    dtypes: Sequence[DType],
    *,
    location: str,
    share: bool,
    metadata: Metadata | None = None,
    say_more: Callable[[PickleWriter], None] = lambda pickle: None,
) -> TorchLayout:
    """Lay out a state dict: an ``OrderedDict`` of names and tensors, with its ``_metadata`` if there is one.

    ``dtypes`` are what the tensors are written as. ``say_more`` sets further items on it.
    """
    storages = plan_storages(tensors, dtypes, share=share)
    pickle = PickleWriter()
    pickler = TensorPickler(pickle, storages, location)
    pickle.ordered_dict()

    pickle.pairs(range(len(names)), pickler.placed(tensors, dtypes, names=names))
    say_more(pickle)
    if metadata is not None:
        say_metadata(pickle, metadata)
    return TorchLayout(pickle.finish(), storages)


def check_location(location: str) -> None:
    """Raise ``ExportError`` unless it is a device that a storage can be tagged with."""
    if location not in ("cpu", "keep", "cuda") and not _NUMBERED.fullmatch(location):
        raise ExportError(f"A device is cpu, cuda:N or keep, not {display(location)}.")


def say_metadata(pickle: PickleWriter, metadata: Metadata) -> None:
    """The dictionary's ``_metadata`` attribute: of modules their ``version``, and the training's values whole."""
    pickle.op(EMPTY_DICT)
    pickle.put()
    pickle.text("_metadata")
    pickle.ordered_dict()

    def say(item: tuple[str, Mapping[str, Any]]) -> None:
        prefix, values = item
        pickle.text(prefix)
        if prefix == NOTE:
            say_json(pickle, values)
            return
        pickle.op(EMPTY_DICT)
        pickle.put()
        version = values.get("version")
        if isinstance(version, int):
            pickle.constant("version")
            pickle.integer(version)
            pickle.op(SETITEM)

    pickle.pairs(list(metadata.items()), say)
    pickle.op(SETITEM)
    pickle.op(BUILD)


def say_json(pickle: PickleWriter, value: Json) -> None:
    """Push a JSON value; a whole number that no loader takes goes as text."""
    if value is None:
        pickle.op(NONE)
    elif isinstance(value, bool):
        pickle.truth(value)
    elif isinstance(value, int):
        if len(long_bytes(value)) > MAX_LONG_BYTES:
            pickle.text(hex(value))
        else:
            pickle.integer(value)
    elif isinstance(value, float):
        pickle.real(value)
    elif isinstance(value, str):
        pickle.text(value)
    elif isinstance(value, Mapping):
        pickle.op(EMPTY_DICT)
        pickle.put()

        def say(item: tuple[str, Json]) -> None:
            pickle.text(item[0])
            say_json(pickle, item[1])

        pickle.pairs(list(value.items()), say)
    else:
        pickle.op(EMPTY_LIST)
        pickle.put()
        pickle.elements(list(value), lambda each: say_json(pickle, each))


def _serialization_id(archive: ZipWriter) -> bytes:
    """Forty digits that are equal for equal content, as torch's are; the rule behind them is our own."""
    digest = hashlib.sha256()
    for name, crc in archive.checksums():
        digest.update(name + crc.to_bytes(5, "little"))
    return b"%040d" % (int.from_bytes(digest.digest(), "little") % 10**_ID_DIGITS)
