"""What tests of figures share: a folder of files as torch saves them, and torch on one thread."""

import pytest
import torch

from ckptgui.engine.executors import shutdown_executors
from tests.device.residents import Files


@pytest.fixture(scope="module")
def few_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    shutdown_executors()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    files = Files(tmp_path_factory.mktemp("files"))
    yield files
    files.close()
