"""How far signals agree: of every two at one mark, their rank correlation and what both put lowest."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from orchestrator.planning.plan import Sweep
from trainables.data.dataset import uniform_draws
from trainables.selection.scoring import read_scores
from trainables.spec import TrialSpec

# Share of the lowest scores whose overlap is counted.
_LOWEST = 0.1


def agreement(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """Spearman's rank correlation of every two signals at one mark, and how many both put lowest."""
    marks: dict[str, dict[str, TrialSpec]] = {}
    for spec in _first_seed(sweep):
        marks.setdefault(spec.warm_key, {}).setdefault(spec.score_key, spec)
    for together in marks.values():
        specs = list(together.values())
        draws = uniform_draws(sweep.datasets[specs[0].data_sha].train.ids, specs[0].seed, "ties")
        scores = [_scores(sweep, spec) for spec in specs]
        spearman = rank_correlations(scores)
        lowest = [_lowest(score, draws) for score in scores]
        for a, b in combinations(range(len(specs)), 2):
            yield {
                "dataset": specs[a].dataset,
                "data_sha": specs[a].data_sha,
                "warmup": specs[a].warmup,
                "one": _named(specs[a]),
                "other": _named(specs[b]),
                "n": len(draws),
                "spearman": None if np.isnan(spearman[a, b]) else float(spearman[a, b]),
                "overlap": float((lowest[a] & lowest[b]).sum() / lowest[a].sum()),
            }


def rank_correlations(scores: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Spearman's correlation of every two of m scores of n samples, shape (m, m).

    A constant score has none: nan. scipy.stats.spearmanr does the same, but for one constant among
    m it makes all of them nan, and for m = 2 it returns a single number.
    """
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = np.corrcoef(rankdata(scores, axis=1))
    return found


def _scores(sweep: Sweep, spec: TrialSpec) -> NDArray[np.float32]:
    path = sweep.store.find("scores", spec.score_key)
    assert path is not None, "only what is there is asked for"
    return read_scores(path)


def _lowest(scores: NDArray[np.float32], draws: NDArray[np.float64]) -> NDArray[np.bool_]:
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[np.lexsort((draws, scores))[: max(1, round(_LOWEST * len(scores)))]] = True
    return chosen


def _named(spec: TrialSpec) -> dict[str, Any]:
    return {"signal": spec.signal, "settings": dict(spec.settings)}


def _first_seed(sweep: Sweep) -> list[TrialSpec]:
    """The scored trials of each data set's first seed; subsets of it are no data sets of their own."""
    whole = [spec for spec in sweep.specs if spec.data_sha not in sweep.plan.subsets]
    seeds = {spec.data_sha: spec.seed for spec in reversed(whole)}
    return [
        spec
        for spec in whole
        if not spec.is_baseline
        and spec.kind == "pruned"
        and spec.seed == seeds[spec.data_sha]
        and sweep.store.has("scores", spec.score_key)
    ]
