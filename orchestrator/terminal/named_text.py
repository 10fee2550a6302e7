"""A plan by names alone, as text."""

from rich.console import Console

from orchestrator.planning.named_plan import NamedPlan
from orchestrator.terminal.plan_text import conditions, protocols
from trainables.data.hub import why_not


def print_named(grid: str, plan: NamedPlan, console: Console) -> None:
    """Print the trials that names tell, what must be fetched, and what is not known before.

    Args:
        grid: What the plan is called.
        plan: The plan.
        console: Where it goes.
    """
    trials = plan.full + plan.pruned
    console.print(
        f"{grid}  {trials:,} trials: {plan.full:,} full-data runs + {plan.pruned:,} pruned"
        + (f", {plan.at_random:,} of them at random" if plan.at_random else "")
        + (f"; and at most {plan.confirming:,} more that confirm" if plan.confirming else ""),
        highlight=False,
    )
    console.print(f"  {conditions(plan.specs)}", highlight=False)
    for line in protocols(plan.specs):
        console.print(f"  {line}", highlight=False)
    for name, rows in plan.rows.items():
        console.print(f"  here: data set {name}, {rows:,} training rows", highlight=False)
    for what, address in plan.fetched.items():
        console.print(f"  to be fetched: {what}, from {address}", highlight=False)
    console.print(
        f"not checked, as {why_not() or 'the hub gave no answer'}: whether the model reads the data, how many rows "
        "those have, what is done already, and how long it takes; a sweep without --dry-run ends here with exit "
        "code 4, before anything is scheduled",
        highlight=False,
        style="yellow",
    )
