"""What the room costs when nobody has counted anything yet, and where compiled loops are kept."""

import errno
import os
import subprocess
import sys
import time

import numpy as np
import pytest

FIRST = """
import os
os.environ.pop("NUMBA_CACHE_DIR", None)
import numpy as np
from ckptgui.analysis import kernels
found = kernels.first_of(np.array([3, 4, 5], np.uint8), np.array([5], np.uint8))
assert found.tolist() == [2]
"""


def loaded_by(code, **env):
    script = f"{code}\nimport sys\nprint(*sorted(m for m in ('numba', 'torch', 'PySide6') if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, **env}, check=True
    )
    assert not done.stderr
    return done.stdout.split()


def test_importing_analysis_and_engine_brings_neither_numba_nor_torch():
    assert loaded_by("import ckptgui.engine.summarise, ckptgui.engine.window, ckptgui.analysis.narrow") == []


def test_compiled_loops_are_kept_in_the_users_cache_folder_and_mended(tmp_path):
    assert loaded_by(FIRST, XDG_CACHE_HOME=str(tmp_path)) == ["numba"]
    folder = tmp_path / "ckptgui" / "kernels"
    index = next(folder.rglob("*first_of*.nbi"))
    sound = index.read_bytes()
    index.write_bytes(b"\x80\x04garbage")
    assert loaded_by(FIRST, XDG_CACHE_HOME=str(tmp_path)) == ["numba"]
    assert len(index.read_bytes()) == len(sound)


def test_a_cache_folder_that_cannot_be_made_costs_time_only(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert loaded_by(FIRST, XDG_CACHE_HOME=str(tmp_path / "file")) == ["numba"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_cache_folder_costs_time_only(monkeypatch, code):
    from numba.core.caching import FunctionCache

    from ckptgui.analysis.compiled import njit

    def full(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(FunctionCache, "save_overload", full)
    monkeypatch.setattr(FunctionCache, "load_overload", full)

    @njit()
    def doubled(values):
        return values.sum() * 2

    assert doubled(np.arange(4)) == 12


def test_loops_of_earlier_versions_are_forgotten_in_time(tmp_path, monkeypatch):
    from ckptgui.analysis import compiled

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    for name, days in (("now", 1), ("long_ago", 30)):
        (tmp_path / name / "analysis").mkdir(parents=True)
        os.utime(tmp_path / name, (time.time() - days * 86400,) * 2)
    mine = compiled.kept_in()
    mine.mkdir()
    compiled.forget_elders()
    assert {path.name for path in tmp_path.iterdir()} == {"now", mine.name}
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "nowhere"))
    compiled.forget_elders()
