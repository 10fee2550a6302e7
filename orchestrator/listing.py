"""prune-envelope signals: what can be asked for, with its needs, cost and source."""

import sys


def signals() -> None:
    """List the signals, selectors and policies: needs, cost, source, one line each."""
    from rich.console import Console
    from rich.table import Table

    from trainables.policies import POLICIES
    from trainables.selectors import SELECTORS
    from trainables.signals import SIGNALS

    console = Console(width=None if sys.stdout.isatty() else 200, markup=False)
    table = Table("signal", "needs", "labels", "cost", "from epoch", "what is kept", "source")
    for name, row in SIGNALS.items():
        least = max(row.min_epochs, row.needs_epochs)
        table.add_row(
            name + (" ⇅" if row.both_ways else ""),
            ", ".join(row.needs),
            "yes" if row.needs_labels else "",
            row.cost,
            f"{least:g}" if least else "",
            row.about,
            row.source,
        )
    console.print(table)
    console.print(
        "⇅: the literature is not of one mind which end to keep; NAME:SELECTOR:high prunes the "
        "high end. F: a forward pass over the training set. Write a signal as "
        "NAME,SETTING=VALUE:SELECTOR, or give module:function of your own."
    )
    chosen = Table("selector", "what it does", "source")
    for name, cut in SELECTORS.items():
        chosen.add_row(name, cut.about, cut.source)
    console.print(chosen)
    dynamic = Table("policy, as NAME:each_epoch", "what it does", "source")
    for name, policy in POLICIES.items():
        dynamic.add_row(name, policy.about, policy.source)
    console.print(dynamic)
