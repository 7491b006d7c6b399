"""What is asked of an export, what will be done about it, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import Path, TensorInfo

Format = Literal["pt", "safetensors"]
Only = Literal["state-dict", "all"]
Tied = Literal["keep", "copy", "drop"]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A wish. None means the default that ``docs/cli.md`` gives for the rest of the request.

    ``device`` is the location written into a ``.pt``: ``cpu``, ``cuda:N``, or ``keep``. ``force`` allows
    replacing a file, and an output that is many times larger than its source.
    """

    section: Path | None = None
    format: Format = "pt"
    only: Only = "state-dict"
    device: str | None = None
    tied: Tied | None = None
    force: bool = False

    @property
    def location(self) -> str:
        """``device`` with its default: what was saved on a GPU then opens on a laptop."""
        return self.device or ("cpu" if self.only == "state-dict" else "keep")

    @property
    def ties(self) -> Tied:
        """``tied`` with its default: one storage in a ``.pt``, one name in safetensors."""
        return self.tied or ("keep" if self.format == "pt" else "drop")


@dataclass(frozen=True)
class ExportPlan:
    """Everything decided, nothing written.

    ``names[i]`` is what ``tensors[i]`` will be called, ``paths[i]`` where it will stand in the result.
    ``dropped`` are the top-level keys and names that stay behind, ``tied`` leads from a tied name to the
    name whose tensor it is, ``nbytes`` is the exact size of the file to come.
    """

    checkpoint: Checkpoint
    out: str
    request: ExportRequest
    section: Path | None
    names: tuple[str, ...]
    paths: tuple[Path, ...]
    tensors: tuple[TensorInfo, ...]
    dropped: tuple[str, ...]
    tied: Mapping[str, str]
    nbytes: int
    layout: Any = field(repr=False)  # the format's own: storages and pickle, or a header

    @property
    def value_bytes(self) -> int:
        """Bytes of the tensors' values, for progress."""
        return sum(tensor.nbytes for tensor in self.tensors)


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
        }
