"""Names of a zip's records: refused where a file system or another reader could take them for something else."""

from __future__ import annotations

import re

from ckptgui.core.display import display
from ckptgui.errors import DamagedFileError

_BAD = re.compile(r"\A\Z|\0|\\|\A/|\A[A-Za-z]:|(?:\A|/)\.\.(?:/|\Z)")


def check_names(raw: list[bytes]) -> list[str]:
    """The names as text; raises for an empty, absolute or climbing one, and for two that fold to one.

    torch looks records up without regard to case, Python with: two names that differ in case alone are two
    different answers to one question.
    """
    names = []
    for data in raw:
        try:
            name = data.decode()
        except UnicodeDecodeError as error:
            raise DamagedFileError(f"Its record {display(repr(data))} has a name that is not UTF-8.") from error
        if _BAD.search(name):
            raise DamagedFileError(
                f"Its record {display(repr(name))} has a name that is not a plain relative path."
            )
        names.append(name)
    folded = list(map(str.lower, names))
    if len(set(folded)) < len(folded):
        seen: set[str] = set()
        for name, fold in zip(names, folded):
            if fold in seen:
                raise DamagedFileError(f"It has two records named {display(name)}, letter case aside.")
            seen.add(fold)
    return names
