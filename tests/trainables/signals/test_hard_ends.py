"""A signal's row says which end of its scores is hard: held against rows whose difficulty is known."""

import pytest
from scipy.stats import rankdata

from tests.trainables.signals.planted import PlantedEvidence
from trainables.evidence.requirements import settings_of
from trainables.signals import SIGNALS


@pytest.fixture(scope="module")
def planted():
    return PlantedEvidence()


def chance_of_harder(scores, is_hard):
    """Chance that a hard row scores higher than another; 1/2 where scores say nothing."""
    ranks, hard = rankdata(scores), is_hard.sum()
    return (ranks[is_hard].mean() - (hard + 1) / 2) / (len(ranks) - hard)


def scores_of(name, planted):
    settings = {**settings_of(SIGNALS[name].score), "clusters": 3}
    return SIGNALS[name].score(**{one: planted.get(one, settings) for one in SIGNALS[name].needs})


def holds_the_hard(scores, planted):
    """Whether rows wrongly labelled or between classes score clearly higher, and neither kind lower."""
    kinds = (planted.is_wrong, planted.is_near & ~planted.is_wrong)
    found = [chance_of_harder(scores, is_hard) for is_hard in kinds]
    return max(found) > 0.6 and min(found) > 0.45


@pytest.mark.parametrize("name", [name for name, row in SIGNALS.items() if row.hard_end])
def test_the_hard_end_of_a_signal_holds_wrong_labels_or_rows_between_classes(name, planted):
    scores = scores_of(name, planted)
    assert holds_the_hard(scores if SIGNALS[name].hard_end == "high" else -scores, planted)


@pytest.mark.parametrize("name", ["random", "moderate", "d2"])
def test_a_signal_without_a_hard_end_holds_them_at_neither(name, planted):
    assert not SIGNALS[name].hard_end
    scores = scores_of(name, planted)
    assert not holds_the_hard(scores, planted)
    assert not holds_the_hard(-scores, planted)
