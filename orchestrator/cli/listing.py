"""prune-envelope signals and grids: what can be asked for, with its needs, cost and source."""

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.completion import completion
from orchestrator.terminal.console import open_console

if TYPE_CHECKING:
    from orchestrator.terminal.whole_table import WholeTable
    from trainables.signals import Signal

# Of a list that goes into a file or another program.
_WIDTH = 120


def list_signals() -> None:
    """List the signals, selectors and policies: needs, cost, source, one line each."""
    from trainables.selection.dynamic import POLICIES
    from trainables.selection.selectors import SELECTORS
    from trainables.signals import SIGNALS

    console = open_console(_WIDTH)
    rows = {
        name + (" ⇅" if row.both_ways else ""): _facts(name, row) for name, row in SIGNALS.items()
    }
    table = _named(
        "signal", "needs", "labels", "models", "cost", "from epoch", "hard end", "what is kept",
        "source",
    )  # fmt: skip
    for name, facts in rows.items():
        table.add_row(name, *facts.values())
    console.print(table)
    console.print(
        "⇅: papers disagree on which end to keep; NAME:SELECTOR:high prunes the "
        "high end. F: a forward pass over the training set. Write a signal as "
        "NAME,SETTING=VALUE:SELECTOR, or give module:function of your own."
    )
    console.print(
        "Labels: 'yes', it looks at them; 'through predictions', at a model that was trained on them; "
        "'through embeddings', at none where the encoder is frozen (linear, linear:FOLDER, vectors that "
        "came with the data), else at those of a model that its warm-up trained on them; a language model looks at none. †: by heads that did "
        "not see the row, which is out of sample where the encoder is frozen."
    )
    console.print(
        "Models: 'all'; 'classifiers', all that learn labels; 'language models', which learn the texts (causal_lm); or "
        "the learners by name."
    )
    chosen = _named("selector", "what it does", "source")
    for name, cut in SELECTORS.items():
        chosen.add_row(name, cut.about, cut.source)
    console.print(chosen)
    dynamic = _named("policy, as NAME:each_epoch", "what it does", "source")
    for name, policy in POLICIES.items():
        dynamic.add_row(name, policy.about, policy.source)
    console.print(dynamic)


def _facts(name: str, row: "Signal") -> dict[str, str]:
    """What there is to say of a signal, by its heading."""
    least, models = max(row.min_epochs, row.epochs_for({})), _models(name)
    # Losses are of labels, but for a language model, which has none.
    labels = "no" if models == "language models" else row.labels_by
    return {
        "needs": ", ".join(row.needs),
        "labels": labels + (" †" if row.is_held_out else ""),
        "models": models,
        "cost": row.cost,
        "from epoch": f"{least:g}" if least else "",
        "hard end": row.hard_end,
        "what is kept": row.about,
        "source": row.source,
    }


def _models(signal: str) -> str:
    """Which models have the evidence for a signal, by what their learners lack."""
    from orchestrator.planning.learner_evidence import learners_of
    from trainables.learners import LEARNERS

    having = learners_of(signal)
    classifiers = [name for name, row in LEARNERS.items() if row.learns_classes]
    if len(having) == len(LEARNERS):
        return "all"
    if having == classifiers:
        return "classifiers"
    return ", ".join(having) if {*having} & {*classifiers} else "language models"


def _named(*columns: str) -> "WholeTable":
    from orchestrator.terminal.whole_table import WholeTable

    return WholeTable(*columns)


def list_grids(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            autocompletion=completion("grid"),
            help="One grid, with its conditions. Default: all.",
        ),
    ] = "",
) -> None:
    """List the presets: trials, data sets, warm-ups, rates and seeds."""
    from orchestrator.planning.controls import controlled_blocks
    from orchestrator.planning.grids import GRIDS, THEORY, known, marks_of
    from orchestrator.planning.named_plan import preset_plan
    from trainables.errors import explained
    from trainables.learners import LEARNERS
    from trainables.learners.pretrained import named_model

    console = open_console(_WIDTH)
    with explained():
        if name:
            known("grid", name, {**GRIDS, THEORY: None})
    table = _named("grid", "trials", "full-data", "pruned", "model", "seeds", "what")
    for grid, row in GRIDS.items():
        if name in ("", grid):
            plan = preset_plan(grid)
            counts = (f"{plan.full + plan.pruned:,}", f"{plan.full:,}", f"{plan.pruned:,}")
            table.add_row(grid, *counts, row.model, str(len(row.seeds)), row.about)
    if name != THEORY:
        console.print(table)
    if name in ("", THEORY):
        console.print(
            "theory: no trials, but perceptrons on drawn examples beside the exact answer: prune-envelope theory"
        )
    if name in GRIDS:
        chosen = GRIDS[name]
        training = chosen.training or LEARNERS[named_model(chosen.model).learner].training
        for block in controlled_blocks(chosen):
            marks = marks_of(block, chosen.protocol, training.epochs)
            arms = ", ".join(dict.fromkeys(f"{arm.signal}:{arm.selector}" for arm in block.arms))
            console.print(
                f"{', '.join(block.datasets)}{_sizes(chosen.sizes)}: warm-up {_shares(marks)}, pruned "
                f"{_shares(block.rates)}, {arms}; {chosen.protocol}; "
                f"{'confirmed by fresh seeds' if chosen.confirm else 'no confirmation'}",
                highlight=False,
            )


def _sizes(values: tuple[int, ...]) -> str:
    named = (f"{rows:,}" if rows else "all" for rows in values)
    return f" at {', '.join(named)} rows in all" if values else ""


def _shares(values: tuple[float, ...]) -> str:
    return "/".join(f"{round(100 * value, 2):g}" for value in values) + "%"
