"""Whether what a small model decides holds for a large one, decision by decision, and what that saves."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from analysis.cost import scoring_steps, sweep_cost
from analysis.envelope import JudgedCell
from analysis.safe_rates import safe_of
from analysis.study import Study
from analysis.verdicts import ALPHA
from analysis.wording import model_label

Fate = Literal["holds", "contradicts", "open"]
# What `Condition.question` gives: content of the data, and what is trained on it.
Question = tuple[Any, ...]
# Rows of one question by how they are cut, by warm-up and by rate.
Cuts = Mapping[tuple[Any, ...], Mapping[float, Mapping[float, JudgedCell]]]
# By rate: the row that decides, and the row that it speaks of.
Ladder = Mapping[float, tuple[JudgedCell, JudgedCell]]
# What is held against what; docs/verdicts.md describes each.
_OWN, _USED, _REPLACED = "same conditions", "small scores used", "scores replaced"
TRANSFER_COLUMNS = (
    "basis", "decision", "small", "big", "n", "holds", "contradicts", "open", "share", "share_low",
    "share_high", "n_datasets", "small_seconds", "big_seconds",
)  # fmt: skip
_DECISIONS = ("verdict", "safe rate", "against random")
_OPPOSITE = {"within": "outside", "outside": "within", "better": "worse", "worse": "better"}


@dataclass(frozen=True, kw_only=True)
class _Tally:
    """Of two models and one basis: what became of each decision, and what both took, by data set."""

    fates: Mapping[str, list[Fate]] = field(default_factory=lambda: defaultdict(list))
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)


def transfer_rows(study: Study) -> Iterator[dict[str, Any]]:
    """One row a pair of models, basis and kind of decision; none where a study has one model alone.

    A decision is a verdict of within or outside, a largest safe rate above 0, or a finding of better or
    worse than random. It holds where the other row has the same (of a safe rate: where all rates up to
    it are within), is contradicted where the other has the opposite (of a safe rate: where one of them
    is outside), and is open otherwise. The share is of all decisions, those open counted as not held;
    its interval is the exact binomial one, at the level of a verdict's.

    Args:
        study: Of one run or of several.
    """
    named = _models(study)
    tallies: dict[tuple[str, str, str], _Tally] = defaultdict(_Tally)
    for small, big in _pairs(study):
        for basis, ladders, seconds in _compared(study, small, big):
            tally = tallies[basis, named[small], named[big]]
            tally.seconds[small[0]] = seconds
            for ladder in ladders:
                for decision, fate in _fates(study, ladder):
                    tally.fates[decision].append(fate)
    for (basis, small_name, big_name), tally in sorted(tallies.items()):
        whose = {"basis": basis, "small": small_name, "big": big_name}
        yield from (whose | _row(decision, tally) for decision in _DECISIONS)


def _row(decision: str, tally: _Tally) -> dict[str, Any]:
    from scipy.stats import binomtest

    fates = tally.fates[decision]
    n, holds = len(fates), fates.count("holds")
    shares = binomtest(holds, n).proportion_ci(1 - 2 * ALPHA, "exact") if n else None
    small_s, big_s = np.sum([*tally.seconds.values()], axis=0)
    return {
        "decision": decision,
        "n": n,
        "holds": holds,
        "contradicts": fates.count("contradicts"),
        "open": fates.count("open"),
        "share": holds / n if n else None,
        "share_low": float(shares.low) if shares else None,
        "share_high": float(shares.high) if shares else None,
        "n_datasets": len(tally.seconds),
        "small_seconds": float(small_s),
        "big_seconds": float(big_s) or None,  # 0: the large model has not scored for itself
    }


def _scorer(row: JudgedCell) -> Question | None:
    """The question that the run which scored a row belongs to; None where it is the trained one."""
    scorer = row.cell.condition.method.scorer
    if scorer is None:
        return None
    trained = (scorer.model_sha, scorer.learner, scorer.training, (), "", "")
    return (row.cell.condition.source.data_sha, *trained)


def _models(study: Study) -> dict[Question, str]:
    """What the model of each question is called."""
    found: dict[Question, str] = {}
    for row in study.rows:
        method, scorer = row.cell.condition.method, _scorer(row)
        found[row.cell.condition.question] = model_label(method.model)
        if scorer and method.scorer:
            found.setdefault(scorer, model_label(method.scorer.model))
    return found


def _pairs(study: Study) -> list[tuple[Question, Question]]:
    """A small and a large model on the same data: who scores for whom, else whose full run is quicker."""
    linked = dict.fromkeys(
        (scorer, row.cell.condition.question) for row in study.rows if (scorer := _scorer(row))
    )
    took: dict[Question, list[float]] = defaultdict(list)
    for row in study.rows:
        full = (pair.baseline.phases.get("training") for pair in row.cell.pairs)
        took[row.cell.condition.question] += [phase.seconds for phase in full if phase]
    ranked = sorted((q for q in took if took[q]), key=lambda q: float(np.mean(took[q])))
    beside = (
        (small, big)
        for place, small in enumerate(ranked)
        for big in ranked[place + 1 :]
        if small[0] == big[0] and not {(small, big), (big, small)} & set(linked)
    )
    return [*linked, *beside]


def _compared(
    study: Study, small: Question, big: Question
) -> Iterator[tuple[str, list[Ladder], tuple[float, float]]]:
    """What is held against what, and seconds that the small model took and the large one would take."""
    mine, own, used = (
        _cuts(row for row in study.rows if row.cell.condition.question == q and _scorer(row) == by)
        for q, by in ((small, None), (big, None), (big, small))
    )
    if alike := _matched(mine, own):
        yield _OWN, alike, (_work_s(alike, 0), _work_s(alike, 1))
    replaced = _matched(used, own)
    by_big = _scoring_s(replaced, 1)
    if alike := _matched(mine, used):
        yield _USED, alike, (_scoring_s(alike, 1), by_big)
    if replaced:
        yield _REPLACED, replaced, (_scoring_s(replaced, 0), by_big)


def _cuts(rows: Iterable[JudgedCell]) -> Cuts:
    found: dict[tuple[Any, ...], dict[float, dict[float, JudgedCell]]] = {}
    for row in rows:
        condition, m = row.cell.condition, row.cell.condition.method
        # Random rows do not depend on when they were scored, nor by whom.
        at = 0.0 if m.is_control and m.protocol == "restart" else condition.warmup
        cut = (
            m.kind, m.signal, m.settings, m.signal_sha, m.prune, m.selector, m.selector_settings,
            m.selector_sha, m.protocol, m.budget,
        )  # fmt: skip
        found.setdefault(cut, {}).setdefault(at, {}).setdefault(condition.rate, row)
    return found


def _matched(deciding: Cuts, other: Cuts) -> list[Ladder]:
    """The same cuts of two questions: at the same warm-up, or at the only one that both have."""
    ladders = []
    for cut in deciding.keys() & other.keys():
        a, b = deciding[cut], other[cut]
        marks = [(at, at) for at in a.keys() & b.keys()]
        if not marks and len(a) == len(b) == 1:
            marks = [(next(iter(a)), next(iter(b)))]
        for one, two in marks:
            rates = sorted(a[one].keys() & b[two].keys())
            ladders.append({rate: (a[one][rate], b[two][rate]) for rate in rates})
    return [ladder for ladder in ladders if ladder]


def _fates(study: Study, ladder: Ladder) -> Iterator[tuple[str, Fate]]:
    """What became of each decision of a ladder."""
    said = {
        rate: tuple(row.verdict.verdict if row.verdict else "" for row in rows)
        for rate, rows in ladder.items()
    }
    for words in said.values():
        if words[0] in _OPPOSITE:
            yield "verdict", _fate(*words)
    if safe := safe_of(rows[0] for rows in ladder.values()).tested:
        others = {words[1] for rate, words in said.items() if rate <= safe}
        against: Fate = "contradicts" if "outside" in others else "open"
        yield "safe rate", "holds" if others == {"within"} else against
    for rows in ladder.values():
        found = [study.comparisons.get(row.cell.condition) for row in rows]
        words = tuple(one.finding if one else "" for one in found)
        if words[0] in _OPPOSITE:
            yield "against random", _fate(*words)


def _fate(decided: str, other: str) -> Fate:
    if other == decided:
        return "holds"
    return "contradicts" if other == _OPPOSITE[decided] else "open"


def _work_s(ladders: Iterable[Ladder], side: int) -> float:
    """Seconds of all runs behind one side of some ladders, what they share counted once."""
    pairs = [pair for one in ladders for rows in one.values() for pair in rows[side].cell.pairs]
    results = {row.spec: row for pair in pairs for row in (pair.baseline, pair.pruned)}
    return sweep_cost(results.values()).seconds


def _scoring_s(ladders: Iterable[Ladder], side: int) -> float:
    """Seconds of the warm-ups and scores behind one side of some ladders, each counted once."""
    once: dict[tuple[str, str], float] = {}
    pairs = (pair for one in ladders for rows in one.values() for pair in rows[side].cell.pairs)
    for row in (pair.pruned for pair in pairs):
        spec, scorer = row.spec, row.spec.scorer
        encoder = f"{spec.data_sha} {scorer.model_sha if scorer else ''}"
        keys = {"warmup": spec.warm_key, "embedding": encoder}
        once |= {(n, key): row.phases[n].seconds for n, key in keys.items() if n in row.phases}
        once |= {(n, key): used.seconds for n, key, used in scoring_steps(row)}
    return sum(once.values())
