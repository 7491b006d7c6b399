"""Kills exports at random moments and looks at what is left: ``python -m tests.export.kill_trials --count 200``.

Whatever the moment, the target is the old one or the new one, whole, the source is as it was, and the next export
into that folder leaves nothing but targets. In the end two exports at once write to one place.
"""

import argparse
import collections
import hashlib
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool

KINDS = {
    "one.pt": ExportRequest(),
    "one.safetensors": ExportRequest(format="safetensors", dtype="bfloat16"),
    "shards": ExportRequest(format="safetensors", max_shard_bytes=1 << 20),
}


def trials(count, seed, folder):
    """Do ``count`` of them; return how often the target was old, new, or none. Raises ``AssertionError``."""
    draw = random.Random(seed)
    source = folder / "source.safetensors"
    values = np.random.default_rng(seed)
    save_file({f"t{n}": values.standard_normal(4 ** (n % 10), np.float32) for n in range(30)}, source)
    before = state(source)
    new, lasts = {}, {}
    for name, request in KINDS.items():
        began = time.perf_counter()
        finish(begin(source, folder / name, request))
        lasts[name] = time.perf_counter() - began
        new[name] = state(folder / name)
    found = collections.Counter()
    for trial in range(count):
        name = draw.choice(list(KINDS))
        there = draw.random() < 0.7
        target = folder / f"trial{trial}" / name
        target.parent.mkdir()
        old = put_old(target, name) if there else None
        child = begin(source, target, KINDS[name])
        time.sleep(draw.uniform(0, 1.2 * lasts[name]))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        left = state(target)
        assert left in (old, new[name]), f"trial {trial}: {name} is neither the old one nor the new one"
        assert state(source) == before, f"trial {trial}: the source was changed"
        litter = len(os.listdir(target.parent)) - target.exists()
        finish(begin(source, target, KINDS[name]))
        assert os.listdir(target.parent) == [name], f"trial {trial}: {os.listdir(target.parent)}"
        assert state(target) == new[name], f"trial {trial}: the export after it is not whole"
        found[("new" if left == new[name] else "old" if there else "none") + " with leftovers" * bool(litter)] += 1
    for name in KINDS:
        rivals(source, folder / f"rivals for {name}" / name, name, new[name])
    return dict(found)


def rivals(source, target, name, new):
    """Two exports at once to one place: one result, whole."""
    target.parent.mkdir()
    children = [begin(source, target, KINDS[name]) for _ in range(2)]
    statuses = [os.waitpid(child, 0)[1] for child in children]
    assert 0 in statuses, f"{name}: both of two exports to one place failed"
    assert os.listdir(target.parent) == [name]
    assert state(target) == new


def begin(source, target, request):
    """An export in a process of its own; its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        checkpoint = open_checkpoint(str(source))
        pool = SourcePool()
        export(plan_export(checkpoint, str(target), replace(request, force=True)), pool)
        status = 0
    finally:
        os._exit(status)


def finish(child):
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "an export that nobody killed failed"


def put_old(target, name):
    if name == "shards":
        target.mkdir()
        (target / "model.safetensors").write_bytes(b"old")
    else:
        target.write_bytes(b"old")
    return state(target)


def state(path):
    """What a file or a folder's files hold, None where there is nothing."""
    if path.is_dir():
        return {each.name: hashlib.sha256(each.read_bytes()).digest() for each in path.iterdir()}
    return hashlib.sha256(path.read_bytes()).digest() if path.exists() else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = trials(options.count, options.seed, Path(folder))
    print(f"{options.count} exports killed, all targets and sources whole: {found}")


if __name__ == "__main__":
    sys.exit(main())
