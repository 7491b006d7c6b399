"""The compiler of the loops, told where to keep what it compiled before it is imported.

Import it late: numba costs a third of a second. Compiled code is kept in the user's cache folder, apart from
what is kept of checkpoints.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(platformdirs.user_cache_dir("ckptgui")) / "kernels"))

# Numba reads the folder's place when it is imported.
from numba import njit as njit
