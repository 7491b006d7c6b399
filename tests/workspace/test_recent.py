"""The list of recent files: newest first, each once, described by what the disk says now."""

from ckptgui.workspace.recent import LIMIT, describe, opened


def test_the_newest_is_first_and_stands_once():
    assert opened(("/a", "/b"), "/b") == ("/b", "/a")


def test_the_list_is_not_endless():
    recent = ()
    for number in range(50):
        recent = opened(recent, f"/{number}")
    assert len(recent) == LIMIT
    assert recent[0] == "/49"


def test_files_folders_and_what_is_gone_are_told_apart(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "a.pt").write_bytes(b"12345")
    (folder / "b.pt").write_bytes(b"1")
    lines = describe([str(folder), str(folder / "a.pt"), str(tmp_path / "gone.pt"), "/x\0y"], lambda: None)
    assert [(line.name, line.is_folder, line.nbytes) for line in lines] == [
        ("run", True, 6),
        ("a.pt", False, 5),
        ("gone.pt", False, None),
        ("x\0y", False, None),
    ]
    assert lines[1].folder == "run"


def test_a_run_of_folders_has_the_size_of_what_is_in_them(tmp_path):
    for step in (4, 8):
        (tmp_path / f"checkpoint-{step}" / "deeper").mkdir(parents=True)
        (tmp_path / f"checkpoint-{step}" / "model.safetensors").write_bytes(bytes(100))
        (tmp_path / f"checkpoint-{step}" / "deeper" / "log").write_bytes(bytes(7))
    assert describe([str(tmp_path)], lambda: None)[0].nbytes == 200
