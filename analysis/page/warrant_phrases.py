"""Parts of sentences on a warrant."""

from dataclasses import replace

from analysis.metric_words import MetricWords, metric_words
from analysis.metrics import ACCURACY
from analysis.verdicts import Verdict
from analysis.warrants import Measured, Warrant, WarrantedGuard
from analysis.wording import percent, signed
from trainables.written_numbers import many


def words_of_warrant(w: Warrant) -> MetricWords:
    """The words of the warrant's metric, which may be one of the user's own: nothing of it is run."""
    metric = replace(
        ACCURACY, name=w.metric, label=w.label, noun=w.noun, unit=w.unit, scale=w.scale, higher=w.higher
    )  # fmt: skip
    c = w.change or Measured(mean=0.0)
    v = Verdict(mean=c.mean, low=c.low, high=c.high, n_seeds=len(w.seeds), tolerance=w.tolerance)
    return metric_words(metric, [v])


def cut_of_warrant(w: Warrant) -> str:
    """The data set less the rows that go: imdb without 10% of its rows."""
    return f"{w.dataset} without {gone_text(w)}"


def gone_text(w: Warrant) -> str:
    """How much goes: 10% of its rows."""
    gone = 1 - w.n_kept / w.n_train if w.n_train else w.rate
    # 1,337 of 4,459 rows are 0.3 of them rounded to whole rows, which nobody calls 29.98%.
    share = w.rate if abs(gone - w.rate) * w.n_train < 1 else round(gone, 3)
    return f"{percent(share)} of its rows"


def line_of_warrant(w: Warrant) -> str:
    """How much may be lost: 1 point, 0.02 nats, 5% of what training gains."""
    if w.gain_share is not None:
        return f"{percent(w.gain_share)} of what training gains"
    return words_of_warrant(w).amount(w.tolerance)


def harm_text(w: Warrant, than: str) -> str:
    """Harm of the size of the line: loses less than 1 point."""
    words = words_of_warrant(w)
    size = line_of_warrant(w) if w.gain_share is not None else words.size(w.tolerance)
    return words.harm(size, than)


def afresh_text(w: Warrant) -> str:
    """Which experiment it was, and by which seeds."""
    return (
        f"trained afresh on exactly these rows, with {many(len(w.seeds), 'new seed')} that had no part in choosing "
        "them"
    )


def warranted_change(w: Warrant, one: Measured) -> str:
    """A change of the metric inside a sentence, with its interval."""
    return words_of_warrant(w).turned(one.mean, one.low, one.high)


def guard_change(one: WarrantedGuard) -> str:
    """What is guarded, on which rows, and its change."""
    where = f"“{one.group}”" if one.group else "all test rows"
    if one.change is None:
        return f"{one.label} has no value on {where}"
    unit = "points" if one.unit == "pp" else one.unit
    c = one.change
    likely = (
        "" if c.low is None or c.high is None else f", likely {signed(c.low)} to {signed(c.high)}"
    )
    return f"{one.label} of {where} {signed(c.mean)} {unit}{likely}".replace("  ", " ")


def capital(text: str) -> str:
    """A text as a line begins."""
    return f"{text[:1].upper()}{text[1:]}"
