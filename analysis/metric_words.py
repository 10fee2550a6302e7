"""How a metric is written for a reader: its values, its changes, its axis, and the kept share of a gain."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from analysis.metrics import ACCURACY, Metric
from analysis.verdicts import Verdict
from analysis.wording import below, points, shortened

# A name of the user's own may be longer than an axis, which must still say which way is worse.
_LONGEST = 32
# A perplexity that nobody reads digit by digit.
_HUGE = 1e7


@dataclass(frozen=True, kw_only=True)
class MetricWords:
    """How a metric's values and changes are written: in one unit, to as many decimals everywhere.

    A change is oriented: below 0 is worse, also of a metric of which more is worse.

    Attributes:
        metric: What is written of.
        digits: Decimals of a change.
    """

    metric: Metric = ACCURACY
    digits: int = 2

    @property
    def is_accuracy(self) -> bool:
        """Whether it is accuracy, which needs no name beside its unit."""
        return self.metric.name == ACCURACY.name

    @property
    def noun(self) -> str:
        """The metric inside a sentence: accuracy, the log loss."""
        return self.metric.noun or self.metric.label

    @property
    def title(self) -> str:
        """The metric where a line begins: Accuracy, Log loss."""
        return f"{self.metric.label[:1].upper()}{self.metric.label[1:]}"

    @property
    def told(self) -> str:
        """What must be said behind a change, where more of the metric is worse; else nothing."""
        return "" if self.metric.higher else ", its sign turned: below 0 is worse"

    @property
    def axis(self) -> str:
        """An axis of changes: Δ accuracy (pp)."""
        unit = f" ({self.metric.unit})" if self.metric.unit else ""
        below = "" if self.metric.higher else ", below 0 is worse"
        return f"Δ {shortened(self.metric.label, _LONGEST)}{unit}{below}"

    @property
    def delta(self) -> str:
        """The head of a column of changes: Δ pp."""
        return f"Δ {self.metric.unit}" if self.is_accuracy else self.axis

    @property
    def hover(self) -> str:
        """A change as a figure's template writes it, to be put after the variable."""
        unit = f" {self.metric.unit}" if self.metric.unit else ""
        return f":+{'' if self.metric.unit else ','}.{self.digits}f}}{unit}"

    @property
    def fixed(self) -> str:
        """The decimals of a change as a table's format."""
        return f".{self.digits}"

    @property
    def heads(self) -> tuple[str, str, str]:
        """The heads of a mean and its bounds: mean pp, low pp, high pp."""
        return (self.head("mean"), self.head("low"), self.head("high"))

    def head(self, name: str) -> str:
        """The head of a column of numbers in the metric's unit: mean pp, low nats."""
        return f"{name} {self.metric.unit}".rstrip()

    def plain(self, value: float) -> str:
        """A change with the signs of a keyboard, for a terminal: -0.20, -1,200."""
        return self.number(value).replace("−", "-")

    def number(self, value: float) -> str:
        """A change without its unit: −0.20, −1,200."""
        text = f"{value:+,.{self.digits}f}"
        return text[1:] if float(text.replace(",", "")) == 0 else text.replace("-", "−")

    def interval(self, low: float | None, high: float | None) -> str:
        """Both bounds in brackets, or nothing where there is no interval."""
        if low is None or high is None:
            return ""
        return f"[{self.number(low)}, {self.number(high)}]"

    def likely(self, low: float | None, high: float | None) -> str:
        """An interval as the end of a sentence; nothing where there is none."""
        if low is None or high is None:
            return ""
        return f", likely {self.number(low)} to {self.number(high)}"

    def short(self, value: float) -> str:
        """A change with its unit, where there is little room: −0.20 pp, +0.012 nats."""
        return f"{self.number(value)} {self.metric.unit}".rstrip()

    def change(self, value: float, low: float | None = None, high: float | None = None) -> str:
        """A change inside a sentence, with its interval: −0.20 points, likely −0.50 to +0.10."""
        unit = "points" if self.metric.unit == "pp" else self.metric.unit
        text = f"{self.number(value)} {unit}".rstrip()
        return f"{text}{self.likely(low, high)}{self.told}"

    def does(
        self,
        value: float,
        low: float | None = None,
        high: float | None = None,
        *,
        many: bool = False,
    ) -> str:
        """What a cut does: changes accuracy by −0.20 points; makes the token loss 0.04 nats worse.

        Args:
            value: The change.
            low: Its lower bound; None where there is none.
            high: Its upper bound.
            many: Whether several do it.
        """
        s = "" if many else "s"
        told = self.turned(value, low, high)
        if self.metric.higher or not float(f"{value:.{self.digits}f}"):
            return f"change{s} {self.noun} by {told}"
        return f"make{s} {self.noun} {told}"

    def moves(self, value: float, low: float | None, high: float | None) -> str:
        """What the metric does: accuracy changes by −0.20 points; the token loss gets 0.04 nats worse."""
        is_same = self.metric.higher or not float(f"{value:.{self.digits}f}")
        return f"{self.noun} {'changes by' if is_same else 'gets'} {self.turned(value, low, high)}"

    def line(self, tolerance: float) -> str:
        """Where a line is: −0.5 points, 0.02 nats worse."""
        if self.metric.higher:
            return below(self.amount(tolerance), tolerance)
        return f"{self.amount(float(f'{tolerance:.2g}'))} worse"

    def turned(self, value: float, low: float | None, high: float | None) -> str:
        """A change behind the values it is of; where more is worse in words: 0.04 nats worse, likely 0.03 to 0.05."""
        if self.metric.higher:
            return self.change(value, low, high)
        told = self._way(value, f" {self.metric.unit}".rstrip())
        if low is None or high is None:
            return told
        if low * high > 0:
            ends = (f"{size:,.{self.digits}f}" for size in sorted((abs(low), abs(high))))
            return f"{told}, likely {' to '.join(ends)}"
        return f"{told}, likely {self._way(low)} to {self._way(high)}"

    def _way(self, value: float, unit: str = "") -> str:
        """A change as a size, and whether that is worse: 0.04 worse."""
        size = f"{abs(value):,.{self.digits}f}"
        way = "" if not float(size.replace(",", "")) else " better" if value > 0 else " worse"
        return f"{size}{unit}{way}"

    def spread(self, value: float) -> str:
        """A standard deviation: 0.31 pp, 0.004 nats, 310."""
        return f"{value:,.{self.digits}f} {self.metric.unit}".rstrip()

    def amount(self, value: float) -> str:
        """A size without a sign: 1 point, 0.02 nats, 1,200."""
        if self.metric.unit == "pp":
            return points(value)
        return f"{significant(value)} {self.metric.unit}".rstrip()

    def loss(self, value: float) -> str:
        """A size as what is lost: 1 point, 1 point of macro-F1, 1,200 in mean absolute error."""
        if self.is_accuracy:
            return points(value)
        return f"{self.amount(value)} {'of' if self.metric.unit else 'in'} {self.metric.label}"

    def harm(self, size: str, than: str = "", *, verb: str = "loses") -> str:
        """Harm of a size: loses less than 1 point, raises the log loss by less than 0.02 nats.

        Args:
            size: As `loss` writes it, or as `amount` where more of the metric is worse.
            than: less than, more than, or nothing.
            verb: Of a loss: loses, costs.
        """
        size = f"{than} {size}".lstrip()
        return f"{verb} {size}" if self.metric.higher else f"raises {self.noun} by {size}"

    def size(self, value: float) -> str:
        """A size as `harm` takes it."""
        return self.loss(value) if self.metric.higher else self.amount(value)

    def margin(self, value: float) -> str:
        """A line's distance from the full-data run: 1 pp, 0.02 nats, 1,200."""
        if self.metric.unit == "pp":
            return f"{value:g} pp"
        return self.amount(value)

    def perplexity(self, value: float) -> str:
        """The exponential of a token loss: 30.6; empty of any other metric."""
        if not self.metric.has_perplexity:
            return ""
        found = perplexity_of(value)
        return significant(found) if found < _HUGE else f"{found:.1e}"

    def span(self, first: float, last: float, between: str = "to") -> str:
        """From one value to another, the unit once: 77.0% to 78.1%, 3.40 to 3.45 nats."""
        told = self.value(first)
        if self.metric.unit and self.metric.unit != "pp":
            told = told.removesuffix(f" {self.metric.unit}")
        return f"{told} {between} {self.value(last)}"

    def value(self, value: float) -> str:
        """What the metric comes to, as it is computed: 77.0%, 0.534 nats, 21,300."""
        if self.metric.unit == "pp":
            return f"{self.metric.scale * value:.1f}%"
        scaled = f"{self.metric.scale * value:,.{self.digits}f}"
        return f"{scaled} {self.metric.unit}".rstrip().replace("-", "−")


def metric_words(metric: Metric, verdicts: Iterable[Verdict] = ()) -> MetricWords:
    """How a metric is written where these verdicts are shown.

    Points have two decimals; of another unit so many that the smallest margin, or without one the
    narrowest interval, has two digits that count.
    """
    if metric.unit == "pp":
        return MetricWords(metric=metric)
    found = list(verdicts)
    sizes = [v.tolerance for v in found if v.tolerance > 0]
    sizes = sizes or [
        v.high - v.low for v in found if v.high is not None and v.low is not None and v.high > v.low
    ]
    size = min(sizes, default=0.01)
    return MetricWords(metric=metric, digits=min(8, max(0, 1 - math.floor(math.log10(size)))))


def perplexity_of(loss: float) -> float:
    """The exponential of a token loss in nats, at most 1e300."""
    return math.exp(min(loss, 690.0))


def significant(value: float, digits: int = 3) -> str:
    """At least so many digits that count, whole numbers whole: 0.0235, 0.5, 12,345."""
    if not value:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}".replace("-", "−")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, kw_only=True)
class Kept:
    """How much is kept of what training gains; 1 is all of it.

    Attributes:
        share: The mean.
        low: Lower bound; None where there is none.
        high: Upper bound.
    """

    share: float
    low: float | None = None
    high: float | None = None

    @property
    def text(self) -> str:
        """Keeps 96% [93, 98] of what training gains."""
        # Near all of it a whole per cent would read as all of it.
        digits = 1 if self.share > 0.95 else 0
        mean = f"{100 * self.share:.{digits}f}%".replace("-", "−")
        if self.low is None or self.high is None:
            return f"keeps {mean} of what training gains"
        low, high = (
            f"{100 * bound:.{digits}f}".replace("-", "−") for bound in (self.low, self.high)
        )
        return f"keeps {mean} [{low}, {high}] of what training gains"


def kept_share(verdict: Verdict, gain: float) -> Kept:
    """A verdict as the kept share of the gain.

    Args:
        verdict: Its differences are in the unit of `gain`. Its line, at a share f of the gain below 0,
            is then at 1 - f here.
        gain: By how much the full-data runs are better than a prediction that looks at no example,
            above 0: verdict.tolerance / f.
    """
    low, high = (
        None if bound is None else 1 + bound / gain for bound in (verdict.low, verdict.high)
    )
    return Kept(share=1 + verdict.mean / gain, low=low, high=high)
