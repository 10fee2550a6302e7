"""From a warm-up mark to the rows that stay: a signal's scores, cut by a selector."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainables.data.dataset import Split, uniform_draws
from trainables.energy import EnergyMeter, device_counter
from trainables.evidence.collector import Evidence, Runs
from trainables.evidence.requirements import recall_under
from trainables.result import Phase, Steps, steps_of
from trainables.selection.contracts import (
    check_epochs,
    check_keep,
    check_scores,
)
from trainables.selection.cutoff import cutoff_of, hardness
from trainables.selection.lookup import Selection, own_code, resolve
from trainables.selection.protection import least_kept, put_back
from trainables.spec import TrialSpec

Keep = NDArray[np.bool_]


def score(spec: TrialSpec, runs: Runs) -> tuple[NDArray[np.float32], Steps]:
    """The signal's scores at the warm-up mark, shared by all rates and selectors.

    Returns:
        Scores, shape (n,), higher is more worth keeping; and what it took to make them and the
        evidence they rest on.

    Raises:
        ValueError: If the signal gives another shape or type, or scores that are not finite, or
            the warm-up is too short for it.
    """
    spec = spec.twin
    selection = resolve(spec)
    signal, train = selection.signal, runs.dataset.train
    check_epochs(spec)

    def write(path: Path) -> dict[str, Any]:
        evidence = Evidence(spec, runs)
        with own_code(spec):
            arguments = evidence.arguments_of(signal.score, selection.settings)
            scores, own = _timed(signal.score, arguments)
        check_scores(scores, len(train), spec.signal)
        used = {**evidence.steps, f"{spec.score_key} {spec.signal}": own}
        recall = _recall(selection, evidence)  # a measurement of ours: no cost of the method
        columns = {
            name: make(**evidence.arguments_of(make, {})) for name, make in signal.columns.items()
        }
        write_scores(path, scores, train, about, columns)
        return {"steps": {step: asdict(phase) for step, phase in used.items()}, **recall}

    about = {
        "run": spec.baseline.to_dict(),
        "warmup": spec.warmup,
        "signal": spec.signal,
        "signal_sha": spec.signal_sha,
        "settings": dict(spec.settings),
    }
    path = runs.cache.get("scores", spec.score_key, write, about=about)
    return read_scores(path), steps_of(runs.cache.facts("scores", spec.score_key), spec.score_key)


def select(spec: TrialSpec, runs: Runs) -> tuple[Keep, Steps]:
    """Which training rows a pruned trial keeps, and what it took to score them.

    Returns:
        Shape (n,), and the scoring's cost; all rows and no cost where none are scored.

    Raises:
        ValueError: As `score`; or if the selector gives no mask of as many rows as asked for.
    """
    spec = spec.twin
    if spec.kind == "fixed":
        return _fixed(spec, runs)
    if spec.kind != "pruned":
        return np.ones(len(runs.dataset.train), dtype=bool), {}
    scores, scoring = score(spec, runs)
    keep, own = _cut(spec, scores, runs)
    return keep, {**scoring, **own}


def _cut(spec: TrialSpec, scores: NDArray[np.float32], runs: Runs) -> tuple[Keep, Steps]:
    """The rows of a pruned trial that given scores leave, and what the cut's evidence took."""
    train = runs.dataset.train
    selection, evidence = resolve(spec), Evidence(spec, runs)
    cut = selection.selector
    ties = uniform_draws(train.ids, spec.seed, "ties")
    worth = scores if spec.prune == "low" else -scores
    cutoff, by = cutoff_of(spec)
    margins = evidence.get("margins", {}) if by == "aum" else None
    beside = {"hardness": hardness(spec, scores, margins)} if cutoff else {}
    with own_code(spec):
        arguments = evidence.arguments_of(cut, selection.selector_settings)
        keep = cut(
            scores=worth, rate=spec.rate, ties=ties, **{"labels": train.labels} | arguments | beside
        )
    check_keep(keep, len(train), spec.rate, spec.selector)
    if spec.protected or spec.min_per_class:
        keep = put_back(keep, worth, train.labels, ties, least_kept(spec, runs.dataset))
    return keep, evidence.steps


def _fixed(spec: TrialSpec, runs: Runs) -> tuple[Keep, Steps]:
    """The one list of rows that the scores of several seeds leave, made once and kept.

    Where the selector asks for evidence, it is that of the first of these seeds.
    """
    first, train = spec.scorers[0], runs.dataset.train

    def write(path: Path) -> dict[str, Any]:
        each = [score(one, runs) for one in spec.scorers]
        scores = join_scores(
            np.stack([found for found, _ in each]), is_set=resolve(first).signal.is_set
        )
        keep, own = _cut(first, scores, runs)
        write_scores(path, scores, train, about, {"keep": keep})
        used = {step: phase for _, steps in each for step, phase in steps.items()} | {**own}
        return {"steps": {step: asdict(phase) for step, phase in used.items()}}

    about = {"list": spec.scorers[0].to_dict(), "scored_by": list(spec.scored_by)}
    path = runs.cache.get("survivors", spec.survivors_key, write, about=about)
    keep = pq.read_table(path, columns=["keep"])["keep"].to_numpy()
    return keep, steps_of(runs.cache.facts("survivors", spec.survivors_key), spec.survivors_key)


def join_scores(scores: NDArray[np.float32], *, is_set: bool) -> NDArray[np.float32]:
    """The scores of several seeds as one: by the mean of each row's ranks.

    The row of the k-th mean rank gets the mean over seeds of the k-th score, so that selectors
    which look at how scores spread see what a single seed shows them; of one seed they are its own.
    Where a row's score rests on which others go, a mean would be of no set at all: then the scores
    are those of the seed whose ranks are nearest to the mean ranks.

    Args:
        scores: Shape (seeds, n).
        is_set: Whether they rest on each other.

    Returns:
        Shape (n,).
    """
    # Here: it takes longer to load than a short trial to run.
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=1)
    mean = ranks.mean(axis=0)
    if is_set:
        nearest: NDArray[np.float32] = scores[np.argmin(((ranks - mean) ** 2).sum(axis=1))]
        return nearest
    spread = np.sort(scores.astype(np.float64), axis=1).mean(axis=0)
    places = np.arange(1, len(mean) + 1)
    scored: NDArray[np.float32] = np.interp(rankdata(mean), places, spread).astype(np.float32)
    return scored


def recall_of(spec: TrialSpec, runs: Runs) -> float | None:
    """Share of the true neighbours that the scores rest on; None where they are exact, or none."""
    if spec.kind != "pruned":
        return None
    return runs.cache.facts("scores", spec.score_key).get("recall")


def _recall(selection: Selection, evidence: Evidence) -> dict[str, float]:
    piece = recall_under(selection.signal.score, selection.settings)
    if not piece:
        return {}
    return {"recall": round(float(evidence.get(piece, selection.settings).mean()), 6)}


def _timed(
    function: Callable[..., NDArray[np.float32]], arguments: Mapping[str, Any]
) -> tuple[NDArray[np.float32], Phase]:
    started, meter = time.perf_counter(), EnergyMeter(device_counter()).start()
    found = function(**arguments)
    return found, Phase(seconds=time.perf_counter() - started, joules=meter.lap())


def write_scores(
    path: Path,
    scores: NDArray[np.float32],
    train: Split,
    about: Mapping[str, Any],
    columns: Mapping[str, NDArray[Any]] | None = None,
) -> None:
    """Write columns sample_id, label and score, row for row, with `about` in the metadata.

    Args:
        path: The file.
        scores: Shape (n,).
        train: The rows scored.
        about: What decided the scores.
        columns: More of the signal's own, shape (n,) each.
    """
    named = {"sample_id": pa.array(train.ids), "label": train.labels, "score": scores}
    table = pa.table({**named, **(columns or {})})
    note = {"about": json.dumps(about, sort_keys=True)}
    pq.write_table(table.replace_schema_metadata(note), path, compression="zstd")


def read_scores(path: Path) -> NDArray[np.float32]:
    """The scores that `write_scores` wrote, shape (n,)."""
    scores: NDArray[np.float32] = pq.read_table(path, columns=["score"])["score"].to_numpy()
    return scores
