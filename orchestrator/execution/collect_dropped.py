"""Who was dropped: dropped samples beside their nearest neighbour, and how far signals agree."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from analysis.dropped_samples import Dropped
from orchestrator.planning.plan import Sweep
from orchestrator.planning.shard_tasks import artifacts
from orchestrator.planning.tasks import Artifact
from orchestrator.store.atomic import atomic_write
from trainables.data.dataset import Dataset, uniform_draws
from trainables.evidence.collector import Evidence
from trainables.evidence.requirements import variant_of
from trainables.run_context import RunContext
from trainables.selection.lookup import resolve
from trainables.selection.scoring import read_scores, select
from trainables.spec import TrialSpec

# Pairs shown of each method, and characters of a text.
_PAIRS, _LONGEST = 40, 600
# Share of the lowest scores whose overlap is counted.
_LOWEST = 0.1


def write_dropped(sweep: Sweep, *, examples: bool) -> None:
    """Write RUN/dropped.json from the scores of the grid's first seed, as far as they are there.

    Args:
        sweep: After its last trial.
        examples: Write training texts, too.
    """
    dropped = Dropped(
        agreement=tuple(_agreement(sweep)),
        with_examples=examples,
    )
    atomic_write(sweep.run.folder / "dropped.json", dropped.to_json().encode())


def _first_seed(sweep: Sweep) -> list[TrialSpec]:
    """The scored trials of each data set's first seed."""
    seeds = {spec.data_sha: spec.seed for spec in reversed(sweep.specs)}
    return [
        spec
        for spec in sweep.specs
        if not spec.is_baseline
        and spec.kind == "pruned"
        and spec.seed == seeds[spec.data_sha]
        and sweep.store.has("scores", spec.score_key)
    ]


def _agreement(sweep: Sweep) -> Iterator[dict[str, Any]]:
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


def _examples(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """Of each method at its smallest rate: counts, and pairs spread over the order of removal."""
    smallest: dict[tuple[Any, ...], TrialSpec] = {}
    for spec in _first_seed(sweep):
        if _neighbours(spec) and all(sweep.store.has(*one) for one in _kept(sweep, spec)):
            arm = (spec.score_key, spec.selector, spec.selector_settings, spec.prune, spec.protocol)
            if arm not in smallest or spec.rate < smallest[arm].rate:
                smallest[arm] = spec
    for spec in smallest.values():
        yield _dropped(sweep, spec)


def _neighbours(spec: TrialSpec) -> str:
    """The neighbours a trial's signal rests on, or empty."""
    return min(resolve(spec).evidence & {"neighbours", "class_neighbours"}, default="")


def _kept(sweep: Sweep, spec: TrialSpec) -> list[Artifact]:
    settings, n = dict(spec.settings), len(sweep.datasets[spec.data_sha].train)
    return artifacts(spec, variant_of(_neighbours(spec), settings), settings, n)


def _dropped(sweep: Sweep, spec: TrialSpec) -> dict[str, Any]:
    dataset = sweep.datasets[spec.data_sha]
    runs, labels = RunContext(dataset, sweep.store), dataset.train.labels
    keep, _ = select(spec, runs)
    scores = _scores(sweep, spec)
    near = Evidence(spec, runs).get(_neighbours(spec), dict(spec.settings))
    gone = np.flatnonzero(~keep)
    gone = gone[np.argsort(scores[gone], kind="stable")]
    nearest = near.rows[gone, 0]
    has = nearest >= 0
    pairs = []
    for place in np.linspace(0, len(gone) - 1, min(_PAIRS, len(gone))).round().astype(int):
        row, other = gone[place], nearest[place]
        pair = {
            "dropped": _sample(dataset, row),
            "percentile": round(float((scores < scores[row]).mean()), 4),
        }
        if has[place]:
            pair["neighbour"] = _sample(dataset, other)
            pair["is_kept"] = bool(keep[other])
            pair["similarity"] = round(float(near.similarity[row, 0]), 4)
        pairs.append(pair)
    return {
        "spec": spec.to_dict(),
        "dropped": len(gone),
        "neighbour_kept": int((has & keep[nearest]).sum()),
        "neighbour_dropped": int((has & ~keep[nearest]).sum()),
        "other_label": int((has & (labels[nearest] != labels[gone])).sum()),
        "pairs": pairs,
    }


def _sample(dataset: Dataset, row: int) -> dict[str, Any]:
    train = dataset.train
    sample = {"row": int(row), "id": str(train.ids[row])}
    answers = dataset.answers(np.array([row]))
    sample["class"] = "" if answers is None else str(answers[0])
    if dataset.kind == "text":
        text = train.inputs[int(row)].as_py()
        sample["text"] = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return sample
