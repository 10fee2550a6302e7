import json
from dataclasses import replace
from itertools import pairwise

import plotly.graph_objects as go
import pytest

from analysis.methods import condition_of
from analysis.page.figures import FIGURES
from analysis.page.figures.agree import agree_data, agree_figure
from analysis.page.figures.breakeven import break_even_data, break_even_figure
from analysis.page.figures.envelope import envelope_figure
from analysis.page.figures.heatmap import stepped_colors
from analysis.page.figures.marks import markers
from analysis.page.figures.pareto import pareto_data
from analysis.page.figures.rate_lines import by_dataset_data
from analysis.page.figures.retention import retention_data, retention_figure
from analysis.page.figures.signals import signals_data, signals_figure
from analysis.page.figures.squares import envelope_data
from analysis.page.figures.style import DARK, PanelGrid, warmup_lines
from analysis.page.figures.subjects import headlines, opens_on
from analysis.study import study
from analysis.verdicts import average
from analysis.wording import method_labels
from trainables.result import TrainingCurve

# Whole numbers of the 1,000 test examples; their mean is -0.28.
D = [-0.1, -0.4, -0.2, -0.6, -0.1]


@pytest.fixture
def wide_run(small_run, paired):
    """A run with something to show in every figure: also trials that start afresh at three sizes."""
    afresh = {"protocol": "restart", "signal": "random"}
    rows = small_run + paired(D, rate=0.1, **afresh) + paired(D, rate=0.3, **afresh)
    return list({row.spec.result_key: row for row in rows}.values())


@pytest.fixture
def looked_at(pruned):
    """A full-data run, looked at twice on eight held-out rows."""
    return TrainingCurve(
        spec=pruned().baseline, epochs=(1.0, 3.0), right=b"\xf0\xff", n_held=8, n_train=30
    )


def afresh(rows):
    """The rows as if every pruned trial had started afresh."""
    own = {True: {}, False: {"protocol": "restart"}}
    return [replace(r, spec=replace(r.spec, **own[r.spec.is_baseline])) for r in rows]


@pytest.fixture
def crowd(paired):
    """Twenty methods and random in one data set."""
    rows = paired(D, signal="random")
    for i in range(20):
        rows += paired([delta + i / 100 for delta in D], signal=f"signal_{i}")
    return study(afresh({row.spec.result_key: row for row in rows}.values()))


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_every_variant_is_a_figure_plotly_knows(figure, wide_run, dropped, looked_at):
    for data in figure.data(study(wide_run, dropped=dropped, curves=[looked_at])):
        go.Figure(figure.draw(data))


@pytest.fixture
def seen_for(wide_run, sized_run, dropped, looked_at):
    """A run that has what a figure shows."""

    def find(name):
        if name == "frontier":
            return study(*sized_run)
        return study(wide_run, dropped=dropped, curves=[looked_at])

    return find


@pytest.mark.parametrize("name", FIGURES)
def test_every_variant_is_plain_json_of_its_own_key(name, seen_for):
    found = FIGURES[name].data(seen_for(name))
    json.dumps([FIGURES[name].draw(data) for data in found], allow_nan=False)
    assert len({data.key for data in found}) == len(found) > 0


@pytest.mark.parametrize("name", FIGURES)
def test_every_table_is_plain_json_of_full_rows(name, seen_for):
    for data in FIGURES[name].data(seen_for(name)):
        json.dumps(data.table.rows, allow_nan=False)
        assert {len(row) for row in data.table.rows} == {len(data.table.columns)}


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_without_trials_there_is_nothing_to_draw(figure):
    assert figure.data(study([])) == []


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_names_are_shown_and_not_obeyed(figure, paired):
    rows = paired(D, dataset="<b>x</b>") + paired(D, dataset="<b>x</b>", signal="random")
    rows = [replace(row, class_names=("<i>a</i>", "b")) for row in rows]
    drawn = json.dumps([figure.draw(data) for data in figure.data(study(rows))])
    assert "<b>x</b>" not in drawn and "<i>a</i>" not in drawn


def test_the_envelope_holds_the_worked_example(paired):
    data, _ = envelope_data(study(paired(D)))
    verdict = data.squares[0.15, 0.1].verdict
    assert (verdict.mean, verdict.verdict) == (pytest.approx(-0.28), "within")


def test_the_average_comes_first_and_counts_data_sets_alike(small_run):
    seen = study(small_run)
    data = envelope_data(seen)[0]
    rows = [r for r in seen.rows if r.cell.condition.signal == "redundancy"]
    rates = [r.verdict for r in rows if r.cell.condition.rate == 0.1]
    assert data.label == "Average over 2 data sets · Redundancy (global)"
    assert data.squares[0.15, 0.1].verdict == average(rates)


def test_a_condition_missing_on_one_data_set_has_no_average(paired):
    rows = paired(D) + paired(D, dataset="other", data_sha="o" * 64)
    rows += paired(D, rate=0.2) + paired(D, rate=0.2, warmup=0.25)
    rows += paired(D, rate=0.2, warmup=0.25, dataset="other", data_sha="o" * 64)
    rows = list({row.spec.result_key: row for row in rows}.values())
    square = envelope_data(study(rows))[0].squares[0.15, 0.2]
    assert (square.verdict, square.note) == (None, "not measured on other")


def test_squares_show_mark_mean_and_interval(paired):
    trace = envelope_figure(envelope_data(study(paired(D)))[0])["data"][0]
    assert trace["z"] == [[pytest.approx(-0.28)]]
    assert all(part in trace["text"][0][0] for part in ("✓", "−0.28", "[−0."))


def test_squares_with_missing_seeds_say_so(paired, result, pruned):
    rows = [*paired([0.1, 0.2]), result(pruned(3), 0.9)]
    text = envelope_figure(envelope_data(study(rows))[0])["data"][0]["text"][0][0]
    assert "2/3" in text


def test_the_outline_runs_around_the_squares_within(paired):
    rows = paired(D, rate=0.1) + paired([-0.1] * 5, rate=0.2)
    rows += paired([-3.0, -3.1, -2.9, -3.0, -3.0], rate=0.3)
    shapes = envelope_figure(envelope_data(study(rows))[0])["layout"]["shapes"]
    right = [s for s in shapes if s["x0"] == s["x1"] == 1.5]
    assert len(shapes) == 6 and len(right) == 1


def test_colours_step_at_the_tolerance():
    at = [place for place, _ in stepped_colors(1.0, 3.0)]
    assert at == pytest.approx([0, 1 / 3, 1 / 3, 1 / 2, 2 / 3, 2 / 3, 1])


def test_each_data_set_has_its_lines_and_seeds(small_run):
    data = by_dataset_data(study(small_run))[0]
    (line,) = data.panels["imdb"]
    dose = line.points[0]
    assert list(data.panels) == ["ag_news", "imdb"] and len(dose.delta) == 5
    assert dose.verdict.mean == pytest.approx(0.1)


def test_the_best_signal_at_a_rate_stands_first_and_random_last(small_run):
    data = signals_data(study(small_run))[0]
    assert [entry.method.signal for entry in data.entries["imdb"]] == [
        "keep_one", "redundancy", "random"
    ]  # fmt: skip
    assert data.entries["imdb"][1].comparison.mean == pytest.approx(0.3)


def test_the_forest_writes_the_finding_at_each_row(paired):
    rows = paired(D) + paired([delta - 2 for delta in D], signal="random")
    rows += paired([delta - 1.9 for delta in D], signal="keep_one")
    notes = signals_figure(signals_data(study(rows))[0])["layout"]["annotations"]
    texts = [note["text"] for note in notes]
    assert "<b>+2.00 better</b>" in texts and "control" in texts
    # 0.1 pp is one of the 1,000 test examples: nothing is shown by it.
    assert not any("+0.10" in text and "better" in text for text in texts)


def test_no_two_methods_are_drawn_alike_in_the_legend_of_retention(paired):
    arms = [(signal, cut) for signal in ("redundancy", "el2n") for cut in ("global", "stratified")]
    rows = [row for signal, cut in arms for row in paired(D, signal=signal, selector=cut)]
    for data in retention_data(study({row.spec.result_key: row for row in rows}.values())):
        shown = [one for one in retention_figure(data)["data"] if one.get("showlegend", True)]
        looks = {(one["marker"]["color"], one["marker"].get("symbol", "bar")) for one in shown}
        assert len(looks) == len(shown) == 4
        assert len({symbol for _, symbol in looks}) == 4


def test_retention_orders_classes_by_who_loses_most(result, pruned):
    rows = [result(pruned().baseline, 0.9), result(pruned(), 0.9, kept_counts=(380, 520))]
    (data,) = retention_data(study(rows))
    drawn = retention_figure(data)["data"][0]
    assert drawn["x"] == pytest.approx([520 / 6 - 90, 5.0])
    assert "positive loses most against its share, −3.3 pp" in data.caption


def test_a_method_by_class_is_drawn_open(pruned):
    method = condition_of(pruned(selector="stratified")).method
    assert markers({method: "one"})[method].symbol == "circle-open"


def test_no_two_of_sixty_methods_by_two_models_are_drawn_alike(pruned):
    names = ("redundancy", "el2n", "random", *(f"new_{i}" for i in range(12)))
    specs = [
        pruned(signal=name, selector=cut, model=model, model_sha=model)
        for name in names
        for cut in ("global", "stratified")
        for model in ("tiny", "big")
    ]
    labels = method_labels(condition_of(spec).method for spec in specs)
    drawn = {(one.color, one.symbol) for one in markers(labels).values()}
    assert len(drawn) == len(labels) == 60


def test_the_longest_warm_up_is_the_boldest_line():
    lines = warmup_lines([0.05, 0.25])
    assert lines[0.25] == ("#0B2F5E", "solid", 3) and lines[0.05][1] == "dash"


@pytest.mark.parametrize("n", [1, 2, 6, 14, 18, 40])
def test_panels_keep_their_size_and_never_overlap_whatever_their_number(n):
    grid = PanelGrid(n=n, high=200)
    places = grid.places
    assert [round((one.y[1] - one.y[0]) * grid.height) for one in places] == [200] * n
    rows = sorted({one.y for one in places}, reverse=True)
    assert all(above[0] > below[1] for above, below in pairwise(rows))
    assert min(one.y[0] for one in places) == pytest.approx(0)


def test_every_colour_of_a_line_has_a_dark_twin(small_run):
    used = {marker.color for marker in markers(study(small_run).methods).values()}
    assert used <= set(DARK)


def test_agreement_is_a_lower_triangle_by_two_measures(small_run, dropped):
    rho, overlap = agree_data(study(small_run, dropped=dropped))
    assert rho.names == ("Redundancy", "Keep one", "Random")
    assert rho.values == {(1, 0): 0.8, (2, 0): -0.01, (2, 1): None}
    assert set(overlap.values.values()) == {0.25}
    drawn = agree_figure(rho)["data"][0]
    assert drawn["z"] == [[0.8, None], [-0.01, None]]
    assert drawn["text"] == [["0.80", ""], ["−0.01", ""]]
    assert rho.table.rows[0] == ("Redundancy", "Keep one", 1000, 0.8, 0.25)


def test_compute_is_what_a_run_costs_with_its_part_of_the_scoring(small_run):
    (one,) = (d for d in pareto_data(study(small_run)) if d.label.startswith("imdb"))
    point = next(p for p in one.points if p.rate == 0.1)
    # 15 % warm-up, 90 % of the rest, and a pass of scoring: a ninth of a run of three epochs.
    assert point.compute == pytest.approx(100 * (0.15 + 0.85 * 0.9 + 1 / 9), abs=0.1)


def test_later_runs_on_the_survivors_stand_only_where_training_began_afresh(small_run):
    went_on = study(small_run)
    assert not break_even_data(went_on) and len(pareto_data(went_on)) == 2
    one, five, _ = (d for d in pareto_data(study(afresh(small_run))) if "imdb" in d.label)
    used = 0.85 * 0.9
    scored, again = ([p for p in d.points if p.method.signal != "random"] for d in (one, five))
    assert scored[0].compute > again[0].compute
    reused = next(p for p in again if p.rate == 0.1)
    assert reused.compute == pytest.approx(100 * (used + (0.15 + 1 / 9) / 5), abs=0.1)


def test_the_front_holds_what_no_other_beats_at_both(small_run):
    data = pareto_data(study(small_run))[0]
    for compute, mean in data.front:
        others = [(p.compute, p.mean) for p in data.points] + [(100.0, 0.0)]
        assert not [o for o in others if o[0] < compute and o[1] >= mean]
    assert data.front == tuple(sorted(data.front))


def test_what_is_far_dearer_than_a_full_run_is_counted_and_not_drawn(small_run):
    dear = []
    for row in small_run:
        phases = dict(row.phases)
        if "scoring" in phases and row.spec.signal == "keep_one":
            phases["scoring"] = replace(phases["scoring"], tokens=60_000)
        dear.append(replace(row, phases=phases))
    data = pareto_data(study(dear))[0]
    assert {p.label for p in data.points} - {p.label for p in data.shown} == {"Keep one (global)"}
    assert data.caption == " 2 dearer than 112% are in the table alone."


def test_scoring_pays_from_the_run_the_cost_model_says(small_run):
    data = break_even_data(study(afresh(small_run)))[0]
    assert data.label == "imdb · 10% removed after 15% warm-up" or "ag_news" in data.label
    rows = {row[0]: row for row in data.table.rows}
    used = 0.85 * 0.9
    scored, by_lot = rows["Keep one (global)"], rows["Random (global)"]
    assert scored[2] == pytest.approx(100 * (1 - used - (0.15 + 1 / 9) / 5), abs=0.06)
    assert by_lot[1:4] == pytest.approx([100 * (1 - used)] * 3, abs=0.06)
    assert (scored[-2], by_lot[-2]) == (2, 1)
    names = [trace["name"] for trace in break_even_figure(data)["data"]]
    assert names == [
        "Random (global), pays from run 1",
        "Keep one (global), Redundancy (global), pays from run 2",
    ]
    assert data.caption.startswith(" Keep one (global), Redundancy (global) share one line.")


@pytest.mark.parametrize("name", ["retention", "pareto", "breakeven"])
def test_a_crowd_is_drawn_with_eight_names_at_most_and_told_in_full(name, crowd):
    variants = FIGURES[name].data(crowd)
    for data in variants:
        drawn = FIGURES[name].draw(data)["data"]
        named = [trace for trace in drawn if trace.get("name") and trace.get("showlegend", True)]
        assert 1 < len(named) <= 8 + (name == "pareto")  # and the star of the full data
    first = variants[0].label.split(" · ")[0]
    labels = {v for d in variants if d.label.startswith(first) for r in d.table.rows for v in r[:2]}
    assert {f"Signal {i} (global)" for i in range(20)} <= labels


def test_where_every_condition_is_dearer_than_a_full_run_the_cheapest_are_drawn(small_run):
    data = next(d for d in pareto_data(study(small_run)) if d.label.startswith("imdb"))
    points = tuple(replace(p, compute=p.compute + 100) for p in data.points)
    dear = replace(data, points=points)
    assert dear.shown and dear.caption.startswith(" Every condition costs more than the full run.")


def test_two_classes_have_room_for_a_mark_of_each_method(crowd):
    frame = retention_data(crowd)[0]
    drawn = retention_figure(frame)["layout"]
    plot = drawn["height"] - drawn["margin"]["t"] - drawn["margin"]["b"]
    assert plot / len(frame.order) >= 14 * len(frame.by_method)


def test_a_class_without_a_name_is_called_empty(paired):
    rows = [replace(row, class_names=("", " ")) for row in paired(D)]
    (data,) = retention_data(study(rows))
    assert set(retention_figure(data)["layout"]["yaxis"]["ticktext"]) == {"(empty)", "(blank)"}
    assert "(empty)" in data.caption and {row[0] for row in data.table.rows} == {
        "(empty)",
        "(blank)",
    }


def test_a_panel_without_its_condition_says_so(paired):
    rows = [*paired(D), *paired(D, signal="keep_one", dataset="other", data_sha="o" * 64, rate=0.2)]
    drawn = signals_figure(signals_data(study(rows))[0])["layout"]["annotations"]
    assert [(one["text"], one["xref"]) for one in drawn if one["text"] == "not run"] == [
        ("not run", "x2 domain")
    ]


def test_a_method_that_a_data_set_lacks_says_so_in_its_row(paired):
    rows = [*paired(D), *paired(D, signal="keep_one", dataset="other", data_sha="o" * 64)]
    data = signals_data(study(rows))[0]
    drawn = signals_figure(data)["layout"]["annotations"]
    lacking = [(one["xref"], data.names[one["y"]]) for one in drawn if one["text"] == "not run"]
    assert lacking == [("x domain", "Keep one (global)"), ("x2 domain", "Redundancy (global)")]


@pytest.fixture
def headlined(paired):
    """Two data sets by two methods, two warm-ups and two rates: ag_news is answered by el2n, 30 % after 25 %."""
    rows = []
    for name in ("ag_news", "imdb"):
        for signal in ("el2n", "redundancy", "random"):
            for warmup in (0.05, 0.25):
                for rate in (0.1, 0.3):
                    best = (signal, warmup, rate) == ("el2n", 0.25, 0.3) or rate == 0.1
                    delta = [(0.4 if signal == "el2n" else 0.0) - (0 if best else 5) + d for d in D]
                    rows += afresh(
                        paired(
                            delta,
                            dataset=name,
                            data_sha=name * 9,
                            signal=signal,
                            warmup=warmup,
                            rate=rate,
                        )
                    )
    return study({row.spec.result_key: row for row in rows}.values())


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("envelope", "ag_news|EL2N (global)"),
        ("by_dataset", "EL2N (global)"),
        ("signals", "30%|25%"),
        ("contrasts", "ag_news|arms|30% removed after 25% warm-up"),
        ("retention", "ag_news|30%|25%"),
        ("causes", "ag_news|30%|25%"),
        ("pareto", "ag_news|1"),
        ("breakeven", "ag_news|30%|25%"),
    ],
)
def test_every_figure_opens_on_the_condition_of_the_first_answer(name, key, headlined):
    (condition, *_) = headlines(headlined).values()
    assert (condition.signal, condition.warmup, condition.rate) == ("el2n", 0.25, 0.3)
    frames = FIGURES[name].data(headlined)
    assert frames[opens_on(frames, condition)].key == key


@pytest.mark.parametrize("name", ["retention", "pareto", "breakeven"])
def test_no_two_marks_of_one_legend_share_a_colour_or_a_shape(name, crowd):
    for data in FIGURES[name].data(crowd):
        drawn = FIGURES[name].draw(data)["data"]
        marks = [one["marker"] for one in drawn if one.get("name") and one.get("showlegend", True)]
        assert len({mark["symbol"] for mark in marks}) == len(marks)
        assert len({mark["color"] for mark in marks}) == len(marks)


def test_a_figure_opens_on_the_search_of_what_fresh_seeds_confirm(confirmed):
    (condition,) = headlines(confirmed()).values()
    assert (condition.signal, condition.kind) == ("made:signal_00", "pruned")


@pytest.mark.parametrize("name", ["retention", "causes"])
def test_a_caption_tells_of_the_method_of_its_own_data_sets_answer(name, headlined):
    assert {data.caption.split(":")[0] for data in FIGURES[name].data(headlined)} == {
        "EL2N (global)"
    }


def test_random_is_in_every_frame_of_a_crowd(crowd):
    frames = retention_data(crowd)
    assert len(frames) == 3
    assert all(any(method.is_control for method in data.by_method) for data in frames)


def test_what_is_too_dear_to_pay_soon_does_not_flatten_the_others(small_run):
    data = break_even_data(study(afresh(small_run)))[0]
    dear = {m: replace(cost, scoring=50.0) for m, cost in data.costs.items()}
    drawn = break_even_figure(replace(data, costs=dear))
    assert drawn["layout"]["yaxis"]["range"][0] == -60


def test_recall_stands_beside_the_bias_with_its_interval(paired):
    (data,) = retention_data(study(paired([-2.0, -1.0, -3.0])))
    bars, _, recall = retention_figure(data)["data"]
    assert (bars["type"], recall["xaxis"]) == ("bar", "x2")
    assert recall["x"] == pytest.approx([-2.0, -2.0])


def test_the_mean_alone_judges_where_it_is_asked_to_and_decides_all(paired):
    rows = paired([-2.5, 1.0, -1.5, 0.5, -0.5]) + paired([-2.5, 1.0, -1.5, 0.5, -4.0], rate=0.2)
    by_interval, by_mean = envelope_data(study(rows))
    words = [[square.word for square in one.squares.values()] for one in (by_interval, by_mean)]
    assert words == [["inconclusive", "inconclusive"], ["within", "outside"]]
    assert by_mean.group == "imdb, by the mean alone" and "luck of the seeds" in by_mean.caption
    text = envelope_figure(by_mean)["data"][0]["text"][0]
    assert "✓" in text[0] and "✗" in text[1] and "5 seeds" in text[0]
    assert [row[2] for row in by_mean.table.rows] == ["within", "outside"]
