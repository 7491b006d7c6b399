"""The log: it turns over, and a disk that refuses troubles nobody."""

import faulthandler

from ckptgui.workspace.logs import LOGGER, RotatingFile, logging_to


def test_lines_reach_the_file(tmp_path):
    with logging_to(tmp_path / "log") as logger:
        logger.info("hello %s", "you\udcff")
    assert "INFO hello you\\udcff" in (tmp_path / "log" / "ckptgui.log").read_text("utf-8")


def test_a_large_log_starts_anew_and_one_elder_is_kept(tmp_path):
    handler = RotatingFile(tmp_path / "a.log", limit=100)
    LOGGER.addHandler(handler)
    try:
        for number in range(20):
            LOGGER.warning("line %d %s", number, "x" * 40)
    finally:
        LOGGER.removeHandler(handler)
        handler.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.old"]
    assert (tmp_path / "a.log").stat().st_size < 250
    assert "line 19" in (tmp_path / "a.log").read_text()


def test_crashes_of_the_interpreter_have_a_file_as_long_as_the_log_is_open(tmp_path):
    was = faulthandler.is_enabled()
    with logging_to(tmp_path / "log"):
        assert faulthandler.is_enabled()
        assert (tmp_path / "log" / "crash.log").exists()
    if was:
        faulthandler.enable()


def test_a_folder_that_cannot_be_made_costs_nothing(tmp_path):
    (tmp_path / "log").write_text("a file where the folder should be")
    with logging_to(tmp_path / "log") as logger:
        logger.error("lost")
