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
    curve(800, 820, 840, 900),
)


def improved(wrong=None, curves=(), tuned=None):
    """Two rates by one method that improves the model, and random, which does not."""
    specs = ladders(2, (0.1, 0.3), control=True)
    deltas = ((0, -0.4), (0.2, 0.9))
    pairs = [
        (replace(spec, protocol="restart"), delta / 100)
        for own, some in zip(specs, deltas, strict=True)
        for spec, delta in zip(own, some, strict=True)
    ]
    made = rows(np.random.default_rng(0), CALM, pairs, range(5))
    plan = Plan(tolerance_pp=1.0, tuned=tuned or {})
    told = [replace(row, removed_wrong=None if row.spec.is_baseline else wrong) for row in made]
    return study(told, plan, curves=curves)


def only(seen):
    (card,) = cards(seen)
    return card


@pytest.mark.parametrize(
    ("wrong", "curves", "labels", "training"),
    [
        (0.9, [STANDS], "likely, look at them: trained without the removed rows", "not shown"),
        (0.3, [FALLS], "not shown: trained without the removed rows", "likely"),
        (0.3, [RISES], "not shown: trained", "not shown"),
        (None, [], "not looked for", "not looked for"),
        (0.9, [FALLS], "likely, look at them", "likely"),
    ],
)
def test_an_improvement_names_its_two_usual_causes_and_which_the_rows_point_to(
    wrong, curves, labels, training
):
    card = only(improved(wrong, curves))
    assert card.headline.endswith("accuracy improved.")
    (told,) = (s for s in card.sentences if s.startswith("Two usual causes"))
    assert f"wrong labels ({labels}" in told
    assert told.endswith(f"a full-data run past its best ({training}).")
    if wrong:
        assert f"gets {100 * wrong:.0f}% of them wrong, 14% of the test rows" in told


def test_rows_that_are_hard_but_right_are_not_called_wrong():
    """Half way from what the model gets wrong anyway, 14%, to all of them is 57%."""
    assert "wrong labels (not shown" in " ".join(only(improved(0.55)).sentences)
    assert "wrong labels (likely" in " ".join(only(improved(0.59)).sentences)


def test_a_card_with_all_of_it_is_no_longer_than_a_reader_reads():
    card = only(improved(0.9, [FALLS]))
    facts = (f"{fact.label} {fact.value} {fact.detail}" for fact in card.facts)
    words = " ".join([card.headline, *card.sentences, *facts]).split()
    assert len(words) <= 120
    assert len(card.careful.split()) <= 50


@pytest.mark.parametrize(
    ("one", "start"), [(FALLS, "ends 5 points"), (RISES, "was still learning")]
)
def test_a_training_not_at_its_best_is_told_on_card_page_and_terminal(one, start):
    seen = improved(0.3, [one])
    careful = only(seen).careful
    assert careful.startswith(f"Careful: with all rows the model {start}")
    text = StringIO()
    summarise(seen, Console(file=text, width=400))
    assert text.getvalue().count(careful) == 1
    assert f'<p class="careful" role="note">{careful}' in render(seen).replace("&#39;", "'")
    assert training_data(seen)[0].caption.endswith(careful)


def test_of_a_training_at_its_best_or_not_looked_at_nothing_is_told():
    assert only(improved(0.3, [STANDS])).careful == only(improved(0.3)).careful == ""


def test_a_curve_of_another_training_says_nothing_of_this_one():
    other = curve(900, 880, 860, 850, lr=0.1)
    assert only(improved(0.3, [other])).careful == ""
    assert training_data(improved(0.3, [other]))[0].chosen == frozenset()


def test_the_search_is_on_the_page_with_what_it_took():
    search = [curve(700, 800, lr=0.1), curve(600, 650, lr=1e-3, epochs=6), STANDS]
    (frame,) = training_data(improved(0.3, search, tuned={FULL.data_sha: 8.0}))
    assert [row[-1] for row in frame.table.rows] == ["", "", "yes"]
    assert [row[3] for row in frame.table.rows] == [0.8, 0.65, 0.9]
    # 3 + 6 + 3 epochs of 4,000 rows and 2 + 2 + 4 looks at 1,000, a third each; a full run 15,000.
    assert "The search made 3 runs: 3.4 full runs of the training used, 6 s" in frame.caption
