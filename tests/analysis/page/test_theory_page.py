import pytest

from analysis.frontier import frontiers
from analysis.page.figures.crossover import CrossoverData, SideBySide, crossover_figure
from analysis.page.figures.frontier import Axes, frontier_figure, frontier_variants
from analysis.page.figures.style import PageTable
from analysis.page.theory_page import TheoryPage, render_theory
from benchmarks.frontier import ALPHAS, PRUNED, WHOLE, binomial, family_of, theory

LABELS = {"hard": "the hardest", "easy": "the easiest", "random": "random"}


@pytest.fixture(scope="module")
def family():
    return family_of(theory, binomial(20_000), ("easy", "hard", "random"), sizes=ALPHAS, floor=0.0)


@pytest.fixture(scope="module")
def frames(family):
    curves = {(None, 1.0): [*WHOLE.items()]}
    curves |= {
        key: [(alpha * key[1], error) for alpha, error in zip(ALPHAS, errors, strict=True)]
        for key, errors in PRUNED.items()
    }
    return frontier_variants("toy", family, frontiers(family), LABELS, curves=curves)


@pytest.fixture(scope="module")
def crossing():
    hard, easy = ([*zip(ALPHAS, PRUNED[keep, 0.5], strict=True)] for keep in ("hard", "easy"))
    beside = [
        SideBySide(alpha=4, hard=0.14, easy=0.12, ratio=1.17, low=1.1, high=1.2),
        SideBySide(alpha=8, hard=0.06, easy=0.07, ratio=0.86, low=0.8, high=0.9),
    ]
    return CrossoverData(
        share=0.5, exact=5.05, hard=hard, easy=easy, whole=[*WHOLE.items()], simulated=beside
    )


def named(figure):
    return [trace["name"] for trace in figure["data"] if trace.get("showlegend", True)]


def test_each_method_but_random_has_a_frame_and_its_lines(frames):
    assert {frame.key for frame in frames} == {"toy|the hardest", "toy|the easiest"}
    drawn = named(frontier_figure(frames[0]))
    assert drawn == [
        "frontier", "random's frontier", "no pruning", "50% kept", "25% kept", "12.5% kept",
    ]  # fmt: skip


def test_the_outline_goes_through_the_least_errors(frames):
    (hard,) = [frame for frame in frames if frame.name == "the hardest"]
    outline = frontier_figure(hard)["data"][0]
    at_4 = dict(zip(outline["x"], outline["y"], strict=True))[4]
    assert at_4 == pytest.approx(0.0157, abs=0.001)


def test_without_an_exact_curve_the_runs_are_joined(family):
    frame, *_ = frontier_variants("", family, frontiers(family), LABELS)
    runs = [t for t in frontier_figure(frame)["data"] if t["name"].endswith("kept")]
    assert [trace["mode"] for trace in runs] == ["lines+markers"] * 3
    assert "toy" not in frame.label


def test_the_table_says_of_every_stretch_what_it_reads(frames):
    rows = [dict(zip(frames[0].table.columns, row, strict=True)) for row in frames[0].table.rows]
    reads = {(row["method"], row["from"]): row["reads"] for row in rows}
    assert reads["the hardest", 2] == "bends" and reads["the hardest", 8] == "not shown to bend"
    assert reads["the easiest", 16] == "nothing is pruned at its end"
    assert reads["random", 1] == "the control"


@pytest.mark.parametrize("rows", [200, 400])
def test_the_first_frame_is_that_of_the_method_which_the_sentence_names(rows):
    few = family_of(theory, binomial(rows), ("easy", "hard"), sizes=ALPHAS[:5], seeds=3)
    first, _ = frontier_variants("", few, frontiers(few), LABELS)
    assert f"the nearest to it is {first.name} " in first.caption


def test_an_axis_of_errors_has_numbers_though_they_span_a_few_per_cent_alone(frames):
    axis = frontier_figure(frames[0])["layout"]["yaxis"]
    # Ticks of our own at 1, 2 and 5 leave an axis from 11 to 17 % without one.
    assert axis["type"] == "log" and axis["tickformat"] == ".3~%" and "tickvals" not in axis


def test_a_loss_is_no_share(family):
    axes = Axes(what="log loss", is_share=False)
    frame, *_ = frontier_variants("", family, frontiers(family), LABELS, axes=axes)
    axis = frontier_figure(frame)["layout"]["yaxis"]
    assert axis["title"]["text"] == "log loss" and "ticktext" not in axis


def test_too_little_is_drawn_all_the_same_and_says_what_is_missing(family):
    two = family_of(theory, binomial(500), ("hard",), sizes=ALPHAS[:2], seeds=3)
    frame, *_ = frontier_variants("", two, frontiers(two), LABELS)
    assert "cannot be told" in frame.caption and frame.frontier is None
    assert named(frontier_figure(frame))[0] == "no pruning"


def test_both_arms_and_their_crossing_are_drawn(crossing):
    figure = crossover_figure(crossing)
    assert figure["layout"]["shapes"][0]["x0"] == 5.05
    assert named(figure) == ["no pruning", "the hardest kept", "the easiest kept"]
    assert "cross between 4 and 8" in crossing.caption


@pytest.mark.slow
@pytest.mark.parametrize(("theme", "width"), [("light", 1300), ("dark", 400)])
def test_the_page_draws_all_and_asks_nobody(frames, crossing, tmp_path, opened, axe, theme, width):
    table = PageTable(columns=("alpha", "accepted"), rows=(("2", "0.9 to 1 MISSED"),))
    page = TheoryPage(
        name="<b>theory</b>", sentences=("One.", "Two.", "Three."), settings="20 repetitions.",
        missed=1, frontier=frames, crossover=[crossing], accepted=table,
    )  # fmt: skip
    path = tmp_path / "report.html"
    path.write_text(render_theory(page), encoding="utf-8")
    shown = opened(path, color_scheme=theme, bypass_csp=True)
    shown.set_viewport_size({"width": width, "height": 800})
    for figure in shown.query_selector_all(".figure"):
        figure.scroll_into_view_if_needed()
        shown.wait_for_selector(f"#{figure.get_attribute('id')} svg.main-svg")
    shown.select_option("#pick-frontier", index=1)
    shown.click("details.table[data-figure=frontier] > summary")
    shown.wait_for_selector("details.table[data-figure=frontier] td")
    assert shown.log == [path.as_uri()]
    shown.evaluate(axe)
    found = shown.evaluate("axe.run()")
    assert [rule["id"] for rule in found["violations"]] == [] and found["passes"]
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
