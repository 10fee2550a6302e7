"""Parts of sentences that several answers share."""

from dataclasses import replace

from analysis.answers import Answer
from analysis.envelope import JudgedCell
from analysis.methods import DatasetId
from analysis.metric_words import MetricWords, kept_share, metric_words
from analysis.random_control import Comparison
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import below, percent, signal_label
from trainables.result import TrialResult


def cut_text(answer: Answer, row: JudgedCell) -> str:
    """Rate and data set, such as: 10% of imdb."""
    return f"{percent(row.cell.condition.rate)} of {answer.name}"


def by_text(row: JudgedCell) -> str:
    """The method in a few words."""
    condition = row.cell.condition
    by = "at random" if condition.is_control else f"by {signal_label(condition.signal)}"
    return f"{by} each epoch" if condition.kind == "dynamic" else by


def all_of(n: int) -> str:
    """Several as a sentence has them: both, all 3."""
    return "both" if n == 2 else f"all {n}"


def words_of(study: Study) -> MetricWords:
    """How a run's metric is written, on all of its page alike."""
    return metric_words(study.metric, (row.verdict for row in study.rows if row.verdict))


def gain_share(study: Study) -> float | None:
    """The margin as a share of what training gains; None where it is in the metric's unit."""
    return study.by.margin.value if study.by.margin.is_share else None


def change_text(study: Study, answer: Answer, verdict: Verdict, *, many: bool = False) -> str:
    """What a cut does to the metric on average, and its interval where there is one.

    Args:
        study: The run.
        answer: Whose bounds are told.
        verdict: Of its condition.
        many: Whether several do it, such as seeds.
    """
    change = words_of(study).does(verdict.mean, answer.low, answer.high, many=many)
    return change + kept_text(study, replace(verdict, low=answer.low, high=answer.high))


def kept_text(study: Study, verdict: Verdict) -> str:
    """What is kept of the gain, as the end of a sentence; nothing where the margin is no share of it."""
    share = gain_share(study)
    if not share or not verdict.tolerance:
        return ""
    return f", so it {kept_share(verdict, verdict.tolerance / share).text}"


def gap_text(study: Study, value: float) -> str:
    """By how much one is better, to the decimals of a change."""
    words = words_of(study)
    return words.loss(round(value, words.digits) or value)


def likely_text(study: Study, one: Comparison) -> str:
    """The interval of a difference to random, as the end of a sentence."""
    return words_of(study).likely(one.low, one.high)


def line_size(study: Study, tolerance: float) -> str:
    """How much may be lost, as `MetricWords.harm` takes it."""
    share = gain_share(study)
    if share is not None:
        return f"{percent(share)} of what training gains{_amount(study, tolerance)}"
    return words_of(study).size(tolerance)


def _amount(study: Study, tolerance: float) -> str:
    """A share of the gain in the metric's unit, in brackets; nothing where no run tells the gain."""
    return f" ({words_of(study).amount(float(f'{tolerance:.2g}'))})" if tolerance else ""


def line_text(study: Study, tolerance: float) -> str:
    """Where the line is: −1, 0.02 nats worse."""
    words, share = words_of(study), gain_share(study)
    if words.is_accuracy:
        return below(f"{tolerance:g}", tolerance)
    of_gain = "" if share is None else f", {percent(share)} of what training gains"
    return words.line(tolerance) + of_gain


def tolerance_of(study: Study, source: DatasetId) -> float:
    """The tolerance of one data set; of a share of the gain that of the middle one of its conditions."""
    found = sorted(row.verdict.tolerance for row in study.of(source) if row.verdict)
    return found[len(found) // 2] if found else study.tolerance


def margin_text(study: Study) -> str:
    """The margin as a key has it: 1 pp, 0.02 nats, 5% of what training gains."""
    share = gain_share(study)
    if share is not None:
        return f"{percent(share)} of what training gains"
    return words_of(study).margin(study.tolerance)


def margin_told(study: Study) -> str:
    """The margin, of one data set also a share of the gain in the metric's unit."""
    if gain_share(study) is None or len(study.sources) != 1:
        return margin_text(study)
    (source,) = study.sources
    return margin_text(study) + _amount(study, tolerance_of(study, source))


def line_key(study: Study) -> str:
    """The line as a key has it: −1 pp, minus 5% of what training gains."""
    if gain_share(study) is None:
        return below(margin_text(study), study.tolerance)
    return f"minus {margin_text(study)}"


def value_of(study: Study, row: TrialResult) -> float | None:
    """What the run's metric comes to in a trial, as `MetricWords.value` takes it; None where not known."""
    if not row.is_ok or words_of(study).is_accuracy:
        return row.accuracy
    return study.reading.value(row)


def has_classes(study: Study) -> bool:
    """Whether the data has classes that can be dropped unevenly."""
    return study.metric.is_of == "classes" or any(row.class_names for row in study.results)


def known_values(study: Study, row: JudgedCell, arm: str) -> list[float]:
    """What the metric comes to in the full-data runs ("baseline") or the "pruned" ones, where known."""
    values = [value_of(study, getattr(pair, arm)) for pair in row.cell.pairs]
    return [value for value in values if value is not None]


def value_text(study: Study, value: float) -> str:
    """What the metric comes to in a table: shares to two decimals."""
    words = words_of(study)
    return f"{100 * value:.2f}%" if words.metric.unit == "pp" else words.value(value)
