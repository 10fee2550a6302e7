from dataclasses import replace

import numpy as np
import pytest

from trainables.training.schedule import Schedule, epoch_order, learning_rate, warm_steps
from trainables.training_settings import Training

N, SIZE, EPOCHS = 1003, 16, 3
TRAINING = Training(epochs=EPOCHS, batch_size=SIZE)


def schedule(keep=None, **fields):
    lengths = np.random.default_rng(0).integers(3, 60, N)
    keep = np.ones(N, dtype=bool) if keep is None else keep
    return Schedule(lengths=lengths, seed=7, training=TRAINING, keep=keep, **fields)


def half():
    return np.random.default_rng(1).random(N) < 0.5


def test_the_pruned_run_sees_the_full_runs_order_less_the_pruned():
    keep = half()
    full = epoch_order(np.ones(N, dtype=bool), 7, 2)
    assert (epoch_order(keep, 7, 2) == full[keep[full]]).all()


def test_every_epoch_sees_every_kept_row_once():
    keep = half()
    seen = [[], [], []]
    for step in schedule(keep).steps():
        seen[step.epoch] += step.rows.tolist()
    assert all(sorted(rows) == np.flatnonzero(keep).tolist() for rows in seen)


def test_batches_of_long_texts_come_before_and_after_those_of_short_ones():
    """Left in order of length, every epoch would end with the longest texts."""
    planned = schedule()
    first = [step for step in planned.steps() if step.epoch == 0]
    longer = np.diff([planned.lengths[step.rows].mean() for step in first]) > 0
    assert 0.3 < longer.mean() < 0.7


def test_epochs_and_seeds_have_orders_of_their_own():
    everyone = np.ones(N, dtype=bool)
    orders = [epoch_order(everyone, seed, epoch).tolist() for seed in (1, 2) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4


def test_a_full_run_takes_as_many_steps_as_it_says():
    assert len(list(schedule().steps())) == schedule().full_steps == EPOCHS * -(-N // SIZE)


@pytest.mark.parametrize("fork", [1, 29, 63, 64, 100])
def test_after_a_fork_the_unseen_survivors_of_the_epoch_come_first_and_once(fork):
    keep, before = half(), list(schedule().steps())[:fork]
    epoch = fork // schedule().full_epoch_steps
    seen = {row for step in before if step.epoch == epoch for row in step.rows.tolist()}
    rest = [
        r for s in schedule(keep, fork=fork).steps() if s.epoch == epoch for r in s.rows.tolist()
    ]
    assert sorted(rest) == sorted(set(np.flatnonzero(keep).tolist()) - seen)


@pytest.mark.parametrize("budget", ["epochs", "steps"])
@pytest.mark.parametrize("fork", [0, 63, 100])
def test_a_run_begins_as_many_epochs_as_it_is_told_to(fork, budget):
    planned = schedule(half(), fork=fork, budget=budget)
    assert list(planned.steps())[-1].epoch + 1 == planned.epochs


@pytest.mark.parametrize("fork", [0, 29, 63, 100])
def test_progress_goes_on_from_the_fork_to_the_end_whatever_is_pruned(fork):
    progress = [step.progress for step in schedule(half(), fork=fork).steps()]
    assert progress == sorted(progress)
    assert fork / schedule().full_steps < progress[0] < (fork + 3) / schedule().full_steps
    assert 1 - 2 / schedule().full_steps < progress[-1] < 1


def test_the_steps_budget_takes_as_many_steps_as_the_full_run():
    fork = 29
    steps = list(schedule(half(), fork=fork, budget="steps").steps())
    assert len(steps) == schedule().full_steps - fork
    assert steps[-1].progress == pytest.approx(1 - 0.5 / schedule().full_steps)
    assert max(step.epoch for step in steps) > EPOCHS - 1


def test_the_epochs_budget_takes_fewer_steps_by_what_is_pruned():
    steps = len(list(schedule(half()).steps()))
    assert steps == pytest.approx(schedule().full_steps * half().mean(), rel=0.03)


def test_batches_hold_texts_of_similar_length():
    lengths = schedule().lengths
    spread = [np.ptp(lengths[step.rows]) for step in schedule().steps()]
    assert np.mean(spread) < 0.15 * np.ptp(lengths)


def test_a_route_is_the_same_each_time_and_another_for_another_seed():
    def rows(one):
        return [step.rows.tolist() for step in one.steps()]

    assert rows(schedule()) == rows(schedule()) != rows(replace(schedule(), seed=8))


@pytest.mark.parametrize(
    ("warmup", "steps", "expected"),
    [(0.05, 3, 1), (0.15, 189, 29), (0.07, 100, 7), (0.25, 4, 1), (0.001, 50, 1)],
)
def test_a_warm_up_is_counted_in_steps_and_never_none(warmup, steps, expected):
    assert warm_steps(warmup, steps) == expected


def test_a_warm_up_that_leaves_no_step_is_refused():
    with pytest.raises(ValueError, match="2 of 2 steps"):
        warm_steps(0.9, 2)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_zero():
    training = Training(lr=1.0, lr_warmup=0.1)
    at = {p: learning_rate(p, training) for p in (0.0, 0.05, 0.1, 0.55, 1.0)}
    assert list(at.values()) == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_without_a_rise_the_learning_rate_starts_at_its_peak():
    assert learning_rate(0.0, Training(lr=1.0, lr_warmup=0.0)) == 1.0


@pytest.mark.parametrize("fork", [0, 29, 63, 100])
def test_a_redrawn_order_has_the_same_rows_left_in_another_order(fork):
    full = schedule(fork=fork)
    plain, other = (
        [s.rows.tolist() for s in r.steps()] for r in (full, schedule(fork=fork, redrawn=True))
    )
    epochs = [step.epoch for step in full.steps()]
    for epoch in set(epochs):
        pairs = [(a, b) for a, b, e in zip(plain, other, epochs, strict=True) if e == epoch]
        one, two = (sorted(r for step in steps for r in step) for steps in zip(*pairs, strict=True))
        assert one == two
        assert [a for a, _ in pairs] != [b for _, b in pairs]
