"""File names from a template: what is known stands in them, what is not leaves nothing, no file leads astray."""

import dataclasses
import os
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckptgui.errors import ExportError
from ckptgui.export.naming import proposed_name
from ckptgui.export.request import ExportRequest
from ckptgui.export.template import FIELDS, parse_template
from ckptgui.formats.registry import open_checkpoint

KNOWN = {
    "stem": "best",
    "model": "ResNet",
    "epoch": 3,
    "step": 1200,
    "loss": 0.1,
    "saved": "2026-11-27-0214",
    "section": "model",
    "dtype": "bfloat16",
}


def named(template, known=KNOWN, suffix=".pt", **others):
    return parse_template(template).name({**known, **others}, suffix)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{stem}-epoch{epoch}-{section}", "best-epoch3-model.pt"),
        ("{model} {saved}, {dtype}", "ResNet 2026-11-27-0214, bfloat16.pt"),
        ("{stem}-{epoch:03d}-{step:06}", "best-003-001200.pt"),
        ("{loss}-{loss:.1f}-{loss:.2e}-{loss:.2}", "0.100-0.1-1.00e-01-0.10.pt"),
        ("{epoch:.1f}", "3.0.pt"),
        ("weights", "weights.pt"),
        ("{stem}.pt", "best.pt"),
        ("{{{stem}}}", "{best}.pt"),
        ("v1.5-{stem}", "v1.5-best.pt"),
    ],
)
def test_fields_stand_where_the_template_has_them(template, expected):
    assert named(template) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{stem}-epoch{epoch}-{section}", "best.pt"),
        ("{stem}_epoch_{epoch}_{section}", "best.pt"),
        ("{stem}-epoch={epoch}-step={step}", "best-step=1200.pt"),
        ("epoch{epoch}-{stem}", "best.pt"),
        ("epoch_{epoch}_{stem}", "best.pt"),
        ("run1-{epoch}ep-{stem}", "run1-best.pt"),
        ("{stem} - {epoch} - {step}", "best - 1200.pt"),
        ("{stem}.{epoch}.{section}", "best.pt"),
    ],
)
def test_what_is_not_known_takes_its_words_along(template, expected):
    known = {"stem": "best", "step": 1200}
    assert named(template, known) == expected


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("", "The template is empty."),
        (" - ", "The template is empty."),
        ("..", "The template has two dots in a row, which could lead out of the folder."),
        ("{stem}/{epoch}", "A file's name may not hold the / at character 7 of the template."),
        ("a\\b", "A file's name may not hold the \\ at character 2 of the template."),
        ("what?", "A file's name may not hold the ? at character 5 of the template."),
        ("a\nb", "Character 2 of the template, \\n, is invisible; a name may not hold it."),
        ("a\u202eb", "Character 2 of the template, \\u202e, is invisible; a name may not hold it."),
        ("{stem", "The { at character 1 of the template has no partner."),
        ("a}", "The } at character 2 of the template has no partner."),
        ("{epoch:{step}}", "The { at character 1 of the template has no partner."),
        ("{stem:>9}", "{stem} is text and takes no format; epoch, step and loss do."),
        ("{epoch:999d}", "999d is no format of a number; {epoch:03d} and {loss:.3f} have one."),
        ("{epoch:}", "Nothing is no format of a number; {epoch:03d} and {loss:.3f} have one."),
        ("{loss:d}", "{loss} is no whole number; {loss:.3f} gives it three digits."),
        ("nul", "The name would be nul, which Windows keeps for itself."),
        ("x" * 201, "The template has 201 characters; 200 are allowed."),
    ],
)
def test_a_bad_template_is_refused_in_one_sentence(template, sentence):
    with pytest.raises(ExportError) as told:
        parse_template(template)
    assert str(told.value) == sentence


@pytest.mark.parametrize("inside", ["", "title", "stem.__class__", "stem[0]", "stem!r", "0", "Stem", " stem"])
def test_nothing_but_the_fields_can_be_asked_for(inside):
    with pytest.raises(ExportError, match=r"The template knows no .*; it knows stem, model, .* and dtype"):
        parse_template(f"{{{inside}}}")


def test_a_name_that_no_file_system_takes_is_refused():
    with pytest.raises(ExportError, match=r"gives no name\. The file does not tell: epoch, step"):
        named("{epoch}-{step}", {})
    with pytest.raises(ExportError, match=r"would be con\.pt, which Windows keeps"):
        named("{stem}", stem="con")
    with pytest.raises(ExportError, match=r"would be 323 bytes long; file systems take 255"):
        named("{stem}" * 4, stem="x" * 500)
    with pytest.raises(ExportError, match=r"ends in .safetensors; what is written is .pt"):
        named("{stem}.safetensors")
    with pytest.raises(ExportError, match=r"ends in .pt; what is written is a folder"):
        named("{stem}.pt", suffix="")


def test_what_a_file_says_cannot_lead_out_of_the_folder():
    assert named("{stem}-{section}", stem="../../etc", section="a/b\\c:d\n\ud800") == "etc-a-b-c-d.pt"
    assert named("{model}", model="{stem.__class__}") == "{stem.__class__}.pt"
    assert named("{stem}", stem="ü" * 200) == "ü" * 80 + ".pt"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["{" + each + "}" for each in FIELDS] + ["-", "_", "epoch", ".", " ", "+"]), max_size=9
    ),
    st.dictionaries(st.sampled_from(list(FIELDS)), st.text(max_size=90)),
)
def test_whatever_a_file_says_the_name_is_one_name_or_a_sentence(parts, texts):
    values = {field: text for field, text in texts.items() if field not in ("epoch", "step", "loss")}
    try:
        name = named("".join(parts), values)
    except ExportError as error:
        assert "\n" not in str(error)
    else:
        assert name.endswith(".pt") and name.isprintable() and not set(name) & set('/\\:*?"<>|')
        assert 0 < len(name.encode()) <= 255 and ".." not in name.removesuffix(".pt")


def test_a_checkpoint_fills_each_field(tmp_path):
    path = tmp_path / "epoch=3.ckpt"
    torch.save({"state_dict": {"w": torch.ones(9)}, "epoch": 3, "global_step": 1200, "loss": 0.25}, path)
    os.utime(path, (0, time.mktime((2026, 11, 27, 2, 14, 0, 0, 0, -1))))
    template = "{stem} {model} {epoch} {step} {loss:.2f} {saved} {section} {dtype}"
    checkpoint = open_checkpoint(str(path))
    name = proposed_name(checkpoint, ExportRequest(), template)
    assert name == "epoch=3 model 3 1200 0.25 2026-11-27-0214 state_dict float32.pt"
    cast = ExportRequest(dtype="bfloat16", format="safetensors", max_shard_bytes=10**9)
    assert proposed_name(checkpoint, cast, "{section}-{dtype}") == "state_dict-bfloat16"
    assert proposed_name(checkpoint, ExportRequest(only="all"), "{section}") == "all.pt"


def test_the_model_is_called_as_its_configuration_calls_it(tmp_path):
    torch.save({"model": {"w": torch.ones(1)}, "config": {"model_type": "gpt2"}}, tmp_path / "run7_epoch_2.pt")
    checkpoint = open_checkpoint(str(tmp_path / "run7_epoch_2.pt"))
    assert proposed_name(checkpoint, ExportRequest(), "{model}") == "gpt2.pt"
    told = dataclasses.replace(checkpoint, metadata={"arch": "org/resnet50", "saved_at": "2025-01-02T03:04:05"})
    assert proposed_name(told, ExportRequest(), "{model} {saved}") == "resnet50 2025-01-02-0304.pt"
    silent = dataclasses.replace(checkpoint, metadata=None)
    assert proposed_name(silent, ExportRequest(), "{model}") == "run7.pt"


def test_numbers_that_nothing_real_counts_to_are_no_numbers(tmp_path):
    torch.save({"model": {"w": torch.ones(1)}, "epoch": 10**30, "loss": float("nan")}, tmp_path / "x.pt")
    checkpoint = open_checkpoint(str(tmp_path / "x.pt"))
    assert proposed_name(checkpoint, ExportRequest(), "{stem}-epoch{epoch}-loss{loss}") == "x.pt"
