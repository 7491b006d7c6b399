"""An optimizer's tensors stand in the tree by slot and parameter, not by number."""

import torch
from torch import nn

from ckptgui.core.tree.build import build_tree
from ckptgui.formats.registry import open_checkpoint


def trained(wrap=""):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(5, 3)).sum().backward()
    optimizer.step()
    weights = {wrap + name: value for name, value in model.state_dict().items()}
    return {"model": weights, "optimizer": optimizer.state_dict(), "epoch": 1}


def outline(tmp_path, saved):
    path = tmp_path / "m.pt"
    torch.save(saved, path)
    tree = build_tree(open_checkpoint(str(path)))
    return [(int(tree.depth[node]), tree.labels[node]) for node in range(len(tree))], tree


def below(rows, label):
    """The labels right below the first row of this label."""
    start = next(number for number, (_, each) in enumerate(rows) if each == label)
    depth = rows[start][0]
    found = []
    for level, each in rows[start + 1 :]:
        if level <= depth:
            break
        if level == depth + 1:
            found.append(each)
    return found


def test_slots_come_first_and_the_groups_after_them(tmp_path):
    rows, _ = outline(tmp_path, trained())
    assert below(rows, "optimizer") == ["step", "exp_avg", "exp_avg_sq", "param_groups"]
    assert below(rows, "exp_avg") == ["0", "1", "2"]


def test_the_prefix_of_wrappers_is_not_repeated_in_every_slot(tmp_path):
    rows, _ = outline(tmp_path, trained("module._orig_mod."))
    assert below(rows, "exp_avg") == ["0", "1", "2"]


def test_a_row_still_has_the_path_that_it_was_saved_under(tmp_path):
    rows, tree = outline(tmp_path, trained())
    start = next(number for number, (_, label) in enumerate(rows) if label == "exp_avg")
    row = next(int(tree.row[node]) for node in range(start, len(tree)) if tree.row[node] >= 0)
    assert tree.checkpoint.tensors.path(row) == ("optimizer", "state", "0", "exp_avg")


def test_what_belongs_to_no_known_parameter_keeps_its_number(tmp_path):
    saved = trained()
    saved["model"] = {"w": torch.zeros(7, 7)}
    rows, _ = outline(tmp_path, saved)
    assert below(rows, "optimizer")[0] == "state"


def test_counts_that_are_no_tensors_stay_by_number(tmp_path):
    saved = trained()
    for entry in saved["optimizer"]["state"].values():
        entry["step"] = 3
    rows, _ = outline(tmp_path, saved)
    assert below(rows, "optimizer") == ["exp_avg", "exp_avg_sq", "state", "param_groups"]


def test_optimizers_in_a_list_each_have_their_slots(tmp_path):
    saved = trained()
    saved["optimizer_states"] = [saved.pop("optimizer")]
    rows, _ = outline(tmp_path, saved)
    assert below(rows, "optimizer_states") == ["0"]
    start = next(number for number, (_, label) in enumerate(rows) if label == "optimizer_states")
    assert below(rows[start + 1 :], "0") == ["step", "exp_avg", "exp_avg_sq", "param_groups"]
