"""What is said of an improvement and of a training that is not at its best, wherever it is said."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from analysis.page.answer_cards import cards
from analysis.page.figures.training import training_data
from analysis.page.render import render
from analysis.run_files import Plan
from analysis.study import study
from benchmarks.paired_runs import FULL, World, ladders, rows
from orchestrator.terminal.summary import summarise
from trainables.result import Phase, TrainingCurve

CALM = World(n=4000, run_sd=0.001, likeness=0.95)


def curve(*right, lr=FULL.training.lr, epochs=FULL.training.epochs, n=1000):
    """A run that gets so many of its held-out rows right at each look."""
    bits = np.arange(n) < np.array(right)[:, None]
    return TrainingCurve(
        spec=replace(FULL, training=replace(FULL.training, lr=lr, epochs=epochs)),
        epochs=tuple(epochs * (i + 1) / len(right) for i in range(len(right))),
        right=np.packbits(bits).tobytes(), n_held=n, n_train=4 * n,
        used=Phase(seconds=2.0, examples=4 * n * epochs + len(right) * n),
    )  # fmt: skip


FALLS, STANDS, RISES = (
    curve(900, 880, 860, 850),
    curve(900, 900, 900, 900),
    curve(700, 780, 860, 900),
)


def improved(sure=None, curves=(), tuned=None):
    """Two rates by one method that improves the model, and random, which does not.

    sure: For which shares of the removed and of the test rows the model is sure of another class.
    """
    specs = ladders(2, (0.1, 0.3), control=True)
    deltas = ((0, -0.4), (0.2, 0.9))
    pairs = [
        (replace(spec, protocol="restart"), delta / 100)
        for own, some in zip(specs, deltas, strict=True)
        for spec, delta in zip(own, some, strict=True)
    ]
    made = rows(np.random.default_rng(0), CALM, pairs, range(5))
    plan = Plan(tolerance=1.0, tuned=tuned or {})
    removed, test = sure or (None, None)
    told = [replace(row, removed_sure_other=removed, test_sure_other=test) for row in made]
    return study(told, plan, curves=curves)


def only(seen):
    (card,) = cards(seen)
    return card


@pytest.mark.parametrize(
    ("sure", "curves", "labels", "training"),
    [
        ((0.6, 0.02), [STANDS], "likely", "not shown"),
        ((0.3, 0.2), [FALLS], "not shown", "likely"),
        ((0.3, 0.2), [RISES], "not shown", "not shown"),
        (None, [], "not looked for", "not looked for"),
        ((0.6, 0.02), [FALLS], "likely", "likely"),
    ],
)
def test_an_improvement_names_its_two_usual_causes_and_which_the_rows_point_to(
    sure, curves, labels, training
):
    card = only(improved(sure, curves))
    assert card.headline == "Drop 30% of made by made:signal_00: accuracy improved."
    (told,) = (s for s in card.sentences if s.startswith("Two usual causes"))
    assert told.endswith(f"wrong labels ({labels}), or training past its best ({training}).")
    seen = [one.detail for one in card.facts if one.label == "Wrong labels among the removed"]
    assert len(seen) == bool(sure)
    if sure:
        share = 100 * 0.3 * sure[0]
        assert f"{share:.0f}% of the data, all removed, belong elsewhere" in seen[0]
        assert f"and {100 * sure[1]:.0f}% of test rows" in seen[0]


def test_hard_rows_are_not_called_wrong_where_the_test_rows_are_as_hard():
    """All of the 30% removed are hard, and so are as many of all test rows: the hard end of the data."""
    assert "wrong labels (not shown" in " ".join(only(improved((0.99, 0.31))).sentences)
    assert "wrong labels (likely" in " ".join(only(improved((0.99, 0.20))).sentences)


def test_wrong_labels_are_likely_only_beyond_what_so_few_rows_say_by_chance():
    """4,000 test rows and 300 of 1,000 removed: 30% of 10% against 2.7% is within chance, 1% is not."""
    assert "wrong labels (not shown" in " ".join(only(improved((0.1, 0.027))).sentences)
    assert "wrong labels (likely" in " ".join(only(improved((0.1, 0.010))).sentences)


@pytest.mark.parametrize(
    ("one", "start"), [(FALLS, "ends 5 points"), (RISES, "was still learning")]
)
def test_a_training_not_at_its_best_is_told_on_card_page_and_terminal(one, start):
    seen = improved((0.3, 0.2), [one])
    careful = only(seen).careful
    assert careful.startswith(f"Careful: with all rows the model {start}")
    text = StringIO()
    summarise(seen, Console(file=text, width=400))
    assert text.getvalue().count(careful) == 1
    assert f'<p class="careful" role="note">{careful}' in render(seen).replace("&#39;", "'")
    assert training_data(seen)[0].caption.endswith(careful)


def test_of_a_training_at_its_best_or_not_looked_at_nothing_is_told():
    assert only(improved((0.3, 0.2), [STANDS])).careful == only(improved((0.3, 0.2))).careful == ""


def test_a_curve_of_another_training_says_nothing_of_this_one():
    other = curve(900, 880, 860, 850, lr=0.1)
    assert only(improved((0.3, 0.2), [other])).careful == ""
    assert training_data(improved((0.3, 0.2), [other]))[0].chosen == frozenset()


def test_the_search_is_on_the_page_with_what_it_took():
    search = [curve(700, 800, lr=0.1), curve(600, 650, lr=1e-3, epochs=6), STANDS]
    (frame,) = training_data(improved((0.3, 0.2), search, tuned={FULL.data_sha: 8.0}))
    assert [row[-1] for row in frame.table.rows] == ["", "", "yes"]
    assert [row[3] for row in frame.table.rows] == [0.8, 0.65, 0.9]
    # 3 + 6 + 3 epochs of 4,000 rows and 2 + 2 + 4 looks at 1,000, a third each; a full run 15,000.
    assert "The search made 3 runs: 3.4 full runs of the training used, 6 s" in frame.caption


@pytest.mark.parametrize(
    ("curves", "tuned", "told"),
    [
        ([STANDS], {}, "Beside that 1 run looked at held-out rows, for 2 s."),
        (
            [STANDS, FALLS],
            {FULL.data_sha: 8.0},
            "Beside that 1 run looked at held-out rows in the search for its training, for 2 s.",
        ),
    ],
)
def test_what_the_looks_took_is_part_of_what_the_sweep_cost(curves, tuned, told):
    assert told in render(improved((0.3, 0.2), curves, tuned=tuned))


def test_where_no_run_was_looked_at_none_is_counted():
    assert "Beside that" not in render(improved((0.3, 0.2)))


def test_runs_of_no_search_are_not_called_one():
    """Two curves of one training by two seeds, as a run has whose first seed became another."""
    other = replace(STANDS, spec=replace(STANDS.spec, seed=5))
    (frame,) = training_data(improved((0.3, 0.2), [STANDS, other]))
    assert "search" not in frame.caption
