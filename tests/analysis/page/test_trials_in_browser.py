"""The table of all trials as a reader searches, opens and prints it; and the page without a script."""

import pytest

from analysis.report import build_report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def path(tmp_path_factory, small_run):
    page = tmp_path_factory.mktemp("trials") / "report.html"
    page.write_text(build_report(small_run, name="small"))
    return page


@pytest.fixture(scope="module")
def page(path, chromium):
    page = chromium.new_page(viewport={"width": 1300, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    yield page
    page.close()


def found(page, text):
    """Texts of the rows that a search finds, without the first 50's further pages."""
    page.fill("#search", text)
    lines = page.query_selector_all("#all-trials tbody tr")
    return [[cell.inner_text() for cell in line.query_selector_all("td")] for line in lines]


def column(page, rows, name):
    heads = [head.inner_text().strip(" ↓↑") for head in page.query_selector_all("#all-trials th")]
    return {row[heads.index(name)] for row in rows}


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("seed=3", "seed", {"3"}),
        ("seed >= 4 imdb", "seed", {"4", "5"}),
        ("removed=30%", "removed", {"30%"}),
        ("rate>10", "removed", {"30%"}),
        ('"data set"=imdb', "data set", {"imdb"}),
        ('"Keep one"', "method", {"Keep one (global)"}),
        ("within", "verdict", {"✓ within"}),
    ],
)
def test_a_search_finds_what_it_says(page, text, name, values):
    assert column(page, found(page, text), name) == values


def test_a_comparison_without_a_column_is_of_what_decides(page):
    some = min(map(float, column(page, found(page, "imdb"), "accuracy")))
    values = column(page, found(page, f">{some}"), "accuracy")
    assert values and min(map(float, values)) > some


def test_a_column_that_is_not_there_is_told_with_those_that_are(page):
    ((told,),) = found(page, "acuracy>0.9")
    assert told.startswith("There is no column “acuracy”. Columns: trial, data set, method")


def test_a_number_is_not_found_inside_another(page):
    page.fill("#search", "imdb 0%")
    assert column(page, found(page, "imdb 0%"), "removed") == {"0%"}


def test_a_link_fills_the_search_and_the_way_back_empties_it(page):
    page.fill("#search", "")
    page.evaluate("history.replaceState(null, '', '#answer')")
    page.evaluate("location.hash = '#trials=' + encodeURIComponent('imdb random 30%')")
    page.wait_for_function("document.getElementById('count').textContent.startsWith('5 trials')")
    page.go_back()
    page.wait_for_function("document.getElementById('search').value === ''")
    assert not page.inner_text("#count").startswith("5 trials")


def test_a_trial_opens_all_that_is_known_of_it(page):
    found(page, "imdb random 30% seed=2")
    page.focus("#all-trials td button")
    page.keyboard.press("Enter")
    told = page.inner_text("#all-trials .detail")
    assert "training_seconds" in told and "torch 2.13" in told and "kept" in told
    assert page.get_attribute("#all-trials td button", "aria-expanded") == "true"


def test_all_trials_and_all_that_is_folded_are_printed(page):
    page.fill("#search", "")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    count = len(page.query_selector_all("#all-trials tbody tr"))
    folded = page.query_selector_all("details:not([open], .table)")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert (page.inner_text("#count"), folded) == (
        f"{count} trials, page 1 of {-(-count // 50)}",
        [],
    )
    assert page.query_selector_all("#method details[open]") == []


def test_without_a_script_tables_are_read_and_nothing_dead_is_seen(path, opened, axe):
    page = opened(path, java_script_enabled=False)
    assert page.is_visible("#trials noscript table") and page.is_visible("#envelope noscript table")
    dead = page.query_selector_all("button, select, #search, .figure, details.table")
    assert dead and not any(one.is_visible() for one in dead)
    assert "No script runs here" in page.inner_text(".bar")
