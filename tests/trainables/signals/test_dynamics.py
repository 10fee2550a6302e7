import csv
from itertools import pairwise

import numpy as np
import pytest

from trainables.signals.dynamics import (
    aum,
    confidence,
    correctness,
    first_visits,
    forgetting,
    never_learnt,
    variability,
)

NAN = np.nan


def table(*rows):
    return np.array(rows, dtype=np.float32)


def test_an_event_is_right_at_one_visit_and_wrong_at_the_next():
    traces = table([0, 1, 1, 0, 1, 0], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1])
    assert forgetting(traces).tolist() == [2, 0, 0]


def test_what_was_never_learnt_is_harder_than_anything_forgotten_however_often():
    traces = table([0, 0, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0])
    assert forgetting(traces).tolist() == [7, 3]


def test_what_was_never_learnt_is_marked():
    assert never_learnt(table([0, 0, 0], [0, 0, 1], [1, 0, 0])).tolist() == [True, False, False]


def test_what_is_marked_as_never_learnt_scores_highest_and_the_same():
    rng = np.random.default_rng(0)
    correct = (rng.random((300, 5)) < 0.4).astype(np.float32)
    correct[rng.random(300) < 0.5, 4] = NAN
    scores, never = forgetting(correct), never_learnt(correct)
    assert len(set(scores[never].tolist())) == 1
    assert scores[never].min() > scores[~never].max()


def test_forgetting_is_the_count_of_an_obvious_loop():
    correct = (np.random.default_rng(1).random((100, 7)) < 0.6).astype(np.float32)
    counts = [
        sum(a == 1 and b == 0 for a, b in pairwise(row)) if any(row) else 8
        for row in correct.tolist()
    ]
    assert forgetting(correct).tolist() == counts


def test_the_visits_that_count_are_each_rows_first_as_many_as_every_row_had():
    values = table([1, 2, 3, NAN], [NAN, 4, 5, 6], [7, NAN, NAN, 8])
    assert first_visits(values, "losses").tolist() == [[1, 2], [4, 5], [7, 8]]


@pytest.mark.parametrize("signal", [forgetting, aum, confidence, variability, correctness])
def test_no_score_depends_on_who_came_early_in_the_epoch_of_the_mark(signal):
    whole = (np.random.default_rng(2).random((50, 3)) < 0.5).astype(np.float32)
    begun = np.concatenate([whole, np.where(np.arange(50) < 25, 1, NAN)[:, None]], axis=1)
    assert (signal(begun.astype(np.float32)) == signal(whole)).all()


@pytest.mark.parametrize("signal", [aum, confidence, correctness, never_learnt])
def test_a_row_that_was_never_visited_is_refused_by_number(signal):
    with pytest.raises(ValueError, match=r"fewer than 1 visits of 2 samples, rows 1, 3"):
        signal(table([0, 1], [NAN, NAN], [1, NAN], [NAN, NAN]))


@pytest.mark.parametrize("signal", [forgetting, variability])
def test_what_compares_visits_refuses_a_row_that_had_but_one(signal):
    with pytest.raises(ValueError, match=r"fewer than 2 visits of 1 samples, rows 1"):
        signal(table([0, 1], [1, NAN]))


def test_aum_is_the_mean_margin_and_low_for_a_likely_wrong_label():
    assert aum(table([4, 2], [-3, -5])).tolist() == [3, -4]


def test_aum_is_that_of_its_authors_package(tmp_path):
    package = pytest.importorskip("aum")
    torch = pytest.importorskip("torch")
    logits = torch.randn(4, 30, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(30) % 5
    theirs = package.AUMCalculator(str(tmp_path))
    for visit in logits:
        theirs.update(visit, labels, list(range(30)))
    theirs.finalize()
    with (tmp_path / "aum_values.csv").open() as file:
        values = {int(row["sample_id"]): float(row["aum"]) for row in csv.DictReader(file)}
    own = logits.gather(2, labels.expand(4, 30)[:, :, None])[:, :, 0]
    others = logits.scatter(2, labels.expand(4, 30)[:, :, None], -torch.inf).max(2).values
    margins = (own - others).T.numpy()
    assert aum(margins) == pytest.approx([values[i] for i in range(30)], rel=1e-6)


def test_the_coordinates_of_a_data_map_are_as_the_source_defines_them():
    chances = np.array([[0.2, 0.4, 0.9], [0.5, 0.5, 0.5]])
    losses = -np.log(chances).astype(np.float32)
    assert confidence(losses) == pytest.approx([-0.5, -0.5], rel=1e-6)
    assert variability(losses) == pytest.approx([np.std([0.2, 0.4, 0.9]), 0], abs=1e-6)
    assert correctness(table([0, 0, 1], [1, 1, 1])) == pytest.approx([-1 / 3, -1])


def test_the_hard_to_learn_are_kept_by_confidence_and_by_correctness():
    losses = table([0.1, 0.1], [2.0, 3.0])
    assert confidence(losses).argmax() == 1
    assert correctness(table([1, 1], [0, 1])).argmax() == 1
