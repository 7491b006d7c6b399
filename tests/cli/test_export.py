import pytest
import safetensors.torch
import torch

RESULT_KEYS = {"out", "format", "tensor_count", "bytes", "source_bytes", "dropped", "tied", "verified"}


@pytest.mark.parametrize("suffix", ["pt", "pth", "safetensors"])
def test_the_state_dict_alone_is_written_bit_for_bit(ckptgui, checkpoint, tmp_path, suffix):
    out = tmp_path / f"weights.{suffix}"
    answer = ckptgui("export", checkpoint, out, "--json")
    assert answer.status == 0 and answer.err == ""
    found = answer.json
    assert found.keys() >= RESULT_KEYS
    assert found["out"] == str(out)
    assert found["format"] == ("safetensors" if suffix == "safetensors" else "pt")
    assert found["bytes"] == out.stat().st_size
    assert found["source_bytes"] == checkpoint.stat().st_size
    assert found["verified"] is True
    assert {"epoch", "optimizer_state_dict", "loss"} <= set(found["dropped"])
    wanted = torch.load(checkpoint, weights_only=True)["model_state_dict"]
    load = safetensors.torch.load_file if suffix == "safetensors" else torch.load
    loaded = load(out)
    assert list(loaded.keys()) == list(wanted.keys()) or suffix == "safetensors"
    assert all(torch.equal(loaded[name], wanted[name]) for name in wanted)
    assert [p.name for p in tmp_path.iterdir()] == [out.name]


def test_the_line_says_from_how_much_to_how_much(ckptgui, checkpoint, tmp_path):
    answer = ckptgui("export", checkpoint, tmp_path / "a.pt")
    assert "a.pt: 9 tensors written and verified, " in answer.out and "; the source has " in answer.out
    assert "left out: optimizer_state_dict, epoch, loss, best" in answer.out


def test_tied_weights_are_named(ckptgui, save, tmp_path):
    weight = torch.ones(3)
    path = save({"a": weight, "b": weight})
    assert ckptgui("export", path, tmp_path / "a.safetensors", "--json").json["tied"] == {"b": "a"}
    assert ckptgui("export", path, tmp_path / "b.safetensors", "--json", "--tied", "copy").json["tied"] == {}
    ckptgui("export", path, tmp_path / "c.pt")
    loaded = torch.load(tmp_path / "c.pt", weights_only=True)
    assert loaded["a"].data_ptr() == loaded["b"].data_ptr()


def test_a_dry_run_writes_nothing_and_tells_the_size(ckptgui, checkpoint, tmp_path):
    out = tmp_path / "a.pt"
    planned = ckptgui("export", checkpoint, out, "--dry-run", "--json").json
    assert planned["dry_run"] is True and planned["verified"] is False
    assert not out.exists()
    assert ckptgui("export", checkpoint, out, "--json").json["bytes"] == planned["bytes"]


def test_what_is_there_is_replaced_only_by_force(ckptgui, checkpoint, tmp_path):
    out = tmp_path / "a.pt"
    out.write_text("mine")
    for words in ([], ["--dry-run"]):
        answer = ckptgui("export", checkpoint, out, *words)
        assert answer.status == 2
        assert answer.err == f"ckptgui: {out}: There is such a file already; --force replaces it.\n"
    assert out.read_text() == "mine"
    assert ckptgui("export", checkpoint, out, "--force").status == 0


def test_the_source_is_not_its_own_target(ckptgui, save):
    path = save({"w": torch.ones(2)})
    before = path.read_bytes()
    answer = ckptgui("export", path, path)
    assert answer.status == 2 and "the source itself" in answer.err
    assert path.read_bytes() == before


def test_a_section_can_be_named(ckptgui, save, tmp_path):
    path = save({"model": {"w": torch.ones(2)}, "ema": {"w": torch.zeros(2)}})
    ckptgui("export", path, tmp_path / "a.pt", "--section", "ema")
    assert torch.load(tmp_path / "a.pt", weights_only=True)["w"].sum() == 0
    answer = ckptgui("export", path, tmp_path / "b.pt", "--section", "nope")
    assert answer.status == 2 and answer.err.startswith(f"ckptgui: {path}: ") and "ema" in answer.err


def test_all_keeps_plain_values(ckptgui, checkpoint, tmp_path):
    assert ckptgui("export", checkpoint, tmp_path / "a.pt", "--only", "all").status == 0
    loaded = torch.load(tmp_path / "a.pt", weights_only=True)
    assert loaded["epoch"] == 3 and loaded["loss"] == 0.125
    answer = ckptgui("export", checkpoint, tmp_path / "a.safetensors", "--only", "all")
    assert answer.status == 2


def test_several_paths_go_into_a_folder_one_file_each(ckptgui, tmp_path):
    for epoch in (1, 2):
        torch.save({"epoch": epoch, "model": {"w": torch.full((2,), epoch)}}, tmp_path / f"e{epoch}.pt")
    out = tmp_path / "weights"
    answer = ckptgui("export", tmp_path / "e1.pt", tmp_path / "e2.pt", out, "--json", "--format", "safetensors")
    assert answer.status == 0
    assert len(answer.json) == 2
    for epoch, written in zip((1, 2), answer.json):
        assert safetensors.torch.load_file(written["out"])["w"].tolist() == [epoch, epoch]
    assert sorted(str(p) for p in out.iterdir()) == sorted(written["out"] for written in answer.json)


def test_a_bad_one_among_several_does_not_stop_the_others(ckptgui, save, tmp_path):
    good = save({"w": torch.ones(1)})
    answer = ckptgui("export", tmp_path / "missing.pt", good, tmp_path / "out")
    assert answer.status == 2
    assert answer.err == f"ckptgui: {tmp_path}/missing.pt: There is no such file or folder.\n"
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_two_that_would_get_the_same_name_are_told_apart(ckptgui, save, tmp_path):
    a, b = save({"w": torch.ones(1)}, "a.pt"), save({"w": torch.ones(1)}, "b.pt")
    (tmp_path / "sub").mkdir()
    c = save({"w": torch.ones(1)}, "sub/a.pt")
    assert ckptgui("export", a, b, c, tmp_path / "out").status == 0
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_an_output_that_cannot_be_written_is_named(ckptgui, checkpoint, tmp_path):
    answer = ckptgui("export", checkpoint, tmp_path / "no" / "a.pt")
    assert answer.status == 2
    assert answer.err.startswith(f"ckptgui: {tmp_path}/no/a.pt: ") and answer.err.count("\n") == 1


def test_an_interrupt_leaves_no_litter(ckptgui, checkpoint, tmp_path, monkeypatch):
    import ckptgui.export.run as export_run

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(export_run, "verify", interrupted)
    answer = ckptgui("export", checkpoint, tmp_path / "a.pt")
    assert answer.status == 130
    assert list(tmp_path.iterdir()) == []
