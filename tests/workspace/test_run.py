"""A folder of checkpoints, read as a run."""

import os

import pytest
import torch
from safetensors.torch import save_file

from ckptgui.core.series.series import series_of
from ckptgui.core.series.status import Status, statuses
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled, CheckpointError, UnreadableFileError
from ckptgui.workspace import reading_members
from ckptgui.workspace.opening import open_path
from ckptgui.workspace.run import Run, joined, read_run, run_of_paths, siblings, with_average
from tests.formats.dcp_files import save as save_dcp
from tests.formats.folder_files import write_shards, write_trainer


def names(run: Run) -> list[str]:
    return [member.name for member in run.members]


def save(path, epoch=None, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": {"w": torch.ones(2)}, **({"epoch": epoch} if epoch is not None else {}), **more}, path)
    return str(path)


@pytest.fixture
def run(tmp_path):
    for epoch in (1, 2, 10):
        state = {"epoch": epoch, "global_step": epoch * 5, "model": {"w": torch.ones(2)}, "loss": 1 / epoch}
        torch.save(state, tmp_path / f"epoch_{epoch}.pt")
    return tmp_path


def test_members_stand_in_epoch_order_with_their_figures(run):
    (run / "notes.txt").write_text("hello")
    (run / "sub").mkdir()
    (run / "epoch_11.pt.part").write_bytes(b"PK\x03\x04")
    found = read_run(str(run))
    assert found.path == str(run)
    assert [(m.name, m.epoch, m.step, m.loss) for m in found.members] == [
        ("epoch_1.pt", 1, 5, 1.0),
        ("epoch_2.pt", 2, 10, 0.5),
        ("epoch_10.pt", 10, 50, 0.1),
    ]
    assert all(m.error is None and m.nbytes == os.path.getsize(m.path) for m in found.members)


def test_a_broken_file_stays_in_its_place_with_the_reason(run):
    (run / "epoch_3.pt").write_bytes((run / "epoch_2.pt").read_bytes()[:-900])
    (run / "epoch_4.pt").write_bytes(b"")
    members = read_run(str(run)).members
    assert [m.name for m in members] == [f"epoch_{i}.pt" for i in (1, 2, 3, 4, 10)]
    assert "cut short" in members[2].error
    assert members[2].epoch == 2
    assert members[3].error == "The file is empty."


def test_a_checkpoint_is_known_by_content_whatever_its_name(tmp_path):
    torch.save({"w": torch.ones(1)}, tmp_path / "weights")
    save_file({"w": torch.ones(1)}, tmp_path / "other.bin")
    assert {m.name for m in read_run(str(tmp_path)).members} == {"weights", "other.bin"}


def test_a_folder_without_checkpoints_says_so(tmp_path):
    with pytest.raises(CheckpointError, match=r"^The folder holds no checkpoint\. It is empty\.$"):
        read_run(str(tmp_path))
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(CheckpointError, match="None of its 1 files is one"):
        read_run(str(tmp_path))


def test_a_missing_folder_is_a_sentence(tmp_path):
    with pytest.raises(UnreadableFileError, match="no such file or folder"):
        read_run(str(tmp_path / "none"))


def test_pipes_and_dangling_links_are_passed_by(run):
    os.mkfifo(run / "pipe.pt")
    (run / "gone.pt").symlink_to(run / "nowhere")
    (run / "loop.pt").symlink_to(run / "loop.pt")
    assert len(read_run(str(run)).members) == 3


def test_it_reports_and_can_be_cancelled(run):
    seen = []
    read_run(str(run), Cancel(), seen.append)
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, 3, 3)
    cancel = Cancel()
    with pytest.raises(Cancelled):
        read_run(str(run), cancel, lambda _: cancel.cancel())


def test_folders_are_the_run_and_what_lies_beside_them_can_be_added(tmp_path):
    for step in (500, 1000):
        write_trainer(tmp_path / f"checkpoint-{step}", step, step / 500)
    files = write_shards(tmp_path)
    save_file({"w": torch.ones(1)}, tmp_path / "other.safetensors")
    run = read_run(str(tmp_path))
    assert names(run) == ["checkpoint-500", "checkpoint-1000"]
    assert (run.members[0].epoch, run.members[0].step) == (1, 500)
    assert run.members[0].nbytes > os.path.getsize(tmp_path / "checkpoint-500" / "model.safetensors")
    others = {other.name: other for other in run.others}
    assert set(others) == {"model.safetensors.index.json", "other.safetensors"}
    whole = sum(os.path.getsize(tmp_path / name) for name in files)
    assert others["model.safetensors.index.json"].nbytes == whole
    both = joined(run, [others["other.safetensors"].path])
    assert names(both) == ["checkpoint-500", "checkpoint-1000", "other.safetensors"]
    assert [other.name for other in both.others] == ["model.safetensors.index.json"]


def test_the_model_at_the_end_of_a_training_comes_last(tmp_path):
    write_trainer(tmp_path / "checkpoint-8", 8, 2.0)
    write_trainer(tmp_path / "checkpoint-12", 12, 3.0)
    for name in ("model.safetensors", "trainer_state.json", "scheduler.pt"):
        (tmp_path / name).write_bytes((tmp_path / "checkpoint-12" / name).read_bytes())
    run = read_run(str(tmp_path))
    assert [(m.name, m.epoch, m.step) for m in joined(run, [run.others[0].path]).members] == [
        ("checkpoint-8", 2, 8),
        ("checkpoint-12", 3, 12),
        ("model.safetensors", 3, 12),
    ]
    (tmp_path / "trainer_state.json").unlink()
    (tmp_path / "model.safetensors").rename(tmp_path / "adapter_model.safetensors")
    run = read_run(str(tmp_path))
    assert names(joined(run, [run.others[0].path]))[-1] == "adapter_model.safetensors"


def test_folders_that_are_hidden_or_half_written_are_passed_by(run):
    for name in (".cache", "tmp-checkpoint-9", "checkpoint-9.tmp"):
        write_trainer(run / name)
    assert len(read_run(str(run)).members) == 3


def test_a_broken_folder_stays_in_its_place_with_the_reason(tmp_path):
    for step in (8, 16):
        write_trainer(tmp_path / f"checkpoint-{step}", step, step / 8)
    (tmp_path / "checkpoint-8" / "optimizer.pt").write_bytes(b"nothing")
    members = read_run(str(tmp_path)).members
    assert [m.name for m in members] == ["checkpoint-8", "checkpoint-16"]
    assert members[0].error.startswith("optimizer.pt: ")
    assert members[1].error is None


def test_a_path_leads_to_a_checkpoint_or_to_a_run(run, tmp_path):
    assert isinstance(open_path(str(run)), Run)
    assert open_path(str(run / "epoch_1.pt")).format == "torch-zip"
    folder = tmp_path / "one"
    write_trainer(folder / "checkpoint-8")
    assert open_path(str(folder)).path == str(folder / "checkpoint-8")


def test_the_run_is_told_from_what_lies_beside_it(run, tmp_path):
    for name in ("best.pt", "epoch_1_ema.pt", "epoch_2_ema.pt", "epoch_10_ema.pt", "epoch_11_ema.pt"):
        save(tmp_path / name, 2)
    found = read_run(str(run))
    assert names(found) == ["epoch_1.pt", "epoch_2.pt", "epoch_10.pt"]
    assert len(found.others) == 5 and all(other.why for other in found.others)


def test_a_larger_group_of_other_data_is_no_run(tmp_path):
    for i in range(6):
        torch.save(torch.ones(2), tmp_path / f"features_{i}.pt")
    for epoch in (1, 2):
        save(tmp_path / f"model_{epoch}.pt", epoch)
    assert names(read_run(str(tmp_path))) == ["model_1.pt", "model_2.pt"]


def test_a_group_of_which_nothing_can_be_read_gives_way(tmp_path):
    for i in (1, 2):
        (tmp_path / f"epoch_{i}.pt").write_bytes(b"not one")
        save(tmp_path / f"net_{i}.pt", i)
    assert names(read_run(str(tmp_path))) == ["net_1.pt", "net_2.pt"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("epoch=3-step=120.ckpt", "epoch=4-step=160-v1.ckpt"),
        ("epoch=03-val_loss=0.25.ckpt", "epoch=04-val_loss=1e-3.ckpt"),
        ("model_12.pt", "model_13.pth.tar"),
        ("iter_0001000/w.pt", "iter_0002000/w.pt"),
        ("0/model.pt", "1000/model.pt"),
    ],
)
def test_one_checkpoint_leads_to_its_siblings(tmp_path, first, second):
    save(tmp_path / first, 1)
    save(tmp_path / second, 2)
    save(tmp_path / "last.pt", 2)
    found = siblings(str(tmp_path / first))
    assert len(found.members) == 2 and [member.epoch for member in found.members] == [1, 2]
    assert [other.name for other in found.others] == ["last.pt"]


def test_one_that_is_called_otherwise_joins_the_run(run, tmp_path):
    best = save(tmp_path / "best.pt", 2)
    found = siblings(best)
    assert names(found) == ["epoch_1.pt", "epoch_2.pt", "best.pt", "epoch_10.pt"]
    assert found.notes == ()
    assert siblings(str(run / "gone.pt")).members[-1].error == "There is no such file or folder."


def test_what_was_chosen_is_a_run_whatever_it_is_called(tmp_path):
    b, a = save(tmp_path / "x" / "b.pt", 1), save(tmp_path / "y" / "a.pt", 2)
    found = run_of_paths([a, b, f"{tmp_path}/x/../x/b.pt"])
    assert names(found) == ["b.pt", "a.pt"] and found.path == str(tmp_path) and found.chosen
    assert found.title == "b.pt, a.pt"
    assert names(run_of_paths([a, b], in_order=False)) == ["a.pt", "b.pt"]
    assert names(run_of_paths([a, a])) == ["a.pt", "a.pt"]


def test_folders_and_files_can_be_chosen_together(run, tmp_path):
    alone = save(tmp_path / "else" / "old.pt", 0)
    assert names(run_of_paths([str(run), alone])) == ["old.pt", "epoch_1.pt", "epoch_2.pt", "epoch_10.pt"]
    missing = run_of_paths([alone, str(tmp_path / "none.pt")]).members[-1]
    assert missing.error == "There is no such file or folder."
    (tmp_path / "empty").mkdir()
    assert "no checkpoint" in run_of_paths([alone, str(tmp_path / "empty")]).members[-1].error


def test_shards_of_one_whole_are_chosen_once(tmp_path):
    files = write_shards(tmp_path)
    assert names(run_of_paths([str(tmp_path / name) for name in files])) == ["model.safetensors.index.json"]


def test_epochs_that_two_files_tell_are_both_kept_and_said(run, tmp_path):
    save(tmp_path / "copy.pt", 2, global_step=10)
    found = siblings(str(tmp_path / "copy.pt"))
    assert len(found.members) == 4
    assert found.notes == ("copy.pt and epoch_2.pt both say epoch 2 and step 10.",)


def test_only_what_changed_is_opened_again(run):
    before = read_run(str(run))
    save(run / "epoch_2.pt", 2, loss=9.0)
    save(run / "epoch_11.pt", 11)
    after = read_run(str(run), before=before)
    assert [new.checkpoint is old.checkpoint for new, old in zip(after.members, before.members)] == [1, 0, 1]
    assert names(after)[-1] == "epoch_11.pt" and after.members[1].loss == 9.0


def test_the_figures_that_safetensors_spell_are_read(tmp_path):
    save_file({"w": torch.ones(1)}, tmp_path / "a_1.safetensors", {"epoch": "7", "loss": "0.5"})
    save_file({"w": torch.ones(1)}, tmp_path / "a_2.safetensors", {"epoch": "3"})
    assert [(m.epoch, m.loss) for m in read_run(str(tmp_path)).members] == [(3, None), (7, 0.5)]


def test_a_model_and_its_average_are_a_run_of_two(tmp_path):
    torch.save({"model": {"w": torch.ones(2)}, "ema": {"w": torch.ones(2)}}, tmp_path / "a.pt")
    assert [member.section for member in with_average(str(tmp_path / "a.pt")).members] == ["model", "ema"]
    with pytest.raises(CheckpointError, match="no model with an average"):
        with_average(save(tmp_path / "b.pt", 1))
    with pytest.raises(CheckpointError, match="no such file"):
        with_average(str(tmp_path / "c.pt"))


def test_a_loss_that_was_saved_as_a_tensor_is_a_figure_too(tmp_path):
    for epoch in (1, 2):
        more = {"loss": torch.tensor(0.5 / epoch, requires_grad=True), "metrics": {"acc": torch.tensor([0.75])}}
        save(tmp_path / f"epoch_{epoch}.pt", epoch, **more)
    member = read_run(str(tmp_path)).members[1]
    assert member.loss == 0.25 and member.scalars == {"loss": 0.25, "metrics/acc": 0.75, "epoch": 2.0}


def test_what_a_callback_of_lightning_watches_is_a_figure(tmp_path):
    state = {"monitor": "val_loss", "best_model_score": torch.tensor(0.25), "current_score": torch.tensor(0.5)}
    more = {"pytorch-lightning_version": "2.6", "callbacks": {"ModelCheckpoint{'monitor': 'val_loss'}": state}}
    save(tmp_path / "a_1.ckpt", 1, **more)
    member = read_run(str(tmp_path)).members[0]
    scores = {"callbacks/ModelCheckpoint/val_loss": 0.5, "callbacks/ModelCheckpoint/best_val_loss": 0.25}
    assert member.scalars == {**scores, "epoch": 1.0} and member.loss == 0.5


def test_a_piece_of_a_distributed_checkpoint_stands_for_it(tmp_path, monkeypatch):
    save(tmp_path / "epoch_0.pt", 0)
    state = {"model": {"w": torch.ones(2)}, "epoch": 1}
    save_dcp(state, tmp_path / "epoch_1")
    for path in (tmp_path / "epoch_1", tmp_path / "epoch_1" / "__0_0.distcp", tmp_path):
        assert names(siblings(str(path))) == ["epoch_0.pt", "epoch_1"]
    monkeypatch.chdir(tmp_path)
    found = siblings("epoch_0.pt")
    assert [member.path for member in found.members] == ["epoch_0.pt", "epoch_1"]
    assert found.title == tmp_path.name


def test_a_thousand_files_of_which_three_are_checkpoints(run, tmp_path, monkeypatch):
    for i in range(1000):
        (tmp_path / f"image_{i}.png").write_bytes(b"\x89PNG")
    opened = []
    original = reading_members.open_checkpoint
    monkeypatch.setattr(reading_members, "open_checkpoint", lambda p, c: (opened.append(p), original(p, c))[1])
    assert names(read_run(str(run))) == ["epoch_1.pt", "epoch_2.pt", "epoch_10.pt"]
    assert len(opened) == 3


def test_optimizers_alone_are_a_run_too(tmp_path):
    model = torch.nn.Linear(2, 2)
    state = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9).state_dict()
    for i in (1, 2):
        torch.save({**state, "state": {0: {"momentum_buffer": torch.ones(2, 2)}}}, tmp_path / f"optimizer_{i}.pt")
    found = read_run(str(tmp_path))
    assert names(found) == ["optimizer_1.pt", "optimizer_2.pt"]
    assert series_of(found.members).matching.common == 1


def test_checkpoints_of_several_formats_are_one_series(tmp_path):
    weights = {"a.w": torch.ones(2, 3), "a.b": torch.zeros(3)}
    wrapped = {f"module.{name}": value for name, value in weights.items()}
    torch.save({"epoch": 0, "model": wrapped, "optimizer": {"state": {}}}, tmp_path / "epoch_0.pt")
    save_file(weights, tmp_path / "epoch_1.safetensors", {"epoch": "1"})
    save_dcp({"model": weights, "epoch": 2}, tmp_path / "epoch_2")
    run = read_run(str(tmp_path))
    assert [member.epoch for member in run.members] == [0, 1, 2]
    matching = series_of(run.members).matching
    assert matching.common == len(matching) == 2
    for a, b in ((0, 1), (1, 2)):
        assert statuses(matching, a, b).tolist() == [Status.MATCHED] * 2


def test_runs_of_two_models_in_one_folder_are_two(tmp_path):
    for size, last in ((18, 3), (50, 2)):
        for epoch in range(last):
            save(tmp_path / f"resnet{size}_epoch_{epoch}.pt", epoch)
    assert names(read_run(str(tmp_path))) == [f"resnet18_epoch_{i}.pt" for i in range(3)]
    found = siblings(str(tmp_path / "resnet50_epoch_1.pt"))
    assert names(found) == ["resnet50_epoch_0.pt", "resnet50_epoch_1.pt"] and len(found.others) == 3
