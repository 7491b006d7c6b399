"""What export's tests share: a pool of sources, and a port whose Nth call fails."""

import errno
import os

import pytest

from ckptgui.export.system import System
from ckptgui.sources.locate import SourcePool


@pytest.fixture
def pool():
    pool = SourcePool()
    yield pool
    pool.close()


class FailingSystem(System):
    """Fails the Nth call of one kind, or of any kind (``call`` None); counts those that it let pass."""

    def __init__(self, nth, call=None, code=errno.EIO):
        self.left = nth
        self.call = call
        self.code = code
        self.failed = None
        self.calls = []

    def _pass(self, call):
        self.calls.append(call)
        if self.call in (None, call):
            self.left -= 1
            if self.left == 0:
                self.failed = call
                raise OSError(self.code, os.strerror(self.code))


def _guarded(name):
    original = getattr(System, name)

    def call(self, *arguments, **options):
        self._pass(name)
        return original(self, *arguments, **options)

    return call


for _name in [name for name in vars(System) if not name.startswith("_")]:
    setattr(FailingSystem, _name, _guarded(_name))


@pytest.fixture
def failing():
    return FailingSystem
