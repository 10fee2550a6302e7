"""The filters of "What was dropped" in a browser, against the lists they choose from."""

import csv
import io
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from analysis.dropped_samples import Dropped, DroppedList, DroppedRow, DroppedSample
from analysis.page.render import render
from analysis.page.shared_words import shared_words, split_words
from analysis.study import study

pytestmark = pytest.mark.slow
HOSTILE = "<img src=x onerror=alert(1)>"
CLASSES = ("Billing", "Fraud", HOSTILE)
KEYS = ("dataset", "method", "removed", "list")


def made_lists(pruned):
    """Two data sets, two methods, two rates, two seeds and a list of fresh seeds, of short made texts."""
    rng = np.random.default_rng(1)
    samples = {
        sha: {
            row: DroppedSample(
                row=row + 1000,
                id=f"{name}-{row}" if row else "=HYPERLINK(1)",
                label=CLASSES[row % 3],
                text=" ".join(rng.choice(["to", "be", "or", "not", HOSTILE, '"x"', "a,b"], 8)),
            )
            for row in range(60)
        }
        for name, sha in (("imdb", "d" * 64), ("ag_news", "e" * 64))
    }

    def made(spec, n):
        rows = []
        for own, other in zip(*rng.choice(60, (2, n), replace=False), strict=True):
            survivor = None if own % 5 == 0 else int(other)
            similarity = None if survivor is None else float(rng.random())
            rows.append(
                DroppedRow(
                    int(own), survivor, similarity, round(float(rng.random()), 3), float(rng.random()),
                    "drawn by lot" if own % 2 else f"-lowest, {HOSTILE}", bool(own % 4),
                )
            )  # fmt: skip
        return DroppedList(
            spec=spec, dropped=1000 + n, survivor_kept=900, twin_survives=300, other_label=40,
            by_class={"Fraud": 300, "Billing": 700 + n, HOSTILE: 0}, rows=tuple(rows),
        )  # fmt: skip

    specs = [
        pruned(seed, rate, dataset=name, data_sha=sha, signal=signal)
        for name, sha in (("imdb", "d" * 64), ("ag_news", "e" * 64))
        for signal, rate, seed in product(("keep_one", "random"), (0.1, 0.3), (1, 2))
        # One condition was scored by one seed alone: choices depend on each other.
        if (signal, rate, seed) != ("random", 0.3, 2)
    ]
    fixed = replace(specs[0], protocol="restart", seed=901, scored_by=(1, 2))
    lists = [made(spec, 12) for spec in (*specs, fixed)]
    return Dropped(samples=samples, lists=tuple(lists))


@pytest.fixture(scope="module")
def seen(small_run, pruned):
    return study(small_run, name="a-run", dropped=made_lists(pruned))


@pytest.fixture(scope="module")
def path(seen, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    page = folder / "report.html"
    page.write_text(render(seen, folder))
    return page


@pytest.fixture(scope="module")
def kept_open(path, chromium):
    """One page for all tests that only choose and read."""
    context = chromium.new_context(viewport={"width": 1300, "height": 900})
    page = context.new_page()
    page.log = []
    page.on("request", lambda request: page.log.append(request.url))
    page.on("console", lambda said: page.log.append(said.text))
    page.on("pageerror", lambda error: page.log.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    yield page
    context.close()


@pytest.fixture
def page(kept_open):
    """That page as it was when it opened."""
    kept_open.evaluate(
        """() => {
          ["other", "alone"].forEach((name) => { byId("dropped-" + name).checked = false; });
          byId("dropped-search").value = byId("dropped-class").value = "";
          narrow(data.dropped.lists[data.dropped.first].names);
          showDropped();
        }"""
    )
    return kept_open


def shown(page):
    return [node.inner_text() for node in page.query_selector_all("#dropped-pairs > li")]


def choose(page, **wanted):
    for name in KEYS:
        if name in wanted:
            page.select_option(f"#dropped-{name}", label=wanted[name])


def rows_of(seen, page):
    """The rows of the list that is chosen, from what the page was made of."""
    names = tuple(page.input_value(f"#dropped-{name}") for name in KEYS)
    for one in seen.dropped.lists:
        spec = one.spec
        of = "the list of fresh seeds" if spec.kind == "fixed" else f"seed {spec.seed}"
        label = f"{spec.signal.replace('_', ' ').capitalize()} (global)"
        if names == (spec.dataset, label, f"{100 * spec.rate:g}%", of):
            return one, [
                (
                    row,
                    seen.dropped.sample(one, row.row),
                    None if row.survivor is None else seen.dropped.sample(one, row.survivor),
                )
                for row in one.rows
            ]
    raise AssertionError(names)


def test_without_a_script_the_first_list_is_shown_whole_and_the_same(path, opened):
    bare, page = opened(path, java_script_enabled=False), opened(path)
    assert shown(bare) == shown(page) and len(shown(page)) == 12
    assert (
        bare.inner_html("#dropped-pairs").count("<mark>")
        == page.inner_html("#dropped-pairs").count("<mark>")
        > 0
    )
    for name in ("title", "summary", "count"):
        assert bare.inner_text(f"#dropped-{name}") == page.inner_text(f"#dropped-{name}") != ""
    assert not bare.is_visible("#dropped-filter") and not bare.is_visible("#save-dropped")


def test_every_list_can_be_chosen_and_shows_its_own_rows(seen, path, page):
    found = set()
    for name in ("imdb", "ag_news"):
        choose(page, dataset=name)
        for method in ("Keep one (global)", "Random (global)"):
            choose(page, method=method)
            for rate in ("10%", "30%"):
                choose(page, removed=rate)
                for of in [o.inner_text() for o in page.query_selector_all("#dropped-list option")]:
                    choose(page, list=of)
                    one, rows = rows_of(seen, page)
                    found.add(one.spec.result_key)
                    assert [
                        f"id {sample.id}" in text
                        for text, (_, sample, _) in zip(shown(page), rows, strict=True)
                    ] == [True] * 12
                    assert (
                        page.inner_text("#dropped-count")
                        == "12 of 12 examples shown, of 1,012 rows removed"
                    )
    assert found == {one.spec.result_key for one in seen.dropped.lists}
    assert page.log == [path.as_uri()]


def test_a_choice_leaves_only_what_there_is_and_keeps_the_rest(path, page):
    choose(page, dataset="imdb", method="Keep one (global)", removed="30%", list="seed 2")
    choose(page, method="Random (global)")
    assert page.input_value("#dropped-removed") == "30%"
    assert [o.inner_text() for o in page.query_selector_all("#dropped-list option")] == ["seed 1"]
    choose(page, removed="10%")
    assert len(page.query_selector_all("#dropped-list option")) == 2


def test_the_filters_work_together(seen, path, page):
    choose(page, dataset="imdb", method="Keep one (global)", removed="10%", list="seed 1")
    _, rows = rows_of(seen, page)
    asked = product(("", "Fraud", HOSTILE), (False, True), (False, True), ("", "NOT be"))
    for label, other, alone, words in asked:
        page.select_option("#dropped-class", value=f"={label}" if label else "")
        page.set_checked("#dropped-other", other)
        page.set_checked("#dropped-alone", alone)
        page.fill("#dropped-search", words)
        wanted = [
            sample.id
            for row, sample, survivor in rows
            if (not label or sample.label == label)
            and (not other or (survivor is not None and survivor.label != sample.label))
            and (not alone or not row.twin_survives)
            and all(
                word
                in " ".join(
                    f"{s.row} {s.id} {s.label} {s.text}" for s in (sample, survivor) if s
                ).lower()
                for word in words.lower().split()
            )
        ]
        texts = shown(page)
        assert len(texts) == len(wanted)
        assert all(f"id {name} " in text for name, text in zip(wanted, texts, strict=True))
        assert page.inner_text("#dropped-count").startswith(f"{len(wanted)} of 12 examples shown")
        assert page.is_visible("#dropped-none") == (not wanted) == page.is_disabled("#save-dropped")


def test_what_is_shown_is_saved_as_a_csv_that_no_spreadsheet_runs(seen, page):
    choose(
        page,
        dataset="imdb",
        method="Keep one (global)",
        removed="10%",
        list="the list of fresh seeds",
    )
    page.fill("#dropped-search", "be")
    _, rows = rows_of(seen, page)
    with page.expect_download() as saved:
        page.click("#save-dropped")
    assert saved.value.suggested_filename == "a-run-removed.csv"
    text = Path(saved.value.path()).read_text(encoding="utf-8-sig")
    found = list(csv.DictReader(io.StringIO(text)))
    own = {sample.id: (row, sample, survivor) for row, sample, survivor in rows}
    assert len(found) == len(shown(page)) > 0
    for line in found:
        row, sample, survivor = own[line["id"].removeprefix("'")]
        assert (line["row"], line["class"], line["text"]) == (
            str(sample.row),
            sample.label,
            sample.text,
        )
        assert float(line["score"]) == row.score and line["reason"].removeprefix("'") == row.reason
        assert line["survivor_id"].removeprefix("'") == (survivor.id if survivor else "")
        assert line["twin_survives"] == str(row.twin_survives)
        assert all(cell[:1] not in ("=", "+", "-", "@") for cell in line.values())


def test_the_browser_marks_words_as_the_page_does(path, page):
    rng = np.random.default_rng(3)
    pairs = [
        [" ".join(rng.choice(list("abcde"), rng.integers(1, 15))) for _ in range(2)]
        for _ in range(30)
    ]
    found = page.evaluate(
        "(pairs) => pairs.map(([a, b]) => sharedWords(wordsOf(a), wordsOf(b)))", pairs
    )
    for texts, runs in zip(pairs, found, strict=True):
        mine, theirs = map(split_words, texts)
        assert runs == [[list(run) for run in own] for own in shared_words(mine, theirs)]


def test_texts_of_others_are_shown_and_not_obeyed(path, page):
    assert HOSTILE in page.inner_text("#dropped-pairs")
    assert not page.query_selector_all("#examples img") and page.log == [path.as_uri()]


def test_the_full_list_is_a_link_only_where_its_file_is(small_run, seen, tmp_path, opened):
    (tmp_path / "removed").mkdir()
    (tmp_path / "removed/a b.csv").write_text("row,id\n")
    first, second, *_ = seen.dropped.lists
    lists = (replace(first, file="removed/a b.csv"), replace(second, file="removed/lost.csv"))
    asked = replace(seen, folder=tmp_path, dropped=replace(seen.dropped, lists=lists))
    (tmp_path / "report.html").write_text(render(asked, tmp_path))
    page = opened(tmp_path / "report.html")
    choose(page, list="seed 1")
    assert page.inner_text("#dropped-file") == "All 1,012 removed rows as CSV"
    assert (
        page.evaluate("document.querySelector('#dropped-file').href")
        == (tmp_path / "removed/a b.csv").as_uri()
    )
    choose(page, list="seed 2")
    assert (
        not page.is_visible("#dropped-file") and page.get_attribute("#dropped-file", "href") is None
    )


@pytest.mark.parametrize(("theme", "width"), [("light", 1300), ("dark", 400)])
def test_the_section_keeps_the_rules_of_accessibility(path, opened, axe, theme, width):
    page = opened(path, color_scheme=theme, bypass_csp=True)
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(axe)
    for words in ("nothing is so", ""):
        page.fill("#dropped-search", words)
        found = page.evaluate("axe.run('#examples')")
        assert [rule["id"] for rule in found["violations"]] == [] and found["passes"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_filter_is_reached_by_the_keyboard(path, page):
    page.focus("#dropped-dataset")
    reached = []
    for _ in range(9):
        reached.append(page.evaluate("document.activeElement.id"))
        page.keyboard.press("Tab")
    wanted = ["dataset", "method", "removed", "list", "class", "search", "other", "alone"]
    assert reached == [*(f"dropped-{name}" for name in wanted), "save-dropped"]


def test_a_printed_page_shows_the_chosen_list_without_its_controls(path, opened):
    page = opened(path)
    choose(page, method="Random (global)")
    page.set_viewport_size({"width": 690, "height": 900})
    page.emulate_media(media="print")
    assert page.is_visible("#dropped-title") and "Random" in page.inner_text("#dropped-title")
    assert not page.is_visible("#dropped-filter") and not page.is_visible("#save-dropped")
    boxes = [node.bounding_box() for node in page.query_selector_all("#dropped-pairs > li")]
    assert len(boxes) == 12 and max(box["width"] for box in boxes) <= 690


RED = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElF"
    "TkSuQmCC"
)


def test_pictures_and_turns_are_shown_the_same_by_the_script(seen, tmp_path, opened):
    kinds = (
        {"kind": "image", "picture": RED, "text": ""},
        {"kind": "messages", "text": "user: to be\nassistant: or not"},
    )
    samples = {
        sha: {row: replace(one, **kinds[row % 3 > 0]) for row, one in rows.items()}
        for sha, rows in seen.dropped.samples.items()
    }
    path = tmp_path / "report.html"
    path.write_text(render(replace(seen, dropped=replace(seen.dropped, samples=samples))))
    inside = "nodes => nodes.map(node => [node.alt, node.src, node.naturalWidth, node.textContent.trim()])"
    bare, page = opened(path, java_script_enabled=False), opened(path)
    wanted = "#dropped-pairs img, #dropped-pairs .words"
    assert shown(bare) == shown(page)
    found = page.eval_on_selector_all(wanted, inside)
    assert found == bare.eval_on_selector_all(wanted, inside)
    assert {one[2] for one in found if one[0]} == {1} and any("\n" in one[3] for one in found)
