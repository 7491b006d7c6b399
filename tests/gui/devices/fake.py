"""Devices that are none: main memory behind the service's calls, which wait, fail or die when a test says so."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ckptgui.core.extents import Extent, Segment
from ckptgui.core.tensors import contiguous_strides
from ckptgui.device.messages import (
    DeviceError,
    DeviceInfo,
    DeviceKind,
    DeviceLostError,
    Inventory,
    OutOfMemoryError,
    Resident,
)
from ckptgui.engine.compare_one import compare_pair
from ckptgui.engine.job import Progress, silent
from ckptgui.engine.stream import digest, iter_values
from ckptgui.engine.summarise import summarise
from ckptgui.sources.locate import SourcePool
from ckptgui.sources.memory import MemorySource

GIB = 2**30
CPU = DeviceInfo("cpu", DeviceKind.CPU, "A processor", 32 * GIB, 20 * GIB)
GPU = DeviceInfo("cuda:0", DeviceKind.CUDA, "A graphics card", 80 * GIB, 78 * GIB)
SIMULATED = DeviceInfo("sim:0", DeviceKind.SIMULATED, "Simulated accelerator", 2 * GIB, 1 * GIB)
NO_GPU = "This PyTorch (2.13.0) was built for CPU only, so tensors cannot be moved to a GPU."


class FakeService:
    """``go`` holds every answer up until it is set; ``fault`` is raised by the next move."""

    def __init__(self, *accelerators: DeviceInfo, why_none: str = "") -> None:
        self.devices = [CPU, *accelerators]
        self.why_none = why_none
        self.go = threading.Event()
        self.go.set()
        self.trouble: DeviceError | None = None
        self.fault: DeviceError | None = None
        self.fell_back = ""
        self.asked = self.figured = self.compared = 0
        self.closed = False
        self.changed: list = []
        self.lost: list = []
        self._held: dict[int, tuple[Resident, MemorySource]] = {}
        self._next = 1

    def _wait(self, cancel) -> None:
        while not self.go.wait(0.005):
            cancel.check()
        cancel.check()

    def inventory(self, cancel) -> Inventory:
        self.asked += 1
        self._wait(cancel)
        if self.trouble is not None:
            raise self.trouble
        taken = {d.name: sum(r.nbytes for r, _ in self._held.values() if r.device == d.name) for d in self.devices}
        devices = tuple(replace(device, free=device.free - taken[device.name]) for device in self.devices)
        return Inventory(devices, "2.13.0", self.why_none)

    def move(self, infos: Sequence, device: str, cancel, report=silent) -> tuple[Resident, ...]:
        total, done, moved = sum(info.nbytes for info in infos), 0, []
        report(Progress(total // 2, total))
        self._wait(cancel)
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        pool = SourcePool()
        for info in infos:
            data = b"".join(values.tobytes() for values in iter_values(info, pool, cancel))
            taken = bytes.fromhex(digest(info, pool, cancel))
            resident = Resident(self._next, info, device, len(data), taken, True)
            moved.append((resident, MemorySource(data, f"<{self._next}>")))
            self._next += 1
            done += info.nbytes
            report(Progress(done, total))
        pool.close()
        self._held |= {resident.token: (resident, source) for resident, source in moved}
        self._tell()
        return tuple(resident for resident, _ in moved)

    def bring(self, tokens, device: str, cancel, report=silent) -> tuple[Resident, ...]:
        self._wait(cancel)
        for token in tokens:
            resident, source = self._held[token]
            self._held[token] = replace(resident, device=device), source
        self._tell()
        return tuple(self._held[token][0] for token in tokens)

    def free(self, tokens) -> None:
        for token in tokens:
            self._held.pop(token, None)
        self._tell()

    def residents(self) -> Mapping[int, Resident]:
        return {token: resident for token, (resident, _) in self._held.items()}

    def source(self, token: int) -> MemorySource:
        if token not in self._held:
            raise DeviceError("The tensor is no longer on a device.")
        return self._held[token][1]

    def summarise(self, token: int, cancel, report=silent, *, exact: bool = False):
        self.figured += 1
        pool = SourcePool()
        return summarise(self._lying(token, pool), pool, cancel, report, exact)

    def _lying(self, token: int, pool: SourcePool):
        """A tensor as it lies here, its bytes in ``pool``."""
        source, info = self.source(token), self._held[token][0].info
        pool.add(source)
        extent = Extent(source.size, (Segment(source.identity, 0, source.size),))
        return replace(info, extent=extent, storage_offset=0, strides=contiguous_strides(info.shape))

    def compare(self, a: int, b: int, cancel, report=silent):
        self.compared += 1
        pool = SourcePool()
        return compare_pair(self._lying(a, pool), self._lying(b, pool), pool, cancel, report, True)

    def refine(self, token, distribution, low, high, cancel, report=silent, scale="linear"):
        return distribution

    def close(self) -> None:
        self.closed = True

    def die(self) -> None:
        """The process is killed; told of on another thread, as a real one's end is."""
        self._held.clear()
        error = DeviceLostError("The process that has torch was killed; what it held is gone.")
        thread = threading.Thread(target=lambda: (self._tell(), [hear(error) for hear in self.lost]))
        thread.start()
        thread.join()

    def _tell(self) -> None:
        for hear in self.changed:
            hear()


def out_of_memory() -> OutOfMemoryError:
    return OutOfMemoryError("cuda:0 ran out of memory: it needs 3.2 GiB, 1.1 GiB were free.")
