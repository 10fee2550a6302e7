from dataclasses import replace

import numpy as np
import pytest

from analysis.class_shares import by_training_shares, share_gap
from analysis.page.answer_cards import cards
from analysis.readings import correct_bits
from analysis.study import study

NAMES = ("a", "b", "c")


def bits(*right, sizes):
    """Correct bits: of each class so many right, so many tested."""
    return np.packbits(
        np.concatenate([np.arange(n) < k for k, n in zip(right, sizes, strict=True)])
    )


def run(result, spec, right, *, tested=(400, 400, 400), trained=(700, 200, 100)):
    """A trial that is right on so many test rows of each class."""
    rows = result(
        spec, sum(right) / sum(tested), sum(tested), class_names=NAMES, class_counts=trained,
        kept_counts=tuple(round(n * (1 - spec.rate)) for n in trained), test_counts=tested,
        recall=tuple(k / n if n else float("nan") for k, n in zip(right, tested, strict=True)),
    )  # fmt: skip
    return replace(rows, correct=bits(*right, sizes=tested).tobytes())


@pytest.fixture
def made(result, pruned):
    """Makes a run of three seeds in which each class loses so many test rows."""

    def make(lost=(0, 20, 20), **more):
        rows = []
        tested = more.get("tested", (400, 400, 400))
        for seed in (1, 2, 3):
            spec = pruned(seed, 0.1)
            full = [round(0.9 * n) + (seed if n else 0) for n in tested]
            rows.append(run(result, spec.baseline, full, **more))
            left = [k - less for k, less in zip(full, lost, strict=True)]
            rows.append(run(result, spec, left, **more))
        return study(rows)

    return make


def _judged(seen):
    (row,) = seen.rows
    return by_training_shares(row.cell, tolerance=1.0, alpha=0.05)


def test_both_changes_are_the_classes_recalls_by_their_shares(made):
    """Recomputed from recalls alone: classes b and c lose 5 points each, of 3 in 10 training rows."""
    seen = made()
    found = _judged(seen)
    assert found.verdict.mean == pytest.approx(0.7 * 0 - 0.2 * 5 - 0.1 * 5)
    assert seen.rows[0].verdict.mean == pytest.approx(-100 * 40 / 1200)
    pairs = seen.rows[0].cell.pairs
    for value, arm in ((found.full, "baseline"), (found.pruned, "pruned")):
        recalls = np.mean([getattr(pair, arm).recall for pair in pairs], axis=0)
        assert value == pytest.approx(recalls @ [0.7, 0.2, 0.1])


def test_its_interval_is_that_of_recalls_with_fixed_class_sizes(made):
    """The variance by test rows, class by class, of the same losses in each seed."""
    found = _judged(made((0, 60, 60)))
    # A loss of 60 in 400 rows: the mean's variance is p (1 - p) / (n - 1) times the squared share.
    each = [share**2 * 0.15 * 0.85 / 399 for share in (0.2, 0.1)]
    assert found.verdict.test_variance == pytest.approx(1e4 * sum(each), rel=0.08)


def test_the_gap_is_the_share_of_test_rows_that_would_change_class(made):
    seen = made()
    assert share_gap(seen.results[0]) == pytest.approx(0.7 - 1 / 3)
    assert _judged(seen).gap == pytest.approx(0.7 - 1 / 3)


@pytest.mark.parametrize(("trained", "is_told"), [
    ((500, 500, 500), False), ((380, 330, 290), False), ((400, 330, 270), True),
])  # fmt: skip
def test_it_is_told_where_five_of_a_hundred_test_rows_would_change(made, trained, is_told):
    assert (_judged(made(trained=trained)) is not None) is is_told


def test_a_class_without_test_rows_is_left_out_and_named(made):
    found = _judged(made((0, 20, 0), tested=(400, 400, 0)))
    assert found.left_out == ("c",)
    assert found.verdict.mean == pytest.approx(-2 / 9 * 5)


def test_a_class_without_training_rows_weighs_nothing(made):
    found = _judged(made((0, 0, 200), trained=(700, 300, 0)))
    assert found.verdict.mean == 0 and found.left_out == ()


def test_rows_without_bits_or_counts_say_nothing(made):
    seen = made()
    (row,) = seen.rows
    for lack in ({"correct": b""}, {"test_counts": ()}, {"class_counts": ()}):
        pairs = tuple(
            replace(
                pair, pruned=replace(pair.pruned, **lack), baseline=replace(pair.baseline, **lack)
            )
            for pair in row.cell.pairs
        )
        cell = replace(row.cell, pairs=pairs)
        assert by_training_shares(cell, tolerance=1.0, alpha=0.05) is None


def test_the_card_says_both_changes_and_the_word_where_it_is_another(made):
    (card,) = cards(made((0, 12, 12)))
    (fact,) = [one for one in card.facts if one.label == "By the class shares of training"]
    assert fact.value == "90.5% → 89.6%"
    assert fact.detail.startswith("−0.90 points, likely −1.")
    assert fact.detail.endswith(
        ", inconclusive; by those of the test rows, of which 37% would have to be of another class, −2.00"
    )
    alike = [one.label for one in cards(made(trained=(300, 300, 300)))[0].facts]
    assert "By the class shares of training" not in alike


def test_the_bits_are_in_the_order_of_the_classes(made):
    """What `by_training_shares` rests on: the first class's test rows first."""
    row = made().results[0]
    recalls = [part.mean() for part in np.split(correct_bits(row), np.cumsum(row.test_counts)[:-1])]
    assert recalls == pytest.approx(list(row.recall))
