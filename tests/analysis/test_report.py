import base64
import gzip
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from plotly.offline import get_plotlyjs
from typer.testing import CliRunner

from analysis.cover import Cover
from analysis.page.figures import FIGURES
from analysis.page.page_parts import as_island, script_hash
from analysis.page.render import render
from analysis.report import app, build_report, write_report
from analysis.run_files import Plan
from analysis.study import study
from trainables.records import read_parquet, to_json

HOSTILE = "<script>alert('x')</script> & \"Politics\""
D = [-0.10, -0.45, -0.20, -0.62, -0.05]


class Page(HTMLParser):
    """What a browser would see: tags, their attributes, scripts and words."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.words, self._inside = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, text):
        if self._inside == "script":
            attrs, before = self.scripts[-1]
            self.scripts[-1] = (attrs, before + text)
        elif self._inside != "style":
            self.words.append(text)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))

    @property
    def island(self):
        packed = next(s for attrs, s in self.scripts if attrs.get("id") == "data")
        return json.loads(gzip.decompress(base64.b64decode(packed)))

    @property
    def policy(self):
        return next(a["content"] for tag, a in self.tags if tag == "meta" and "http-equiv" in a)


@pytest.fixture(scope="module")
def invoke():
    return lambda *args: CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def run(tmp_path, small_run):
    """A run's folder."""
    (tmp_path / "trials").mkdir()
    for row in small_run:
        (tmp_path / "trials" / f"{row.spec.result_key}.json").write_text(to_json(row))
    return tmp_path


def test_a_run_gets_its_page_and_both_tables(run, small_run):
    assert write_report(run) == run / "report.html"
    assert sorted(read_parquet(run / "trials.parquet"), key=to_json) == sorted(
        small_run, key=to_json
    )
    assert (run / "envelope.csv").read_text().count("\n") == 13
    assert (run / "contrasts.csv").read_text().count("\n") > 13


def test_nothing_half_written_is_left_behind(run):
    write_report(run)
    names = {path.name for path in run.iterdir()}
    assert names == {
        "trials", "report.html", "verdicts.json", "envelope.csv", "contrasts.csv", "trials.parquet",
    }  # fmt: skip


def test_equal_rows_give_an_equal_page(small_run):
    assert build_report(small_run) == build_report(small_run[::-1])


def test_every_section_is_on_the_page(small_run):
    tags = Page(build_report(small_run)).tags
    sections = [attrs["id"] for tag, attrs in tags if tag == "section"]
    assert all(f"#{section}" in [a.get("href") for _, a in tags] for section in sections)
    assert sections == [
        "answer", "board", "sure", "otherwise", "retention", "causes", "examples", "signals", "envelope", "by_dataset", "contrasts", "pareto", "breakeven", "agree", "training", "compute", "trials", "method",
        "provenance",
    ]  # fmt: skip


def test_the_page_fetches_nothing(small_run):
    page = Page(build_report(small_run))
    links = [
        value
        for tag, attrs in page.tags
        for name, value in attrs.items()
        if name in ("src", "href", "action", "poster", "data")
        # What a reader may follow is fetched by nobody else.
        and not (tag == "a" and value.startswith("https://github.com/prune-envelope/"))
    ]
    assert links and all(link.startswith("#") for link in links)
    assert "connect-src 'none'" in page.policy and "default-src 'none'" in page.policy


def test_the_policy_allows_our_scripts_and_no_other(small_run):
    page = Page(build_report(small_run))
    ours = [text for attrs, text in page.scripts if attrs.get("type") != "application/gzip"]
    ours.insert(0, get_plotlyjs())
    allowed = re.findall(r"'(sha256-[^']+)'", page.policy)
    assert allowed == [script_hash(text) for text in ours]
    assert "unsafe-eval" not in page.policy


def test_nothing_can_be_uploaded_from_a_figure(small_run):
    scripts = (text for _, text in Page(build_report(small_run)).scripts)
    ours = "".join(text for text in scripts if text.startswith('"use strict"'))
    for setting in ("showSendToCloud: false", 'plotlyServerURL: ""', "displayModeBar: false"):
        assert setting in ours


def test_the_data_on_the_page_is_json(small_run):
    island = Page(build_report(small_run)).island
    assert set(island["figures"]) == set(FIGURES)
    assert len(island["trials"]["rows"]) == len(small_run)


def test_hostile_names_are_shown_and_not_run(paired):
    plain = Page(build_report(paired(D)))
    rows = [
        replace(row, class_names=(HOSTILE, "</script><img src=x onerror=alert(1)>"))
        for row in paired(D, dataset=HOSTILE, model=HOSTILE)
    ]
    page = Page(build_report(rows, Plan(notes=(HOSTILE,), command=HOSTILE), name=HOSTILE))
    assert HOSTILE in page.text
    assert len(page.scripts) == len(plain.scripts)
    assert not [tag for tag, _ in page.tags if tag == "img"]
    assert page.island["trials"]["rows"][0][1] == HOSTILE


def test_the_island_refuses_what_is_no_json():
    with pytest.raises(ValueError, match="Out of range"):
        as_island(float("nan"))


def test_an_empty_run_says_what_is_not_there_yet():
    text = Page(build_report([])).text
    assert "No trial has finished yet" in text and "no trials yet" in text
    assert "No finished pair (trial and baseline of the same seed) yet: 0 of 0 cells." in text


def test_one_seed_says_that_it_gives_no_interval(paired):
    assert "One seed gives no interval" in Page(build_report(paired([0.1]))).text


def test_all_inconclusive_says_what_is_closest(paired):
    text = Page(build_report(paired([-2.5, 1.0, -1.5, 0.5, -0.5]))).text
    assert (
        "Not decided: 10% of imdb" in text
        and "With the closest cut, by Redundancy, a training that turns to" in text
    )


def test_a_grid_without_control_is_told_so(paired):
    assert "No random control in this grid" in Page(build_report(paired(D))).text


def test_a_plan_not_yet_done_makes_the_page_partial(paired, pruned):
    plan = Plan(specs=tuple(pruned(seed) for seed in range(1, 4)), limited=True)
    text = Page(build_report(paired([0.1, 0.2]), plan)).text
    assert "partial · 4 of 5 trials" in text and "cut short" in text


def test_failures_are_listed_with_their_reason(paired, result, pruned):
    rows = [*paired([0.1, 0.2]), result(pruned(3), 0.9, status="failed", error="out of memory")]
    page = Page(build_report(rows))
    assert "out of memory" in page.text and "1 trial failed." in page.text


def test_warnings_of_rows_are_shown_once_with_their_count(paired):
    rows = [replace(row, warnings=("EL2N before one epoch.",)) for row in paired([0.1, 0.2])]
    assert "EL2N before one epoch. (4 trials)" in Page(build_report(rows)).text


def test_another_tolerance_judges_again(run, invoke):
    assert invoke(run, "--tolerance", "9").exit_code == 0
    assert "outside" not in (run / "envelope.csv").read_text()


def test_several_runs_make_one_page(run, invoke, tmp_path):
    other = run / "other"
    (other / "trials").mkdir(parents=True)
    page = run / "out" / "both.html"
    assert invoke(run, other, "--out", page).exit_code == 0
    assert page.exists() and (run / "out" / "envelope.csv").exists()


def test_several_runs_need_a_place_for_the_page(run, invoke):
    assert invoke(run, run).exit_code == 2


def test_what_is_no_run_ends_with_4_and_a_message(tmp_path, invoke):
    found = invoke(tmp_path / "nowhere")
    assert found.exit_code == 4
    assert found.stderr.startswith("error: ") and "Traceback" not in found.output


def test_the_command_line_loads_neither_torch_nor_ray_nor_plotly():
    code = (
        "import sys, analysis.report; "
        "print({'torch', 'ray', 'plotly', 'pandas'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def with_truth(rows, name="negative"):
    """The same rows, of a data set whose truth is known and whose first class is the smallest."""
    found = {
        "duplicates": 0.984, "duplicates_recall": 0.25, "wrong_labels": 0.004,
        "wrong_labels_recall": 0.0,
    }  # fmt: skip
    return [
        replace(row, found={} if row.spec.is_baseline else found, class_names=(name, "positive"))
        for row in rows
    ]


def test_what_was_planted_has_a_section_only_where_the_truth_is_known(paired):
    assert 'id="planted"' not in build_report(paired(D)) and 'id="planted"' not in build_report([])
    rows = with_truth(paired([-1.0, -3.0], signal="keep_one"))
    page = Page(build_report(rows, Plan(notes=("imdb: 9 rows copy another", "imdb: other"))))
    ids = [attrs["id"] for tag, attrs in page.tags if tag == "section"]
    assert ids[:5] == ["answer", "board", "sure", "otherwise", "planted"]
    assert "#planted" in [attrs.get("href") for tag, attrs in page.tags if tag == "a"]
    section = page.text[page.text.index("what each method found 9") :]
    assert section.startswith(
        "what each method found 9 rows copy another. Random was not run: what luck finds is not "
        "known. method 10% removed Keep one (global) spare copies 98% · wrong labels <1% "
        "negative: 360 of 400 stay, recall −2 points How much of all that was planted each cut removed "
        "method 10% removed Keep one (global) spare copies 25% · wrong labels 0% Shares are of"
    )


def test_names_of_what_was_planted_are_shown_and_not_run(paired):
    rows = with_truth(paired(D, dataset=HOSTILE), "<b>&x</b>")
    rows += with_truth(paired(D, dataset="<i>y</i>", data_sha="e" * 64), "<b>&x</b>")
    plain = build_report([replace(row, found={}) for row in rows])
    text = build_report(rows, Plan(notes=(f"{HOSTILE}: <u>planted</u>",)))
    page = Page(text)
    assert "<b>&x</b>: 360 of 400 stay" in page.text and "<u>planted</u>." in page.text
    # Of each data set one over its board, one over what was planted.
    assert [tag for tag, _ in page.tags].count("h3") == 4 and "<i>y</i>" in page.text
    assert len(page.scripts) == len(Page(plain).scripts)
    assert not [tag for tag, _ in page.tags if tag == "u"]
    assert "<b>&x" not in text


def test_what_chance_alone_does_has_a_section_only_where_it_was_run(paired):
    assert 'id="noise"' not in build_report(paired(D))
    null = {"signal": "null", "selector": "each_epoch", "rate": 0.0}
    rows = paired(D) + paired([0.1, -0.1, 0.1, 0.0, -0.1], **null)
    page = Page(build_report(list({row.spec.result_key: row for row in rows}.values())))
    assert "What chance alone does" in page.text
    assert re.search(r"15% 0\.00 \[−0\.\d\d, \+0\.\d\d\] 0\.10 5 seeds", page.text)
    assert "✓ within" in page.text


def test_removed_rows_stand_beside_the_nearest_that_stay_with_the_difference_marked(
    small_run, dropped
):
    page = build_report(small_run, dropped=dropped)
    text = Page(page).text
    assert "imdb · Redundancy (global) · 10% removed · the list of fresh seeds" in text
    assert "1,200 rows are removed. Of 201 of them a copy or near copy stays. Of 17 of them" in text
    assert "2 of 2 examples shown, of 1,200 rows removed" in text
    assert "✂ removed · positive · id id3 · row 103 · 1% of rows score lower" in text
    assert "stays · negative · id id7 · row 107 · another class · similarity 0.988" in text
    assert "<mark>very</mark>" in page
    # Texts are shown and not obeyed.
    assert "<b>indeed" not in page and "&lt;b&gt;indeed&lt;/b&gt;" in page
    assert "This page shows training texts" in text


def test_without_texts_the_rows_are_still_named(small_run, dropped):
    page = Page(build_report(small_run, dropped=dropped.without_texts()))
    assert "Their texts were left out on request." in page.text and "id id3" in page.text
    assert "no training text" in page.text
    assert {sample[3] for sample in page.island["dropped"]["samples"]} == {""}


def test_a_report_can_leave_the_texts_out(small_run, dropped, tmp_path, invoke):
    (tmp_path / "trials").mkdir()
    for row in small_run:
        (tmp_path / "trials" / f"{row.spec.result_key}.json").write_text(to_json(row))
    (tmp_path / "dropped.json").write_text(dropped.to_json())
    assert invoke(tmp_path).exit_code == 0
    page = (tmp_path / "report.html").read_text()
    assert "good film" in page and "a very good film" in json.dumps(Page(page).island)
    assert invoke(tmp_path, "--no-examples").exit_code == 0
    page = (tmp_path / "report.html").read_text()
    assert "good film" not in page and "good film" not in json.dumps(Page(page).island)


def test_a_broken_file_of_dropped_samples_is_refused_by_name(small_run, tmp_path, invoke):
    (tmp_path / "trials").mkdir()
    (tmp_path / "dropped.json").write_text('{"agreement": 1}')
    ended = invoke(tmp_path)
    assert ended.exit_code == 4
    assert "dropped.json: not what a sweep writes" in ended.output


def test_the_hosts_of_a_cluster_are_listed_with_their_trials(small_run):
    rows = [replace(row, host=f"w{i % 2 + 1}") for i, row in enumerate(small_run)]
    half = len(rows) // 2
    assert (
        f"w1 ({len(rows) - half} trials), w2 ({half} trials)"
        in Page(render(study(rows), cover=Cover(with_provenance=True))).text
    )


def test_a_title_and_notes_stand_on_top_as_plain_text(run, invoke):
    told = ["--title", f"Q3 {HOSTILE}", "--note", "For <b>you</b>", "--note", "Größe \u202e مرحبا"]
    invoke(run, *told)
    page = Page((run / "report.html").read_text(encoding="utf-8"))
    assert f"Q3 {HOSTILE}" in page.text and "For <b>you</b> Größe \\u202e مرحبا" in page.text
