"""What each further 10 % of the rows costs, in a sentence."""

from analysis.metric_words import MetricWords
from analysis.slopes import Slope
from analysis.wording import p_text, percent


def slope_text(one: Slope, words: MetricWords) -> str:
    """A slope as a sentence without its full stop: what 10 % cost, and whether they always cost that.

    Args:
        one: The slope.
        words: How the metric is written.
    """
    notes = f" ({'; '.join(one.notes)})" if one.notes else ""
    return f"{_cost(one, words)}; {_shape(one, words)}{notes}"


def _cost(one: Slope, words: MetricWords) -> str:
    change = words.turned(one.mean, one.low, one.high)
    # Where the line bends no single number is true of every further 10 %.
    each = "on average each further 10% removed" if one.is_bent else "each further 10% removed"
    if one.low is None or one.high is None:
        return f"{each} {words.does(one.mean)}, of one seed and so without an interval"
    if one.high < 0:
        return f"{each} {'costs' if words.metric.higher else 'worsens'} {words.noun}: {change}"
    if one.low > 0:
        return f"{each} improves {words.noun}: {change}"
    return f"that {each} changes {words.noun} is not shown: {change}"


def _shape(one: Slope, words: MetricWords) -> str:
    if one.bend is None:
        return f"whether it is a straight line, {len(one.rates)} rates do not show"
    if one.bend_p is None:
        return "whether it is a straight line, one seed does not show"
    if not one.is_bent:
        return f"a straight line fits, no bend is shown (p {p_text(one.bend_p)})"
    later = "more" if one.bend < 0 else "less"
    return (
        f"it bends, later rows cost {later}: what 10% do at a rate of {percent(one.rates[-1])} differs from what "
        f"10% do at a rate of {percent(one.rates[0])} by {words.turned(one.bend, one.bend_low, one.bend_high)} "
        f"(p {p_text(one.bend_p)})"
    )
