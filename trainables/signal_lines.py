"""Which rows go, in one plain line a method: LINES, a row a signal of SIGNALS; and policies and selectors."""

from collections.abc import Mapping
from dataclasses import dataclass

from trainables.spec import EACH_EPOCH, Setting


@dataclass(frozen=True)
class Line:
    """Which rows a cut takes, for a reader who knows no signal; at most nine words each.

    Attributes:
        low: Where it takes those with the lowest scores, as a cut does by itself.
        high: Where it takes those with the highest.
    """

    low: str
    high: str


def _both(text: str, low: str, high: str) -> Line:
    """A line whose ends differ in a word or two: where it has {}."""
    return Line(text.format(low), text.format(high))


LINES: dict[str, Line] = {
    "random": Line("rows drawn by lot", "rows drawn by lot"),
    "given": _both("the rows your file scores {} go", "lowest", "highest"),
    "redundancy": _both("the rows {} like others go", "most", "least"),
    "redundancy_within_class": _both("the rows {} like others of their class go", "most", "least"),
    "keep_one": Line("spare near-copies go, one of each stays", "the rows without near-copies go"),
    "semdedup": _both("the rows {} like another in their cluster go", "most", "least"),
    "d4": Line(
        "near-copies and rows near cluster centres go",
        "rows unlike others, far from cluster centres, go",
    ),
    "zcore": _both("the rows that cover {} by themselves go", "least", "most"),
    "k_centre": _both("the rows {} those picked before go", "nearest to", "farthest from"),
    "facility_location": Line(
        "the rows best represented by others go", "the rows that represent most others go"
    ),
    "ssl_prototypes": _both(
        "the rows {} their cluster's centre go", "nearest to", "farthest from"
    ),
    "supervised_prototypes": _both(
        "the rows {} their class's centre go", "nearest to", "farthest from"
    ),
    "moderate": Line(
        "rows nearest or farthest from their class's middle go",
        "rows at middling distance from their class's middle go",
    ),
    "d2": Line("easy rows and those like picked ones go", "hard rows unlike each other go"),
    "infomax": Line(
        "easy rows and those most like others go", "hard rows and those least like others go"
    ),
    "el2n": _both("the rows the model finds {} go", "easiest", "hardest"),
    "el2n_ensemble": _both("the rows several models find {} go", "easiest", "hardest"),
    "grand": _both("the rows that move the model {} go", "least", "most"),
    "grand_ensemble": _both("the rows that move several models {} go", "least", "most"),
    "grand_full": _both("the rows that move the whole model {} go", "least", "most"),
    "loss": _both("the rows with the {} loss go", "lowest", "highest"),
    "perplexity": _both("the rows the model finds {} likely go", "most", "least"),
    "delta_loss": _both("the rows whose loss training lowered {} go", "least", "most"),
    "entropy": _both("the rows the model is {} sure about go", "most", "least"),
    "margin": _both("the rows where one class leads {} go", "most", "least"),
    "least_confidence": _both("the rows whose likeliest class is {} go", "surest", "least sure"),
    "forgetting": Line(
        "the rows forgotten least often go", "the rows forgotten most or never learnt go"
    ),
    "aum": _both("the rows the model fights {} go", "most", "least"),
    "confidence": _both("the rows whose label looked {} go", "surest", "least sure"),
    "variability": _both("the rows whose label's probability varied {} go", "least", "most"),
    "correctness": _both("the rows predicted right {} often go", "most", "least"),
    "stability_over_visits": _both("the rows whose label's probability moved {} go", "least", "most"),
    "dual": Line("the rows that are easy or settled go", "the rows that are hard and unsettled go"),
    "stability_under_dropout": _both("the rows whose prediction dropout changes {} go", "least", "most"),
    "stability_under_token_dropout": _both("rows that missing words or moves change {} go", "least", "most"),
    "tracin": _both("the rows that lower validation loss {} go", "least", "most"),
    "tracin_self": _both("the rows that change their own loss {} go", "most", "least"),
    "less": _both("the rows {} suited to the validation rows go", "least", "best"),
    "cld": _both("the rows learnt {} like their class go", "least", "most"),
    "trak": _both("the rows that help the validation rows {} go", "least", "most"),
    "label_quality": _both("the rows whose label looks {} go", "wrong", "right"),
    "knn_shapley": _both("the rows that help their neighbours {} go", "least", "most"),
    "mem_head": _both("the rows the model memorizes {} go", "least", "most"),
    "memorization": _both("the rows the models memorize {} go", "least", "most"),
    "influence": _both("the rows that sway validation predictions {} go", "least", "most"),
    "tfidf": _both("the rows with the {} usual words go", "most", "least"),
    "length": _both("the rows with the {} words go", "fewest", "most"),
}  # fmt: skip
# Of policies that choose anew each epoch.
POLICY_LINES: dict[str, str] = {
    "random": "other rows drawn by lot each epoch",
    "infobatch": "easy rows skipped by lot, the others count more",
}
# Of selectors that take the rows of neither end of the scores.
SELECTOR_LINES: dict[str, str] = {
    "coverage": "rows go by lot, all scores stay covered",
    "window": "rows at both ends of its scores go",
    "beta": "rows drawn by odds of score and ease",
}
# Of random rows by selectors that look at classes: beside those drawn from all.
LOT_LINES: dict[str, str] = {
    "stratified": "rows drawn by lot, class by class",
    "floor": "rows drawn by lot, some of each class stay",
    "class_error": "rows drawn by lot, more stay of weak classes",
}
_BY_END = {"global", "stratified", "floor", "class_error"}


def line_of(
    signal: str,
    *,
    prune: str = "low",
    selector: str = "global",
    settings: Mapping[str, Setting] | None = None,
) -> str:
    """Which rows a method takes; of a function of the user's own, by its scores.

    Args:
        signal: Its signal, or policy where the selector says "each_epoch".
        prune: Which end of the scores goes, "low" or "high".
        selector: How the scores are cut.
        settings: Of the selector, those that are not its own.
    """
    if selector == EACH_EPOCH:
        return POLICY_LINES.get(signal, "other rows left out each epoch")
    asked, ends = settings or {}, ("low", "high")
    if selector == "coverage" and asked.get("cutoff"):
        return "the hardest go first, then rows by lot"
    if selector == "window" and asked.get("top") in (0, 1):
        return line_of(signal, prune=ends[(prune == "high") != bool(asked["top"])])
    by_lot = signal == "random" and selector != "beta"
    if selector in (cuts := LOT_LINES if by_lot else SELECTOR_LINES):
        return cuts[selector]
    if selector not in {*_BY_END, *SELECTOR_LINES}:
        return "rows go as a selector of your own cuts"
    line = LINES.get(signal) or _both("the rows it scores {} go", "lowest", "highest")
    return line.high if prune == "high" else line.low
