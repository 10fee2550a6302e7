"""What contrasts and leading arms show, as sentences under their figure."""

from collections.abc import Sequence

from analysis.contrast_rows import behind_text, place_text, shared_text, side_text
from analysis.contrasts import Contrast
from analysis.leading_arms import Leaders, LeadingArm
from analysis.page.phrases import words_of
from analysis.study import Study
from analysis.wording import percent

# More names than this in one sentence are counted.
_MOST_NAMES = 5
_MOST_FOUND = 3


def leaders_sentence(study: Study, one: Leaders) -> str:
    """Which arms may be the best, and which are shown to be behind.

    Args:
        study: The run.
        one: The arms at one place.
    """
    names = [study.methods[arm.condition.method] for arm in one.leading]
    sure = f"with {percent(one.confidence)} confidence"
    place = place_text(one.rates, one.warmup)
    if not one.behind:
        return f"{place}: none of the {len(names)} arms is shown to be worse than another; any may be the best."
    behind = [_behind_text(study, arm) for arm in one.behind]
    are = "the best is" if len(names) == 1 else "the best is one of"
    told = words_of(study).told
    return f"{place}: {are} {_listed(names)} ({sure}). Shown to be worse{told}: {_listed(behind)}."


def _behind_text(study: Study, arm: LeadingArm) -> str:
    """An arm with how much worse it is than the one that it is furthest behind."""
    words, one = words_of(study), arm.shown_behind[0]
    sign = 1 if one.finding == "worse" else -1
    low, high = (one.low, one.high) if sign > 0 else (one.high, one.low)
    bounds = [None if bound is None else sign * bound for bound in (low, high)]
    name, other = study.methods[arm.condition.method], behind_text(study, arm, one)
    between = f"{words.short(sign * one.mean)} {words.interval(*bounds)}"
    return f"{name}, {between} to {other}"


def contrasts_sentence(study: Study, shown: Sequence[Contrast], of_kind: int) -> str:
    """What is found among some contrasts of one kind: how many, and the largest with their intervals.

    Args:
        study: The run.
        shown: The contrasts.
        of_kind: How many of their kind there are in the data set: what the correction is over.
    """
    found = sorted((one for one in shown if one.is_found), key=lambda one: -abs(one.mean))
    level = f"at {percent(study.alpha)} over all {of_kind:,} of this kind in the data set"
    many = f"{len(shown):,} contrast{'s' * (len(shown) != 1)}"
    if not of_kind:
        return f"{many}, of fewer than three seeds: exploratory, and none is tested.{_largest(study, shown)}"
    if not found:
        none = f"No difference is shown in {many}, {level}; that is no proof of none."
        return none + _largest(study, shown)
    told = "; ".join(_found_text(study, one) for one in found[:_MOST_FOUND])
    largest = "; the largest: " if len(found) > _MOST_FOUND else ": "
    return f"A difference is shown in {len(found):,} of {many}, {level}{largest}{told}."


def _largest(study: Study, shown: Sequence[Contrast]) -> str:
    """The largest difference, with its interval, as a sentence; nothing without an interval."""
    known = [one for one in shown if one.low is not None]
    if not known:
        return ""
    one, words = max(known, key=lambda one: abs(one.mean)), words_of(study)
    left, right = (side_text(study, one, side) for side in (one.left, one.right))
    between = f"{words.short(one.mean)} {words.interval(one.low, one.high)}{words.told}"
    return f" The largest: {left} minus {right}, {shared_text(study, one)}: {between}."


def _found_text(study: Study, one: Contrast) -> str:
    words = words_of(study)
    left, right = (side_text(study, one, side) for side in (one.left, one.right))
    between = f"{words.short(one.mean)} {words.interval(one.low, one.high)}{words.told}"
    return f"{left} {one.finding} than {right}, {shared_text(study, one)}: {between}"


def _listed(names: Sequence[str]) -> str:
    """A, B and C; of many the first, and how many more."""
    shown = list(names) if len(names) <= _MOST_NAMES + 1 else list(names[:_MOST_NAMES])
    if len(shown) < len(names):
        return f"{'; '.join(shown)} and {len(names) - len(shown)} more"
    return shown[0] if len(shown) == 1 else f"{'; '.join(shown[:-1])} and {shown[-1]}"
