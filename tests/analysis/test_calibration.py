"""A small version of benchmarks/calibration.py: how often the interval errs, example by example.

The rule before it (MOVER of the test set's variance and the seeds' spread, the residual in both,
width 0 where no example is won) is the negative control: the simulation sees what it did.
"""

import numpy as np
import pytest

from benchmarks.calibration import before, now
from benchmarks.paired_runs import Items, differences

STUDIES = 500
LINE = -0.01
# Three Monte Carlo standard errors above 5 %.
MOST = 0.05 + 3 * np.sqrt(0.05 * 0.95 / STUDIES)


def errors(rule, items, *, n, seeds, true=LINE, studies=STUDIES):
    """Shares of studies whose interval lies wholly above and wholly below the line."""
    rng = np.random.default_rng([n, seeds, round(1000 * items.discordance)])
    found = [rule(differences(rng, items, n=n, seeds=seeds, true=true)) for _ in range(studies)]
    return np.mean([low > LINE for low, _ in found]), np.mean([high < LINE for _, high in found])


SETTINGS = {
    "losses only, few examples": (Items(discordance=0, consistency=0.9), 100, 3),
    "losses only, run noise": (
        Items(discordance=0, consistency=0.5, run_sd=0.003, tails="gamma"), 872, 5,
    ),
    "few differ, small test set": (Items(discordance=0.03, consistency=0.5, run_sd=0.003), 200, 3),
    "chance flips": (Items(discordance=0.06, consistency=0.3, run_sd=0.005), 2000, 5),
    "no run noise": (Items(discordance=0.06, consistency=0.0), 872, 5),
    "heavy tails": (Items(discordance=0.1, consistency=0.3, run_sd=0.005, tails="t3"), 872, 8),
    "the same examples differ": (Items(discordance=0.06, consistency=0.95, run_sd=0.001), 500, 5),
    "two seeds": (Items(discordance=0.1, consistency=0.7, run_sd=0.01), 872, 2),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_at_the_line_at_most_one_in_twenty_is_called_within_or_outside(setting):
    items, n, seeds = SETTINGS[setting]
    within, outside = errors(now, items, n=n, seeds=seeds)
    assert within <= MOST and outside <= MOST


def test_the_rule_before_is_found_out():
    items, _, seeds = SETTINGS["losses only, few examples"]
    within, _ = errors(before, items, n=40, seeds=seeds, studies=200)
    assert within > 0.3
    within, _ = errors(now, items, n=40, seeds=seeds, studies=200)
    assert within <= 0.05


@pytest.mark.slow
def test_where_flips_are_chance_fewer_studies_stay_undecided_than_by_the_rule_before():
    """The residual counted twice cost power: the price of the rule before, at no less error."""
    items = Items(discordance=0.06, consistency=0.3, run_sd=0.005)
    decided, _ = errors(now, items, n=2000, seeds=5, true=-0.003)
    was, _ = errors(before, items, n=2000, seeds=5, true=-0.003)
    assert decided > was + 0.05
