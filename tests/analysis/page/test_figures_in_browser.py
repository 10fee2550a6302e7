"""Figures in a browser: on a telephone, on a printed sheet, in long lists, and saved as files."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from analysis.report import build_report

pytestmark = pytest.mark.slow
SVG = "{http://www.w3.org/2000/svg}"
LEVEL = [-0.10, -0.45, -0.20, -0.62, -0.05]
HOSTILE = "<b>tickets</b> & “co”"


@pytest.fixture(scope="module")
def page_of_many(paired, tmp_path_factory):
    """A page of sixteen data sets by three methods."""
    rows = [
        replace(row, class_names=("", "x" * 99))
        for i in range(16)
        for signal in ("el2n", "keep_one", "random")
        for row in paired(
            [delta + (signal == "keep_one") for delta in LEVEL],
            dataset=HOSTILE if i == 0 else f"set {i:02d}",
            data_sha=f"{i:02d}" * 9,
            signal=signal,
        )
    ]
    path = tmp_path_factory.mktemp("pages") / "many.html"
    path.write_text(build_report({row.spec.result_key: row for row in rows}.values(), name="a run"))
    return path


def drawn(page, name):
    """The figure, drawn."""
    box = page.query_selector(f"#figure-{name}")
    box.scroll_into_view_if_needed()
    page.wait_for_selector(f"#figure-{name} svg.main-svg")
    return box


def boxes(page, selector):
    return [one.bounding_box() for one in page.query_selector_all(selector)]


def overlap(one, other):
    return (
        one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    )


def test_sixteen_data_sets_stand_in_panels_of_their_own(page_of_many, opened):
    page = opened(page_of_many)
    drawn(page, "by_dataset")
    plots = page.evaluate(
        "[...document.querySelectorAll('#figure-by_dataset .bglayer rect.bg')].map(one => one.getBoundingClientRect().toJSON())"
    )
    assert len(plots) == 16 and min(one["height"] for one in plots) > 150
    pairs = [(a, b) for i, a in enumerate(plots) for b in plots[i + 1 :]]
    assert not [pair for pair in pairs if overlap(*pair)]


@pytest.mark.parametrize("name", ["signals", "contrasts", "retention", "by_dataset", "envelope"])
def test_on_a_telephone_a_figure_is_as_wide_as_the_page(name, page_of_many, opened):
    page = opened(page_of_many)
    page.set_viewport_size({"width": 400, "height": 800})
    box = drawn(page, name)
    page.wait_for_timeout(400)  # drawn anew once the window has its size
    assert box.query_selector("svg.main-svg").bounding_box()["width"] <= 372


def test_a_list_is_narrowed_by_what_is_typed_and_by_the_keyboard_alone(page_of_many, opened):
    page = opened(page_of_many)
    page.focus("#find-envelope")
    page.keyboard.type("set 07 keep")
    shown = [one.inner_text() for one in page.query_selector_all("#pick-envelope option")]
    kept = page.eval_on_selector("#pick-envelope", "one => one.selectedOptions[0].label")
    assert {one for one in shown if one != kept} == {
        "set 07 · Keep one (global)", "set 07 · Keep one (global) · by the mean",
    }  # fmt: skip
    assert page.inner_text("#envelope .found") == "2 of 102"
    page.keyboard.press("Enter")
    assert page.input_value("#pick-envelope") == "set 07|Keep one (global)"
    assert page.evaluate("location.hash") == "#envelope=" + "set%2007%7CKeep%20one%20(global)"


def test_options_stand_under_the_heading_of_their_data_set(page_of_many, opened):
    page = opened(page_of_many)
    heads = page.eval_on_selector_all("#pick-envelope optgroup", "all => all.map(one => one.label)")
    assert heads[:3] == ["Average over 16 data sets", HOSTILE, "set 01"]
    assert page.get_attribute("#find-envelope", "aria-label").startswith("Find in the list")


def test_a_figure_is_saved_as_svg_with_its_title(page_of_many, opened):
    page = opened(page_of_many, color_scheme="dark")
    drawn(page, "envelope")
    with page.expect_download() as saved:
        page.click("#envelope button[data-save=SVG]")
    tree = ElementTree.fromstring(Path(saved.value.path()).read_text(encoding="utf-8"))
    texts = ["".join(one.itertext()) for one in tree.iter(f"{SVG}text")]
    assert texts[:2] == ["The operating envelope", f"{HOSTILE} · Keep one (global)"]
    assert tree.find(f"{SVG}title").text == " · ".join(texts[:2])
    assert tree.find(f"{SVG}rect").get("fill") == "#ffffff"
    assert saved.value.suggested_filename == "a-run-envelope-b-tickets-b-co-Keep-one-global.svg"
    assert not [one for one in page.log if not one.startswith(("file:", "blob:", "data:"))]


def test_a_figure_is_saved_as_png_of_twice_its_size(page_of_many, opened):
    page = opened(page_of_many)
    drawn(page, "signals")
    with page.expect_download() as saved:
        page.click("#signals button[data-save=PNG]")
    picture = Path(saved.value.path()).read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(picture[16:20]) == 2 * 1060
    assert saved.value.suggested_filename.endswith(".png")


def test_on_a_printed_sheet_no_note_lies_on_an_interval(page_of_many, opened):
    page = opened(page_of_many)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_selector("#figure-signals svg.main-svg")
    notes = boxes(page, "#figure-signals .annotation-text-g text.annotation-text")
    intervals = boxes(page, "#figure-signals .errorbars path.xerror")
    assert len(intervals) == 48 and len(notes) > 48
    assert not [(a, b) for a in notes for b in intervals if overlap(a, b)]
