"""The token loss of documents: a ratio of sums, and a share of what fine-tuning gains, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.contributions import Truth
from analysis.criteria import check_kept
from analysis.guards import criterion_of
from analysis.metrics import METRICS
from analysis.outcomes import (
    OUTCOME,
    Outcomes,
    answers_file,
    answers_parquet,
    outcome_file,
    outcomes_of,
)
from analysis.run_files import Plan
from analysis.study import study
from tests.metric_runs import FULL
from trainables.errors import UsageError
from trainables.outcome import Outcome
from trainables.result import TrialResult

N, BEFORE, AFTER = 300, 3.0, 1.0
OF = METRICS["token_loss"].of


def test_the_value_is_the_loss_of_all_scored_tokens_over_their_number():
    """Three documents of word pieces; those of the prompt, and padding, weigh nothing."""
    pieces = [[9.0, 9.0, 1.0, 2.0], [9.0, 0.5, 0.0, 0.0], [9.0, 9.0, 9.0, 9.0]]
    scored = [[0, 0, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]]
    loss, weight = (np.multiply(pieces, scored).sum(1), np.sum(scored, 1))
    contributions = OF(Truth(), {"loss": loss, "weight": weight})
    assert contributions.mean() == pytest.approx((1.0 + 2.0 + 0.5) / 3)
    assert contributions[2] == pytest.approx(
        contributions.mean()
    )  # a prompt alone pulls at nothing


def test_a_document_of_double_weight_pulls_twice():
    rng = np.random.default_rng(0)
    weight, each = rng.integers(1, 9, N).astype(float), 1 + rng.random(N)
    once = {"loss": weight * each, "weight": weight}
    pulls = OF(Truth(), once) - OF(Truth(), once).mean()
    twice = {name: column.copy() for name, column in once.items()}
    for column in twice.values():
        column[0] *= 2
    again = OF(Truth(), twice) - OF(Truth(), twice).mean()
    # The mean weight and the value have moved by one row's part.
    assert again[0] / pulls[0] == pytest.approx(2, rel=0.02)
    eps = 1e-6
    moved = np.where(np.arange(N) == 0, 1 + eps, 1.0)
    value = (moved * once["loss"]).sum() / (moved * weight).sum()
    slope = (value - once["loss"].sum() / weight.sum()) / eps
    assert pulls[0] / N == pytest.approx(slope, rel=1e-4)


def judged(folder, *, worse, tolerance):
    """The verdict of three seeds in which pruning costs so many nats a token, of a gain of 2 nats."""
    for name in ("outcomes", "tests"):
        (folder / name).mkdir()
    truth = Truth(labels=np.zeros(N, dtype=np.int64))
    answers_file(folder, FULL.data_sha).write_bytes(
        answers_parquet(truth, np.arange(N), of=FULL.data_sha)
    )
    weight, rows = 2.0 + np.arange(N) % 3, []
    for seed in range(3):
        full = replace(FULL, seed=seed, protocol="continue")
        cut = replace(
            full, signal="random", selector="global", warmup=0.15, rate=0.3, protocol="restart"
        )
        for spec, more in ((full, 0.0), (cut, worse)):
            flicker = 0.002 * (-1) ** (np.arange(N) + seed) * (more > 0)
            columns = {"loss": weight * (AFTER + more + flicker), "weight": weight}
            if spec is full:  # What training gains is what the full-data run gains.
                columns["reference"] = weight * BEFORE
            Outcome(columns=columns).write(outcome_file(folder, OUTCOME, spec.result_key))
            rows.append(TrialResult(spec=spec, n_test=N, outcome=tuple(columns)))
    by = criterion_of("token_loss", tolerance)
    (row,) = study(rows, Plan(), by=by, outcomes=outcomes_of([folder])).rows
    return row.verdict


@pytest.mark.parametrize(
    ("worse", "word"), [(0.095, "within"), (0.105, "outside"), (0.1, "inconclusive")]
)
def test_five_per_cent_of_the_gain_is_where_it_is_by_hand(tmp_path, worse, word):
    found = judged(tmp_path, worse=worse, tolerance="5%")
    assert found.tolerance == pytest.approx(0.05 * (BEFORE - AFTER))
    assert found.mean == pytest.approx(-worse, abs=1e-4)
    assert found.verdict == word


def test_a_margin_in_nats_needs_no_loss_before_training(tmp_path):
    assert judged(tmp_path, worse=0.095, tolerance="0.09").verdict == "outside"
    assert criterion_of("token_loss", "0.09").metric.needs == ("loss", "weight")
    assert criterion_of("token_loss", "5%").metric.needs == ("loss", "weight", "reference")


@pytest.mark.parametrize("metric", ["accuracy", "mae"])
def test_trials_that_predict_nothing_are_judged_by_no_metric_of_predictions(metric):
    row = TrialResult(spec=FULL, n_test=N, outcome=("loss", "weight"))
    with pytest.raises(UsageError, match="those of a language model; give --metric token_loss"):
        check_kept([row], criterion_of(metric), Outcomes())
