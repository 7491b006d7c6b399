"""What every backend is held to: inherit ``BackendConformance`` and give it a ``backend`` fixture."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from ckptgui.device.messages import OutOfMemoryError

MIB = 1 << 20


def noise(nbytes, seed=0):
    return torch.randint(0, 256, (nbytes,), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


class BackendConformance:
    def staged(self, backend, data):
        staging = backend.staging(data.numel())
        staging.copy_(data)
        return staging

    def test_its_tensors_report_its_name(self, backend):
        assert backend.reported(backend.allocate(16)) == backend.name == backend.info().name
        assert backend.kind is backend.info().kind

    def test_what_was_written_anywhere_is_read_back(self, backend):
        where = backend.allocate(3 * MIB)
        data = noise(3 * MIB)
        with backend.transfer(3 * MIB), backend.lane():
            for start in (MIB, 0, 2 * MIB):
                backend.write(where, start, self.staged(backend, data[start : start + MIB]))
            back = backend.staging(2 * MIB)
            backend.read(where, 7, back)
        assert torch.equal(back, data[7 : 7 + 2 * MIB])

    def test_lanes_work_side_by_side(self, backend):
        where, data = backend.allocate(4 * MIB), noise(4 * MIB)

        def carry(start):
            with backend.lane():
                backend.write(where, start, self.staged(backend, data[start : start + MIB]))

        with backend.transfer(4 * MIB), ThreadPoolExecutor(4) as lanes:
            list(lanes.map(carry, range(0, 4 * MIB, MIB)))
        back = backend.staging(4 * MIB)
        with backend.lane():
            backend.read(where, 0, back)
        assert torch.equal(back, data)

    def test_what_it_shows_directly_is_what_is_read(self, backend):
        where = backend.allocate(100)
        backend.write(where, 0, self.staged(backend, noise(100)))
        direct = backend.direct(where)
        assert direct is None or bytes(direct) == noise(100).numpy().tobytes()

    def test_more_than_there_is_is_refused_with_both_numbers(self, backend):
        before = backend.info()
        with pytest.raises(OutOfMemoryError, match=rf"{backend.name} has .* free; .* are needed\."):
            backend.allocate(before.total + (1 << 40))
        with pytest.raises(OutOfMemoryError), backend.scratch(before.total + (1 << 40)):
            pass
        assert backend.info().total == before.total

    def test_what_is_freed_can_be_had_again(self, backend):
        third = backend.info().free // 3
        for _ in range(5):
            where = backend.allocate(third)
            backend.free(where)
            del where
            backend.give_back()
            backend.synchronise()

    def test_no_bytes_are_no_trouble(self, backend):
        where = backend.allocate(0)
        backend.write(where, 0, backend.staging(0))
        assert where.numel() == 0
        backend.free(where)
