"""How many rows a signal can take, and a rate can remove: refused where there are more, or too few."""

from collections.abc import Iterable, Mapping, Sequence

from trainables.errors import UsageError
from trainables.evidence.requirements import NEIGHBOUR_LISTS, derived_under
from trainables.selection.cuts import n_keep
from trainables.selection.lookup import resolve
from trainables.spec import TrialSpec


def check_rows(specs: Iterable[TrialSpec], sizes: Mapping[str, int]) -> None:
    """Refuse more training rows than a signal can order in a time that anyone waits.

    Args:
        specs: The trials.
        sizes: Training rows by content hash.

    Raises:
        UsageError: If there are more; the message names signals that take them.
    """
    for spec in specs:
        n = sizes[spec.data_sha]
        most = resolve(spec).signal.most_rows if spec.kind == "pruned" else 0
        if most and n > most:
            raise UsageError(
                f"{spec.signal} compares all pairs of rows and takes at most {most:,} of them, and "
                f"{spec.dataset} has {n:,}; use facility_location or keep_one, which look at nearest "
                "rows alone, or fewer rows by --limit"
            )


def check_neighbours(specs: Iterable[TrialSpec], sizes: Mapping[str, int]) -> None:
    """Refuse more neighbours than there are other rows, or none.

    Raises:
        UsageError: If they are asked for.
    """
    for spec in (spec for spec in specs if spec.kind == "pruned"):
        n, k = sizes[spec.data_sha], int(dict(spec.settings).get("k", 1))
        evidence = {*derived_under(resolve(spec).signal.score, dict(spec.settings))}
        if {*NEIGHBOUR_LISTS} & evidence and not 1 <= k <= n - 1:
            fitting = f"give {spec.signal},k=1 to k={n - 1}" if n > 1 else "a single row has none"
            raise UsageError(
                f"{spec.signal} looks at {k} neighbours, and {spec.dataset} has {n:,} rows: {fitting}"
            )


def check_rates(
    specs: Sequence[TrialSpec], sizes: Mapping[str, int], classes: Mapping[str, int]
) -> None:
    """Refuse a rate that would remove no row of a data set, or keep fewer than one a class, or one alone.

    A run that lost nothing equals its baseline, which says nothing of pruning.

    Args:
        specs: The trials.
        sizes: Training rows by content hash.
        classes: Likewise how many classes they have; 0 for numbers.

    Raises:
        UsageError: If there is such a rate; the message has the counts and the rates that can be.
    """
    for spec in specs:
        n = sizes[spec.data_sha]
        kept, fewest = n_keep(n, spec.rate), max(2, classes[spec.data_sha])
        if spec.rate and not fewest <= kept < n:
            raise UsageError(
                f"rate {spec.rate} of the {n:,} training rows of {spec.dataset} removes "
                f"{n - kept:,} and keeps {kept:,}; {_possible_rates(n, fewest)}"
            )


def _possible_rates(n: int, fewest: int) -> str:
    """The least and the highest rate that n rows allow, to a digit more than n has."""
    digits = len(str(n)) + 1
    # The highest that still rounds up to so many rows, which is why it is no multiple of 1 / n.
    least, most = -(-(10**digits) // n), -(-(10**digits) * (n - fewest + 1) // n) - 1
    stay = f"{fewest} rows stay{', one a class' * (fewest > 2)}"
    if least > most:
        kept = "two" if fewest == 2 else f"{fewest}, one a class"
        return f"of so few no rate removes one and keeps {kept}"
    low, high = (f"{rate / 10**digits:.{digits}f}".rstrip("0") for rate in (least, most))
    return f"give rates from {low} (1 row goes) to {high} ({stay})"
