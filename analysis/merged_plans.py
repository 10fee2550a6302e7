"""Plans of several runs, read as one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from analysis.run_files import Plan
from trainables.errors import UsageError
from trainables.result import TrialResult
from trainables.spec import TrialSpec


def check_one_release(rows: Iterable[TrialResult]) -> None:
    """Refuse rows of several releases: what they were trained by is not the same.

    Raises:
        UsageError: If there are such.
    """
    versions = sorted({row.spec.version for row in rows})
    if len(versions) > 1:
        raise UsageError(
            f"these rows were made by releases with SPEC_VERSION {' and '.join(map(str, versions))}, whose results "
            "are not compared; name runs of one release"
        )


def merged(plans: Iterable[Plan | None]) -> Plan:
    """The plan of several runs read as one: all their specs, the first one's words."""
    known = [plan for plan in plans if plan is not None]
    if len(known) < 2:
        return known[0] if known else Plan()
    first = known[0]
    return Plan(
        grid=" + ".join(dict.fromkeys(plan.grid for plan in known)),
        command="\n".join(plan.command for plan in known),
        specs=tuple(spec for plan in known for spec in plan.specs),
        created=max(plan.created for plan in known),
        tolerance=first.tolerance,
        metric=first.metric,
        guards=first.guards,
        group_column=first.group_column,
        limited=any(plan.limited for plan in known),
        environment=first.environment,
        notes=tuple(dict.fromkeys(note for plan in known for note in plan.notes)),
        adaptive=any(plan.adaptive for plan in known),
        candidates=_candidates(known),
        tuned={sha: budget for plan in known for sha, budget in plan.tuned.items()},
        sources={name: source for plan in known for name, source in plan.sources.items()},
        leaked={sha: bits for plan in known for sha, bits in plan.leaked.items()},
        altered={sha: told for plan in known for sha, told in plan.altered.items()},
        earlier=_earlier(known),
        subsets={sha: one for plan in known for sha, one in plan.subsets.items()},
    )


def _candidates(plans: Sequence[Plan]) -> dict[str, int]:
    """Of plans read as one: all that could be chosen in any of them, the same cut once."""
    cuts: dict[str, set[TrialSpec]] = defaultdict(set)
    for spec in (spec for plan in plans for spec in plan.specs if spec.kind == "pruned"):
        cuts[spec.data_sha].add(replace(spec, seed=0, dataset="", model=""))
    most = Counter({sha: len(own) for sha, own in cuts.items()})
    for plan in plans:
        most |= Counter(plan.candidates)
    return {sha: n for sha, n in most.items() if any(sha in plan.candidates for plan in plans)}


def _earlier(plans: Sequence[Plan]) -> dict[str, int]:
    """Of plans read as one: the most lists that any of them had to count."""
    most: Counter[str] = Counter()
    for plan in plans:
        most |= Counter(plan.earlier)
    return dict(most)
