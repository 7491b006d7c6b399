"""What is drawn above the epochs."""

import math

from ckptgui.core.series.members import RunMember
from ckptgui.core.series.scalar_curves import Measure, first_shown, is_held_out, measure_of, scalar_curves
from ckptgui.core.series.short_paths import short_paths


def members(**columns: list[float]) -> list[RunMember]:
    count = max(map(len, columns.values()))
    named = {name.replace("__", "/"): values for name, values in columns.items()}
    return [
        RunMember(f"e{i}", 1, scalars={name: values[i] for name, values in named.items() if i < len(values)})
        for i in range(count)
    ]


def test_losses_come_first_and_settings_that_stay_last():
    curves = scalar_curves(
        members(weight_decay=[0.1, 0.1], epoch=[1, 2], lr=[0.2, 0.1], val_loss=[3, 2], loss=[3.0, 2.0])
    )
    assert [curve.name for curve in curves] == ["loss", "val_loss", "learning rate", "epoch", "weight_decay"]
    assert [curve.name for curve in first_shown(curves)] == ["loss", "val_loss", "learning rate"]


def test_a_figure_that_one_member_alone_tells_is_no_curve():
    assert scalar_curves(members(loss=[1.0, 2.0], once=[5.0]))[0].name == "loss"
    assert len(scalar_curves(members(loss=[1.0, 2.0], once=[5.0]))) == 1


def test_a_member_that_does_not_tell_leaves_a_gap():
    run = [*members(loss=[3.0, 2.0]), RunMember("broken", 1, error="cut"), *members(loss=[1.0])]
    values = scalar_curves(run)[0].values.tolist()
    assert values[:2] == [3.0, 2.0] and math.isnan(values[2]) and values[3] == 1.0


def test_names_tell_what_is_measured():
    assert measure_of("metrics/val_acc") is Measure.SCORE
    assert measure_of("scheduler/_last_lr/0") is Measure.RATE
    assert measure_of("optimizer/param_groups/0/lr") is Measure.RATE
    assert measure_of("train_loss") is Measure.LOSS and measure_of("perplexity") is Measure.LOSS
    assert measure_of("batch_size") is Measure.OTHER
    assert is_held_out("val_loss") and is_held_out("eval/loss") and not is_held_out("evaluator")


def test_paths_are_as_short_as_they_can_be_told_apart_by():
    assert short_paths(["a/loss", "b/loss", "c/lr", "c/_last_lr/0"]) == ("a/loss", "b/loss", "lr", "_last_lr/0")
    assert short_paths(["x", "y/x"]) == ("x", "y/x")
    assert short_paths([]) == ()


def test_the_best_so_far_is_drawn_where_nothing_else_tells_the_loss():
    both = scalar_curves(members(best_train_loss=[3.0, 2.0], train_loss=[3.0, 2.5]))
    assert [curve.name for curve in first_shown(both)] == ["train_loss"]
    alone = scalar_curves(members(best_val_loss=[3.0, 2.0]))
    assert [curve.name for curve in first_shown(alone)] == ["best_val_loss"]
