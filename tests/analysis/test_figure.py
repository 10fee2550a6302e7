"""A figure of a run as a file: what is in it, where it is written, and what is refused."""

import re
import shutil
import xml.etree.ElementTree as ET

import pytest
from typer.testing import CliRunner

from analysis import pictures
from analysis.figure import app, pictures_of
from analysis.page.figures import FIGURES
from analysis.study import study
from trainables.records import to_json

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
drawn = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def run(small_run, tmp_path_factory):
    """A run's folder of two data sets."""
    folder = tmp_path_factory.mktemp("runs") / "tickets"
    (folder / "trials").mkdir(parents=True)
    for row in small_run:
        (folder / "trials" / f"{row.spec.result_key}.json").write_text(to_json(row))
    return folder


@pytest.fixture
def invoke(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER_PATH", CHROMIUM or "")
    return lambda *args: CliRunner().invoke(app, [str(run), *map(str, args)])


def texts(svg):
    return {
        "".join(one.itertext()) for one in ET.fromstring(svg).iter() if one.tag.endswith("text")
    }


def test_without_a_name_all_figures_and_their_variants_are_told(invoke, small_run):
    lines = invoke().output.splitlines()
    assert {line.split()[0] for line in lines if not line.startswith(" ")} == {"board", *FIGURES}
    keys = [data.key for data in FIGURES["pareto"].data(study(small_run))]
    assert all(any(key in line for line in lines) for key in keys)


@drawn
def test_an_svg_holds_the_numbers_of_the_page(invoke, small_run, tmp_path):
    invoke("--what", "envelope", "--out", "e.svg", "--width", "900")
    svg = (tmp_path / "e.svg").read_text(encoding="utf-8")
    data = FIGURES["envelope"].data(study(small_run))[0]
    numbers = [next(one for one in row if isinstance(one, float)) for row in data.table.rows]
    means = {f"{one:+.2f}".replace("-", "−") for one in numbers}
    assert means and all(any(mean in text for text in texts(svg)) for mean in means)
    assert pictures.svg_size(svg).width == 900 and "#fff" in svg.replace(
        "rgb(255, 255, 255)", "#fff"
    )


@drawn
def test_a_board_is_a_pdf_with_its_fonts_or_a_png(invoke, tmp_path):
    assert invoke("--what", "board", "--variant", "imdb", "--format", "pdf").exit_code == 0
    pdf = (tmp_path / "tickets-board-imdb.pdf").read_bytes()
    assert pdf.startswith(b"%PDF") and b"/FontFile2" in pdf and pdf.count(b"/Type /Page\n") == 1
    assert invoke("--what", "board", "--variant", "imdb", "--out", "b.png").output == "b.png\n"
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")


def test_a_board_as_svg_needs_no_browser_and_is_one_file_a_data_set(invoke, monkeypatch, tmp_path):
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chrome")
    ended = invoke("--what", "board")
    assert ended.output.splitlines() == ["tickets-board-ag_news.svg", "tickets-board-imdb.svg"]
    assert ET.parse(tmp_path / "tickets-board-imdb.svg").getroot().tag.endswith("svg")


def test_without_a_browser_one_line_says_how_to_get_one(invoke, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chrome")
    ended = invoke("--what", "pareto")
    assert ended.exit_code == 4
    assert re.fullmatch(
        r"error: BROWSER_PATH is /nowhere/chrome, .*playwright install.*\n", ended.stderr
    )


def test_without_the_extra_one_line_says_how_to_install_it(invoke, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "playwright.sync_api", None)
    ended = invoke("--what", "pareto")
    assert (ended.exit_code, ended.stderr.count("\n")) == (4, 1)
    assert "pip install 'prune-envelope[figures]'" in ended.stderr


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--what", "paretto"), "Did you mean 'pareto'?"),
        (("--what", "pareto", "--variant", "imdb|2"), "no such variant; --what list tells all"),
        (("--what", "board", "--out", "all.svg"), "name one by --variant (ag_news, imdb)"),
        (("--what", "board", "--width", "400"), "the board has the size of its cells"),
        (("--what", "pareto", "--out", "p.gif"), "such as p.svg"),
        (("--what", "pareto", "--out", "p.svg", "--format", "pdf"), "such as p.pdf"),
        (("--what", "pareto", "--out", "no/p.svg"), "there is no folder no"),
    ],
)
def test_what_cannot_be_written_is_refused(invoke, args, told):
    ended = invoke(*args)
    assert ended.exit_code == 2 and told in ended.stderr


def test_a_run_that_has_nothing_to_show_in_a_figure_says_so(small_run):
    with pytest.raises(ValueError, match="this run has nothing to show in it"):
        pictures_of(study(small_run), "frontier", None)
