"""What the process does for each kind of request: a function of it and the ``Work`` returns the answer.

To add a kind:

1. ``device/requests.py``: a frozen dataclass of plain data with what is wanted (``TakeSummary(token, exact)``).
2. Here: a line in ``LONG`` that names its function. Give a module of its own to what is more than a few lines,
   with the signature ``(request, work) -> answer``; the answer must be plain data as well.
   Long work looks at ``work.cancel.check()`` between chunks, calls ``work.report`` as it goes, takes the tensor
   from ``work.held(request.token)``, and wraps what needs more of the device's memory in
   ``with held.backend.scratch(nbytes):``, which raises ``OutOfMemoryError`` where it is not there.
   After that error work it out on the CPU and set ``work.fell_back``.
3. ``device/process.py``: a method that returns ``self._work(TakeSummary(token, exact), cancel, report)``.

Long work runs one request at a time. What raises a ``CheckpointError`` is refused with that sentence,
``DeviceGone`` ends the process, anything else is a bug and is raised as one on the other side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ckptgui.core.tensors import TensorInfo
from ckptgui.device.inside import transfer
from ckptgui.device.inside.asked_figures import FIGURES
from ckptgui.device.inside.holding import Held
from ckptgui.device.inside.work import Work
from ckptgui.device.requests import Arrived, Bring, Move, TakeDigest
from ckptgui.engine.job import Progress

Handler = Callable[[Any, Work], Any]


def _move(request: Move, work: Work) -> tuple[Arrived, ...]:
    backend = work.backend(request.device)
    infos = [part for part in work.parts if isinstance(part, TensorInfo)]
    held = transfer.move(infos, request.first, backend, work.cancel, work.report)
    work.holding.put(held)
    return _arrived(held)


def _bring(request: Bring, work: Work) -> tuple[Arrived, ...]:
    backend = work.backend(request.device)
    left = {work.held(token).backend.name for token in request.tokens}
    held = transfer.bring([work.held(token) for token in request.tokens], backend, work.cancel, work.report)
    arrived = _arrived(work.holding.replace(held))
    for name in left:
        work.backends[name].give_back()
    return arrived


def _arrived(held: Iterable[Held]) -> tuple[Arrived, ...]:
    return tuple(Arrived(each.token, each.device, each.raw.numel(), each.digest, each.checked) for each in held)


def _digest(request: TakeDigest, work: Work) -> str:
    held = work.held(request.token)
    total, done = hashlib.sha256(), 0
    for piece in transfer.bytes_of(held, work.cancel):
        total.update(piece)
        done += len(piece)
        work.report(Progress(done, held.raw.numel()))
    return total.hexdigest()


LONG: Mapping[type, Handler] = MappingProxyType({Move: _move, Bring: _bring, TakeDigest: _digest, **FIGURES})
"""Every kind that runs on the working thread."""
