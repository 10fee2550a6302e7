"""What changed since an older run, in words and tables: the data first, then the answers, then each condition."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from analysis.changed_conditions import ChangedCondition
from analysis.changes import Changes
from analysis.envelope import JudgedCell
from analysis.methods import DatasetId
from analysis.page.answer_cards import cards
from analysis.page.phrases import value_of, words_of
from analysis.study import Study
from analysis.wording import MARKS, model_label, percent, removed_text
from trainables.plain_text import forwarded
from trainables.result import TrialResult

# More lines than these are a table for a program: `prune-envelope table --what changes` has them all.
_MOST = 200
_NAMED = 3
_PAIRINGS = {"same trials": "the same trials", "paired": "paired", "apart": "apart", "none": ""}

Lines = list[tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class ChangesPanel:
    """The section of the page.

    Attributes:
        name: The older run.
        sentences: What is found, the data first.
        answers: Data set, its answer then, and now, and the metric with all rows.
        differs: What the runs were made of, where that differs: what, then, now.
        conditions: Data set, method, rate, then, now, the difference and the finding.
        more: How many conditions have no line.
    """

    name: str
    sentences: list[str]
    answers: Lines
    differs: Lines
    conditions: Lines
    more: int = 0


def changes_panel(found: Changes) -> ChangesPanel:
    """What a page says of the changes since an older run."""
    shown = sorted(found.conditions, key=lambda one: one not in found.found)
    return ChangesPanel(
        name=found.then.name,
        sentences=[*change_sentences(found)],
        answers=_answers(found),
        differs=[*_differs(found)],
        conditions=[_line(found, one) for one in shown[:_MOST]],
        more=max(0, len(shown) - _MOST),
    )


def change_sentences(found: Changes) -> Iterator[str]:
    """What is found, the most important first: other data, what was paired, what changed."""
    for source in found.other_data:
        before = _size(found.then, found.sources[source])
        yield (
            f"The data of {found.now.sources[source]} are not those of then: {before} then, "
            f"{_size(found.now, source)} now. A difference below is also one of the data."
        )
    for reason in dict.fromkeys(one.why_apart for one in found.compared if one.why_apart):
        count = sum(one.why_apart == reason for one in found.conditions)
        yield (
            f"{_conditions(count)} not paired ({reason}): then and now are two results by themselves, each with its "
            "own interval, and the difference has the interval of both together."
        )
    if count := sum(one.pairing == "paired" for one in found.conditions):
        yield f"{_conditions(count)} paired by seed and test row: same data, seeds and environment."
    if count := sum(one.pairing == "same trials" for one in found.conditions):
        yield f"{_conditions(count)} the very same trials then and now, so nothing of them can have changed."
    yield _findings(found)
    if found.found:
        told = "; ".join(_found_text(found, one) for one in found.found[:_NAMED])
        rest = len(found.found) - _NAMED
        yield f"{told}{f'; and {rest} more' * (rest > 0)}."
    lone = [one for one in found.conditions if one.finding in ("only then", "only now")]
    if lone:
        then = sum(one.finding == "only then" for one in lone)
        yield f"{then} of then were not run now, {len(lone) - then} of now not then."
    if found.then.by != found.now.by or found.then.plan.metric != found.now.plan.metric:
        yield "Then is judged here as now is: by the same metric, margin and guards."


def _found_text(found: Changes, one: ChangedCondition) -> str:
    """A condition that changed, and by how much."""
    assert one.mean is not None, "it is compared"
    condition, study = one.condition, found.now
    change = words_of(study).change(one.mean, one.low, one.high)
    name = f"{study.sources[one.source]}, " * (len(found.sources) > 1)
    return f"{name}{study.methods[condition.method]}, {percent(condition.rate)} removed: {change}"


def _conditions(count: int) -> str:
    return "1 condition is" if count == 1 else f"{count} conditions are"


def _findings(found: Changes) -> str:
    tested = [one for one in found.compared if one.p_corrected is not None]
    worse = sum(one.finding == "worse now" for one in tested)
    better = sum(one.finding == "better now" for one in tested)
    if not tested:
        return "No difference can be tested: that needs three seeds of other trials on both sides."
    over = "the one condition" if len(tested) == 1 else f"all {len(tested)} conditions"
    sure = f"sure to 19 in 20 with {over} that could differ counted"
    if not worse + better:
        return f"No change is shown, {sure}. How large a change may still be is what the intervals say."
    parts = [f"{n} {word}" for n, word in ((worse, "worse now"), (better, "better now")) if n]
    return f"Changes are shown, {sure}: {' and '.join(parts)}."


def _size(study: Study, source: DatasetId) -> str:
    """Rows and content of a data set, as far as its trials tell."""
    row = next((one for one in _full(study, source) if one.is_ok), None)
    sha = f"content {source.data_sha[:12]}"
    if row is None:
        return sha
    train = f"{sum(row.class_counts):,} training rows, " if row.class_counts else ""
    return f"{train}{row.n_test:,} test rows, {sha}"


def _full(study: Study, source: DatasetId) -> list[TrialResult]:
    return [
        row
        for row in study.whole_results
        if row.spec.is_baseline and row.spec.data_sha == source.data_sha
    ]


def _answers(found: Changes) -> Lines:
    """Each data set's answer then and now."""
    then = {card.answer.source.data_sha: card for card in cards(found.then)}
    now = {card.answer.source.data_sha: card for card in cards(found.now)}
    lines: Lines = []
    for source, before in found.sources.items():
        told = [
            f"{card.mark} {card.pill}. {card.headline}" if card else "–"
            for card in (then.get(before.data_sha), now.get(source.data_sha))
        ]
        values = (
            f"{_with_all_rows(found.then, before)} then, {_with_all_rows(found.now, source)} now"
        )
        lines.append((found.now.sources[source], *told, values))
    return lines


def _with_all_rows(study: Study, source: DatasetId) -> str:
    """The metric of the full-data runs, their mean."""
    values = [x for row in _full(study, source) if (x := value_of(study, row)) is not None]
    return words_of(study).value(sum(values) / len(values)) if values else "not known"


def _differs(found: Changes) -> Iterator[tuple[str, ...]]:
    """What the two runs were made of, where that differs."""
    for source, before in found.sources.items():
        name = found.now.sources[source]
        then, now = _made_of(found.then, before), _made_of(found.now, source)
        for what in dict.fromkeys([*then, *now]):
            if then.get(what) != now.get(what):
                yield (f"{name}: {what}", then.get(what) or "–", now.get(what) or "–")


def _made_of(study: Study, source: DatasetId) -> dict[str, str]:
    """What decides the results of a data set, by its name for a reader."""
    rows = [row for row in study.whole_results if row.spec.data_sha == source.data_sha]
    specs = [row.spec for row in rows]
    environments = [row.environment for row in rows]
    training = [asdict(spec.training) for spec in specs if not spec.is_own]
    return {
        "content": source.data_sha[:12],
        "model": _joined(f"{model_label(s.model)} ({s.model_sha[:12]})" for s in specs if s.model),
        "learner": _joined(f"{spec.learner} {spec.learner_sha[:12]}".strip() for spec in specs),
        "experiment": _joined(s.protocol for s in specs if not s.is_baseline),
        "seeds": ", ".join(map(str, sorted({spec.seed for spec in specs}))),
        "release (SPEC_VERSION)": _joined(str(spec.version) for spec in specs),
        **{key: _joined(f"{one[key]:g}" if isinstance(one[key], float) else str(one[key]) for one in training) for key in (training or [{}])[0]},
        **{
            f"environment, {key}": _joined(one[key] for one in environments if key in one)
            for key in sorted({key for one in environments for key in one})
        },
    }  # fmt: skip


def _joined(texts: Iterable[str]) -> str:
    return forwarded(", ".join(sorted(set(texts))))


def _line(found: Changes, one: ChangedCondition) -> tuple[str, ...]:
    study, words = (found.now if one.now else found.then), words_of(found.now)
    difference = ""
    if one.mean is not None and one.pairing != "same trials":
        difference = f"{words.number(one.mean)} {words.interval(one.low, one.high)}".rstrip()
    place = percent(one.condition.rate)
    if len(study.warmups) > 1:
        place = removed_text(one.condition.rate, one.condition.warmup)
    return (
        found.now.sources[one.source],
        study.methods[one.condition.method],
        place,
        _told(found.now, one.then),
        _told(found.now, one.now),
        difference,
        _PAIRINGS[one.pairing],
        one.finding,
    )


def _told(study: Study, row: JudgedCell | None) -> str:
    """Mark, mean, interval and seeds."""
    if row is None:
        return "not run"
    if row.verdict is None:
        return "no pair"
    v, words = row.verdict, words_of(study)
    told = f"{MARKS[v.decided]} {words.number(v.mean)} {words.interval(v.low, v.high)}".rstrip()
    return f"{told}, n = {v.n_seeds}"
