"""Which condition of a run a pruned data set is made by: the answer's, or the one that is named."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.answers import Answer, answer_of, passes_alone
from analysis.confirmation import Confirmation
from analysis.envelope import JudgedCell
from analysis.ladders import has_learned
from analysis.methods import DatasetId, RateCurve
from analysis.named_methods import curve_texts, named_curve
from analysis.page.answer_cards import cards
from analysis.page.phrases import line_text, words_of
from analysis.safe_rates import rate_curves
from analysis.study import Study
from analysis.wording import removed_text, seeds_text
from trainables.errors import NotShownError, UsageError
from trainables.suggestions import did_you_mean

# States that more runs of the same command may change.
_GOES_ON = ("confirming", "promising", "exploratory")
_WORDS = {"within": "within", "outside": "loses more", "inconclusive": "not decided"}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A condition to make a list of rows by.

    Attributes:
        study: The run.
        answer: Of its data set.
        row: The condition, judged; of kind "fixed" where fresh seeds have trained on its list.
        is_answer: Whether the answer names it.
        is_shown: Whether the run shows it to be within: with all that was tried counted where it is the
            answer, else by itself.
        words: The condition: rate, method and warm-up.
        said: What the run says of it, in one sentence.
        method_text: Its method as --method takes it.
    """

    study: Study
    answer: Answer
    row: JudgedCell
    is_answer: bool
    is_shown: bool
    words: str
    said: str
    method_text: str

    @property
    def source(self) -> DatasetId:
        """The data set."""
        return self.answer.source


def chosen_condition(
    study: Study,
    *,
    dataset: str = "",
    method: str = "",
    rate: float | None = None,
    anyway: bool = False,
    hint: str = "",
) -> Chosen:
    """The answer's condition, or the one that is named.

    Args:
        study: The run.
        dataset: Which of its data sets; may be empty where there is one.
        method: As `named_curve` takes it; empty for the answer's.
        rate: Share removed; None for the largest that the method is shown to stand.
        anyway: Choose it though it is not shown to be within.
        hint: What else can be done where it is not, a sentence.

    Raises:
        NotShownError: If the run does not show it to be within, unless anyway.
        UsageError: If it is not known, not clear which is meant, or leaves no list of rows.
    """
    answer = answer_of(study, _source(study, dataset))
    is_named = bool(method) or rate is not None
    row = _named(study, answer, method, rate) if is_named else answer.row
    if row is None or (row.verdict is None and answer.state != "confirming"):
        raise NotShownError(f"{answer.name}: no condition has a finished pair of runs yet")
    if row.cell.condition.kind == "dynamic":
        raise UsageError(
            f"{_words(study, answer, row)} chooses its rows anew each epoch and leaves no list of rows; "
            f"name another method: {_methods(study, answer)}"
        )
    own = answer.row
    is_answer = own is not None and row.cell.condition == own.cell.condition
    # A condition named beforehand is tested by itself; the answer is one of all that were tried.
    is_shown = (is_answer and answer.rate > 0) or (is_named and _passes(study, row))
    chosen = Chosen(
        study=study, answer=answer, row=row, is_answer=is_answer, is_shown=is_shown,
        words=_words(study, answer, row), said=_said(study, answer, row, is_answer=is_answer),
        method_text=_method_text(study, answer, row),
    )  # fmt: skip
    if not (is_shown or anyway):
        raise NotShownError(f"{chosen.said} {_remedy(study, chosen)} {hint}".rstrip())
    return chosen


def _source(study: Study, dataset: str) -> DatasetId:
    """The data set of a run that is meant."""
    labels = study.sources
    fitting = [s for s, label in labels.items() if not dataset or dataset in (label, s.dataset)]
    if len(fitting) == 1:
        return fitting[0]
    have = ", ".join(map(repr, labels.values()))
    if not labels:
        raise NotShownError(f"{study.name}: no trial has run yet; start its sweep first")
    if fitting:
        raise UsageError(
            f"{study.name} has {len(labels)} data sets, and one is pruned at a time; add --dataset with one "
            f"of {have}"
        )
    near = did_you_mean(dataset, labels.values())
    raise UsageError(f"{study.name} has no data set {dataset!r}; it has {have}.{near}")


def _named(study: Study, answer: Answer, method: str, rate: float | None) -> JudgedCell | None:
    """The condition that is named; where fresh seeds trained on its very list, what they say."""
    curves, one = rate_curves(study, answer.source), study.confirmed.get(answer.source)
    if method:
        curve = named_curve(study.methods, curves, method, of=answer.name)
    else:
        curve = _curve_of(study, answer, curves, one)
    rows = curves[curve]
    if rate is None:
        stands = passes_alone(study, rows) or rows[0].cell.condition.rate
        if one and one.is_of(curve) and one.is_over:  # only fresh seeds speak of their list
            stands = one.row.cell.condition.rate
        rate = stands
    fitting = [row for row in rows if abs(row.cell.condition.rate - rate) < 5e-7]
    if not fitting:
        have = ", ".join(f"{row.cell.condition.rate:g}" for row in rows)
        raise UsageError(
            f"{answer.name}: no condition of rate {rate:g} by {study.methods[curve.method]}; it was run at "
            f"{have}: name one of them by --rate, or sweep with --rate {rate:g} first"
        )
    is_listed = one is not None and one.is_of(curve) and one.row.cell.condition.rate == rate
    return one.row if one is not None and is_listed and one.is_over else fitting[0]


def _curve_of(
    study: Study,
    answer: Answer,
    curves: dict[RateCurve, list[JudgedCell]],
    one: Confirmation | None,
) -> RateCurve:
    """The method of the answer."""
    row = answer.row
    if row is not None and row.cell.condition.kind == "fixed" and one is not None:
        return next(curve for curve in curves if one.is_of(curve))
    if row is not None:
        return row.cell.condition.rate_curve
    raise UsageError(
        f"{answer.name}: the run names no method; add --method: {_methods(study, answer)}"
    )


def _passes(study: Study, row: JudgedCell) -> bool:
    """Whether a condition is within by itself, or its list by fresh seeds."""
    one = study.confirmed.get(row.cell.condition.source)
    if one is not None and row.cell.condition == one.row.cell.condition:
        return one.passes and has_learned(study, row)
    v = row.verdict
    is_within = v is not None and v.decided == "within"
    return is_within and has_learned(study, row)


def _methods(study: Study, answer: Answer) -> str:
    """The methods of a data set that leave lists, as --method takes them."""
    curves = [c for c in rate_curves(study, answer.source) if c.method.kind != "dynamic"]
    return ", ".join(map(repr, curve_texts(study.methods, curves).values())) or "there is none"


def _words(study: Study, answer: Answer, row: JudgedCell) -> str:
    """A condition in words: what goes, by what."""
    c = row.cell.condition
    label = study.methods.get(_curve(study, answer, row).method, c.signal)
    return f"{answer.name}, {removed_text(c.rate, c.warmup)} by {label}"


def _curve(study: Study, answer: Answer, row: JudgedCell) -> RateCurve:
    """The method and warm-up of the search that a condition is of; of a list the one that chose it."""
    curve, one = row.cell.condition.rate_curve, study.confirmed.get(answer.source)
    if row.cell.condition.kind != "fixed" or one is None:
        return curve
    return next((c for c in rate_curves(study, answer.source) if one.is_of(c)), curve)


def _said(study: Study, answer: Answer, row: JudgedCell, *, is_answer: bool) -> str:
    """What the run says of a condition: the page's own sentence where it is the answer."""
    if is_answer:
        (card,) = (one for one in cards(study) if one.answer.source == answer.source)
        return f"{answer.name}: {card.headline}"
    v, words = row.verdict, words_of(study)
    assert v is not None, "only judged conditions are chosen"
    fresh = "fresh " * (row.cell.condition.kind == "fixed")
    seeds = seeds_text(v.n_seeds, v.n_seeds).replace(" ", f" {fresh}", 1)
    return (
        f"{_words(study, answer, row)}: {words.moves(v.mean, v.low, v.high)}, and "
        f"the line is {line_text(study, v.tolerance)}: {_WORDS[v.verdict]}, {seeds}."
    )


def _method_text(study: Study, answer: Answer, row: JudgedCell) -> str:
    """A condition's method as --method takes it."""
    curve = _curve(study, answer, row)
    return curve_texts(study.methods, {**rate_curves(study, answer.source), curve: []})[curve]


def _remedy(study: Study, chosen: Chosen) -> str:
    """What to do where a condition is not shown to be within, in one sentence."""
    within = _within(study, chosen)
    if chosen.is_answer and chosen.answer.state in _GOES_ON and study.plan.command:
        others = f"Its sweep goes on with it: {study.plan.command}"
    elif within:
        some, more = ", ".join(within[:3]), len(within) - 3
        others = f"Within by itself: {some}{f' and {more} more' if more > 0 else ''}"
    else:
        others = "No other condition of it is within; more seeds or a smaller --rate in a sweep may show one"
    return f"{others}."


def _within(study: Study, chosen: Chosen) -> Sequence[str]:
    """The other conditions that are within by themselves, as flags; the largest rate first."""
    curves = rate_curves(study, chosen.source)
    texts = curve_texts(study.methods, curves)
    found = [
        (row.cell.condition.rate, f"--method '{texts[curve]}' --rate {row.cell.condition.rate:g}")
        for curve, rows in curves.items()
        for row in rows
        if curve.method.kind != "dynamic"
        and row is not chosen.row
        and _passes(study, row)
        and not _is_refuted(study, curve, row)
    ]
    return [flags for _, flags in sorted(found, reverse=True)]


def _is_refuted(study: Study, curve: RateCurve, row: JudgedCell) -> bool:
    """Whether fresh seeds trained on a condition's list, and do not show it to be within."""
    one = study.confirmed.get(row.cell.condition.source)
    is_list = one is not None and one.is_of(curve)
    rate = row.cell.condition.rate
    return bool(one and is_list and one.row.cell.condition.rate == rate and not one.passes)
