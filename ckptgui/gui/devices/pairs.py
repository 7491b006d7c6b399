"""How far pairs of tensors are apart, where both lie on one device: worked out there, whoever compares them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.device.messages import DeviceError
from ckptgui.engine.compare import Compared
from ckptgui.engine.job import Cancel
from ckptgui.gui.devices.desk import Devices


def compare_there(
    devices: Devices,
    a: Checkpoint,
    b: Checkpoint,
    rows: np.ndarray,
    take: Callable[[Compared], None],
    cancel: Cancel,
) -> np.ndarray:
    """Give ``take`` what is found of those pairs of ``rows`` (int64, n × 2), and return their places.

    For a job's thread. A pair that the device will not compare is left to others. Raises ``Cancelled``.
    """
    held_a, held_b = devices.holding(a), devices.holding(b)
    done: list[int] = []
    if held_a is None or held_b is None:
        return np.zeros(0, np.int64)
    service = devices.service()
    for place, (row_a, row_b) in enumerate(rows.tolist()):
        cancel.check()
        one, other = held_a.residents.get(row_a), held_b.residents.get(row_b)
        if one is None or other is None or one.device != other.device:
            continue
        try:
            record = service.compare(one.token, other.token, cancel)
        except DeviceError:
            continue
        if record is not None:
            take(Compared(np.array([place]), record))
            done.append(place)
    return np.array(done, np.int64)
