"""The verdict of a metric on pairs of runs: of all test rows, or of a class, a group, those that leak."""

import math
from collections.abc import Sequence

import numpy as np

from analysis.contributions import NoValueError
from analysis.metrics import Margin
from analysis.pairing import Pair
from analysis.readings import Reading, Rows
from analysis.verdicts import ALPHA, ChosenBy, Verdict, judge


def judge_pairs(
    pairs: Sequence[Pair],
    reading: Reading,
    margin: Margin,
    *,
    rows: Rows | None = None,
    alpha: float = ALPHA,
    item_share: float = 1.0,
    diverged: Sequence[int] = (),
) -> Verdict:
    """The verdict of a metric on pairs, of all test rows or of some.

    Where the margin is a share f of what training gains, g, the difference x is judged as x + f (g - mean
    g), by the tolerance f mean g: the interval then holds what is not known of the gain, too.

    Args:
        pairs: At least one.
        reading: The metric.
        margin: How much worse is still within.
        rows: A mask of test rows, as `Reading.of` takes it.
        alpha: As `judge`, and so are the others.
        item_share: Of the error that of the choice of test examples.
        diverged: Seeds whose pruned run fell out below.

    Returns:
        The verdict; of some rows on which the metric has no value one without a mean, that says why.

    Raises:
        NoValueError: If it has none on all test rows.
    """
    try:
        x, tolerance, most = _differences(pairs, reading, margin, rows)
    except NoValueError as error:
        if rows is None:
            raise
        return Verdict(
            mean=math.nan, n_seeds=len(pairs), diverged=tuple(diverged), alpha=alpha,
            tolerance=0.0 if margin.is_share else margin.value, scale=reading.metric.scale,
            no_value=str(error),
        )  # fmt: skip
    return judge(
        x, tolerance=tolerance, alpha=alpha, diverged=diverged, metric=reading.metric, most=most,
        chosen=ChosenBy(share=item_share, seeds=len(pairs[0].pruned.spec.scored_by)),
    )  # fmt: skip


def _differences(
    pairs: Sequence[Pair], reading: Reading, margin: Margin, rows: Rows | None
) -> tuple[np.ndarray, float, float | None]:
    """What each test row adds in each seed, the tolerance, and the most that one may add."""
    x = np.stack([reading.gained(one.pruned, one.baseline, rows) for one in pairs], axis=1)
    most, tolerance = reading.most(pairs[0].baseline, rows), margin.value
    if margin.is_share:
        gains = [reading.gain(pair.baseline, rows) for pair in pairs]
        gain = np.stack([one for one in gains if one is not None], axis=1)
        x = x + margin.value * (gain - gain.mean())
        tolerance = max(0.0, margin.value * float(gain.mean()) * reading.metric.scale)
        most = None if most is None else most * (1 + margin.value)
    return x, tolerance, most
