"""The report as a browser shows it: Debian's chromium through Playwright, rules by axe-core."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.page.render import render
from analysis.report import build_report
from analysis.study import study
from analysis.table_rows import COLUMNS, short_csv

pytestmark = pytest.mark.slow
HOSTILE = "<script>alert('x')</script> & \"Politics\" %{x} [b]"
KINDS = (
    "empty", "one_seed", "inconclusive", "one_data_set", "several", "texts", "hostile", "planted",
    "many",
)  # fmt: skip
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def distinct(rows):
    return list({row.spec.result_key: row for row in rows}.values())


@pytest.fixture(scope="module")
def kinds(paired, small_run):
    """Rows by kind of run, each made when asked for."""
    level = [-0.10, -0.45, -0.20, -0.62, -0.05]

    def many():
        rng = np.random.default_rng(0)
        rows = []
        for name in ("imdb", "ag_news", "yahoo"):
            for i in range(31):
                for rate in (0.1, 0.2, 0.3):
                    for warmup in (0.05, 0.15, 0.25):
                        rows += paired(
                            list(rng.normal(-3 * rate, 0.3, 12)),
                            dataset=name,
                            data_sha=name * 9,
                            signal=f"signal{i}" if i else "random",
                            rate=rate,
                            warmup=warmup,
                        )
        return rows

    def planted():
        found = {
            "duplicates": 0.98, "duplicates_recall": 0.5, "wrong_labels": 0.05,
            "wrong_labels_recall": 0.1,
        }  # fmt: skip
        rows = [
            row
            for name in ("imdb", HOSTILE)
            for signal in ("random", "keep_one", "redundancy_within_class")
            for rate in (0.05, 0.2, 0.4, 0.6)
            for row in paired(level, dataset=name, data_sha=name, signal=signal, rate=rate)
        ]
        return [
            replace(row, found={} if row.spec.is_baseline else found, class_names=(HOSTILE, "b"))
            for row in rows
        ]

    hostile = {"dataset": HOSTILE, "model": HOSTILE}
    return {
        "empty": list,
        "one_seed": lambda: paired([0.1]),
        "inconclusive": lambda: paired([-2.5, 1.0, -1.5, 0.5, -0.5]),
        "one_data_set": lambda: paired(level) + paired(level, signal="random"),
        "several": lambda: small_run,
        "texts": lambda: small_run,
        "hostile": lambda: [
            replace(row, class_names=(HOSTILE, "</script><img src=x onerror=alert(1)>"))
            for row in paired(level, **hostile) + paired(level, **hostile, rate=0.3)
        ],
        "planted": planted,
        "many": many,
    }


@pytest.fixture(scope="module")
def page_of(kinds, dropped, tmp_path_factory):
    """Writes the page of a kind of run, once; its path."""
    folder = tmp_path_factory.mktemp("pages")

    def write(kind):
        path = folder / f"{kind}.html"
        if not path.exists():
            more = {"dropped": dropped} if kind == "texts" else {}
            path.write_text(build_report(distinct(kinds[kind]()), name=kind, **more))
        return path

    return write


def draw_all(page):
    """Scroll to every figure, as a reader does."""
    for figure in page.query_selector_all(".figure"):
        figure.scroll_into_view_if_needed()
        page.wait_for_selector(f"#{figure.get_attribute('id')} svg.main-svg")


def table_of(page, figure):
    """The rows of the table under a figure, heads first."""
    page.click(f"details.table[data-figure={figure}] > summary")
    page.wait_for_selector(f"details.table[data-figure={figure}] td")
    lines = page.query_selector_all(f"details.table[data-figure={figure}] tr")
    return [[cell.inner_text() for cell in line.query_selector_all("th, td")] for line in lines]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_draws_all_and_asks_nobody(kind, page_of, opened):
    path = page_of(kind)
    page = opened(path)
    draw_all(page)
    assert page.log == [path.as_uri()]
    figures = page.query_selector_all(".figure")
    assert bool(figures) == (kind != "empty")
    assert all(figure.get_attribute("aria-label") for figure in figures)
    assert not page.query_selector_all("a.modebar-btn")


@pytest.mark.parametrize(
    ("kind", "theme"),
    [
        ("texts", "light"), ("texts", "dark"), ("hostile", "light"), ("inconclusive", "dark"),
        ("one_seed", "light"), ("empty", "light"), ("planted", "dark"),
    ],
)  # fmt: skip
def test_a_page_keeps_the_rules_of_accessibility(kind, theme, page_of, opened, axe):
    page = opened(page_of(kind), color_scheme=theme, bypass_csp=True)
    draw_all(page)
    for closed in page.query_selector_all("details:not([open]) > summary"):
        closed.click()
    page.evaluate(axe)
    found = page.evaluate("(rules) => axe.run({runOnly: rules})", AXE_RULES)
    broken = [
        (rule["id"], node["html"][:200]) for rule in found["violations"] for node in rule["nodes"]
    ]
    assert broken == [] and found["passes"]


@pytest.mark.parametrize(("theme", "width"), [("light", 1300), ("dark", 400)])
def test_pruned_files_keep_the_rules_of_accessibility(
    confirmed, written, tmp_path, opened, axe, theme, width
):
    seen = confirmed()
    files = (written(seen), written(seen, warrant=None, anyway=True, out="/long" * 60))
    path = tmp_path / "report.html"
    path.write_text(render(replace(seen, pruned=files)))
    page = opened(path, color_scheme=theme, bypass_csp=True)
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(axe)
    for section in ("#pruned", "#answer"):
        found = page.evaluate(f"axe.run('{section}')")
        assert [rule["id"] for rule in found["violations"]] == [] and found["passes"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_numbers_on_the_page_are_those_of_the_csv(page_of, opened, small_run):
    held = csv.DictReader(short_csv(study(small_run), "envelope"))
    asked = [row for row in held if row["dataset"] == "imdb" and row["signal"] == "keep_one"]
    page = opened(page_of("several"))
    page.select_option("#pick-envelope", label="imdb · Keep one (global)")
    head, *rows = table_of(page, "envelope")
    shown = [dict(zip(head, row, strict=True)) for row in rows]

    def seen(row, name):
        return float(row[name].replace("−", "-"))

    assert len(shown) == len(asked) == 2
    for one, other in zip(shown, asked, strict=True):
        for head, column in (("mean pp", "delta"), ("low pp", "low"), ("high pp", "high")):
            assert seen(one, head) == pytest.approx(float(other[column]), abs=0.0006)
        assert one["verdict"] == other["verdict"]


def test_the_envelope_is_saved_as_the_csv_beside_the_page(page_of, opened, small_run):
    page = opened(page_of("several"))
    with page.expect_download() as saved:
        page.click("#save-envelope")
    text = Path(saved.value.path()).read_text(encoding="utf-8-sig")
    assert text.splitlines() == short_csv(study(small_run), "envelope")


def test_trials_are_filtered_sorted_and_saved_as_shown(page_of, opened, small_run):
    page = opened(page_of("several"))
    page.fill("#search", "imdb random 30%")
    assert page.inner_text("#count") == "5 trials, page 1 of 1"
    page.click("#all-trials th:has-text('seed') button")
    page.click("#all-trials th:has-text('seed') button")
    heads = [head.inner_text().strip(" ↓↑") for head in page.query_selector_all("#all-trials th")]
    column = heads.index("seed") + 1
    assert page.get_attribute(f"#all-trials th:nth-child({column})", "aria-sort") == "descending"
    cells = page.query_selector_all(f"#all-trials td:nth-child({column})")
    assert [cell.inner_text() for cell in cells] == ["5", "4", "3", "2", "1"]
    with page.expect_download() as saved:
        page.click("#save-trials")
    text = Path(saved.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["seed"] for row in rows] == ["5", "4", "3", "2", "1"]
    assert {row["dataset"] for row in rows} == {"imdb"}
    assert list(rows[0]) == list(COLUMNS["trials"])


def test_a_filter_nothing_matches_says_so(page_of, opened):
    page = opened(page_of("several"))
    page.fill("#search", "nosuchtrial")
    assert "no trial matches" in page.inner_text("#all-trials")


def test_all_trials_of_a_large_run_can_be_paged_and_saved(page_of, opened):
    page = opened(page_of("many"))
    assert page.inner_text("#count") == "10080 trials, page 1 of 202"
    page.click("#forth")
    assert page.inner_text("#count") == "10080 trials, page 2 of 202"
    with page.expect_download() as saved:
        page.click("#save-trials")
    assert Path(saved.value.path()).read_text(encoding="utf-8").count("\n") == 10081


def test_a_link_opens_the_variant_it_names(page_of, opened):
    path = page_of("several")
    page = opened(path)
    keys = [one.get_attribute("value") for one in page.query_selector_all("#pick-signals option")]
    page.select_option("#pick-signals", keys[-1])
    link = page.evaluate("location.hash")
    again = opened(path, link)
    assert again.input_value("#pick-signals") == keys[-1] != keys[0]
    again.wait_for_selector("#figure-signals svg.main-svg")


def test_the_theme_changes_the_page_and_its_figures(page_of, opened):
    page = opened(page_of("several"), color_scheme="light")
    draw_all(page)

    def colours():
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return background, page.evaluate(
            "getComputedStyle(document.querySelector('#figure-signals .xtick text')).fill"
        )

    light = colours()
    page.click("#theme")
    dark = colours()
    assert light[0] != dark[0] and light[1] != dark[1]
    page.click("#theme")
    assert colours() == light


def test_the_button_beside_the_next_command_copies_it(confirmed, tmp_path, opened):
    (tmp_path / "options.json").write_text("{}")
    path = tmp_path / "report.html"
    path.write_text(render(replace(confirmed(), folder=tmp_path)))
    page = opened(path, permissions=["clipboard-read", "clipboard-write"])
    page.click(".answer .next button")
    page.wait_for_selector(".answer .next button:text('Copied')")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"prune-envelope prune PATH/TO/{tmp_path.name} made-pruned"


def test_every_control_is_reached_by_the_keyboard(page_of, opened):
    page = opened(page_of("several"))
    reached = set()
    # Every cell of the board is a stop before the trials' own field.
    for _ in range(400):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        if "search" in reached:
            break
    wanted = {"save-trials", "save-envelope", "theme", "print", "search", "forth", "SUMMARY"}
    assert wanted - {"forth"} <= reached  # there is one page of trials: forth is disabled
    assert {f"pick-{name}" for name in ("envelope", "signals", "retention")} <= reached


def test_print_shows_figures_in_light_within_a_sheet(page_of, opened):
    page = opened(page_of("several"), color_scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    boxes = [box.bounding_box() for box in page.query_selector_all(".figure svg.main-svg")]
    assert boxes and max(box["width"] for box in boxes) <= 690
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.is_visible("nav") and not page.is_visible("#pick-envelope")
    assert page.is_visible("#envelope .chosen") and page.is_visible("#method dl")


def test_every_section_has_one_heading_that_links_to_itself(page_of, opened):
    page = opened(page_of("texts"))
    for section in page.query_selector_all("section:not(#answer)"):
        (link,) = section.query_selector_all("h2 a")
        assert link.get_attribute("href") == "#" + section.get_attribute("id")


@pytest.mark.parametrize("kind", ["several", "hostile", "planted"])
def test_a_narrow_page_never_scrolls_sideways_as_a_whole(kind, page_of, opened):
    page = opened(page_of(kind))
    page.set_viewport_size({"width": 400, "height": 800})
    draw_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_hostile_names_are_drawn_as_they_are(page_of, opened):
    page = opened(page_of("hostile"))
    draw_all(page)
    assert HOSTILE in page.inner_text("#answer")
    # A long name is cut in its middle.
    assert "<script>alert('" in page.inner_text("#figure-retention")
    assert page.evaluate("document.querySelectorAll('main script, main img').length") == 0


def test_ten_thousand_trials_make_a_page_of_at_most_8_mb(page_of):
    assert page_of("many").stat().st_size < 8e6


def test_a_thousand_trials_make_a_page_of_at_most_6_mb(kinds):
    thousand = distinct(kinds["many"]())[:1000]
    assert len(build_report(thousand).encode()) < 6e6


def test_what_each_method_found_is_read_beside_its_name_on_a_narrow_page(page_of, opened):
    page = opened(page_of("planted"))
    page.set_viewport_size({"width": 400, "height": 800})
    panel = page.query_selector("#planted .scroll")
    panel.evaluate("node => { node.scrollIntoView(); node.scrollLeft = 170; }")
    name = panel.query_selector("tbody th").bounding_box()
    assert name["x"] == panel.bounding_box()["x"] and name["width"] < 200
    place = [name["x"] + 4, name["y"] + 12]
    on_top = page.evaluate("([x, y]) => document.elementFromPoint(x, y).tagName", place)
    assert on_top == "TH"


def test_what_each_method_found_fits_a_printed_sheet(page_of, opened):
    page = opened(page_of("planted"))
    page.set_viewport_size({"width": 690, "height": 900})
    page.emulate_media(media="print")
    assert page.query_selector("#planted table").bounding_box()["width"] <= 690
