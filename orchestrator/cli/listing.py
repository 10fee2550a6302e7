"""prune-envelope signals and grids: what can be asked for, with its needs, cost and source."""

from typing import Annotated

import typer

from orchestrator.terminal.console import open_console


def list_signals() -> None:
    """List the signals, selectors and policies: needs, cost, source, one line each."""
    from rich.table import Table

    from trainables.selection.dynamic import POLICIES
    from trainables.selection.selectors import SELECTORS
    from trainables.signals import SIGNALS

    console = open_console(200)
    table = Table(
        "signal", "needs", "labels", "cost", "from epoch", "hard end", "what is kept", "source"
    )
    for name, row in SIGNALS.items():
        least = max(row.min_epochs, row.epochs_for({}))
        table.add_row(
            name + (" ⇅" if row.both_ways else ""),
            ", ".join(row.needs),
            row.labels_by + (" †" if row.is_held_out else ""),
            row.cost,
            f"{least:g}" if least else "",
            row.hard_end,
            row.about,
            row.source,
        )
    console.print(table)
    console.print(
        "⇅: papers disagree on which end to keep; NAME:SELECTOR:high prunes the "
        "high end. F: a forward pass over the training set. Write a signal as "
        "NAME,SETTING=VALUE:SELECTOR, or give module:function of your own."
    )
    console.print(
        "Labels: 'yes', it looks at them; 'through predictions', at a model that was trained on them; "
        "'through embeddings', at none where the encoder is frozen (linear, linear:FOLDER, vectors that "
        "came with the data), else at those of a model that its warm-up trained on them. †: by heads that did "
        "not see the row, which is out of sample where the encoder is frozen."
    )
    chosen = Table("selector", "what it does", "source")
    for name, cut in SELECTORS.items():
        chosen.add_row(name, cut.about, cut.source)
    console.print(chosen)
    dynamic = Table("policy, as NAME:each_epoch", "what it does", "source")
    for name, policy in POLICIES.items():
        dynamic.add_row(name, policy.about, policy.source)
    console.print(dynamic)


def list_grids(
    name: Annotated[str, typer.Argument(help="One of them, with its conditions.")] = "",
) -> None:
    """List the presets: trials, data sets, warm-ups, rates and seeds."""
    from rich.table import Table

    from orchestrator.planning.grids import GRIDS, controlled_blocks, known, marks_of
    from trainables.errors import explained
    from trainables.learners import LEARNERS

    console = open_console(200)
    with explained():
        if name:
            known("grid", name, GRIDS)
    table = Table("grid", "trials", "full-data", "pruned", "model", "seeds", "what")
    for grid, row in GRIDS.items():
        if name in ("", grid):
            full, pruned = _counted(grid)
            counts = (f"{full + pruned:,}", f"{full:,}", f"{pruned:,}")
            table.add_row(grid, *counts, row.model, str(len(row.seeds)), row.about)
    console.print(table)
    if name:
        chosen = GRIDS[name]
        training = chosen.training or LEARNERS[_learner(chosen.model)].training
        for block in controlled_blocks(chosen):
            marks = marks_of(block, chosen.protocol, training.epochs)
            arms = ", ".join(dict.fromkeys(f"{arm.signal}:{arm.selector}" for arm in block.arms))
            console.print(
                f"{', '.join(block.datasets)}: warm-up {_shares(marks)}, pruned "
                f"{_shares(block.rates)}, {arms}; {chosen.protocol}; "
                f"{'confirmed by fresh seeds' if chosen.confirm else 'no confirmation'}",
                highlight=False,
            )


def _counted(name: str) -> tuple[int, int]:
    """Full-data and pruned trials of a grid."""
    from orchestrator.planning.expansion import expand
    from orchestrator.planning.grids import GRIDS
    from trainables.learners.pretrained import Model

    grid = GRIDS[name]
    data = {dataset: dataset for block in grid.blocks for dataset in block.datasets}
    model = Model(learner=_learner(grid.model), name=grid.model, sha=grid.model)
    specs = expand(grid, data, model)
    full = sum(spec.is_baseline for spec in specs)
    return full, len(specs) - full


def _learner(model: str) -> str:
    """The learner of a grid's model: of the built-in ones their name."""
    return model if model in ("tiny", "linear") else "text"


def _shares(values: tuple[float, ...]) -> str:
    return "/".join(f"{round(100 * value, 2):g}" for value in values) + " %"
