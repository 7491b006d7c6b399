"""A report tells what the comparison knows, in files that stand alone."""

import csv
import math
import re
from html.parser import HTMLParser

import pytest
import torch

from ckptgui.core.series.series import series_of
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled, TargetExistsError
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import Comparing
from ckptgui.workspace.report.gathering import gather
from ckptgui.workspace.report.markup import element, text
from ckptgui.workspace.report.numbers import even, short
from ckptgui.workspace.report.page import page
from ckptgui.workspace.report.saving import save_page, save_report
from ckptgui.workspace.run import read_run


def states(count=4):
    generator = torch.Generator().manual_seed(2)
    base, way = ({f"{block}.w": torch.randn(6, 7, generator=generator) for block in range(3)} for _ in "ab")
    return [{name: base[name] + way[name] * (1 - 0.5**epoch) for name in base} for epoch in range(count)]


@pytest.fixture
def reported(tmp_path):
    def make(found):
        folder = tmp_path / "run"
        folder.mkdir()
        for epoch, state in enumerate(found):
            torch.save({"epoch": epoch, "loss": 3.0 / (epoch + 1), "model": state}, folder / f"epoch_{epoch}.pt")
        known = Compared(series_of(read_run(str(folder)).members))
        pool = SourcePool()
        Comparing(known.series, pool, None, known.profiles).carry_out(known.tasks(), known.take, Cancel())
        whole = known.series.whole
        answer = gather(known, whole[-2], whole[-1], "run", [("Interval", "1 epoch")], pool, None, Cancel())
        pool.close()
        return answer

    return make


class Balanced(HTMLParser):
    """Fails where an element is not closed, and gathers what a reader sees and what would be fetched."""

    def __init__(self):
        super().__init__()
        self.open, self.words, self.fetched = [], [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.fetched += [value for key, value in attrs if key in ("src", "href", "srcset", "action")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(html):
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    return parser


def test_it_shows_every_part_of_the_comparison(reported):
    found = read(page(reported(states())))
    words = " ".join(found.words)
    for part in ("Which step broke it?", "Nothing broke", "Training", "Layers × epochs", "epoch 2 to epoch 3"):
        assert part in words
    assert "0.w" in words and "≠ 3 changed" in words
    assert found.fetched == []  # nothing of it comes from elsewhere


def test_what_broke_comes_first_and_its_values_are_drawn(reported):
    sick = states()
    sick[3]["1.w"][2, 4] = math.nan
    html = page(reported(sick))
    assert "1.w turned NaN in epoch 3" in html
    assert ">NaN</text>" in html
    assert html.index("turned NaN") < html.index("<h2>Training")
    assert "1 NaN of 42" in html


def test_names_from_a_file_are_shown_and_not_obeyed(reported):
    evil = "<script>alert(1)</script>\u202e&\"'"
    html = page(reported([{evil: torch.ones(3) * epoch} for epoch in range(3)]))
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html and "\u202e" not in html
    read(html)


def test_elements_escape_their_text_and_attributes():
    assert element("b", "a<b", title='x"y') == '<b title="x&quot;y">a&lt;b</b>'
    assert text("\x00<") == "\\x00&lt;"


def test_the_table_has_every_tensor_at_every_step_with_all_digits(reported, tmp_path):
    told = reported(states())
    paths = save_report(told, str(tmp_path / "out.html"), ["{", "}\n"], Cancel())
    assert [path.rpartition(".")[2] for path in paths] == ["html", "csv", "json"]
    with open(paths[1], newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 3
    a, b = (states()[epoch]["2.w"].double() for epoch in (1, 2))
    row = next(row for row in rows if (row["tensor"], row["from"]) == ("2.w", "epoch 1"))
    assert float(row["relative"]) == pytest.approx(float((b - a).norm() / a.norm()), rel=1e-9)
    assert row["status"] == "changed" and row["nan_to"] == "0"
    with open(paths[2]) as file:
        assert file.read() == "{}\n"


def test_no_spreadsheet_takes_a_name_for_a_formula(reported, tmp_path):
    told = reported([{"=cmd|' /C calc'!A0": torch.ones(3) * epoch} for epoch in range(2)])
    paths = save_report(told, str(tmp_path / "out.html"), [], Cancel())
    with open(paths[1], newline="") as file:
        assert next(iter(csv.DictReader(file)))["tensor"].startswith("'=cmd")


def test_what_is_there_already_stays_unless_it_is_to_be_replaced(reported, tmp_path):
    told = reported(states(2))
    (tmp_path / "out.json").write_text("mine")
    with pytest.raises(TargetExistsError, match=re.escape("out.json")):
        save_report(told, str(tmp_path / "out.html"), ["{}"], Cancel())
    assert (tmp_path / "out.json").read_text() == "mine"
    assert not (tmp_path / "out.html").exists() and not (tmp_path / "out.csv").exists()
    save_report(told, str(tmp_path / "out.html"), ["{}"], Cancel(), force=True)
    assert (tmp_path / "out.json").read_text() == "{}"


def test_a_cancelled_report_leaves_nothing(reported, tmp_path):
    told, cancel = reported(states(2)), Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        save_page(told, str(tmp_path / "out.html"), cancel)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_broken_member_is_told_in_its_place(reported, tmp_path):
    told = reported(states(3))
    (tmp_path / "run" / "epoch_1.pt").write_bytes(b"PK\x03\x04 cut short")
    known = Compared(series_of(read_run(str(tmp_path / "run")).members))
    pool = SourcePool()
    Comparing(known.series, pool, None, known.profiles).carry_out(known.tasks(), known.take, Cancel())
    again = gather(known, 0, 2, "run", [], pool, None, Cancel())
    pool.close()
    html = page(again)
    read(html)
    assert told.known.series.members[1].error is None
    assert "epoch_1.pt" in html and "alarm" in html


def test_numbers_have_a_true_minus_and_columns_even_digits():
    assert [even(value) for value in (0.00129, 12.0, -1e-9, 0.0)] == ["0.001290", "12.00", "−1.000e−09", "0"]
    assert (even(math.nan), short(-0.25), short(math.inf)) == ("–", "−0.25", "inf")
