"""The sentences above and below the answers: what the numbers are, and what they are not."""

from collections import Counter

from analysis.page.answer_cards import AnswerCard, choice
from analysis.safe_rates import rate_curves, safe_of, smallest_p
from analysis.study import Study
from analysis.wording import percent


def opening(study: Study, found: list[AnswerCard]) -> list[str]:
    """The sentences above the cards: what the numbers are, and whether a signal earned them."""
    tolerance = f"{study.tolerance_pp:g}"
    sentences = [
        "Each answer is the largest rate, going up from the smallest one tested, whose "
        f"{study.confidence} interval stays above −{tolerance} pp of the full-data accuracy of the same seeds. "
        "It holds for this model, these data sets and this grid; it is not a ceiling."
    ]
    sentences += _everywhere(study)
    answered = [card for card in found if card.word == "within"]
    known = [card for card in answered if card.standing != "no control"]
    better = sum(card.standing == "better" for card in known)
    equal = sum(card.standing in ("equal", "random", "worse") for card in known)
    if equal:
        sentences.append(f"Random pruning does as well on {_of(equal, len(known))}.")
    if better:
        sentences.append(f"A signal beats random pruning on {_of(better, len(known))}.")
    if known and not equal and not better:
        sentences.append("No signal is shown to beat random pruning at its answer.")
    if answered and not known:
        sentences.append("Without a random control nothing here is credited to a signal.")
    return sentences


def _everywhere(study: Study) -> list[str]:
    """The best method and warm-up on all data sets: each must pass alone, so nothing is corrected."""
    if len(study.sources) < 2:
        return []
    by_source = [rate_curves(study, source) for source in study.sources]
    common = [curve for curve in by_source[0] if all(curve in own for own in by_source)]
    safe = {curve: min(safe_of(own[curve]).tested for own in by_source) for curve in common}
    best = max(safe, key=lambda curve: safe[curve], default=None)
    if best is None:
        return []
    if not safe[best]:
        return [f"No method tested on all {len(by_source)} data sets is within on all of them."]
    return [
        f"On all {len(by_source)} data sets at once {percent(safe[best])} can go by "
        f"{study.methods[best.method]}, {percent(best.warmup)} warm-up{choice(len(common))}."
    ]


def _of(count: int, total: int) -> str:
    if total == 1:
        return "the data set answered"
    return (
        f"all {total} data sets answered"
        if count == total
        else (f"{count} of {total} data sets answered")
    )


def tally(study: Study) -> str:
    """How many conditions were tested, what came out, and what the intervals do not correct."""
    judged = [row.verdict for row in study.rows if row.verdict]
    counts = Counter(verdict.verdict for verdict in judged)
    if not judged:
        return f"No condition could be judged yet (0 of {len(study.rows)})."
    seeds = sorted({verdict.n_seeds for verdict in judged})
    span = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    pooled = sum(verdict.pooled for verdict in judged)
    spread = (
        f" In {pooled} of them the spread between seeds is pooled over the data set's conditions."
        if pooled
        else ""
    )
    return (
        f"{len(judged)} of {len(study.rows)} conditions judged, {span} "
        f"seed{'' if span == '1' else 's'} each: {counts['within']} within, "
        f"{counts['outside']} outside, {counts['inconclusive']} inconclusive. Intervals are per "
        f"condition, not corrected for looking at {len(judged)} of them.{_families(study)}{spread}"
    )


def _families(study: Study) -> str:
    """How many methods and warm-ups are within at their smallest rate, before and after Holm."""
    plain = corrected = total = 0
    for source in study.sources:
        own, curves = smallest_p(study, source), rate_curves(study, source)
        total += len(own)
        plain += sum((safe_of(curves[one]).p_none_within or 0) <= study.alpha for one in own)
        corrected += sum(p <= study.alpha for p in own.values())
    if total < 2:
        return ""
    return (
        f" Of {total} methods and warm-ups {plain} are within at their smallest rate, {corrected} "
        "of them also after Holm's correction over their data set."
    )
