"""Pickles by themselves, as ``pickle.dump`` writes them: of tensors, arrays, or of anything at all."""

from __future__ import annotations

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.records import Record, RecordTable, record_table
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import HEAD, Check, Probe
from ckptgui.formats.objects.inline_storages import InlineStorages
from ckptgui.formats.objects.pickled import Saved, checkpoint_of
from ckptgui.formats.pickles.feed import Feed
from ckptgui.formats.pickles.graph import Call, Dict, Set
from ckptgui.formats.pickles.machine import Parsed, parse, parse_file
from ckptgui.formats.pickles.names import judge
from ckptgui.formats.torch_save.inner_streams import open_inner

_MARKED = range(2, 6)
"""Protocols that say which one they are."""

_OLD_BEGINNINGS = b"(c}]"
"""A mark, a name, an empty dictionary or list: how protocols 0 and 1, which have no magic, begin a container."""


class BarePickle:
    """Reads what the pickle says; arrays and storages in it stay where they are."""

    name = "pickle"

    def matches(self, probe: Probe) -> bool:
        """A protocol that exists, or operations of the old ones that make sense and begin a container."""
        head = probe.head
        if len(head) < 2:
            return False
        if head[0] == 0x80:
            return head[1] in _MARKED
        return head[0] in _OLD_BEGINNINGS and _is_old(parse(head), probe.size)

    def read(self, probe: Probe, check: Check = lambda: None) -> Checkpoint:
        """The checkpoint; of a cut file, what stands before the cut, with the reason among its warnings."""
        builder = TableBuilder()
        parsed = parse_file(Feed(probe.source), 0, check)
        if parsed.broken is not None and parsed.root is None:
            raise DamagedFileError(parsed.broken)
        inner = open_inner(parsed.refs, parsed.inner, builder, check)
        saved = Saved(
            parsed.root,
            inner.routed(InlineStorages(builder)),
            judge(inner.refs),
            lambda: _records(parsed),
            (*_warnings(parsed, probe.size), *inner.warnings),
            {
                "incomplete": parsed.broken is not None,
                "cut": parsed.cut,
                "protocol": parsed.protocol,
                "old_text": parsed.old_text,
            },
        )
        return checkpoint_of(probe, self.name, saved, builder, check)


def _is_old(parsed: Parsed, size: int) -> bool:
    """Whether the first bytes are the beginning, or the whole, of a container; text soon makes no sense."""
    whole = parsed.broken is None and parsed.end == size
    return (whole or (parsed.cut and size > HEAD)) and type(parsed.root) in (Dict, list, tuple, Set, Call)


def _warnings(parsed: Parsed, size: int) -> list[str]:
    found = list(parsed.notes)
    if parsed.broken is not None:
        found.append(f"{parsed.broken} What stands before that is shown.")
    elif parsed.end < size:
        found.append(f"{size - parsed.end:,} bytes follow the end of its pickle; pickle.load does not read them.")
    return found


def _records(parsed: Parsed) -> RecordTable:
    return record_table([Record("pickle", 0, 0, parsed.end)])
