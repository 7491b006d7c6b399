"""Where the reading of a pickle stands: position, stack, marks, memo, and what operations do to them.

Every length is compared with the bytes that remain before anything is taken; decoded text and the digits of
numbers are charged to budgets.
"""

from __future__ import annotations

from collections.abc import Callable

from ckptgui.formats.base import Check
from ckptgui.formats.limits import Limits, exceeded
from ckptgui.formats.pickles.feed import Feed, FileBytes
from ckptgui.formats.pickles.graph import Call, Node, Persistent, Ref
from ckptgui.formats.pickles.idioms import TensorIdiom
from ckptgui.formats.pickles.runs import Memo

NO_FRAME = float("inf")
"""The end of a frame while there is none."""

LOAD_FROM_BYTES = "torch.storage._load_from_bytes"
"""How a storage or tensor is rebuilt that was copied or pickled without torch.save (``torch/storage.py``)."""

UNPICKLING = frozenset(
    {LOAD_FROM_BYTES} | {f"{module}.loads" for module in ("pickle", "_pickle", "cPickle", "dill", "cloudpickle")}
)
"""Functions that read the bytes they are given as a further pickle."""

_CALLING = frozenset({"torch._tensor._rebuild_from_type_v2", "torch._tensor._rebuild_from_type"})
"""Functions that call what their first argument names."""


class Finished(Exception):  # noqa: N818 - the way out of the loop
    """STOP was reached."""


class Invalid(Exception):  # noqa: N818 - turned into Parsed.broken
    """An operation makes no sense; the text says why."""


class Truncated(Exception):  # noqa: N818 - turned into Parsed.broken
    """The bytes end within an operation; the text says where."""


Outside = Callable[[Node], Node]
"""From a persistent id to the value that stands for what lies outside the pickle."""


class Machine:
    """The state of one parse: position, stack, marks, memo.

    ``buf`` is all bytes, or the window of a ``Feed`` that begins ``base`` bytes into the file. Positions count
    from its start; ``end`` is where the bytes end, which may lie far behind the window.
    """

    __slots__ = (
        "base", "before", "buf", "check", "end", "feed", "frame_end", "idiom", "idioms", "inner", "limits",
        "marks", "memo", "notes", "old_text", "outside", "pos", "protocol", "refs", "size", "stack", "steps",
        "text",
    )  # fmt: skip

    def __init__(
        self,
        data: bytes,
        check: Check,
        start: int,
        limits: Limits,
        idioms: bool,
        outside: Outside = Persistent,
        feed: Feed | None = None,
    ) -> None:
        self.buf = data
        self.size = len(data)
        self.base = 0
        self.end = len(data)
        self.feed = feed
        self.outside = outside
        self.idioms = idioms
        self.pos = start
        self.before = start
        if feed is not None:
            self.base, self.end, self.pos, self.before = start, feed.end - start, 0, 0
        self.protocol = 0
        self.check = check
        self.limits = limits
        self.stack: list[Node] = []
        self.marks: list[list[Node]] = []
        self.memo = Memo()
        self.refs: dict[str, Ref] = {}
        self.inner: list[Call] = []  # calls that would unpickle their first argument in turn
        self.notes: dict[str, None] = {}
        self.frame_end: float = NO_FRAME
        self.old_text = False
        self.steps = 0
        self.text = 0
        self.idiom = TensorIdiom(data, self.memo) if idioms else None

    # What the operations take from the stream

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        stop = self.pos + length
        if stop > self.size:
            raise Truncated(
                f"Its pickle is cut: byte {self.base + self.before:,} announces {length:,} bytes, "
                f"{self.end - self.pos:,} are left."
            )
        piece = self.buf[self.pos : stop]
        self.pos = stop
        return piece

    def value(self, length: int) -> bytes | FileBytes:
        """The next ``length`` bytes as a value; of a file, many of them stay where they are."""
        if self.feed is None or length < FileBytes.LEAST or self.pos + length > self.end:
            return self.take(length)
        value = self.feed.value(self.base + self.pos, length)
        self.pos += length
        return value

    def refill(self) -> bool:
        """Begin the window with the operation at ``before`` and reach further; False where nothing is left."""
        if self.feed is None:
            return False
        kept = max(0, self.size - self.before)
        data = self.feed.window(self.base + self.before, kept)
        if len(data) <= kept:
            return False
        self.base += self.before
        self.end -= self.before
        self.frame_end -= self.before
        self.buf, self.size, self.pos, self.before = data, len(data), 0, 0
        if self.idioms:
            self.idiom = TensorIdiom(data, self.memo)
        return True

    def number(self, width: int) -> int:
        """The next ``width`` bytes as an unsigned number."""
        return int.from_bytes(self.take(width), "little")

    def line(self) -> bytes:
        """Bytes up to the next newline, which is consumed."""
        end = self.buf.find(b"\n", self.pos, self.pos + self.limits.string_bytes)
        if end < 0:
            if self.size - self.pos > self.limits.string_bytes:
                raise exceeded("string_bytes", self.limits)
            raise Truncated(f"Its pickle ends at byte {self.base + self.end:,}, within a line of text.")
        piece = self.buf[self.pos : end]
        self.pos = end + 1
        return piece

    def count_text(self, length: int) -> None:
        """Charge decoded text to its budget."""
        self.text += length
        if self.text > self.limits.text_bytes:
            raise exceeded("text_bytes", self.limits)

    def check_budgets(self) -> None:
        """Compare what was done and what is kept with the limits."""
        limits = self.limits
        if self.steps > limits.opcodes:
            raise exceeded("opcodes", limits)
        if len(self.memo) > limits.memo_entries:
            raise exceeded("memo_entries", limits)
        if len(self.stack) > limits.stack or (self.marks and sum(map(len, self.marks)) > limits.stack):
            raise exceeded("stack", limits)

    def integer(self, raw: bytes) -> int:
        """A decimal integer of bounded length."""
        if len(raw) > self.limits.integer_bytes:
            raise Invalid(f"a number has {len(raw):,} digits")
        try:
            return int(raw)
        except ValueError:
            raise Invalid("a number is not written in digits") from None

    # What they do to the stack

    def pop_mark(self) -> list[Node]:
        """Everything since the last mark."""
        items = self.stack
        if not self.marks:
            raise Invalid("it goes back to a mark that is not there")
        self.stack = self.marks.pop()
        return items

    def ref(self, module: str, name: str) -> Ref:
        """The one node for an importable name."""
        key = f"{module}\n{name}"
        found = self.refs.get(key)
        if found is None:
            found = self.refs[key] = Ref(module, name, self.base + self.before)
        return found

    def call(self, target: Node, args: Node, makes: bool = False, kwargs: Node = None) -> Call:
        """A node for a call, with the name marked as called unless it is only instantiated."""
        if type(target) is not Ref:
            return Call(target, args, makes, kwargs)
        if makes:
            target.made = True
        else:
            if not target.called and type(args) is tuple:
                target.arguments = len(args)
            target.called = True
            if target.path in _CALLING and type(args) is tuple and args and type(args[0]) is Ref:
                args[0].called = True
            elif target.path in UNPICKLING and type(args) is tuple and args:
                made = Call(target, args, makes, kwargs)
                self.inner.append(made)
                return made
        return Call(target, args, makes, kwargs)
