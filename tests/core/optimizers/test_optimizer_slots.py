"""Slots stand beside the parameters they belong to, with torch's own optimizers as the judge."""

import pytest
import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict

from ckptgui.core.optimizers.matching import How
from ckptgui.core.optimizers.slots import slots
from ckptgui.formats.registry import open_checkpoint

OPTIM = torch.optim


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(72, 10), nn.Linear(10, 10))


def trained(model, optimizer, size=(2, 3, 5, 5)):
    def loss():
        return model(torch.ones(size)).sum()

    loss().backward()
    optimizer.step(loss) if isinstance(optimizer, OPTIM.LBFGS) else optimizer.step()
    return optimizer


def matched(tmp_path, obj):
    torch.save(obj, tmp_path / "c.pt")
    checkpoint = open_checkpoint(str(tmp_path / "c.pt"))
    return checkpoint, slots(checkpoint)


def agrees(checkpoint, found, model, optimizer, section=("model",)):
    """Every slot that torch keeps for a parameter is at its row, and nothing else is."""
    count = 0
    for name, parameter in model.named_parameters():
        row = checkpoint.row((*section, name))
        kept = {k: v for k, v in optimizer.state[parameter].items() if isinstance(v, torch.Tensor)}
        listed = {slot.name: checkpoint.info(slot.row) for slot in found.of(row)}
        assert listed.keys() == kept.keys()
        for slot, value in kept.items():
            assert listed[slot].shape == tuple(value.shape)
            assert found.parameter_of(listed[slot].index) == row
            count += 1
    assert int((found.parameter >= 0).sum()) == count > 0


KINDS = [
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ASGD",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Rprop",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", [How.ORDER, How.NAMES])
def test_slots_of_every_kind_are_matched(tmp_path, kind, how):
    model = net()
    given = model.named_parameters() if how is How.NAMES else model.parameters()
    optimizer = trained(model, getattr(OPTIM, kind)(given, lr=0.01))
    checkpoint, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert [(m.how, m.parameters, m.matched) for m in found.optimizers] == [(how, 8, 8)]
    agrees(checkpoint, found, model, optimizer)


def test_weights_that_decay_and_those_that_do_not_are_told_apart(tmp_path):
    model = net()
    groups = [[p for p in model.parameters() if (p.ndim > 1) == wide] for wide in (True, False)]
    optimizer = trained(model, OPTIM.AdamW([{"params": g} for g in groups]))
    checkpoint, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert found.optimizers[0].how is How.ORDER
    agrees(checkpoint, found, model, optimizer)


def test_groups_by_the_kind_of_parameter_are_told_apart(tmp_path):
    model = nn.Sequential(nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1))
    norms = list(model[1].named_parameters())
    groups = [[norms[1][1], model[2].bias], [model[0].weight, model[2].weight], [norms[0][1]]]  # as YOLOv5 does
    optimizer = trained(model, OPTIM.SGD([{"params": g} for g in groups], lr=0.1, momentum=0.9), (2, 4, 2, 2))
    checkpoint, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert found.optimizers[0].matched == 5
    agrees(checkpoint, found, model, optimizer)


def test_a_group_a_layer_is_matched_in_turn(tmp_path):
    model = net()
    optimizer = trained(
        model, OPTIM.Adam([{"params": layer.parameters()} for layer in model if layer._parameters])
    )
    checkpoint, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    agrees(checkpoint, found, model, optimizer)


def test_a_head_on_a_frozen_backbone_is_found(tmp_path):
    model = net()
    optimizer = trained(model, OPTIM.Adam(model[4].parameters()))
    checkpoint, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert found.optimizers[0].matched == 2
    assert [slot.name for slot in found.of(checkpoint.row(("model", "4.weight")))] == [
        "step",
        "exp_avg",
        "exp_avg_sq",
    ]
    assert found.of(checkpoint.row(("model", "0.weight"))) == ()


def test_of_what_is_clear_in_part_that_part_is_named(tmp_path):
    model = net()
    optimizer = trained(model, OPTIM.Adam(model[3].parameters()))  # its bias could be that of the next layer
    _, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert (found.optimizers[0].parameters, found.optimizers[0].matched) == (2, 1)
    assert "1 of 2" in found.optimizers[0].sentence


def test_what_could_be_several_layers_stays_unnamed(tmp_path):
    model = nn.Sequential(*[nn.Linear(3, 3) for _ in range(4)])
    optimizer = trained(model, OPTIM.Adam(model[2].parameters()), (1, 3))
    _, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert found.optimizers[0].how is None
    assert not found.optimizers[0].misfit
    assert (found.parameter == -1).all()
    optimizer = trained(model, OPTIM.Adam([{"params": layer.parameters()} for layer in reversed(model)]), (1, 3))
    _, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert found.optimizers[0].how is None
    assert "in several ways" in found.optimizers[0].sentence


def test_names_tell_what_order_could_not(tmp_path):
    model = nn.Sequential(*[nn.Linear(3, 3) for _ in range(4)])
    groups = [{"params": list(model[i].named_parameters(prefix=str(i)))} for i in (3, 0, 2, 1)]
    optimizer = trained(model, OPTIM.Adam(groups), (1, 3))
    checkpoint, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert found.optimizers[0].how is How.NAMES
    agrees(checkpoint, found, model, optimizer)


def test_a_name_whose_shape_differs_is_left_out(tmp_path):
    model = nn.Linear(3, 2)
    optimizer = trained(model, OPTIM.Adam(model.named_parameters()), (1, 3))
    other = nn.Linear(4, 2).state_dict()
    _, found = matched(tmp_path, {"model": other, "optimizer": optimizer.state_dict()})
    assert (found.optimizers[0].how, found.optimizers[0].matched) == (How.NAMES, 1)
    assert "1 have another shape" in found.optimizers[0].sentence


@pytest.mark.parametrize("flat", [False, True])
def test_a_distributed_state_is_keyed_by_name(tmp_path, flat):
    model = net()
    optimizer = trained(model, OPTIM.AdamW(model.parameters()))
    options = StateDictOptions(flatten_optimizer_state_dict=flat)
    state = get_optimizer_state_dict(model, optimizer, options=options)
    checkpoint, found = matched(tmp_path, {"model": model.state_dict(), "optim": state})
    assert found.optimizers[0].how is How.NAMES
    agrees(checkpoint, found, model, optimizer)


def test_tied_parameters_count_once_and_both_names_have_the_slots(tmp_path):
    model = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 3), nn.Linear(3, 4, bias=False))
    model[2].weight = model[0].weight
    optimizer = OPTIM.Adam(model.parameters())
    model(torch.ones(1, dtype=torch.long)).sum().backward()
    optimizer.step()
    checkpoint, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert found.optimizers[0].matched == 3
    assert found.of(checkpoint.row(("model", "2.weight"))) == found.of(checkpoint.row(("model", "0.weight"))) != ()


def test_each_optimizer_finds_its_model(tmp_path):
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    both = [trained(model, OPTIM.Adam(model.parameters()), (1, 3)).state_dict() for model in (first, second)]
    obj = {"netG": first.state_dict(), "netD": second.state_dict(), "optimizerD": both[1], "optimizerG": both[0]}
    _, found = matched(tmp_path, obj)
    assert [m.sections for m in found.optimizers] == [(("netD",),), (("netG",),)]
    obj = {"models": {"g": obj["netG"], "d": obj["netD"]}, "optimizers": {"d": both[1], "g": both[0]}}
    _, found = matched(tmp_path, obj)
    assert [m.sections for m in found.optimizers] == [(("models", "d"),), (("models", "g"),)]


def test_one_optimizer_of_two_models_follows_both(tmp_path):
    first, second = nn.Linear(3, 2), nn.Linear(2, 3)
    model = nn.Sequential(first, second)
    optimizer = trained(model, OPTIM.Adam(model.parameters()), (1, 3))
    obj = {"encoder": first.state_dict(), "decoder": second.state_dict(), "optimizer": optimizer.state_dict()}
    _, found = matched(tmp_path, obj)
    assert found.optimizers[0].sections == (("encoder",), ("decoder",))


def test_optimizers_of_one_state_dict_are_matched_with_their_part(tmp_path):
    model = nn.ModuleDict({"g": nn.Linear(3, 2), "d": nn.Linear(2, 1)})
    states = [
        trained(model[k], OPTIM.Adam(model[k].parameters()), (1, n)).state_dict() for k, n in (("g", 3), ("d", 2))
    ]
    checkpoint, found = matched(tmp_path, {"state_dict": model.state_dict(), "optimizer_states": states})
    assert [m.matched for m in found.optimizers] == [2, 2]
    assert found.parameter_of(checkpoint.row(("optimizer_states", "1", "state", "0", "exp_avg"))) == 2


def test_a_whole_model_tells_its_buffers_by_itself(tmp_path):
    model = net()
    model.register_buffer("mask", torch.ones(8))
    optimizer = trained(model, OPTIM.Adam(model.parameters()))
    checkpoint, found = matched(tmp_path, {"model": model, "optimizer": optimizer.state_dict()})
    agrees(checkpoint, found, model, optimizer)


@pytest.mark.parametrize(
    ("optimizer", "sentence"),
    [
        (lambda p: OPTIM.SGD(p, lr=0.1), "keeps no tensor"),
        (lambda p: OPTIM.LBFGS(p, lr=0.1, max_iter=2), "one history for all"),
    ],
)
def test_an_optimizer_without_slots_for_a_parameter_says_so(tmp_path, optimizer, sentence):
    model = nn.Linear(3, 2)
    state = trained(model, optimizer(model.parameters()), (1, 3)).state_dict()
    _, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": state})
    assert found.optimizers[0].how is None
    assert sentence in found.optimizers[0].sentence


def test_an_optimizer_of_another_model_is_a_misfit(tmp_path):
    model = nn.Linear(3, 2)
    state = trained(model, OPTIM.Adam(model.parameters()), (1, 3)).state_dict()
    _, found = matched(tmp_path, {"model": nn.Linear(5, 5).state_dict(), "optimizer": state})
    assert found.optimizers[0].misfit
    _, found = matched(tmp_path, state)
    assert "No model is in the file" in found.optimizers[0].sentence


def test_a_distributed_state_of_two_models_alike_stays_unnamed(tmp_path):
    model = nn.Linear(3, 2)
    optimizer = trained(model, OPTIM.Adam(model.parameters()), (1, 3))
    state = get_optimizer_state_dict(model, optimizer)
    both = {"student": model.state_dict(), "teacher": nn.Linear(3, 2).state_dict()}
    _, found = matched(tmp_path, {**both, "optim": state})
    assert found.optimizers[0].how is None
    _, found = matched(tmp_path, {**both, "optim_student": state})
    assert found.optimizers[0].sections == (("student",),)


def test_counters_alone_tell_no_parameter(tmp_path):
    model = nn.Linear(3, 2)
    state = trained(model, OPTIM.Adam(model.parameters()), (1, 3)).state_dict()
    for kept in state["state"].values():
        del kept["exp_avg"], kept["exp_avg_sq"]
    _, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": state})
    assert found.optimizers[0].how is None
    assert "nothing of its parameters' shapes" in found.optimizers[0].sentence


def test_a_parameter_without_state_is_counted_but_not_compared(tmp_path):
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    model[0].bias.requires_grad_(False)
    optimizer = trained(model, OPTIM.Adam(model.parameters()), (1, 3))
    checkpoint, found = matched(tmp_path, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert "3 of 4 shapes are known" in found.optimizers[0].sentence
    assert found.of(checkpoint.row(("model", "0.bias"))) == ()
    agrees(checkpoint, found, model, optimizer)


def test_an_optimizer_deep_within_another_part_is_found(tmp_path):
    model = nn.Linear(3, 2)
    optimizer = trained(model, OPTIM.Adam(model.parameters()), (1, 3))
    obj = {"model": model.state_dict(), "trainer": {"inner": {"adam": optimizer.state_dict()}, "x": [1]}}
    checkpoint, found = matched(tmp_path, obj)
    agrees(checkpoint, found, model, optimizer)


def test_a_distributed_checkpoint_keeps_the_order_that_numbers_count_by(tmp_path):
    import torch.distributed.checkpoint as dcp

    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    optimizer = trained(model, OPTIM.Adam(model.parameters()), (5, 3))
    with pytest.warns(UserWarning, match="single process"):
        dcp.save({"model": model.state_dict(), "optim": optimizer.state_dict()}, checkpoint_id=tmp_path / "d")
    checkpoint = open_checkpoint(str(tmp_path / "d"))
    found = slots(checkpoint)
    names = [name for name, _ in model.named_parameters()]
    for number, name in enumerate(names):
        row = checkpoint.row(("optim", "state", str(number), "exp_avg"))
        owner = found.parameter_of(row)
        assert checkpoint.tensors.path(owner) == ("model", name)
