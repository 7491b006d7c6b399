import json

import pytest
import torch
from torch import nn


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def test_what_a_model_loads_is_status_0(ckptgui, checkpoint, save):
    answer = ckptgui("check", checkpoint, "--against", save(net().state_dict()), "--json")
    assert (answer.status, answer.err) == (0, "")
    assert answer.json == {"loads": True, "missing": [], "unexpected": [], "mismatched": [], "fix": None}


def test_the_answer_has_every_name_and_the_prefix_that_helps(ckptgui, save):
    wrapped = save({f"module.{k}": v for k, v in net().state_dict().items()})
    answer = ckptgui("check", wrapped, "--against", save(net().state_dict(), "model.pt"), "--json")
    assert answer.status == 1
    names = [n for n in net().state_dict() if n != "1.num_batches_tracked"]  # torch counts anew from old files
    assert answer.json == {
        "loads": False,
        "missing": names,
        "unexpected": [f"module.{name}" for name in net().state_dict()],
        "mismatched": [],
        "fix": {"strip": ["module."], "loads": True},
    }


def test_shapes_that_differ_are_told_with_both(ckptgui, save, tmp_path):
    shapes = {name: list(tensor.shape) for name, tensor in net().state_dict().items()} | {"0.weight": [9, 6]}
    (tmp_path / "shapes.json").write_text(json.dumps(shapes))
    answer = ckptgui("check", save(net().state_dict()), "--against", tmp_path / "shapes.json", "--json")
    assert answer.status == 1
    assert answer.json["mismatched"] == [{"name": "0.weight", "expected": [9, 6], "found": [4, 6]}]


def test_a_prefix_to_add_is_a_rename(ckptgui, save):
    wrapped = save({f"module.{k}": v for k, v in net().state_dict().items()})
    answer = ckptgui("check", save(net().state_dict(), "plain.pt"), "--against", wrapped, "--json")
    assert answer.json["fix"] == {"rename": ["^=module."], "loads": True}


def test_the_text_says_it_in_words_and_how_to_load(ckptgui, save):
    wrapped = save({f"module.{k}": v for k, v in net().state_dict().items()})
    text = ckptgui("check", wrapped, "--against", save(net().state_dict(), "model.pt")).out
    assert "It would not load: the two have no name in common." in text
    assert "With these names it loads." in text and "--strip module." in text
    assert 'model.load_state_dict({k.removeprefix("module."): v for k, v in state_dict.items()})' in text


def test_a_long_list_says_how_many_more(ckptgui, save, tmp_path):
    (tmp_path / "s.json").write_text(json.dumps({f"layer.{n}": [1] for n in range(60)}))
    text = ckptgui("check", save(net().state_dict()), "--against", tmp_path / "s.json").out
    assert "  … and 20 more, all of them with --json." in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", 'It is not an object of names and shapes like {"fc.weight": [10, 512]}.'),
        ('{"a": 3}', "'a' has 3, which is not a shape like [10, 512]."),
        ('{"a": [1.5]}', "'a' has [1.5], which is not a shape like [10, 512]."),
        ('{"a": [true]}', "'a' has [True], which is not a shape like [10, 512]."),
        ('{"a": [-1]}', "'a' has [-1], which is not a shape like [10, 512]."),
        ('{"a": [1]', "It is not JSON at character 9: Expecting ',' delimiter."),
        ('{"a": [1], "a": [2]}', "It names 'a' twice."),
    ],
)
def test_json_that_is_none_of_names_and_shapes_is_one_line(ckptgui, save, tmp_path, text, reason):
    other = tmp_path / "other.txt"  # content decides
    other.write_text(text)
    answer = ckptgui("check", save(net().state_dict()), "--against", other)
    assert (answer.status, answer.out, answer.err) == (2, "", f"ckptgui: {other}: {reason}\n")


@pytest.mark.parametrize("words", [["check", "{}"], ["check", "{}", "--against", "missing.json"]])
def test_trouble_is_one_line_and_status_2(ckptgui, checkpoint, words):
    answer = ckptgui(*(word.format(checkpoint) for word in words))
    assert answer.status == 2 and answer.out == "" and answer.err.count("\n") == 1


def test_another_section_can_be_asked_for(ckptgui, save):
    both = save({"model": nn.Linear(2, 2).state_dict(), "ema": {"w": torch.ones(3)}})
    model = save({"w": torch.ones(3)}, "model.pt")
    assert ckptgui("check", both, "--against", model).status == 1
    assert ckptgui("check", both, "--against", model, "--section", "ema").status == 0
    refused = ckptgui("check", both, "--against", model, "--section", "none")
    assert refused.err == f"ckptgui: {both}: There is no section none in it. It has: model, ema.\n"


def test_a_file_that_is_cut_cannot_be_loaded(ckptgui, save, tmp_path):
    whole = save({"a": torch.ones(1000), "b": torch.ones(1000)}).read_bytes()
    cut = tmp_path / "cut.pt"
    cut.write_bytes(whole[: len(whole) - 3000])
    answer = ckptgui("check", cut, "--against", save({"a": torch.ones(1000), "b": torch.ones(1000)}), "--json")
    assert answer.status == 2
    assert answer.json["loads"] is False and answer.json["warnings"]
    assert answer.err.startswith(f"ckptgui: {cut}: ")
