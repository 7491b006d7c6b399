"""Distributed checkpoints written by torch itself: by four ranks, once a run of the tests, or by this process."""

import atexit
import contextlib
import functools
import pickle
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch


@functools.cache
def ranks():
    """The folder with what four ranks saved (``dcp_ranks.py``)."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program = Path(__file__).with_name("dcp_ranks.py")
    subprocess.run([sys.executable, "-P", program, folder], check=True, capture_output=True)
    return folder


def copied(name, folder, opened=None):
    """A copy of one of them, as a case of the conformance suite: what to open, and what it holds."""
    shutil.copytree(ranks() / name, folder / name)
    return folder / name / opened if opened else folder / name, whole(name)


def whole(name):
    """Every tensor of it by its path, put together by torch."""
    return torch.load(ranks() / f"{name}.pt")


@contextlib.contextmanager
def quiet():
    """Without torch's warning that there are no other processes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def save(state, folder, **options):
    """Save by this process alone."""
    import torch.distributed.checkpoint as dcp

    with quiet():
        dcp.save(state, storage_writer=dcp.FileSystemWriter(folder, **options), no_dist=True)
    return folder


def converted(folder):
    """What torch's own converter makes of it."""
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

    dcp_to_torch_save(folder, folder / "converted.pt")
    found = torch.load(folder / "converted.pt")
    (folder / "converted.pt").unlink()
    return found


def described(folder):
    """torch's own view of the description, to be changed and written again with ``describe``."""
    return pickle.loads((folder / ".metadata").read_bytes())


def describe(folder, metadata):
    """Write the description."""
    (folder / ".metadata").write_bytes(pickle.dumps(metadata))


def place_of(metadata, name, offset=None):
    """The place of a piece of a tensor, or of an object."""
    index = next(
        index
        for index in metadata.storage_data
        if index.fqn == name and (offset is None or tuple(index.offset) == offset)
    )
    return metadata.storage_data[index]
