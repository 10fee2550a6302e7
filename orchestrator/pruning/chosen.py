"""The list of rows that a condition of a run comes to, named before it is made."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from analysis.chosen_conditions import Chosen
from analysis.methods import condition_of
from analysis.run_files import Plan
from orchestrator.planning.confirming import fixed_list, unseen_seeds
from trainables.spec import TrialSpec


def list_of(
    chosen: Chosen,
    plan: Plan,
    has: Callable[[TrialSpec], bool],
    *,
    protected: Iterable[str] = (),
    min_per_class: int = 0,
) -> TrialSpec:
    """The list that a condition leaves: that which fresh seeds confirmed, or one made the same way.

    Args:
        chosen: The condition.
        plan: Of its run.
        has: Whether a trial's row is in the store.
        protected: Classes of which no row goes.
        min_per_class: Rows of each class that stay at least.

    Returns:
        A trial of kind "fixed" whose `survivors_key` names the list, of the first fresh seed.
    """
    condition = chosen.row.cell.condition
    of = next(spec for spec in plan.specs if condition_of(spec) == condition)
    seeds = condition.scored_by or chosen.row.cell.seeds
    listed = replace(fixed_list(of, seeds), protected=tuple(protected), min_per_class=min_per_class)
    if listed == of:
        return of
    seen = {spec.seed for spec in plan.specs if spec.data_sha == of.data_sha}
    return replace(listed, seed=unseen_seeds(listed, seen, has)[0])
