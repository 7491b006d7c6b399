"""Every option of ``ckptgui export``, each result opened by the library that it is for."""

import json

import pytest
import safetensors
import safetensors.torch
import torch


@pytest.fixture
def source(tmp_path):
    """A training checkpoint as DDP and torch.compile leave it, with a tied head and values of a training."""
    torch.manual_seed(0)
    names = ["tok.weight", "blocks.0.norm.weight", "blocks.0.fc.weight", "blocks.0.fc.bias", "head.weight"]
    model = {f"module._orig_mod.{name}": torch.randn(4, 3) for name in names}
    model["module._orig_mod.head.weight"] = model["module._orig_mod.tok.weight"]
    model["module._orig_mod.steps"] = torch.tensor(7)
    saved = {"model": model, "optimizer": {"state": {}, "param_groups": []}, "epoch": 3, "loss": 0.5}
    path = tmp_path / "epoch_3.pt"
    torch.save(saved, path)
    return path


def bare(name):
    return name.removeprefix("module._orig_mod.")


def model_of(path):
    return torch.load(path, weights_only=True)["model"]


def test_a_cast_is_torchs_own_and_exceptions_stay(ckptgui, source, tmp_path):
    out = tmp_path / "a.pt"
    words = ["--dtype", "bfloat16", "--dtype-for", "*norm*=float32", "--dtype-for", "*bias=float16"]
    answer = ckptgui("export", source, out, *words)
    assert answer.status == 0
    assert "cast: 3 tensors from float32 to bfloat16, 1 tensor from float32 to float16" in answer.out
    loaded = torch.load(out, weights_only=True)
    for name, tensor in model_of(source).items():
        wanted = tensor
        if tensor.is_floating_point() and "norm" not in name:
            wanted = tensor.half() if name.endswith("bias") else tensor.bfloat16()
        assert loaded[name].dtype == wanted.dtype and torch.equal(loaded[name], wanted)
    assert loaded["module._orig_mod.tok.weight"].data_ptr() == loaded["module._orig_mod.head.weight"].data_ptr()


def test_names_lose_prefixes_and_are_changed_by_expressions(ckptgui, source, tmp_path):
    out = tmp_path / "a.safetensors"
    words = ["--strip", "auto", "--rename", r"blocks\.(\d+)=layers.\1", "--rename", "fc(?=\\.weight)=linear"]
    found = ckptgui("export", source, out, *words, "--json").json
    assert found["tied"] == {"head.weight": "tok.weight"}
    loaded = safetensors.torch.load_file(out)
    wanted = {"tok.weight", "layers.0.norm.weight", "layers.0.linear.weight", "layers.0.fc.bias", "steps"}
    assert loaded.keys() == wanted
    answer = ckptgui("export", source, tmp_path / "b.pt", "--strip", "module.", "--strip", "_orig_mod.")
    assert "renamed: 6 tensors, the first module._orig_mod.tok.weight to tok.weight" in answer.out
    loaded = torch.load(tmp_path / "b.pt", weights_only=True)
    assert list(loaded) == [bare(name) for name in model_of(source)]


def test_what_a_check_advises_makes_it_load(ckptgui, source, tmp_path):
    """From ``check``'s fix to export's options and into the real module, by copy and paste."""
    model = torch.nn.ModuleDict({"net": torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))})
    state = {f"module.{name.removeprefix('net.')}": value for name, value in model.state_dict().items()}
    trained, fresh = tmp_path / "trained.pt", tmp_path / "fresh.pt"
    torch.save({"model": state}, trained)
    torch.save(model.state_dict(), fresh)
    answer = ckptgui("check", trained, "--against", fresh, "--json")
    fix = answer.json["fix"]
    assert answer.status == 1 and fix["loads"]
    options = [word for key in ("strip", "rename") for value in fix.get(key, []) for word in (f"--{key}", value)]
    out = tmp_path / "fixed.pt"
    assert ckptgui("export", trained, out, *options).status == 0
    assert ckptgui("check", out, "--against", fresh).status == 0
    model.load_state_dict(torch.load(out, weights_only=True), strict=True)


def test_what_goes_is_chosen_by_globs(ckptgui, source, tmp_path):
    out = tmp_path / "a.pt"
    words = ["--include", "*blocks*", "--include", "*tok*", "--exclude", "*.bias", "--json"]
    found = ckptgui("export", source, out, *words).json
    kept = [
        name for name in model_of(source) if ("blocks" in name or "tok" in name) and not name.endswith(".bias")
    ]
    assert list(torch.load(out, weights_only=True)) == kept
    assert {"module._orig_mod.blocks.0.fc.bias", "optimizer", "epoch"} <= set(found["dropped"])
    answer = ckptgui("export", source, tmp_path / "b.pt", "--include", "nothing*")
    assert answer.status == 2 and "nothing*" in answer.err


@pytest.mark.parametrize("format", ["pt", "safetensors"])
def test_shards_come_with_an_index(ckptgui, source, tmp_path, format):
    out = tmp_path / "Llama-3.1"
    words = ["--max-shard-size", "100B", *(["--format", "pt"] if format == "pt" else [])]
    answer = ckptgui("export", source, out, *words, "--json")
    assert answer.status == 0 and answer.err == ""
    found = answer.json
    assert found["format"] == format and found["verified"] is True
    assert sorted(found["files"]) == sorted(path.name for path in out.iterdir())
    assert found["bytes"] == sum(path.stat().st_size for path in out.iterdir())
    index = json.loads(next(out.glob("*.index.json")).read_text())
    loaded = {}
    for name in set(index["weight_map"].values()):
        load = safetensors.torch.load_file if format == "safetensors" else torch.load
        loaded |= load(out / name)
    wanted = model_of(source)
    tied = {} if format == "pt" else {"module._orig_mod.head.weight"}
    assert loaded.keys() == wanted.keys() - tied
    assert all(torch.equal(loaded[name], wanted[name]) for name in loaded)
    text = ckptgui("export", source, tmp_path / "again", *words).out
    assert f"shards: {len(found['files']) - 1} files and an index" in text


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_values_of_the_training_go_along_on_request(ckptgui, source, tmp_path, suffix):
    out = tmp_path / f"a.{suffix}"
    assert ckptgui("export", source, out).status == 0
    assert "loss" not in ckptgui("info", out, "--json").json.get("training", {})
    words = ["--metadata", "keep", "--metadata", "author=me=you", "--metadata", "loss=", "--force"]
    answer = ckptgui("export", source, out, *words)
    assert answer.status == 0 and "metadata: epoch, author" in answer.out
    info = ckptgui("info", out, "--json").json
    if suffix == "pt":
        assert info["metadata"] == {} and info["training"] == {"epoch": 3, "author": "me=you"}
        assert torch.load(out, weights_only=True)._metadata["training"]["epoch"] == 3
    else:
        with safetensors.safe_open(out, "pt") as file:
            told = file.metadata()
        assert (told["epoch"], told["author"], "loss" in told) == ("3", "me=you", False)
    assert "epoch 3" in ckptgui("info", out).out
    only = tmp_path / f"b.{suffix}"
    ckptgui("export", source, only, "--metadata", "epoch=4")
    assert "epoch 4" in ckptgui("info", only).out


def test_values_stay_numbers_on_the_way_through_safetensors(ckptgui, source, tmp_path):
    between, out = tmp_path / "a.safetensors", tmp_path / "b.pt"
    assert ckptgui("export", source, between, "--metadata", "keep", "--metadata", "lr=[1, 0.5]").status == 0
    assert ckptgui("export", between, out, "--metadata", "keep").status == 0
    assert ckptgui("info", out, "--json").json["training"] == {"epoch": 3, "loss": 0.5, "lr": [1, 0.5]}


def test_a_dry_run_says_what_the_cast_would_lose(ckptgui, save, tmp_path):
    path = save({"calm": torch.randn(100), "wild": torch.tensor([1e6, 1e-9, 1.0]), "n": torch.arange(3)})
    out = tmp_path / "a.pt"
    answer = ckptgui("export", path, out, "--dtype", "float16", "--dry-run")
    assert answer.status == 0 and not out.exists()
    assert "1 value of wild would become infinite; keep it in float32." in answer.out
    assert "to keep them: --dtype-for 'wild=float32'" in answer.out
    found = ckptgui("export", path, out, "--dtype", "float16", "--dry-run", "--json").json
    losses = found["losses"]
    assert (losses["tensors"], losses["infinite"], losses["zero"]) == (2, 1, 1)
    advised = ["--dtype", "float16", "--dtype-for", "wild=float32"]
    found = ckptgui("export", path, out, *advised, "--json").json
    assert found["bytes"] == out.stat().st_size and found["losses"]["infinite"] == 0
    assert torch.load(out)["wild"].tolist() == torch.load(path)["wild"].tolist()


def test_a_cast_that_makes_infinite_says_so_when_it_was_done_too(ckptgui, save, tmp_path):
    path = save({"wild": torch.tensor([1e6, 1.0])})
    assert "would become infinite" in ckptgui("export", path, tmp_path / "a.pt", "--dtype", "float16").out
    assert "the cast:" not in ckptgui("export", path, tmp_path / "b.pt", "--dtype", "bfloat16").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--dtype", "int8"], "int8"),
        (["--dtype-for", "norm"], "'norm'"),
        (["--dtype-for", "=float16"], "'=float16'"),
        (["--dtype-for", "*=float8"], "'*=float8'"),
        (["--rename", "nothing"], "'nothing'"),
        (["--rename", "=new"], "'=new'"),
        (["--rename", "(=new"], "unterminated"),
        (["--rename", r"a=\2"], "invalid group reference"),
        (["--rename", r"(?<=x)"], "'(?<=x)'"),
        (["--max-shard-size", "5"], None),
        (["--max-shard-size", "0"], "no room"),
        (["--max-shard-size", "5G"], "5G"),
        (["--max-shard-size", "-1"], "-1"),
        (["--max-shard-size", "many"], "many"),
        (["--metadata", "epoch"], "'epoch'"),
        (["--metadata", "=3"], "'=3'"),
        (["--metadata", "keep", "--metadata", "drop"], "both"),
        (["--name", "{stem}"], "several"),
        (["--tied", "some"], "some"),
    ],
)
def test_a_mistake_in_an_option_is_one_line_before_anything_is_read(ckptgui, tmp_path, words, told):
    answer = ckptgui("export", tmp_path / "missing.pt", tmp_path / "a.pt", *words)
    assert answer.status == 2 and answer.out == ""
    assert answer.err.count("\n") == 1
    if told is None:
        assert "There is no such file" in answer.err
    else:
        assert told in answer.err and "(see ckptgui export --help)" in answer.err


@pytest.mark.parametrize(
    ("text", "nbytes"),
    [("5GB", 5 * 10**9), ("5gb", 5 * 10**9), ("1.5GiB", 3 * 2**29), ("20 MiB", 20 * 2**20), ("7KB", 7000),
     ("1KiB", 1024), ("123", 123), ("123B", 123), ("0.5MB", 500_000)],
)  # fmt: skip
def test_a_gb_is_ten_to_the_nine_bytes(text, nbytes):
    from ckptgui.cli.export_arguments import export_parser

    assert export_parser().parse_args(["a", "b", "--max-shard-size", text]).max_shard_size == nbytes


def test_the_equals_sign_of_a_look_around_parts_nothing():
    from ckptgui.cli.export_arguments import export_parser

    def parted(text):
        return export_parser().parse_args(["a", "b", "--rename", text]).rename[0]

    assert parted("^=module.") == ("^", "module.")
    assert parted("a=b=c") == ("a", "b=c")
    assert parted("a(?=b)(?<=c)=x") == ("a(?=b)(?<=c)", "x")
    assert parted(r"a\x3db=") == (r"a\x3db", "")


def test_options_may_stand_between_the_paths(ckptgui, source, tmp_path):
    assert ckptgui("export", source, "--dtype", "bfloat16", tmp_path / "a.pt").status == 0


def test_names_of_several_come_from_a_template(ckptgui, tmp_path):
    for epoch in (1, 2):
        torch.save({"epoch": epoch, "model": {"w": torch.full((2,), 0.1 * epoch)}}, tmp_path / f"run{epoch}.pt")
    out = tmp_path / "weights"
    paths = [tmp_path / "run1.pt", tmp_path / "run2.pt", tmp_path / "missing.pt"]
    answer = ckptgui(
        "export", *paths, out, "--name", "{model}-epoch{epoch:03d}", "--format", "safetensors", "--json"
    )
    assert answer.status == 2 and answer.err.count("\n") == 1 and "missing.pt" in answer.err
    assert [path.name for path in sorted(out.iterdir())] == [
        "run1-epoch001.safetensors",
        "run2-epoch002.safetensors",
    ]
    assert [each["verified"] for each in answer.json] == [True, True]
    bad = ckptgui("export", *paths, out, "--name", "{epoc}")
    assert bad.status == 2 and "epoc" in bad.err and bad.err.count("\n") == 1


def test_a_folder_of_checkpoints_is_all_of_them(ckptgui, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    for epoch in (1, 2, 10):
        torch.save({"epoch": epoch, "model": {"w": torch.ones(2)}}, run / f"epoch_{epoch}.pt")
    dry = ckptgui("export", run, tmp_path / "out", "--dry-run", "--json").json
    assert len(dry) == 3 and not (tmp_path / "out").exists()
    written = ckptgui("export", run, tmp_path / "out", "--json", "--name", "e{epoch}").json
    assert [each["out"].rpartition("/")[2] for each in written] == ["e1.pt", "e2.pt", "e10.pt"]
    again = ckptgui("export", run, tmp_path / "out", "--name", "e{epoch}")
    assert again.status == 2 and again.err.count("--force replaces it.") == 3


def test_a_folder_is_not_named_like_a_file_by_mistake(ckptgui, tmp_path):
    torch.save({"w": torch.ones(2)}, tmp_path / "a.pt")
    torch.save({"w": torch.ones(2)}, tmp_path / "b.pt")
    answer = ckptgui("export", tmp_path / "a.pt", tmp_path / "b.pt", tmp_path / "c.safetensors")
    assert (
        answer.status == 2 and "is named like a file" in answer.err and not (tmp_path / "c.safetensors").exists()
    )


def test_a_folder_alone_is_no_file_to_write(ckptgui, source, tmp_path):
    answer = ckptgui("export", source, tmp_path)
    assert answer.status == 2 and "is a folder; name the file to write in it" in answer.err


def test_the_help_names_every_option_of_the_contract(ckptgui):
    text = ckptgui("export", "--help").out
    wanted = """--format --only --section --dtype --dtype-for --device --strip --rename --include --exclude
        --max-shard-size --tied --metadata --name --rescue --dry-run --force --json"""
    for option in wanted.split():
        assert f"{option} " in text or f"{option}\n" in text
