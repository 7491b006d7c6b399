"""What is asked of an export, what will be done about it, and what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.dtypes import DType
from ckptgui.core.tensors import Path, TensorInfo
from ckptgui.engine.job import Cancel
from ckptgui.export.output import Output
from ckptgui.sources.locate import SourcePool

Format = Literal["pt", "safetensors"]
Only = Literal["state-dict", "all"]
Tied = Literal["keep", "copy", "drop"]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A wish. None means the default that ``docs/cli.md`` gives for the rest of the request.

    ``device`` is the location written into a ``.pt``: ``cpu``, ``cuda:N``, or ``keep``. ``force`` allows
    replacing a file, and an output that is many times larger than its source.

    ``dtype`` is what floating-point tensors become (``keep``: as saved), ``dtype_for`` exceptions as (glob,
    dtype) of which the last that fits counts. ``include`` and ``exclude`` are globs, ``rows`` those tensors
    alone that were chosen by hand, ``strip`` prefixes (``auto``: those of wrappers), ``rename`` pairs of a
    regular expression and what takes its place. Globs and expressions see the names in the source.

    ``max_shard_bytes`` makes the output a folder of shards with an index. ``keep_metadata`` says whether the
    training's plain values go along, ``metadata`` changes them: (key, value), where an empty value leaves the key
    out. ``rescue`` writes what is whole of a damaged source. ``verify`` reads everything back before it counts.
    """

    section: Path | None = None
    format: Format = "pt"
    only: Only = "state-dict"
    device: str | None = None
    tied: Tied | None = None
    force: bool = False
    dtype: str = "keep"
    dtype_for: tuple[tuple[str, str], ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rows: frozenset[int] | None = None
    strip: tuple[str, ...] = ()
    rename: tuple[tuple[str, str], ...] = ()
    max_shard_bytes: int | None = None
    keep_metadata: bool | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    rescue: bool = False
    verify: bool = True

    @property
    def location(self) -> str:
        """``device`` with its default: what was saved on a GPU then opens on a laptop."""
        return self.device or ("cpu" if self.only == "state-dict" else "keep")

    @property
    def ties(self) -> Tied:
        """``tied`` with its default: one storage in a ``.pt``, one name in safetensors."""
        return self.tied or ("keep" if self.format == "pt" else "drop")


class Layout(Protocol):
    """A file that is ready to be written: its exact size is known, its bytes are not read yet."""

    @property
    def nbytes(self) -> int:
        """Size of the file to come."""
        ...

    @property
    def data_bytes(self) -> int:
        """Bytes of tensor data, for progress."""
        ...

    def write(self, output: Output, pool: SourcePool, cancel: Cancel, wrote: Callable[[int], None]) -> None:
        """Write the whole file; ``wrote`` hears, on any thread, of bytes of tensor data.

        Raises ``filling.DamagedPieceError`` where a piece of it cannot be read.
        """
        ...

    def tensor_of(self, number: int) -> int:
        """The first tensor in the piece of this number, by its place among the file's."""
        ...


@dataclass(frozen=True)
class PlannedFile:
    """One file of the output: ``name`` within the folder (empty where the output is one file), and which of the
    plan's tensors are in it, by number.
    """

    name: str
    layout: Layout = field(repr=False)
    tensors: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True)
class Chosen:
    """All tensors that were chosen, in columns; one a name, those too whose bytes another's name stands for.

    ``rows`` are theirs in the source's table (int64), ``saved`` what they are there, ``dtypes`` what they become,
    ``sizes`` the bytes of their values as written (int64). ``tied_to`` is the place, in these columns, of the
    tensor whose bytes one shares, -1 where it has its own (int64).
    """

    rows: np.ndarray = field(repr=False)
    source_names: Sequence[str] = field(repr=False)
    names: Sequence[str] = field(repr=False)
    saved: Sequence[DType] = field(repr=False)
    dtypes: Sequence[DType] = field(repr=False)
    sizes: np.ndarray = field(repr=False)
    tied_to: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class ExportPlan:
    """Everything decided, nothing written.

    ``names[i]`` is what ``tensors[i]``, a tensor of the source called ``source_names[i]`` there, will be called,
    ``dtypes[i]`` what it is written as, and ``paths[i]`` where it will stand in the result.
    ``dropped`` are the top-level keys and names that stay behind, ``tied`` leads from a tied name to the
    name whose tensor it is, ``nbytes`` is the exact size of all ``files`` to come, an index included.
    ``lost`` leads from the names that a rescue has to do without to the reasons, ``compacted`` are the bytes that
    views need less than their storages, ``metadata`` the plain values that go along.
    ``chosen`` are the tensors and those tied to them, ``notes`` sentences on wishes that came to nothing,
    ``spoilt`` rows that turned out damaged when they were read, with the reasons.
    """

    checkpoint: Checkpoint
    out: str
    request: ExportRequest
    section: Path | None
    names: tuple[str, ...]
    source_names: tuple[str, ...]
    paths: tuple[Path, ...]
    tensors: Sequence[TensorInfo]
    dtypes: tuple[DType, ...]
    dropped: tuple[str, ...]
    tied: Mapping[str, str]
    nbytes: int
    files: tuple[PlannedFile, ...]
    chosen: Chosen
    lost: Mapping[str, str] = field(default_factory=dict)
    compacted: int = 0
    metadata: Mapping[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    spoilt: Mapping[int, str] = field(default_factory=dict, repr=False)

    @property
    def data_bytes(self) -> int:
        """Bytes of tensor data to write, for progress."""
        return sum(file.layout.data_bytes for file in self.files)

    @property
    def value_bytes(self) -> int:
        """Bytes of the tensors' values as written, for progress."""
        alone = (self.chosen.tied_to < 0) | (self.request.ties != "drop")
        return int(self.chosen.sizes[alone].sum())


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written; the fields are those of ``docs/cli.md`` (``export --json``) and how long it took."""

    out: str
    format: str
    tensor_count: int
    bytes: int
    source_bytes: int
    dropped: tuple[str, ...]
    tied: Mapping[str, str]
    verified: bool
    seconds: float
    lost: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The answer of ``export --json``."""
        return {
            "out": self.out,
            "format": self.format,
            "tensor_count": self.tensor_count,
            "bytes": self.bytes,
            "source_bytes": self.source_bytes,
            "dropped": list(self.dropped),
            "tied": dict(self.tied),
            "verified": self.verified,
            **({"lost": dict(self.lost)} if self.lost else {}),
        }
