"""JSON that stands in an archive: parsed with every refusal a sentence, looked at without trust in its types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from ckptgui.core.display import display
from ckptgui.errors import DamagedFileError, LimitExceededError
from ckptgui.formats.json_files import too_many
from ckptgui.formats.zips.directory import ZipDirectory
from ckptgui.sources.base import ByteSource

MAX_JSON = 100_000_000
"""Bytes of a record of JSON that is parsed, as many as safetensors allows for its header."""

MAX_CONTAINERS = 2_000_000
"""Objects and lists in it: a table of payloads has a dozen for each tensor."""


def read_json(source: ByteSource, directory: ZipDirectory, name: str) -> Mapping[str, Any]:
    """The JSON object in a record; raises ``DamagedFileError`` for anything else."""
    raw = directory.read(source, name, MAX_JSON)
    shown = display(name)
    if problem := too_many(raw, MAX_CONTAINERS):
        raise LimitExceededError(f"Its record {shown} {problem}.")
    try:
        found = json.loads(raw.decode(), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise DamagedFileError(f"Its record {shown} is not UTF-8 at byte {error.start:,}.") from error
    except json.JSONDecodeError as error:
        raise DamagedFileError(
            f"Its record {shown} is not JSON at character {error.pos:,}: {error.msg}."
        ) from error
    except RecursionError as error:
        raise LimitExceededError(f"Its record {shown} nests JSON deeper than it can be read.") from error
    except ValueError as error:
        raise DamagedFileError(f"Its record {shown} holds a number that is too long or none.") from error
    if not isinstance(found, dict):
        raise DamagedFileError(f"Its record {shown} is not a JSON object.")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def table(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value if it is a text that has an encoding, else an empty one; escapes can spell half a character."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    """The value if it is a whole number; one of 64 bits may stand as a text."""
    if type(value) is int:
        return value
    if isinstance(value, str) and len(value) <= 20 and value.removeprefix("-").isdecimal() and value.isascii():
        return int(value)
    return None
