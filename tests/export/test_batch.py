"""Several exports: each has its own place and its own fate, and what goes wrong with one harms no other."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ckptgui.engine.job import Cancel
from ckptgui.errors import ExportError, TargetExistsError, UnreadableFileError
from ckptgui.export.atomic import OutputError
from ckptgui.export.batch import Batch, BatchSource, State, arrange, foresee
from ckptgui.export.batch_places import free_space, made_folder
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.export.system import System
from ckptgui.export.template import parse_template
from ckptgui.workspace.batch_paths import batch_sources

PLAIN = ExportRequest()
AS_EPOCHS = parse_template("{stem}-{section}")


def save(path, epoch=1, size=8, **others):
    model = {"w": torch.full((size,), float(epoch)), "b": torch.ones(3)}
    torch.save(
        {"epoch": epoch, "model": model, "optimizer": {"state": {0: {"m": torch.ones(99)}}}, **others}, path
    )
    return str(path)


@pytest.fixture
def run_folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for epoch in (1, 2, 10):
        save(folder / f"epoch_{epoch}.pt", epoch)
    return folder


def prospects(paths, request=PLAIN):
    return [foresee(source, request, Cancel()) for source in batch_sources(map(str, paths), Cancel())]


def batch(items, request=PLAIN, act=export):
    return Batch(items, request, act)


def test_a_whole_run_is_exported_in_its_order(run_folder, tmp_path):
    found = prospects([run_folder])
    items = arrange(found, str(tmp_path / "out"), AS_EPOCHS, force=False)
    names = ["epoch_1-model.pt", "epoch_2-model.pt", "epoch_10-model.pt"]
    assert [Path(item.out).name for item in items] == names
    told = []
    with made_folder(str(tmp_path / "out"), [item.nbytes for item in items]):
        ends = batch(items).run(Cancel(), lambda row, standing: told.append((row, standing.state)))
    assert [end.state for end in ends] == [State.DONE] * 3
    for item, end, epoch in zip(items, ends, (1, 2, 10)):
        assert end.result.bytes == item.nbytes == Path(item.out).stat().st_size
        assert torch.load(item.out, weights_only=True)["w"].tolist() == [epoch] * 8
    assert told[:4] == [(0, State.PLANNING), (0, State.WRITING), (0, State.VERIFYING), (0, State.DONE)]


def test_one_that_cannot_be_read_fails_alone(run_folder, tmp_path):
    (run_folder / "epoch_2.pt").write_bytes(b"nothing of the kind")
    found = prospects([run_folder, tmp_path / "missing.pt"])
    items = arrange(found, str(tmp_path), AS_EPOCHS, force=False)
    ends = batch(items).run(Cancel())
    assert [end.state for end in ends] == [State.DONE, State.FAILED, State.DONE, State.FAILED]
    assert str(ends[3].error) == "There is no such file or folder."
    assert isinstance(ends[3].error, UnreadableFileError)


def test_one_that_goes_wrong_while_it_is_written_leaves_the_others_alone(run_folder, tmp_path):
    items = arrange(prospects([run_folder]), str(tmp_path / "out"), AS_EPOCHS, force=False)

    def act(plan, pool, cancel, report):
        if plan.checkpoint.metadata["epoch"] == 2:
            raise OutputError("The disk is full.")
        return export(plan, pool, cancel, report)

    with made_folder(str(tmp_path / "out"), []):
        ends = batch(items, act=act).run(Cancel())
    assert [end.state for end in ends] == [State.DONE, State.FAILED, State.DONE]
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["epoch_1-model.pt", "epoch_10-model.pt"]


def test_cancelling_one_leaves_the_others_and_cancelling_all_keeps_what_is_done(run_folder, tmp_path):
    items = arrange(prospects([run_folder]), str(tmp_path), AS_EPOCHS, force=False)
    first = batch(items)
    first.cancel(1)
    assert [end.state for end in first.run(Cancel())] == [State.DONE, State.CANCELLED, State.DONE]
    items = arrange(prospects([run_folder]), str(tmp_path / "out"), AS_EPOCHS, force=False)
    whole = Cancel()

    def stop(row, standing):
        if (row, standing.state) == (1, State.VERIFYING):
            whole.cancel()

    with made_folder(str(tmp_path / "out"), []):
        ends = batch(items).run(whole, stop)
    assert [end.state for end in ends] == [State.DONE, State.CANCELLED, State.CANCELLED]
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["epoch_1-model.pt"]


def test_names_that_one_file_system_holds_for_equal_are_told_apart(tmp_path):
    paths = [tmp_path / "a.pt", tmp_path / "A.pt", tmp_path / "sub" / "a.pt"]
    (tmp_path / "sub").mkdir()
    for path in paths:
        save(path)
    same = arrange(prospects(paths), "out", parse_template("weights"), force=False)
    assert [Path(item.out).name for item in same] == ["weights.pt", "A-weights.pt", "weights-2.pt"]
    shards = prospects(paths, replace(PLAIN, max_shard_bytes=10**9))
    folders = arrange(shards, "out", parse_template("v1.5"), force=False)
    assert [Path(item.out).name for item in folders] == ["v1.5", "A-v1.5", "v1.5-2"]


def test_what_is_there_is_replaced_on_demand_alone(run_folder, tmp_path):
    (tmp_path / "epoch_2-model.pt").write_bytes(b"old")
    found = prospects([run_folder])
    items = arrange(found, str(tmp_path), AS_EPOCHS, force=False)
    assert [str(item.error) for item in items] == ["None", "There is such a file already.", "None"]
    ends = batch(items).run(Cancel())
    assert [end.state for end in ends] == [State.DONE, State.EXISTS, State.DONE]
    assert (tmp_path / "epoch_2-model.pt").read_bytes() == b"old"
    items = arrange(found, str(tmp_path), AS_EPOCHS, force=True)
    assert all(end.state is State.DONE for end in batch(items, replace(PLAIN, force=True)).run(Cancel()))


def test_one_that_appears_meanwhile_is_left_alone(run_folder, tmp_path):
    items = arrange(prospects([run_folder]), str(tmp_path), AS_EPOCHS, force=False)
    Path(items[0].out).write_bytes(b"mine")
    ends = batch(items).run(Cancel())
    assert ends[0].state is State.EXISTS and isinstance(ends[0].error, TargetExistsError)
    assert Path(items[0].out).read_bytes() == b"mine"


def test_no_source_is_replaced_by_the_export_of_another(run_folder):
    swapped = {"epoch_1.pt": "epoch_2", "epoch_2.pt": "epoch_1", "epoch_10.pt": "epoch_10"}
    found = [
        replace(each, propose=lambda _, name=swapped[Path(each.source.path).name]: f"{name}.pt")
        for each in prospects([run_folder])
    ]
    items = arrange(found, str(run_folder), None, force=True)
    assert [str(item.error) for item in items] == [
        "It would replace epoch_2.pt, which is exported too.",
        "It would replace epoch_1.pt, which is exported too.",
        "It is the source itself.",
    ]
    items = arrange(found, str(run_folder), None, force=True, sources_too=True)
    assert [item.error is None for item in items] == [False, False, True]


def test_the_space_for_all_of_them_is_looked_at_first(tmp_path):
    class Small(System):
        def free(self, folder):
            return 1_000

    with pytest.raises(OutputError) as told, made_folder(str(tmp_path / "out"), [600, 700], Small()):
        pass
    assert str(told.value) == "There is not enough space: 2 exports need 1,300 bytes, 1,000 are free."
    assert not (tmp_path / "out").exists()
    assert free_space(str(tmp_path / "a" / "b"), Small()) == 1_000


def test_a_folder_that_was_made_for_nothing_goes_again(tmp_path):
    with made_folder(str(tmp_path / "out"), [1]):
        assert (tmp_path / "out").is_dir()
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="It is a file"), made_folder(str(tmp_path / "file"), [1]):
        pass


def test_a_name_that_cannot_be_is_a_failure_of_its_own(run_folder, tmp_path):
    torch.save({"w": torch.ones(2)}, run_folder / "epoch_3.pt")
    items = arrange(prospects([run_folder]), str(tmp_path), parse_template("{epoch}"), force=False)
    assert [Path(item.out).name for item in items if item.error is None] == ["1.pt", "2.pt", "10.pt"]
    (bad,) = (item for item in items if item.error is not None)
    assert isinstance(bad.error, ExportError) and "does not tell: epoch" in str(bad.error)


def test_a_source_that_is_open_is_not_opened_again(run_folder):
    (first, *_) = batch_sources([str(run_folder)], Cancel())
    checkpoint = first.opened(Cancel())
    Path(first.path).unlink()
    assert foresee(BatchSource(first.path, checkpoint), PLAIN, Cancel()).error is None


def test_a_folder_of_anything_else_is_told_by_the_one_who_opens_it(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    (only,) = prospects([tmp_path])
    assert str(only.error).startswith("The folder holds no checkpoint")
