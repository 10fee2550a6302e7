"""How a training ends, by simulated runs: what is said of chance, of a fall and of a rise."""

import numpy as np
import pytest

from analysis.page.training_words import careful_text
from analysis.training_curves import ending_of
from trainables.result import TrainingCurve
from trainables.spec import TrialSpec
from trainables.training_settings import Training


def curve(bits, epochs=None, planned=10):
    spec = TrialSpec(
        dataset="d", data_sha="d", model="linear", model_sha="linear", learner="linear", seed=1,
        training=Training(epochs=planned),
    )  # fmt: skip
    looks = epochs or tuple(planned * (i + 1) / len(bits) for i in range(len(bits)))
    right = np.packbits(bits).tobytes()
    return TrainingCurve(spec=spec, epochs=looks, right=right, n_held=bits.shape[1], n_train=9)


def run(rng, accuracies, n=1000, changing=0.15):
    """A run whose rows of doubt (a share `changing`) are anew right or wrong at each look."""
    sure = rng.random(n) > changing
    bits = [np.where(sure, True, rng.random(n) < 1 + (a - 1) / changing) for a in accuracies]
    return curve(np.stack(bits))


def states(accuracies, runs=300, **options):
    rng = np.random.default_rng(1)
    found = [ending_of(run(rng, accuracies, **options), tolerance=1.0).state for _ in range(runs)]
    return {state: found.count(state) / runs for state in dict.fromkeys(found)}


def test_of_a_run_that_stands_still_nothing_is_said_but_in_a_few():
    found = states([0.93] * 10)
    # The best of nine looks is above the end in most runs: by 1 point and more in this many.
    assert found.get("past its best", 0) <= 0.08
    assert found.get("still learning", 0) <= 0.08


def test_without_the_correction_chance_would_be_called_a_fall():
    """The negative control: the best look tested as if it were the only one."""
    rng = np.random.default_rng(1)
    naive = 0
    for _ in range(300):
        bits = run(rng, [0.93] * 10).bits().astype(int)
        fall = bits[bits.sum(1).argmax()] - bits[-1]
        naive += fall.sum() / max(1.0, np.sqrt((fall**2).sum())) > 1.645
    assert naive / 300 > 0.2


def test_a_fall_and_a_rise_are_seen():
    assert states([0.90, 0.95, 0.95, 0.94, 0.93, 0.92, 0.91, 0.91, 0.91, 0.91])[
        "past its best"
    ] == pytest.approx(1, abs=0.05)
    assert states(
        [0.70, 0.80, 0.85, 0.88, 0.905, 0.92, 0.93, 0.94, 0.945, 0.95], changing=0.35, n=4000
    )["still learning"] == pytest.approx(1, abs=0.05)


def test_what_is_too_small_to_change_a_verdict_is_not_told():
    bits = np.ones((4, 20_000), dtype=bool)
    bits[-1, :80] = False  # 0.4 points, surely a fall
    assert ending_of(curve(bits), tolerance=1.0).state == "settled"
    assert ending_of(curve(bits), tolerance=0.5).state == "past its best"


def test_points_and_epoch_are_those_of_the_run():
    bits = np.zeros((5, 1000), dtype=bool)
    for look, right in enumerate((700, 900, 880, 860, 850)):
        bits[look, :right] = True
    ending = ending_of(curve(bits), tolerance=1.0)
    assert (ending.state, ending.epoch) == ("past its best", 4.0)
    assert ending.points == pytest.approx(5.0)
    bits = bits[[0, 3, 1]]
    ending = ending_of(curve(bits, (1 / 3, 2 / 3, 1.0), planned=1), tolerance=1.0)
    assert (ending.state, ending.points) == ("still learning", pytest.approx(4.0))


def test_a_single_look_or_a_single_row_says_nothing():
    assert ending_of(curve(np.ones((1, 50), dtype=bool)), tolerance=1.0).state == "settled"
    assert ending_of(curve(np.eye(4, 1, dtype=bool)), tolerance=1.0).state == "settled"


def test_the_warning_says_what_was_seen_and_what_to_do():
    bits = np.zeros((5, 1000), dtype=bool)
    for look, right in enumerate((700, 900, 880, 860, 850)):
        bits[look, :right] = True
    past = ending_of(curve(bits), tolerance=1.0)
    rising = ending_of(curve(bits[[0, 0, 0, 3, 1]]), tolerance=1.0)
    told = careful_text(past, is_tuned=False)
    assert "ends 5 points below its own best (epoch 4 of 10)" in told
    assert told.endswith("Run again with --tune.")
    assert careful_text(past, is_tuned=True).endswith("Run again with --tune --epochs 4.")
    told = careful_text(rising, is_tuned=False)
    assert "was still learning when it stopped (+4 points in the last third)" in told
    assert told.endswith("Run again with --tune or --epochs 20.")
    assert careful_text(rising, is_tuned=True).endswith("Run again with --tune --epochs 20.")
    still = ending_of(curve(bits[[3, 3, 3]]), tolerance=1.0)
    assert careful_text(still, is_tuned=False) == careful_text(None, is_tuned=False) == ""


def test_a_rise_at_the_end_alone_is_the_falling_learning_rate_and_not_told():
    """As of a rate that is too high: nothing for two thirds, then what settling brings."""
    found = states([0.90, 0.90, 0.90, 0.90, 0.90, 0.90, 0.90, 0.93, 0.94, 0.95])
    assert found["settled"] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("planned", "told"),
    [
        (1, "a lower --lr"),
        (2, "--tune --epochs 1"),
        (4, "--tune --epochs 1"),
        (8, "--tune --epochs 2"),
    ],
)
def test_the_run_that_is_advised_is_another_one(planned, told):
    """The best look at a quarter of a run of so many epochs."""
    bits = np.zeros((4, 1000), dtype=bool)
    for look, right in enumerate((900, 880, 860, 850)):
        bits[look, :right] = True
    ending = ending_of(curve(bits, planned=planned), tolerance=1.0)
    assert careful_text(ending, is_tuned=True).endswith(f"Run again with {told}.")


@pytest.mark.parametrize("right", [(50, 50, 50), (40, 45, 50), (50, 45, 50)])
def test_a_run_that_ends_at_its_best_is_not_past_it_by_any_tolerance(right):
    bits = np.arange(60) < np.array(right)[:, None]
    assert ending_of(curve(bits), tolerance=0.0).state != "past its best"
