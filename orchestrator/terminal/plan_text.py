"""The plan of a sweep as text."""

from typing import Any

from rich.console import Console

from analysis.interim_looks import LOOKS
from orchestrator.planning.plan import Sweep
from orchestrator.trial_names import arm_text, title
from trainables.spec import TrialSpec


def print_plan(sweep: Sweep, console: Console) -> None:
    """Print the plan: trials, what they share, what is done."""
    specs = sweep.specs
    pruned = [spec for spec in specs if not spec.is_baseline]
    done = sum(sweep.is_done(spec) for spec in specs)
    console.print(
        f"{sweep.grid}  {len(specs)} trials: {len(specs) - len(pruned)} full-data runs "
        f"+ {len(pruned)} pruned"
    )
    console.print(f"  {_listed(specs)}")
    console.print(
        f"  {done} already done, {len(specs) - done} to run; run folder {sweep.run.folder}"
    )
    marks = len({spec.warm_key for spec in pruned})
    scores = len({spec.score_key for spec in pruned if spec.kind != "null"})
    console.print(
        f"  shared: {marks} warm-ups instead of {len(pruned)}, {scores} score sets instead of "
        f"{len(pruned)}"
    )
    if sweep.adaptive:
        console.print(
            f"  adaptive: {LOOKS[0]} seeds each, then {', '.join(map(str, LOOKS[1:]))} only where a "
            f"verdict needs them; all {LOOKS[-1]} would be {len(sweep.grid_specs)} trials"
        )
    print_purchases(sweep, console)
    for dataset in sweep.datasets.values():
        console.print(f"  {dataset.name}: {len(dataset.train):,} train, {len(dataset.test):,} test")
    for note in sweep.notes():
        console.print(f"  note: {note}", highlight=False)


def print_purchases(sweep: Sweep, console: Console) -> None:
    """Print which seeds are bought beyond the first look, and what for."""
    for bought in sweep.purchases:
        v = bought.verdict
        shown = "no interval"
        if v is not None and v.low_pp is not None and v.high_pp is not None:
            shown = f"{v.mean_pp:+.2f} pp [{v.low_pp:+.2f}, {v.high_pp:+.2f}]"
        console.print(
            f"  buying {bought.more} more seeds for {title(bought.condition).rsplit(' ', 1)[0]}: "
            f"{shown} is not decided",
            highlight=False,
        )


def _listed(specs: list[TrialSpec]) -> str:
    def values(name: str) -> list[Any]:
        found = [getattr(spec, name) for spec in specs if getattr(spec, name) or name == "seed"]
        return list(dict.fromkeys(found))

    arms = dict.fromkeys(arm_text(spec) for spec in specs if not spec.is_baseline)
    return (
        f"data {', '.join(values('dataset'))}; warm-up {_percent(values('warmup'))}; "
        f"pruned {_percent(values('rate'))}; "
        f"{', '.join(arms)}; "
        f"seeds {' '.join(str(seed) for seed in values('seed'))}"
    )


def _percent(values: list[float]) -> str:
    return "/".join(f"{100 * value:g}" for value in values) + " %"
