"""Shards and their index, whole and otherwise: what is missing is named, and the rest is there."""

import json
import os
import time

import pytest
import torch
from safetensors.torch import save_file

from ckptgui.errors import CheckpointError
from ckptgui.formats.registry import open_checkpoint
from tests.formats.folder_files import change_index, weights, write_json, write_shards

INDEX = "model.safetensors.index.json"
FIRST, SECOND, THIRD = (f"model-0000{n}-of-00003.safetensors" for n in (1, 2, 3))
LONG_AGO = 1_000_000_000


@pytest.fixture
def folder(tmp_path):
    write_shards(tmp_path / "m")
    return tmp_path / "m"


def opened(folder, name=""):
    for file in folder.iterdir():
        if file.is_file():
            os.utime(file, (LONG_AGO, LONG_AGO))
    return open_checkpoint(str(folder / name))


def errors_by_name(checkpoint):
    return {checkpoint.tensors.names[row]: text for row, text in checkpoint.tensors.errors.items()}


def test_the_whole_is_the_folder_with_all_files_that_were_read(folder):
    write_json(folder / "config.json", {"hidden_size": 4})
    write_json(folder / "tokenizer_config.json", {"pad": 0})
    whole = opened(folder, SECOND)
    assert whole.path == str(folder)
    assert whole.warnings == ()
    assert {os.path.basename(source.path) for source in whole.sources} == {
        FIRST, SECOND, THIRD, INDEX, "config.json",
    }  # fmt: skip
    assert whole.nbytes == sum(source.size for source in whole.sources)
    assert [info.file for info in whole.tensors] == [FIRST, FIRST, SECOND, SECOND, THIRD]


def test_metadata_are_the_indexs_and_what_all_shards_say_alike(folder):
    save_file({"embed.weight": weights()["embed.weight"]}, folder / FIRST, {"format": "pt", "note": "mine"})
    write_json(folder / "config.json", {"hidden_size": 4})
    assert opened(folder).metadata == {
        "total_size": weights_size(),
        "format": "pt",
        FIRST: {"note": "mine"},
        "config.json": {"hidden_size": 4},
    }


def weights_size():
    return sum(value.nbytes for value in weights().values())


def test_tensors_of_a_missing_shard_stand_there_with_the_reason(folder):
    (folder / SECOND).unlink()
    found = opened(folder)
    assert errors_by_name(found) == dict.fromkeys(
        ("layers.0.bias", "layers.1.weight"), f"Its shard {SECOND} is missing."
    )
    assert found.warnings == (f"1 of 3 shards is missing: {SECOND}.",)
    assert len(found) == 5
    assert found.parameter_count == 32 + 16 + 4


def test_a_shard_that_is_there_alone_opens_and_names_the_others(folder):
    (folder / SECOND).unlink()
    (folder / THIRD).unlink()
    (folder / INDEX).unlink()
    found = opened(folder, FIRST)
    assert found.format == "sharded"
    assert [info.path for info in found.tensors] == [("embed.weight",), ("layers.0.weight",)]
    assert found.warnings == (f"2 of 3 shards are missing: {SECOND}, {THIRD}.",)
    assert found.attributes["incomplete"]


def test_what_is_still_being_written_is_said_to_be(folder):
    (folder / INDEX).unlink()
    (folder / THIRD).unlink()
    now = time.time()
    os.utime(folder / SECOND, (now, now))
    assert "still being written" in open_checkpoint(str(folder)).warnings[-1]


def test_a_damaged_shard_costs_its_own_tensors_alone(folder):
    (folder / SECOND).write_bytes(b"\xff" * 40)
    found = opened(folder)
    assert set(errors_by_name(found)) == {"layers.0.bias", "layers.1.weight"}
    assert all(f"Its shard {SECOND} cannot be read: " in text for text in errors_by_name(found).values())


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..\\..\\boot.ini", "\\\\host\\share\\x", "..", "", "a/b", "n\0l"]
)
def test_a_file_name_in_an_index_never_leaves_the_folder(folder, name):
    change_index(folder, lambda index: index["weight_map"].update({"embed.weight": name}))
    (folder / FIRST).unlink()
    found = opened(folder)
    assert "leads out of the folder; it is not followed." in errors_by_name(found)["embed.weight"]
    assert len(found) == 5
    assert all(os.path.dirname(source.path) == str(folder) for source in found.sources)


def test_a_link_to_what_is_no_checkpoint_gives_nothing_away(folder):
    (folder / FIRST).unlink()
    (folder / FIRST).symlink_to("/etc/passwd")
    assert "cannot be read" in errors_by_name(opened(folder))["embed.weight"]


def test_shards_that_are_links_are_followed_as_in_a_hubs_cache(folder, tmp_path):
    blob = tmp_path / "blobs"
    blob.mkdir()
    for number, name in enumerate((FIRST, SECOND, THIRD, INDEX)):
        (folder / name).rename(blob / str(number))
        (folder / name).symlink_to(blob / str(number))
    assert not errors_by_name(opened(folder))


def test_an_index_that_names_itself_goes_nowhere(folder):
    change_index(folder, lambda index: index["weight_map"].update({"embed.weight": INDEX}))
    found = opened(folder)
    assert found.tensors.errors == {}
    assert found.warnings[-1] == "In another shard than the index says: embed.weight."


def test_a_tensor_that_the_index_has_and_no_shard_keeps_a_row(folder):
    change_index(folder, lambda index: index["weight_map"].update({"lost": SECOND}))
    assert errors_by_name(opened(folder)) == {
        "lost": f"The index says that it is in {SECOND}, which does not hold it."
    }


def test_tensors_and_shards_that_the_index_does_not_name_are_named(folder):
    change_index(folder, lambda index: index["weight_map"].pop("layers.0.bias"))
    save_file({"old": torch.ones(1)}, folder / "model-00001-of-00009.safetensors")
    assert opened(folder).warnings[:2] == (
        f"The index does not name layers.0.bias of {SECOND}.",
        "The index does not name the shard model-00001-of-00009.safetensors, which is left out.",
    )


def test_a_shard_that_the_index_does_not_name_opens_by_itself(folder):
    save_file({"old": torch.ones(1)}, folder / "model-00001-of-00009.safetensors")
    alone = opened(folder, "model-00001-of-00009.safetensors")
    assert (alone.format, list(alone)) == ("safetensors", [("old",)])
    assert alone.warnings == (f"{INDEX} does not name this file; it is shown alone.",)


def test_a_tensor_in_two_shards_is_told(folder):
    save_file({"embed.weight": torch.ones(1), "layers.1.bias": torch.ones(1)}, folder / THIRD)
    assert "In two shards: embed.weight." in opened(folder).warnings


def test_a_total_that_does_not_fit_is_told(folder):
    change_index(folder, lambda index: index["metadata"].update(total_size=7))
    assert opened(folder).warnings == (
        f"The index tells 7 bytes of tensors in all; its shards hold {weights_size()}.",
    )
    change_index(folder, lambda index: index["metadata"].update(total_size=float(weights_size())))
    assert opened(folder).warnings == ()


@pytest.mark.parametrize(
    "text", ["{", "[1]", "{}", '{"weight_map": {"a": 3}}', "\xff", '{"weight_map": {"\\ud800": "a"}}']
)
def test_a_broken_index_leaves_the_shards_by_their_names(folder, text):
    (folder / INDEX).write_text(text, encoding="latin-1")
    found = opened(folder)
    assert len(found) == 5
    assert found.warnings[0].startswith(f"The index {INDEX} cannot be read: ")
    for name in (FIRST, SECOND, THIRD):
        (folder / name).unlink()
    with pytest.raises(CheckpointError):
        opened(folder, INDEX)


def test_shards_named_as_nothing_but_the_index_tells_open_the_whole(folder):
    (folder / FIRST).rename(folder / "part-a.safetensors")
    change_index(
        folder,
        lambda index: index["weight_map"].update(
            {"embed.weight": "part-a.safetensors", "layers.0.weight": "part-a.safetensors"}
        ),
    )
    assert len(opened(folder, "part-a.safetensors")) == 5


def test_a_file_beside_shards_opens_as_that_file(folder):
    save_file({"other": torch.ones(1)}, folder / "adapter_model.safetensors")
    assert opened(folder, "adapter_model.safetensors").format == "safetensors"


@pytest.mark.parametrize(
    ("stem", "index"),
    [
        ("model.fp16", "model.safetensors.index.fp16.json"),
        ("diffusion_pytorch_model.fp16", "diffusion_pytorch_model.fp16.safetensors.index.json"),
    ],
)
def test_a_variant_beside_the_model_is_chosen_by_what_is_opened(folder, stem, index):
    half = {name: value.half() for name, value in weights().items()}
    write_shards(folder, half, stem=stem)
    (folder / f"{stem}.safetensors.index.json").rename(folder / index)
    for name in (index, f"{stem}-00002-of-00003.safetensors"):
        assert {info.dtype.name for info in opened(folder, name).tensors} == {"float16"}
    assert opened(folder, SECOND).warnings == ()
    assert {info.dtype.name for info in opened(folder, INDEX).tensors} == {"float32", "bfloat16"}


def test_one_shard_of_one_without_an_index_is_the_file_that_it_is(tmp_path):
    save_file(weights(), tmp_path / "model-00001-of-00001.safetensors")
    assert opened(tmp_path, "model-00001-of-00001.safetensors").format == "safetensors"
    assert opened(tmp_path).format == "safetensors"


def test_a_large_index_takes_no_long_time(folder):
    names = {f"blocks.{number}.weight": "model-00009-of-00009.safetensors" for number in range(100_000)}
    change_index(folder, lambda index: index["weight_map"].update(names))
    start = time.process_time()
    found = opened(folder)
    assert time.process_time() - start < 4
    assert len(found) == 100_005
    json.dumps(found.metadata)
