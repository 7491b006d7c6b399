"""The last update worked out from a saved optimizer, beside the step that torch really took."""

import copy

import pytest
import torch
from torch import nn

from ckptgui.analysis.update_rules import UpdateSize
from ckptgui.core.optimizers.slots import slots
from ckptgui.core.optimizers.updates import last_updates
from ckptgui.engine.job import Cancel
from ckptgui.engine.updates import measure_updates
from ckptgui.errors import Cancelled
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool

OPTIMIZERS = {
    "Adam": lambda p: torch.optim.Adam(p, lr=1e-2),
    "Adam with decay": lambda p: torch.optim.Adam(p, lr=1e-2, weight_decay=0.1),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=0.3),
    "AMSGrad": lambda p: torch.optim.AdamW(p, lr=1e-2, amsgrad=True),
    "RAdam": lambda p: torch.optim.RAdam(p, lr=1e-2),
    "RAdam decoupled": lambda p: torch.optim.RAdam(p, lr=1e-2, weight_decay=0.1, decoupled_weight_decay=True),
    "Adamax": lambda p: torch.optim.Adamax(p, lr=1e-2),
    "SGD with momentum": lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9, weight_decay=0.1),
    "RMSprop with momentum": lambda p: torch.optim.RMSprop(p, lr=1e-3, momentum=0.5),
}


def train(make, steps, tmp_path, dtype=torch.float64):
    """The saved file, and by name the parameters before and after the last step."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3)).to(dtype)
    optimizer = make(model.parameters())
    before = {}
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(5, 6, dtype=dtype)).square().mean().backward()
        before = copy.deepcopy(model.state_dict())
        optimizer.step()
    path = tmp_path / "checkpoint.pt"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    return path, before, model.state_dict()


def measured(path, cancel=None):
    checkpoint = open_checkpoint(str(path))
    told = last_updates(checkpoint, slots(checkpoint))
    found = {}
    pool = SourcePool()
    try:
        measure_updates(
            checkpoint,
            told.updates,
            pool,
            lambda update, size: found.update({checkpoint.info(update.parameter).name: size}),
            cancel or Cancel(),
        )
    finally:
        pool.close()
    return told, found


@pytest.mark.parametrize("steps", [1, 3, 12])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_is_the_step_that_was_taken(name, steps, tmp_path):
    path, before, after = train(OPTIMIZERS[name], steps, tmp_path)
    told, found = measured(path)
    assert set(found) == set(after) and not told.why_not
    for key, weight in after.items():
        change = weight - before[key]
        assert found[key].weight == pytest.approx(float(weight.norm()), rel=1e-9)
        assert found[key].update == pytest.approx(float(change.norm()), rel=1e-6)
        assert found[key].largest == pytest.approx(float(change.abs().max()), rel=1e-6)


def test_each_group_has_its_own_rate_and_the_rates_are_told(tmp_path):
    def make(parameters):
        first, *rest = list(parameters)
        return torch.optim.AdamW([{"params": [first], "lr": 1e-2}, {"params": rest, "lr": 1e-4}])

    path, before, after = train(make, 5, tmp_path)
    told, found = measured(path)
    assert told.rates == (1e-2, 1e-4)
    for key in after:
        assert found[key].update == pytest.approx(float((after[key] - before[key]).norm()), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda p: torch.optim.NAdam(p), "NAdam mixes the gradient in again"),
        (
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
            "Nesterov momentum mixes the gradient",
        ),
        (lambda p: torch.optim.Adagrad(p), "keeps no moments that an update could be worked out from"),
    ],
)
def test_where_the_gradient_is_needed_it_says_so(make, reason, tmp_path):
    path, _, _ = train(make, 3, tmp_path)
    told, found = measured(path)
    assert not found
    assert reason in told.why_not[0]


def test_a_parameter_that_stands_still_and_one_that_runs_away(tmp_path):
    def make(parameters):
        first, *rest = list(parameters)
        return torch.optim.Adam([{"params": [first], "lr": 1e-12}, {"params": rest, "lr": 5.0}])

    _, found = measured(train(make, 2, tmp_path, torch.float32)[0])
    verdicts = [size.verdict for size in found.values()]
    assert verdicts[0] == "still" and set(verdicts[1:]) == {"runs away"}


def test_values_that_are_not_finite_are_left_out_and_counted(tmp_path):
    path, _, _ = train(OPTIMIZERS["Adam"], 3, tmp_path)
    saved = torch.load(path)
    saved["optimizer"]["state"][0]["exp_avg"][0, 0] = float("nan")
    torch.save(saved, path)
    _, found = measured(path)
    assert found["0.weight"].skipped == 1 and found["0.weight"].update > 0


def test_a_parameter_of_nan_stands_not_still(tmp_path):
    path, _, _ = train(OPTIMIZERS["Adam"], 3, tmp_path)
    saved = torch.load(path)
    saved["model"]["0.weight"].fill_(float("nan"))
    torch.save(saved, path)
    _, found = measured(path)
    assert found["0.weight"] == "Not finite."


def test_a_moment_that_cannot_be_read_is_a_sentence_and_the_others_go_on(tmp_path):
    path, _, _ = train(OPTIMIZERS["Adam"], 3, tmp_path)
    saved = torch.load(path)
    saved["optimizer"]["state"][0]["step"] = None
    torch.save(saved, path)
    _, found = measured(path)
    assert found["0.weight"] == "How many steps the optimizer took is not told."
    assert isinstance(found["3.weight"], UpdateSize)


def test_a_cancel_is_heard(tmp_path):
    asked = Cancel()
    asked.cancel()
    with pytest.raises(Cancelled):
        measured(train(OPTIMIZERS["Adam"], 2, tmp_path)[0], asked)
