"""How far signals agree."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from orchestrator.execution.signal_agreement import rank_correlations


@pytest.fixture
def scores():
    """Three scores of 400 samples, with ties."""
    return np.random.default_rng(0).integers(0, 50, (3, 400)).astype(np.float32)


def test_signals_agree_as_scipy_says_to_the_last_bit(scores):
    found = rank_correlations(scores)
    assert np.array_equal(found, spearmanr(scores, axis=1).statistic)


def test_a_constant_score_agrees_with_nothing_and_spoils_no_other(scores):
    found = rank_correlations([scores[0], np.zeros(400, dtype=np.float32), scores[2]])
    assert np.isnan(found[1]).all() and np.isnan(found[:, 1]).all()
    assert found[0, 2] == pytest.approx(spearmanr(scores[0], scores[2]).statistic)
