"""What every reader promises, tried on files that the real library wrote.

A reader's test class inherits ``ReaderConformance`` and says which files: everything else is asked here.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from ckptgui.cli.main import main
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.loading.how_to_load import load_snippet
from ckptgui.engine.job import Cancel
from ckptgui.engine.stream import digest, iter_values
from ckptgui.errors import Cancelled, CheckpointError
from ckptgui.formats.pickles.idioms import TensorIdiom
from ckptgui.formats.registry import is_checkpoint, open_checkpoint
from ckptgui.formats.safetensors import reader as safetensors
from ckptgui.sources.local import LocalSource
from ckptgui.sources.locate import SourcePool
from tests.formats.oracle import oracle

Case = Callable[[Path], tuple[Path, Mapping[tuple[str, ...], object]]]
"""Writes into an empty folder; gives what is to be opened and every tensor that must be found, in saved order.

The values are what the real library loads: tensors, arrays, or an ``Oracle`` where it has no word for it.
"""


class ReaderConformance:
    """Inherit as ``class TestThatReader(ReaderConformance)`` and give ``format``, ``cases`` and ``large``."""

    format: ClassVar[str]
    """The name in ``docs/cli.md``."""

    strides: ClassVar[bool] = True
    """False where the format keeps no strides that the library would restore."""

    header_share: ClassVar[float] = 0.05
    """The part of ``large`` that may be read to list it."""

    cuts: ClassVar[int] = 16
    flips: ClassVar[int] = 24

    @classmethod
    def cases(cls) -> Mapping[str, Case]:
        """Tiny files of every sort that the format has, by a name; the first is also damaged in many ways."""
        raise NotImplementedError

    @classmethod
    def large(cls, folder: Path) -> Path:
        """A file (or folder) of some megabytes, nearly all of it values."""
        raise NotImplementedError

    @pytest.fixture
    def first(self, tmp_path):
        return next(iter(self.cases().values()))(fresh(tmp_path / "first"))

    # What is right is read right

    def test_every_tensor_is_listed_as_the_library_has_it(self, case, tmp_path):
        path, expected = case(fresh(tmp_path / "case"))
        checkpoint = open_checkpoint(str(path))
        assert checkpoint.format == self.format
        assert list(checkpoint) == list(expected)
        for info, value in zip(checkpoint.tensors, expected.values()):
            right = oracle(value)
            assert info.error is None, info.path
            assert (info.shape, info.dtype.name) == (right.shape, right.dtype), info.path
            if self.strides and right.strides is not None:
                assert info.strides == right.strides, info.path

    def test_every_value_and_digest_is_bit_equal(self, case, tmp_path):
        path, expected = case(fresh(tmp_path / "case"))
        checkpoint = open_checkpoint(str(path))
        pool = SourcePool()
        for info, value in zip(checkpoint.tensors, expected.values()):
            right = oracle(value)
            if right.data is None:
                assert info.extent is None, info.path
                continue
            assert values(info, pool) == right.data, info.path
            assert digest(info, pool, Cancel()) == right.sha256, info.path
        pool.close()

    def test_a_file_offset_is_where_the_values_lie(self, case, tmp_path):
        path, expected = case(fresh(tmp_path / "case"))
        folder = path if path.is_dir() else path.parent
        for info, value in zip(open_checkpoint(str(path)).tensors, expected.values()):
            right = oracle(value)
            if info.file_offset is None or not right.data or not info.is_contiguous or info.conj or info.neg:
                continue
            if info.extent.byteorder == "little":
                with (folder / info.file).open("rb") as file:
                    file.seek(info.file_offset)
                    assert file.read(len(right.data)) == right.data, info.path

    def test_superinstructions_change_nothing(self, case, tmp_path, monkeypatch):
        path, _ = case(fresh(tmp_path / "case"))
        with monkeypatch.context() as patch:
            patch.setattr(TensorIdiom, "LONGEST", 2)  # so that batches are taken of small files, too
            quick = everything(open_checkpoint(str(path)))
        monkeypatch.setattr(TensorIdiom, "match", lambda *_: None)
        monkeypatch.setattr(safetensors, "regular_table", lambda *_: None)
        assert quick == everything(open_checkpoint(str(path)))

    def test_the_json_answer_lists_the_same(self, case, tmp_path, capsys):
        path, expected = case(fresh(tmp_path / "case"))
        assert main(["info", str(path), "--json"], None) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["format"] == self.format
        assert [tuple(tensor["path"]) for tensor in answer["tensors"]] == list(expected)
        assert answer["tensor_count"] == len(expected)

    def test_the_content_decides_and_not_the_suffix(self, first, tmp_path):
        path, expected = first
        if path.is_dir():
            pytest.skip("a folder has no suffix")
        for name in ("renamed.xyz", "without", "renamed.pt", "renamed.safetensors"):
            other = fresh(tmp_path / "elsewhere") / name
            shutil.copy(path, other)
            assert is_checkpoint(str(other))
            assert list(open_checkpoint(str(other))) == list(expected)

    def test_opening_reads_the_header_alone(self, tmp_path, monkeypatch):
        path = self.large(fresh(tmp_path / "large"))
        total = sum(file.stat().st_size for file in files_of(path))
        assert total > 1 << 20
        read = []
        plain = LocalSource.read_into

        def counted(source, offset, buffer):
            read.append(len(buffer))
            return plain(source, offset, buffer)

        monkeypatch.setattr(LocalSource, "read_into", counted)
        assert len(open_checkpoint(str(path))) > 0
        assert sum(read) < self.header_share * total

    # What is wrong is said, and nothing else is lost

    def test_a_cut_file_is_an_error_or_lists_what_is_left(self, first, tmp_path):
        path, expected = first
        chance = random.Random(7)
        for part in files_of(path):
            size = part.stat().st_size
            some = {0, 1, 7, 8, size // 2, size - 1} | {chance.randrange(size) for _ in range(self.cuts)}
            for length in sorted(some):
                opened = damaged_copy(path, part, fresh(tmp_path / "cut"), part.read_bytes()[:length])
                survive(opened, expected)

    def test_flipped_bits_never_surprise(self, first, tmp_path):
        path, _ = first
        chance = random.Random(11)
        for part in files_of(path):
            data = part.read_bytes()
            for _ in range(self.flips):
                flipped = bytearray(data)
                for _ in range(chance.choice((1, 1, 1, 8))):
                    flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
                survive(damaged_copy(path, part, fresh(tmp_path / "flip"), bytes(flipped)))

    def test_the_wish_to_stop_is_heard(self, first):
        path, _ = first

        def stop():
            raise Cancelled

        with pytest.raises(Cancelled):
            open_checkpoint(str(path), stop)

    def test_reading_imports_neither_torch_nor_qt(self, first):
        path, expected = first
        program = (
            "import sys; from ckptgui.formats.registry import open_checkpoint; "
            "assert len(open_checkpoint(sys.argv[1])) == int(sys.argv[2]); "
            "print([m for m in ('torch', 'PySide6', 'safetensors', 'mmap') if m in sys.modules])"
        )
        command = [sys.executable, "-c", program, str(path), str(len(expected))]
        found = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
        assert found.stdout.strip() == "[]"


def everything(value):
    """All that a checkpoint says, in lists that can be compared; other values as they are."""
    if isinstance(value, Checkpoint):
        tensors = value.tensors
        table = list(tensors), tensors.containers, list(tensors.storage_keys), list(tensors.extents)
        rest = value.metadata, value.saved_shape, value.modules, value.globals, list(value.records), value.warnings
        return [*table, value.sections, *rest, everything(value.attributes)]
    if isinstance(value, Mapping):
        return [(key, everything(inner)) for key, inner in value.items()]
    return [everything(inner) for inner in value] if isinstance(value, list | tuple) else value


def fresh(folder):
    """An empty folder at this place."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def files_of(path):
    """The file, or every file below the folder, in the order of their names."""
    return [path] if path.is_file() else sorted(part for part in path.rglob("*") if part.is_file())


def damaged_copy(path, part, folder, data):
    """A copy of the checkpoint in which one file has other bytes; gives what is to be opened."""
    if path.is_file():
        other = folder / path.name
        other.write_bytes(data)
        return other
    other = folder / path.name
    shutil.copytree(path, other)
    (other / part.relative_to(path)).write_bytes(data)
    return other


def values(info, pool):
    return b"".join(part.tobytes() for part in iter_values(info, pool, Cancel()))


def survive(path, expected=None):
    """Open and read everything: an expected failure at each step is fine, whatever else is not.

    With ``expected``, what can be read must be right.
    """
    try:
        checkpoint = open_checkpoint(str(path))
    except CheckpointError as error:
        assert str(error).endswith((".", "…", "”", ")")), str(error)
        return
    json.dumps(checkpoint.metadata, allow_nan=False)
    load_snippet(checkpoint)
    pool = SourcePool()
    for info in checkpoint.tensors:
        if info.nbytes > 1 << 24:  # claimed by a flipped size; a view that repeats bytes may be any length
            continue
        try:
            found = values(info, pool)
        except CheckpointError:
            continue
        if expected is not None and info.path in expected:
            assert found == oracle(expected[info.path]).data, info.path
    pool.close()
