"""Rows made up around the study's own means, for every trial of its grids: the page shows exactly these."""

import base64
import gzip
import json
import math
import re
from dataclasses import replace
from functools import cache

import pytest

from analysis import matched
from analysis.frames import average as average_frame
from analysis.guards import Criterion, guard_of
from analysis.matched import averaged, is_imbalanced, matched_methods, plain_methods
from analysis.metrics import ACCURACY
from analysis.page.average_words import average_texts
from analysis.page.figures.by_dataset import by_dataset_figure
from analysis.page.figures.envelope import envelope_figure
from analysis.page.figures.rate_lines import by_dataset_data
from analysis.page.figures.squares import envelope_data
from analysis.page.prose import opening
from analysis.page.render import render
from analysis.study import study
from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS
from orchestrator.terminal.summary import verdict_table
from trainables.learners.pretrained import Model
from trainables.training_settings import Training

N_TEST = 10_000  # a test example is 0.01 pp
WARMUPS, RATES = (0.05, 0.15, 0.25), (0.1, 0.2, 0.3)
# The study's table: 10 % within on average everywhere, best at 15 %; 20 % nowhere; 30 % -1.95 to -3.04.
MEANS = dict(
    zip(
        [(warmup, rate) for rate in RATES for warmup in WARMUPS],
        (-0.44, -0.12, -0.37, -1.42, -1.21, -1.63, -3.04, -1.95, -2.51),
        strict=True,
    )
)
OFFSETS = {"imdb": 0.30, "ag_news": -0.10, "yahoo_answers_imbalanced": -0.20}
COUNTS = {"imdb": (500, 500), "ag_news": (500, 500), "yahoo_answers_imbalanced": (800, 200)}
STEPS = (-0.04, 0.04, -0.02, 0.0, 0.02)  # the seeds; of the first two and of all five the mean is 0


def true_pp(spec):
    """The mean change of a condition: the study's under the matched selector, else lower."""
    if spec.warmup == 0.1:  # of the selector figure, on one data set alone
        return -0.5
    matches = (spec.selector == "stratified") == (spec.dataset == "yahoo_answers_imbalanced")
    other = {"redundancy": 0.0, "redundancy_within_class": 0.0, "keep_one": -0.9, "random": -1.1}
    return MEANS[spec.warmup, spec.rate] + OFFSETS[spec.dataset] + other[spec.signal] - 0.7 * (not matches)  # fmt: skip


@pytest.fixture(scope="module")
def made(result):
    """Makes a finished run of a grid, every trial of it."""

    @cache
    def make(name):
        grid = GRIDS[name]
        names = {name for block in grid.blocks for name in block.datasets}
        specs = expand(grid, {one: one.ljust(64, "0") for one in names}, Model(learner="tiny", name="t", sha="t"))  # fmt: skip
        rows = []
        for spec in specs:
            counts = COUNTS[spec.dataset]
            delta = 0.0 if spec.is_baseline else true_pp(spec) + STEPS[grid.seeds.index(spec.seed)]
            rows.append(
                result(
                    spec, 0.9 + delta / 100, N_TEST, class_counts=counts,
                    kept_counts=tuple(round(n * (1 - spec.rate)) for n in counts),
                )
            )  # fmt: skip
        return tuple(rows)

    return make


@pytest.fixture(scope="module")
def seen(made):
    """The same, judged."""
    return cache(lambda name: study(made(name), name=name))


both_grids = pytest.mark.parametrize("grid", ["paper", "full"])


@both_grids
def test_the_first_heat_map_is_the_studys_table(grid, seen):
    first = envelope_data(seen(grid))[0]
    assert first.label == (
        "Average over 3 data sets, matched selector: Redundancy (global) or Redundancy within class (stratified)"
    )
    assert (first.warmups, first.rates) == (WARMUPS, RATES)
    shown = {at: square.verdict.mean for at, square in first.squares.items()}
    assert shown == {at: pytest.approx(mean, abs=1e-9) for at, mean in MEANS.items()}
    drawn = envelope_figure(first)["data"][0]
    numbers = [[re.search(r"[−+]\d\.\d\d", text)[0] for text in line] for line in drawn["text"]]
    assert numbers[1] == ["−0.12", "−1.21", "−1.95"]


@both_grids
def test_its_interval_is_of_the_data_sets_own_in_quadrature(grid, seen):
    one, *_ = matched_methods(seen(grid))
    for cell in averaged(seen(grid), one):
        low, high = zip(
            *(
                (row.verdict.mean - row.verdict.low, row.verdict.high - row.verdict.mean)
                for row in cell.rows.values()
            ),
            strict=True,
        )
        v = cell.verdict
        assert v.mean - v.low == pytest.approx(math.hypot(*low) / 3)
        assert v.high - v.mean == pytest.approx(math.hypot(*high) / 3)


@both_grids
def test_the_sentences_are_the_studys(grid, seen):
    (_, sentences), *_ = average_texts(seen(grid))
    for own, (rate, count, best, reach) in zip(
        sentences,
        (
            (10, 3, "best at 15% warm-up, −0.12 pp [", "means from −0.44 to −0.12."),
            (20, 0, "best at 15% warm-up, −1.21 pp [", "means from −1.63 to −1.21."),
            (30, 0, "best at 15% warm-up, −1.95 pp [", "means from −3.04 to −1.95."),
        ),
        strict=True,
    ):
        assert own.startswith(f"At {rate}%, {count} of 3 warm-ups are within 1 pp by the mean and ")
        assert best in own and own.endswith(reach)
    cells = averaged(seen(grid), matched_methods(seen(grid))[0])
    for sentence, rate in zip(sentences, RATES, strict=True):
        shown = sum(c.verdict.verdict == "within" for c in cells if c.rate == rate)
        assert f"by the mean and {shown} by the interval" in sentence


@both_grids
def test_the_first_chart_is_each_data_set_by_its_matched_selector_at_25_percent(grid, seen):
    first = by_dataset_data(seen(grid))[0]
    (lines,) = first.panels.values()
    shown = {line.name: [p.verdict.mean for p in line.points] for line in lines}
    expected = {
        "ag_news (global)": "ag_news",
        "imdb (global)": "imdb",
        "yahoo_answers_imbalanced (stratified)": "yahoo_answers_imbalanced",
    }
    assert {*shown} == {*expected}
    for name, dataset in expected.items():
        means = [MEANS[0.25, rate] + OFFSETS[dataset] for rate in RATES]
        assert shown[name] == pytest.approx(means, abs=1e-9)
    drawn = by_dataset_figure(first)["data"]
    assert [t["name"] for t in drawn if t.get("showlegend") and "name" in t] == list(shown)


@both_grids
def test_the_table_gives_each_part_and_their_mean(grid, seen):
    frame = average_frame(seen(grid))
    frame = frame[frame["average"].str.contains("within class") & frame["is_matched"]]
    parts, means = frame[frame["n_datasets"] == 1], frame[frame["n_datasets"] == 3]
    assert (len(parts), len(means)) == (27, 9)
    again = parts.groupby(["warmup", "rate"])["delta"].mean().to_dict()
    told = means.set_index(["warmup", "rate"])["delta"].to_dict()
    assert again == {at: pytest.approx(told[at]) for at in again} and {*again} == {*MEANS}


def test_the_page_of_the_study_shows_them(seen):
    page = render(seen("paper"))
    island = re.search(r'<script[^>]*id="data"[^>]*>([^<]+)<', page)
    values = json.loads(gzip.decompress(base64.b64decode(island[1])))
    first = next(one for one in values["figures"]["envelope"] if "Average" in one["label"])
    at = {(row[0], row[1]): row[3] for row in first["table"]["rows"]}
    assert at == {
        (f"{100 * warmup:g}%", f"{100 * rate:g}%"): mean for (warmup, rate), mean in MEANS.items()
    }
    assert "At 10%, 3 of 3 warm-ups are within 1 pp by the mean" in page
    assert values["figures"]["by_dataset"][0]["label"].startswith("All data sets after 25% warm-up")


def test_the_terminal_has_them_first(seen):
    table = verdict_table(seen("paper"))
    columns = [[*column.cells] for column in table.columns]
    assert columns[0][:4] == ["average over 3"] * 3 + ["ag_news"]
    assert [text.split(" [")[0] for text in columns[3][:3]] == ["? −0.44", "? −0.12", "? −0.37"]


def test_swapped_selectors_are_seen(made, monkeypatch):
    """The control: with the rule turned round the numbers are others, or there is no such chart."""
    monkeypatch.setattr(matched, "is_imbalanced", lambda counts: not is_imbalanced(counts))
    swapped = {name: study(made(name)) for name in ("paper", "full")}
    first = envelope_data(swapped["full"])[0]
    shown = {at: square.verdict.mean for at, square in first.squares.items()}
    assert shown == {at: pytest.approx(mean - 0.7, abs=1e-9) for at, mean in MEANS.items()}
    assert matched_methods(swapped["paper"]) == []
    assert not any("Average" in one.label for one in envelope_data(swapped["paper"]))


def test_a_rate_found_on_all_data_sets_by_matched_selectors_is_said_first(two_sets):
    """By neither selector alone: the even set passes globally, the uneven one by class."""
    rows = []
    for row in two_sets((-3.0, -3.1, -2.9, -3.0, -3.05)):
        matches = (row.spec.selector == "stratified") == (row.spec.dataset == "uneven")
        rows.append(
            replace(row, accuracy=0.9, correct=_RIGHT) if row.spec.rate and matches else row
        )
    texts = opening(study(rows), [])
    said = "On both data sets at once 10% can go by matched selector: EL2N (global) or EL2N (stratified)"
    assert any(text.startswith(said) for text in texts)
    assert any("No one cut" in text for text in opening(study(two_sets((-3.0, -3.1, -2.9))), []))


def test_random_has_its_matched_selector_behind_the_signals(seen):
    found = matched_methods(seen("full"))
    assert [one.is_control for one in found] == [False, True]
    (first, *_) = (cell.verdict.mean for cell in averaged(seen("full"), found[1]))
    assert first == pytest.approx(MEANS[0.05, 0.1] - 1.1)


@pytest.mark.parametrize(("counts", "is_so"), [
    ((100, 100), False), ((150, 100), False), ((151, 100), True), ((0, 100, 90), False), ((), False),
    ((0, 0), False), ((7,), False), ((400, 252, 159, 100), True),
])  # fmt: skip
def test_classes_are_imbalanced_where_the_largest_has_more_than_half_again_as_many(counts, is_so):
    assert is_imbalanced(counts) is is_so


@pytest.fixture
def two_sets(paired):
    """Makes two data sets, balanced and not, under a signal by both selectors."""

    def make(deltas=(0.1, 0.0, -0.1), *, selectors=("global", "stratified"), signal="el2n", **more):
        rows = []
        for name, counts in (("even", (500, 500)), ("uneven", (900, 100))):
            for selector in selectors:
                own = paired(
                    deltas, dataset=name, data_sha=name.ljust(64, "0"), signal=signal,
                    selector=selector, **more.get(name, {}),
                )  # fmt: skip
                rows += [replace(row, class_counts=counts) for row in own]
        return list({row.spec.result_key: row for row in rows}.values())

    return make


def test_any_signal_cut_both_ways_has_a_matched_selector(two_sets):
    (one,) = matched_methods(study(two_sets()))
    chosen = {source.dataset: method.selector for source, method in one.methods.items()}
    assert chosen == {"even": "global", "uneven": "stratified"}
    assert one.label == "matched selector: EL2N (global) or EL2N (stratified)"


def test_methods_that_differ_in_more_than_the_selector_are_not_matched(two_sets):
    rows = two_sets(selectors=("global",)) + two_sets(selectors=("stratified",), signal="aum")
    assert matched_methods(study(rows)) == []
    high = [
        replace(row, spec=replace(row.spec, prune="high"))
        if row.spec.selector == "stratified"
        else row
        for row in two_sets()
    ]
    assert matched_methods(study(high)) == []


def test_without_the_selector_that_a_data_set_asks_for_there_is_no_match(two_sets):
    rows = [
        row
        for row in two_sets()
        if (row.spec.dataset, row.spec.selector) != ("uneven", "stratified")
    ]
    assert matched_methods(study(rows)) == []


def test_where_all_data_sets_are_alike_the_plain_method_says_it(two_sets):
    rows = [replace(row, class_counts=(500, 500)) for row in two_sets()]
    seen = study(rows)
    assert matched_methods(seen) == []
    assert [head for head, _ in average_texts(seen)] == [
        "Average over 2 data sets by EL2N (global).",
        "Average over 2 data sets by EL2N (stratified).",
    ]


def test_rows_without_classes_have_no_matched_selector(two_sets):
    rows = [replace(row, class_counts=(), kept_counts=(), class_names=()) for row in two_sets()]
    assert matched_methods(study(rows)) == []


def test_a_training_of_its_own_does_not_part_a_method(two_sets):
    own = {"even": {"training": Training(epochs=4)}, "uneven": {"training": Training(epochs=9)}}
    seen = study(two_sets(selectors=("global",), **own))
    (one,) = plain_methods(seen)
    assert len(one.methods) == 2 and averaged(seen, one)[0].verdict.mean == pytest.approx(0.0)


def test_data_sets_with_one_warm_up_of_their_own_each_are_averaged_over_these(two_sets):
    """Where each training is searched, its epochs decide when an epoch has passed."""
    own = {"even": {"warmup": 0.25}, "uneven": {"warmup": 0.1}}
    seen = study(two_sets((-0.1, -0.2, -0.3), **own))
    (_, (sentence,)), *_ = average_texts(seen)
    assert sentence.startswith(
        "At 10% removed after each data set's own warm-up the mean is −0.20 pp ["
    )
    first = envelope_data(seen)[0]
    assert [row[:2] for row in first.table.rows] == [("own", "10%")]
    assert envelope_figure(first)["layout"]["yaxis"]["ticktext"] == ["own"]
    (lines,) = by_dataset_data(seen)[0].panels.values()
    assert [point.warmup for line in lines for point in line.points] == [0.25, 0.1]
    frame = average_frame(seen)
    assert frame["warmup"].tolist()[:2] == [0.25, 0.1] and frame["warmup"].isna().tolist()[2]
    assert verdict_table(seen).columns[2]._cells[0] == "own"


def test_of_several_warm_ups_only_shared_ones_are_averaged(two_sets):
    more = two_sets(even={"warmup": 0.25}, uneven={"warmup": 0.1})
    rows = list({row.spec.result_key: row for row in [*two_sets(), *more]}.values())
    seen = study(rows)
    cells = averaged(seen, matched_methods(seen)[0])
    assert [(cell.warmup, cell.rate) for cell in cells] == [(0.15, 0.1)]
    assert [*by_dataset_data(seen)[0].panels] == ["15% warm-up"]


def test_one_warm_up_is_told_without_counting(two_sets):
    ((head, (sentence,)),) = average_texts(study(two_sets((-0.1, -0.2, -0.3))))
    assert sentence.startswith("At 10% removed after 15% warm-up the mean is −0.20 pp [")
    assert "best" not in head


_RIGHT = bytes([255] * 112 + [240] + [0] * 12)  # 900 of 1,000, as the full-data runs


def _whole(seen):
    """The first matched average's verdict, and those of its parts."""
    (cell,) = averaged(seen, matched_methods(seen)[0])
    return cell.verdict, {row.verdict.verdict for row in cell.rows.values()}


def test_a_model_that_learned_nothing_keeps_the_mean_from_being_within(two_sets):
    rows = two_sets((0.0, 0.1, -0.1))
    assert _whole(study(rows))[0].verdict == "within"
    first_half = bytes([255] * 62 + [240] + [0] * 62)
    poor = [replace(row, test_counts=(500, 500), correct=first_half) for row in rows]
    verdict, parts = _whole(study(poor))
    assert (verdict.verdict, parts) == ("inconclusive", {"inconclusive"})
    assert verdict.low > -1 and not verdict.equivalent


def test_a_guard_that_does_not_hold_keeps_the_mean_from_being_within(two_sets):
    rows = [replace(row, test_counts=(500, 500)) for row in two_sets((0.0, 0.1, -0.1))]
    for margin, word in (("3", "within"), ("0.01", "inconclusive")):
        by = Criterion(guards=(guard_of(f"worst_class:{margin}", ACCURACY),))
        verdict, parts = _whole(study(rows, by=by))
        assert (verdict.verdict, parts) == (word, {word}) and verdict.low > -1
