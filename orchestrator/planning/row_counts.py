"""How many rows a signal can take: refused before anything is scheduled where there are more, or too few."""

from collections.abc import Iterable, Mapping

from trainables.errors import UsageError
from trainables.evidence.requirements import NEIGHBOUR_LISTS, derived_under
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
