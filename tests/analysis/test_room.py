"""What the room costs when nobody has counted anything yet."""

import os
import subprocess
import sys


def loaded_by(code, **env):
    script = f"{code}\nimport sys\nprint(*sorted(m for m in ('numba', 'torch', 'PySide6') if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, **env}, check=True
    )
    return done.stdout.split()


def test_importing_analysis_and_engine_brings_neither_numba_nor_torch():
    assert loaded_by("import ckptgui.engine.summarise, ckptgui.engine.window, ckptgui.analysis.narrow") == []


def test_compiled_loops_are_kept_in_the_users_cache_folder(tmp_path):
    code = """
import os
os.environ.pop("NUMBA_CACHE_DIR", None)
import numpy as np
from ckptgui.analysis import kernels
kernels.first_of(np.zeros(3, np.uint8), np.zeros(1, np.uint8))
"""
    assert loaded_by(code, XDG_CACHE_HOME=str(tmp_path)) == ["numba"]
    assert list((tmp_path / "ckptgui" / "kernels").rglob("*.nbi"))
