"""Signals of loss over training, against slow versions written from their papers."""

from dataclasses import replace

import numpy as np
import pytest

from trainables.errors import UsageError
from trainables.evidence.label_losses import losses_of_labels
from trainables.evidence.marked_losses import (
    MarkedLosses,
    loss_marks,
    put_marked_losses_together,
    start_mark,
)
from trainables.signals.trajectories import cld, delta_loss, dual
from trainables.spec import TrialSpec

SPEC = TrialSpec(
    dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1, warmup=0.6,
    signal="cld", selector="stratified", rate=0.1,
)  # fmt: skip


def falling(n, v, t, classes, seed=0):
    """Losses that fall at their class's pace, each row with noise of its own; and all classes."""
    rng = np.random.default_rng(seed)
    labels, aims = rng.integers(0, classes, n), rng.integers(0, classes, v)
    pace = np.cumsum(rng.random((classes, t)), axis=1)
    training = 5 - pace[labels] + rng.standard_normal((n, t))
    validation = 5 - pace[aims] + rng.standard_normal((v, t))
    losses = MarkedLosses(training=training.astype("f4"), validation=validation.astype("f4"))
    return losses, labels, aims


def cld_by_loops(losses, labels, aims):
    """Definition of the paper: row by row, numpy's own correlation."""
    found = []
    for row, label in zip(losses.training.astype(float), labels, strict=True):
        of_class = [v for v, aim in zip(losses.validation, aims, strict=True) if aim == label]
        steps = range(1, len(row))
        mean = [np.mean([float(v[t]) for v in of_class]) for t in range(len(row))]
        own = [row[t] - row[t - 1] for t in steps]
        aim = [mean[t] - mean[t - 1] for t in steps]
        found.append(np.corrcoef(own, aim)[0, 1])
    return np.array(found)


def test_cld_is_the_papers_correlation_row_by_row():
    losses, labels, aims = falling(60, 30, 7, 3)
    assert np.abs(cld(losses, labels, aims) - cld_by_loops(losses, labels, aims)).max() < 1e-6


def test_cld_of_three_rows_by_hand():
    """Validation falls by 3, 2, 1. Half as fast is alike; the other way round is the opposite."""
    validation = np.array([[9, 6, 4, 3]], dtype=np.float32)
    training = np.array([[4.5, 3, 2, 1.5], [0, 3, 5, 6], [2, 2, 2, 2]], dtype=np.float32)
    losses = MarkedLosses(training=training, validation=validation)
    assert cld(losses, np.zeros(3, int), np.zeros(1, int)) == pytest.approx([1, -1, 0])


def test_a_row_is_held_against_its_own_class_and_without_one_against_all_rows():
    losses, labels, aims = falling(60, 30, 7, 2)
    alone = cld(losses, labels, np.zeros(30, int))
    together = cld(losses, np.zeros(60, int), np.zeros(30, int))
    assert (alone == together).all()  # class 1 has no validation row
    assert np.abs(cld(losses, labels, aims) - together).max() > 0.1


def test_a_validation_loss_that_never_moves_gives_no_direction():
    losses, labels, aims = falling(10, 5, 4, 2)
    still = MarkedLosses(training=losses.training, validation=np.ones((5, 4), dtype=np.float32))
    with pytest.raises(ValueError, match="same at all 4 marks of the warm-up; use a longer"):
        cld(still, labels, aims)


def test_losses_are_looked_at_before_the_first_step_and_at_even_marks_the_last_at_the_end():
    assert [one.warmup for one in loss_marks(SPEC, checkpoints=4)] == [0, 0.15, 0.3, 0.45, 0.6]
    assert loss_marks(SPEC)[-1] is SPEC
    assert {one.run_key for one in loss_marks(SPEC)} == {SPEC.run_key}


@pytest.mark.parametrize(
    ("warmup", "checkpoints", "message"),
    [
        (0.6, 2, "checkpoints is 2; 3 or more after the start"),
        (0.0, 6, "cld compares how losses change during a warm-up, and --warmup 0 has"),
    ],
)
def test_too_few_marks_are_refused_before_anything_runs(warmup, checkpoints, message):
    with pytest.raises(ValueError, match=message):
        loss_marks(replace(SPEC, warmup=warmup, protocol="restart"), checkpoints=checkpoints)


def test_the_change_of_the_loss_is_that_of_a_piece_and_none_where_none_is_scored():
    start, mark = np.array([8, 3, 0], "f4"), np.array([2, 4, 0], "f4")
    assert delta_loss(start, mark, np.array([3, 1, 0], "f4")).tolist() == [2, -1, 0]


def test_the_loss_before_the_first_step_asks_for_a_warm_up():
    with pytest.raises(UsageError, match="--warmup 0 has no other"):
        start_mark(replace(SPEC, warmup=0.0, protocol="restart"))


def test_marks_are_put_together_in_their_order():
    found = [
        {"row_losses": np.full(3, i, "f4"), "validation_row_losses": np.full(2, -i, "f4")}
        for i in range(4)
    ]
    losses = put_marked_losses_together([SPEC] * 4, found)
    assert losses.training.tolist() == [[0, 1, 2, 3]] * 3
    assert losses.validation.tolist() == [[0, -1, -2, -3]] * 2


def test_a_loss_keeps_its_digits_where_the_probability_rounds_to_one():
    probs = np.array([[1, 1e-9], [0, 1]], dtype=np.float32)
    losses = losses_of_labels(probs, np.array([0, 0]))
    assert losses[0] == pytest.approx(1e-9)
    assert 80 < losses[1] < 100


def dual_by_loops(losses, window):
    """The paper's two equations, row by row, window by window."""
    found = []
    for row in losses.astype(float):
        chances = [np.exp(-loss) for loss in row if not np.isnan(loss)]
        parts = []
        for first in range(len(chances) - window + 1):
            inside = chances[first : first + window]
            mean = sum(inside) / window
            spread = (sum((one - mean) ** 2 for one in inside) / (window - 1)) ** 0.5
            parts.append(spread * (1 - mean))
        found.append(sum(parts) / len(parts))
    return np.array(found)


@pytest.mark.parametrize(("visits", "window", "width"), [(30, 0, 10), (9, 4, 4), (4, 0, 2)])
def test_dual_is_the_papers_two_equations_window_by_window(visits, window, width):
    losses = np.random.default_rng(0).exponential(size=(40, visits)).astype(np.float32)
    assert dual(losses, window=window) == pytest.approx(dual_by_loops(losses, width), rel=1e-5)


def test_dual_of_four_rows_by_hand():
    """Learnt at once, never learnt, unsteady and low, unsteady and high: windows of two of three visits."""
    chances = np.array([[1, 1, 1], [0.1, 0.1, 0.1], [0.1, 0.3, 0.1], [0.7, 0.9, 0.7]])
    spread = 0.2 / 2**0.5
    expected = [0, 0, spread * 0.8, spread * 0.2]
    assert dual(-np.log(chances).astype(np.float32)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (1, "window is 1; give 2 or more"),
        (-1, "window is -1; give 2 or more"),
        (5, "window is 5, and there are 5 visits of each sample; give fewer"),
    ],
)
def test_a_window_that_leaves_no_two_of_them_is_refused(window, message):
    with pytest.raises(ValueError, match=message):
        dual(np.ones((3, 5), dtype=np.float32), window=window)


def test_two_visits_are_too_few_for_dual():
    with pytest.raises(ValueError, match="fewer than 3 visits of 3 samples"):
        dual(np.ones((3, 2), dtype=np.float32))
