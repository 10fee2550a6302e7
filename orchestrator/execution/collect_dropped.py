"""Who was dropped: of every list its removed rows, why they went and who stays in their place."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.answers import answers
from analysis.csv_lines import csv_lines
from analysis.dropped_samples import ClassLikeness, Dropped, DroppedList, DroppedRow, DroppedSample
from analysis.methods import Condition, condition_of
from analysis.study import read_runs
from orchestrator.execution.compared_cuts import class_likeness, shared_cuts
from orchestrator.execution.shown_samples import shown_sample, with_pictures
from orchestrator.execution.signal_agreement import agreement
from orchestrator.planning.plan import Sweep
from orchestrator.planning.shard_tasks import cut_needs
from orchestrator.store.atomic import atomic_write
from orchestrator.trial_names import arm_text
from trainables.data.twins import Twins
from trainables.run_context import RunContext
from trainables.selection.lookup import selector_evidence
from trainables.selection.removed import Removal, removal, removed_table
from trainables.selection.scoring import Keep, read_scores, select
from trainables.selection.surroundings import known_twins, predicted_classes, surroundings
from trainables.spec import TrialSpec

# Rows shown of the headline's own lists; of the others the most of these by which all stay within.
_OWN_ROWS, _OTHER_ROWS, _MOST_ROWS = 40, (10, 5, 2, 1, 0), 2000
# Characters of a file's name.
_LONGEST_NAME = 100
# What this may take of the time after a sweep: seconds for embeddings that are not kept, and, for lists
# that are not the headline's own, multiplications in the search for survivors (some three minutes).
_MOST_S, _MOST_SEARCHED = 180.0, 8e12
# With neighbours at hand few rows are left to be searched for.
_LEFT_OPEN = 0.1


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """A list of which something is written.

    Attributes:
        spec: Its trial; of a fixed list the first.
        is_own: Whether it is the headline's own, or a confirmed one: then all its rows are written.
        shown: How many of its rows a page may show.
    """

    spec: TrialSpec
    is_own: bool
    shown: int


def write_dropped(sweep: Sweep, *, examples: bool) -> None:
    """Write RUN/dropped.json, and all rows of the headline's own lists as RUN/removed/NAME.csv.

    Of every list whose scores are there: each method, rate and seed, and the confirmed one. Nothing is
    trained for it.

    Args:
        sweep: After its last trial.
        examples: Write training texts and pictures, too.
    """
    wanted = _wanted(sweep)
    names = _file_names([one.spec for one in wanted if one.is_own])
    lists: dict[TrialSpec, DroppedList] = {}
    samples: dict[str, dict[int, DroppedSample]] = {}
    gone: dict[TrialSpec, NDArray[np.int64]] = {}
    alike: dict[str, ClassLikeness | None] = {}
    for one, removed, likeness in _removals(sweep, wanted):
        gone[one.spec] = removed.places.rows
        alike[one.spec.twin.scorers[0].warm_key] = likeness
        file = names.get(one.spec, "")
        if file:
            atomic_write(sweep.run.folder / file, _csv(removed))
        lists[one.spec] = described = _described(one, removed, file)
        known = samples.setdefault(one.spec.data_sha, {})
        spoken_of = (number for row in described.rows for number in (row.row, row.survivor))
        for number in spoken_of:
            if number is not None and number not in known:
                known[number] = shown_sample(removed.dataset, number, with_text=examples)
    told = tuple(lists[one.spec] for one in wanted if one.spec in lists)
    dropped = Dropped(
        agreement=tuple(agreement(sweep)),
        with_examples=examples,
        samples=with_pictures(samples, told, sweep.datasets) if examples else samples,
        lists=told,
        shared=tuple(shared_cuts(gone)),
        likeness=tuple(one for one in alike.values() if one),
    )
    atomic_write(sweep.run.folder / "dropped.json", dropped.to_json().encode())


def _wanted(sweep: Sweep) -> list[_Wanted]:
    """The lists whose scores are there, the confirmed one and those of the headline's condition first."""
    study = read_runs([sweep.run.folder], by=sweep.judging.by)
    headlines = [answer.row.cell.condition for answer in answers(study) if answer.row]
    fixed = {spec.survivors_key: spec for spec in reversed(sweep.specs) if spec.shares_list}
    own = [spec for key, spec in fixed.items() if sweep.store.has("survivors", key)]
    whole = [spec for spec in sweep.specs if spec.data_sha not in sweep.plan.subsets]
    pruned = [spec for spec in whole if spec.kind == "pruned" and _is_there(sweep, spec)]
    own += [spec for spec in pruned if any(_is_of(spec, one) for one in headlines)]
    others = [spec for spec in pruned if spec not in set(own)]
    shown = min(_OWN_ROWS, _MOST_ROWS // max(1, len(own)))
    left = _MOST_ROWS - shown * len(own)
    few = next(rows for rows in _OTHER_ROWS if rows * len(others) <= left)
    return [
        *(_Wanted(spec=spec, is_own=True, shown=shown) for spec in own),
        *(_Wanted(spec=spec, is_own=False, shown=few) for spec in others),
    ]


def _is_there(sweep: Sweep, spec: TrialSpec) -> bool:
    """Whether a pruned trial's list can be had without anything being trained or passed over again."""
    if not sweep.store.has("scores", spec.score_key):
        return False
    looks = selector_evidence(spec.selector, spec.selector_settings) - {"labels"}
    needs = cut_needs(spec, len(sweep.datasets[spec.data_sha].train), twins=False)
    return all(sweep.store.has(*one) for one in needs) and (not looks or sweep.is_done(spec))


def _is_of(spec: TrialSpec, headline: Condition) -> bool:
    """Whether a pruned trial is of the headline's condition, or its list went into the confirmed one."""
    if headline.scored_by:
        spec = replace(spec, protocol="restart", scored_by=headline.scored_by)
    return condition_of(spec) == headline


def _removals(
    sweep: Sweep, wanted: Sequence[_Wanted]
) -> Iterator[tuple[_Wanted, Removal, ClassLikeness | None]]:
    """The removed rows of each list, and how alike the rows of a class are at its mark.

    One mark follows another: embeddings are read once for each.
    """
    marks: dict[str, list[_Wanted]] = {}
    for one in wanted:
        marks.setdefault(one.spec.twin.scorers[0].warm_key, []).append(one)
    twins: dict[str, Twins] = {}
    until, left = time.monotonic() + _MOST_S, _MOST_SEARCHED
    for together in marks.values():
        dataset = sweep.datasets[together[0].spec.data_sha]
        runs = RunContext(dataset, sweep.store)
        if dataset.sha not in twins:
            twins[dataset.sha] = known_twins(runs)
        beside = surroundings(
            together[0].spec, runs, twins=twins[dataset.sha], most_s=until - time.monotonic()
        )
        likeness = class_likeness(together[0].spec, dataset, beside)
        for one in together:
            keep, scores = _cut(one.spec, runs, sweep)
            if keep.all():
                continue
            seen = replace(beside, predicted=predicted_classes(one.spec, runs))
            if beside.vectors is not None and not one.is_own:
                products = float((~keep).sum()) * float(keep.sum()) * beside.vectors.shape[1]
                products *= 1.0 if beside.neighbours is None else _LEFT_OPEN
                if products > left:
                    seen = replace(seen, vectors=None)
                else:
                    left -= products
            yield one, removal(one.spec, runs, keep, scores, seen), likeness


def _cut(spec: TrialSpec, runs: RunContext, sweep: Sweep) -> tuple[Keep, NDArray[np.float32]]:
    """Which rows a list keeps, and by which scores."""
    if spec.kind == "fixed":
        found = sweep.store.find("survivors", spec.survivors_key)
        assert found is not None, "only what is there is asked for"
        return pq.read_table(found, columns=["keep"])["keep"].to_numpy(), read_scores(found)
    found = sweep.store.find("scores", spec.score_key)
    assert found is not None, "only what is there is asked for"
    return select(spec, runs)[0], read_scores(found)


def _described(one: _Wanted, removed: Removal, file: str) -> DroppedList:
    """A list's counts, of all its removed rows, and some of these, spread over the order of removal."""
    dataset, gone, other = removed.dataset, removed.places.rows, removed.survivors
    labels, classes = dataset.train.labels, dataset.class_names
    chosen = np.linspace(0, len(gone) - 1, min(one.shown, len(gone))).round().astype(np.int64)
    rows = tuple(
        DroppedRow(
            row=int(gone[at]),
            survivor=int(other[at]) if other[at] >= 0 else None,
            similarity=None if np.isnan(like := removed.similarity[at]) else round(float(like), 4),
            percentile=round(float(removed.percentile[at]), 4),
            score=_short(float(removed.scores[at])),
            reason=why,
            twin_survives=bool(removed.twins[at] >= 0),
        )
        for at, why in zip(chosen.tolist(), removed.reasons(chosen), strict=True)
    )
    counts = np.bincount(labels[gone], minlength=len(classes)).tolist()
    return DroppedList(
        spec=one.spec,
        dropped=len(gone),
        survivor_kept=int((other >= 0).sum()),
        twin_survives=int((removed.twins >= 0).sum()),
        other_label=int(((other >= 0) & (labels[other] != labels[gone])).sum()),
        by_class={name: count for name, count in zip(classes, counts, strict=False) if count},
        file=file,
        rows=rows,
    )


def _file_names(specs: Sequence[TrialSpec]) -> Mapping[TrialSpec, str]:
    """The CSV of each list, from the run's folder: no two alike, and safe on every file system."""
    names: dict[TrialSpec, str] = {}
    for spec in specs:
        seed = "list" if spec.kind == "fixed" else f"s{spec.seed}"
        mark = f"w{round(100 * spec.warmup, 1):g} p{round(100 * spec.rate, 1):g} {seed}"
        plain = re.sub(r"[^A-Za-z0-9.]+", "-", f"{spec.dataset} {arm_text(spec)} {mark}").strip(
            "-."
        )
        plain, count = plain[-_LONGEST_NAME:].strip("-."), 1
        taken = {name.lower() for name in names.values()}
        name = f"removed/{plain}.csv"
        while name.lower() in taken:
            count += 1
            name = f"removed/{plain}-{count}.csv"
        names[spec] = name
    return names


def _csv(removed: Removal) -> bytes:
    """All removed rows as CSV that no spreadsheet runs."""
    table = removed_table(removed)
    measured = {"score", "percentile", "similarity"}
    rows = (
        {
            name: _short(value) if name in measured and value is not None else value
            for name, value in row.items()
        }
        for row in table.to_pylist()
    )
    return ("\n".join(csv_lines(table.column_names, rows)) + "\n").encode()


def _short(value: float) -> float:
    """A float32's value without the digits that float64 adds."""
    return float(f"{value:.7g}")
