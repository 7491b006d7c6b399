"""What a run's members tell of it as a folder: how often it was saved, what is missing, disk, the best epoch."""

import pytest
import torch

from ckptgui.core.series.best import keeping, metrics
from ckptgui.core.series.disk_use import disk_use
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.saving import saving
from ckptgui.workspace.run import read_run


def run(*epochs, counter="epoch", **more):
    return [RunMember(f"run/{counter}_{n}.pt", 1000, **{counter: n}, **more) for n in epochs]


def test_every_epoch_is_there():
    found = saving(run(0, 1, 2, 3))
    assert (found.counter, found.every, found.gaps) == ("epoch", 1, ())


def test_missing_epochs_are_named():
    found = saving(run(1, 2, 3, 6, 7))
    (gap,) = found.gaps
    assert (gap.after, gap.before, gap.missing, found.missing) == (2, 3, (4, 5), 2)


def test_steps_have_an_interval_of_their_own():
    found = saving(run(500, 1000, 1500, 3000, 3500, counter="step"))
    assert (found.counter, found.every) == ("step", 500)
    assert found.gaps[0].missing == (2000, 2500)


def test_an_unreadable_epoch_is_not_missing():
    members = run(1, 2, 4, 5)
    members.insert(2, RunMember("run/epoch_3.pt", 12, error="It is cut short."))
    assert saving(members).gaps == ()


@pytest.mark.parametrize("epochs", [(1, 2, 4, 8, 16), (1,), (3, 7), (), (5, 5, 5)])
def test_where_there_is_no_rule_nothing_is_missing(epochs):
    assert saving(run(*epochs)).gaps == ()
    assert saving(run(*epochs)).every == 0


def test_the_best_epoch_is_the_lowest_loss_or_the_highest_score():
    values = [(2.0, 0.5), (1.0, 0.7), (1.5, 0.9)]
    members = [
        RunMember(
            f"epoch_{n}.pt", 1000, epoch=n, scalars={"val_loss": loss, "accuracy": acc, "best_loss": 1.0 + n}
        )
        for n, (loss, acc) in enumerate(values)
    ]
    best = {metric.curve.path: metric.ranking for metric in metrics(members)}
    assert best == {"val_loss": (1, 2, 0), "accuracy": (2, 1, 0)}


def test_a_loss_that_only_the_summary_knows_is_a_metric_too():
    (metric,) = metrics([RunMember(f"{n}.pt", 1, epoch=n, loss=loss) for n, loss in enumerate((3.0, 1.0, 2.0))])
    assert (metric.curve.name, metric.lower, metric.ranking) == ("loss", True, (1, 2, 0))


def test_what_keeping_the_best_and_the_last_frees(tmp_path):
    for epoch, loss in enumerate((3.0, 1.0, 2.0, 2.5, 4.0)):
        torch.save(
            {"epoch": epoch, "loss": loss, "model": {"w": torch.zeros(1000)}}, tmp_path / f"epoch_{epoch}.pt"
        )
    members = read_run(str(tmp_path)).members
    use, (metric,) = disk_use(members), metrics(members)
    found = keeping(members, use, metric, 1)
    assert (found.kept, found.dropped) == ((1, 4), (0, 2, 3))
    assert found.freed == sum((tmp_path / f"epoch_{n}.pt").stat().st_size for n in (0, 2, 3))
    assert keeping(members, use, metric, 9).freed == 0


def test_hard_links_take_the_disk_once_and_free_nothing_alone(tmp_path):
    state = {"w": torch.zeros(5000)}
    optimizer = {"state": {0: {"exp_avg": torch.zeros(5000)}}, "param_groups": [{"params": [0], "lr": 0.1}]}
    for epoch in range(2):
        torch.save(
            {"epoch": epoch, "loss": 1.0 - epoch, "model": state, "optimizer": optimizer},
            tmp_path / f"epoch_{epoch}.pt",
        )
    (tmp_path / "epoch_2.pt").hardlink_to(tmp_path / "epoch_0.pt")
    members = read_run(str(tmp_path)).members
    size = (tmp_path / "epoch_0.pt").stat().st_size
    use = disk_use(members)
    assert use.total == size + (tmp_path / "epoch_1.pt").stat().st_size
    assert use.shared == size
    assert use.optimizer == 2 * 20_000
    linked = [n for n, member in enumerate(members) if member.name != "epoch_1.pt"]
    assert use.freed(linked[:1]) == 0
    assert use.freed(linked) == size


def test_nothing_is_said_of_an_empty_run():
    assert saving([]).counter == ""
    assert disk_use([]).total == 0
    assert metrics([]) == ()
