"""Selectors turn scores into the rows that stay: SELECTORS, one function a row.

Every selector keeps exactly `n_keep(n, rate)` rows, keeps at a higher rate a subset of what it
keeps at a lower one, and breaks ties by `ties`, never by row order. It is called with scores,
labels, rate and ties, then the evidence it names (such as `class_recall`), or `hardness` for a cut-off, then its
settings; what `keep_global` says of its arguments and of what it returns holds for all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

import numpy as np

from trainables.docstrings import about, source
from trainables.evidence.requirements import settings_of
from trainables.selection.beta_sampling import keep_beta
from trainables.selection.class_cuts import keep_class_error, keep_floor, keep_stratified
from trainables.selection.cuts import (
    Draws,
    Labels,
    Mask,
    Rows,
    Scores,
    check_share,
    mask_of,
    n_keep,
    places_within,
    rows_by_worth,
)
from trainables.spec import Setting


@dataclass(frozen=True, kw_only=True)
class Selector:
    """A selector by name: a row of SELECTORS.

    Attributes:
        cut: The function.
        asks: Settings, with their defaults, that say what it is given, beside the function's own.
        needs: Evidence that its settings ask for, beside what its parameters name.
        needs_epochs: Epochs of warm-up below which it has no data yet; refused.
        of_classes: Whether it cuts by the classes of rows, and so means nothing where there are none.
        by_odds: Whether it draws each row by itself; refused of scores that rest on which others go.
    """

    cut: Callable[..., Mask]
    needs_epochs: float = 0.0
    of_classes: bool = False
    by_odds: bool = False
    asks: Mapping[str, Setting] = field(default_factory=dict)
    needs: Callable[[Mapping[str, Setting]], frozenset[str]] = lambda _: frozenset()

    @property
    def settings(self) -> dict[str, Setting]:
        """All its settings with their defaults."""
        return {**settings_of(self.cut), **self.asks}

    @property
    def about(self) -> str:
        """What it does, in one line."""
        return about(self.cut)

    @property
    def source(self) -> str:
        """Where the idea is from; empty where there is no source."""
        return source(self.cut)


def keep_global(scores: Scores, labels: Labels, rate: float, ties: Draws) -> Mask:
    """Keep the best-scored rows of the whole set, whatever their class.

    Args:
        scores: Worth of each row, shape (n,); higher is kept first.
        labels: Classes, shape (n,); not used.
        rate: Share of rows to remove, in [0, 1).
        ties: A number of its own for each row, shape (n,); the higher of two equal scores stays.

    Returns:
        Which rows stay, shape (n,).
    """
    return mask_of(rows_by_worth(scores, ties), n_keep(len(scores), rate))


def keep_coverage(
    scores: Scores,
    labels: Labels,
    rate: float,
    ties: Draws,
    hardness: Scores | None = None,
    *,
    bins: int = 50,
    cutoff: float = 0.0,
) -> Mask:
    """Cut off the hardest share, if any, then keep as evenly as can be over the scores' range.

    What is left is cut into bins of equal width, bins keep equal numbers of rows or all they have, and
    within a bin the draw of `ties` decides; which end of the scores goes makes no difference. At a rate
    below the cutoff only the hardest go. The source tunes the cutoff to the rate, such as 0.3 at 90 %
    pruned of CIFAR-10; with the default of none this is stratified sampling over the scores.

    Args:
        scores: As for `keep_global`, and so are the next three.
        labels: See there.
        rate: See there.
        ties: See there.
        hardness: By what rows are cut off, shape (n,), higher goes first; the scores without it. In a
            sweep of what `cutoff_by` says: "aum", as the source has it whatever the scores are, "score",
            or "auto", AUM where the run that scores gives margins and else the scores, whose hard end
            the signal's row says, of your own scores `hard` ("high" without it).
        bins: Of equal width over the scores' range, at least 1.
        cutoff: Share of all rows that goes first, in [0, 1): the hardest, often mislabelled.

    Raises:
        ValueError: If bins or cutoff is out of its range.

    References:
        Zheng, Liu, Lai, Prakash, "Coverage-centric Coreset Selection for High Pruning Rates",
        2023, arXiv:2210.15809.
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}; it must be at least 1")
    if not 0 <= cutoff < 1:
        raise ValueError(f"cutoff is {cutoff:g}; it must lie in [0, 1)")
    kept = n_keep(len(scores), rate)
    easiest_first = np.lexsort((-ties, scores if hardness is None else hardness))
    left = easiest_first[: max(kept, n_keep(len(scores), cutoff))]
    bin_of = _equal_width(scores[left], bins)
    quotas = fill(np.bincount(bin_of, minlength=bins), kept)
    stays = places_within(np.argsort(-ties[left]), bin_of) < quotas[bin_of]
    return mask_of(left[stays], kept, len(scores))


def _to_cut_off(settings: Mapping[str, Setting]) -> frozenset[str]:
    by_aum = settings.get("cutoff", 0.0) and settings.get("cutoff_by", "auto") != "score"
    return frozenset({"margins"} if by_aum else ())


def keep_window(
    scores: Scores, labels: Labels, rate: float, ties: Draws, *, top: float = 0.5
) -> Mask:
    """Keep the middle: of the rows that go, some have the highest scores and the rest the lowest.

    Which of the two ends is hard is the signal's to say; of the source's windows it is the highest.

    Args:
        scores: As for `keep_global`, and so are the next three.
        labels: See there.
        rate: See there.
        ties: See there.
        top: Share of the removed rows taken from the highest scores, in [0, 1]; 0 is global. With
            `high`, which turns the scores round, from the lowest.

    Raises:
        ValueError: If top is not in [0, 1].

    References:
        Xia et al., "Moderate Coreset", 2023, ICLR, which keeps the middle, and Paul, Ganguli,
        Dziugaite, "Deep Learning on a Data Diet", 2021, arXiv:2107.07075, whose windows leave
        out the highest scores.
    """
    check_share("top", top)
    kept = n_keep(len(scores), rate)
    off_the_top = floor(Fraction(str(top)) * (len(scores) - kept))
    return mask_of(rows_by_worth(scores, ties)[off_the_top:], kept, len(scores))


def fill(sizes: Rows, budget: int) -> Rows:
    """Equal quotas, or all a bin has: bins in order of size, each a fair part of what is left.

    Args:
        sizes: Rows of each bin, shape (b,).
        budget: Rows wanted in all, at most the sum of sizes.

    Returns:
        Rows to keep of each bin, shape (b,), their sum budget. None falls as budget rises, as a
        part of what is left rises by at most one when what is left does.
    """
    quotas = np.zeros_like(sizes)
    for done, bin_number in enumerate(np.argsort(sizes, kind="stable")):
        quotas[bin_number] = min(sizes[bin_number], (budget - quotas.sum()) // (len(sizes) - done))
    return quotas


def _equal_width(scores: Scores, bins: int) -> Rows:
    exact = scores.astype(np.float64)
    lowest, width = exact.min(), np.ptp(exact) or 1.0
    bin_of: Rows = np.minimum((exact - lowest) / width * bins, bins - 1).astype(np.intp)
    return bin_of


SELECTORS: dict[str, Selector] = {
    "global": Selector(cut=keep_global),
    "stratified": Selector(cut=keep_stratified, of_classes=True),
    "floor": Selector(cut=keep_floor, of_classes=True),
    "class_error": Selector(cut=keep_class_error, of_classes=True),
    "coverage": Selector(
        cut=keep_coverage, asks={"cutoff_by": "auto", "hard": ""}, needs=_to_cut_off
    ),
    "window": Selector(cut=keep_window),
    "beta": Selector(cut=keep_beta, needs_epochs=1, by_odds=True),
}
