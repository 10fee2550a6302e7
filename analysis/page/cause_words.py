"""Sentences on why classes are dropped unevenly, and on what the cuts of several seeds have in common."""

from analysis.bias_causes import Association, BiasCauses
from analysis.cut_overlap import Overlap
from analysis.methods import Method
from analysis.verdicts import ALPHA
from analysis.wording import p_text, signed, whole_percent

# Signals that remove rows for being like their nearest rows: likeness is what they go by.
_BY_LIKENESS = ("redundancy", "redundancy_within_class", "keep_one", "semdedup")


def cause_text(method: Method, found: BiasCauses) -> str:
    """What goes with the retention bias of a method, in words.

    Args:
        method: Whose cut it is.
        found: Of its condition.
    """
    if found.why_none:
        return f"{found.why_none[:1].upper()}{found.why_none[1:]}."
    return " ".join(filter(None, [_likeness_text(method, found), _size_text(found), _both(found)]))


def overlap_text(one: Overlap) -> str:
    """How far the cuts of several seeds agree, in words."""
    if one.jaccard_least == 1:
        return (
            "Every seed's cut removes the same rows: they do not depend on the seed, and seeds say nothing of how "
            "the choice varies."
        )
    spread = ""
    if one.n_pairs > 1:
        least, most = whole_percent(one.jaccard_least), whole_percent(one.jaccard_most)
        spread = f", {least} to {most} over the {one.n_pairs} pairs of seeds"
    return (
        f"Of the rows that one seed's cut removes, another's removes {whole_percent(one.shared_share)}, too; "
        f"drawn by lot it would be {whole_percent(one.chance_share)} (in common of all that either removes: "
        f"{whole_percent(one.jaccard)}{spread}; by lot {whole_percent(one.chance_jaccard)})."
    )


def _likeness_text(method: Method, found: BiasCauses) -> str:
    one = found.with_likeness
    if one is None:
        return "It was not recorded how alike the rows of each class are."
    if not _is_shown(one):
        kept = "A link between how alike the rows of a class are and how many of them stay is not shown"
        return f"{kept}: {_numbers(one)}.{_few(one)}"
    less = "less" if one.rank < 0 else "more"
    by_itself = method.signal in _BY_LIKENESS and one.rank < 0
    built = " This cut goes by likeness, so that is how it works." if by_itself else ""
    return f"Classes whose rows are more alike are kept {less}: {_numbers(one)}.{built}"


def _size_text(found: BiasCauses) -> str:
    one = found.with_size
    if one is None:
        return "All classes have the same size."
    if not _is_shown(one):
        return f"With the size of a class no link is shown: {_numbers(one)}."
    larger = "Larger" if one.rank < 0 else "Smaller"
    return f"{larger} classes are kept less: {_numbers(one)} with the size."


def _both(found: BiasCauses) -> str:
    one = found.between
    if one is None or not _is_shown(one):
        return ""
    more = "more" if one.rank > 0 else "less"
    return (
        f"Larger classes are also those whose rows are {more} alike ({_numbers(one)}): classes alone do not "
        "tell the two apart."
    )


def _is_shown(one: Association) -> bool:
    return one.rank_p <= ALPHA


def _few(one: Association) -> str:
    """Of four classes not even a perfect order is shown."""
    return " No order of 4 classes could show one (p 0.083 at best)." if one.n == 4 else ""


def _numbers(one: Association) -> str:
    return f"rank correlation {signed(one.rank)}, p {p_text(one.rank_p)}, {one.n} classes"
