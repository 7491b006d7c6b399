"""Where compiled loops are kept when the usual place takes nothing."""

import os
import subprocess
import sys

import pytest

from ckptgui.core.dtypes import BY_NAME
from ckptgui.engine import warming


@pytest.fixture
def usual(tmp_path, monkeypatch):
    usual = tmp_path / "kernels"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(usual))
    warming._folder.cache_clear()
    yield usual
    warming._folder.cache_clear()


def test_the_usual_folder_is_made_and_left_empty(usual):
    assert warming._folder() == usual
    assert os.environ["NUMBA_CACHE_DIR"] == str(usual) and not list(usual.iterdir())


def test_a_place_that_takes_nothing_has_another_for_this_time(usual, monkeypatch, tmp_path):
    usual.write_text("a file has its name")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    passing = warming._folder()
    assert passing != usual and passing.is_dir() and passing == warming._folder()
    assert os.environ["NUMBA_CACHE_DIR"] == str(passing)


def test_what_another_process_has_compiled_is_missed_no_more(usual):
    assert warming.missing(["float32"]) == ("float32",)
    said = "from ckptgui.engine import warming; warming.load = lambda pieces: None; warming.main()"
    subprocess.run([sys.executable, "-c", said, "float32"], check=True, env={**os.environ})
    assert warming.missing(["float32"]) == ()


def test_pairs_take_what_both_are_widened_to():
    def pieces(*names):
        return set(warming.pair_pieces_of(BY_NAME[name] for name in names))

    assert pieces("float32", "bfloat16", "uint8") == {"pair-float32"}
    assert pieces("int64") == {"pair-integers"}
    assert pieces("float32", "int64") == {"pair-float32", "pair-integers", "pair-float64"}
    assert pieces("complex64") == pieces("int32") == pieces("qint8") == {"pair-float64"}
    assert pieces() == set()
    warming.load(pieces("float32", "int64"))
