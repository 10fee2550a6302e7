"""What every signal finds of planted copies and wrong labels: the table of docs/signals.md.

python -m benchmarks.planted --seeds 5
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.seeds import first_seeds
from orchestrator.planning.stored_inputs import store_data
from trainables.run_context import load_runs
from trainables.selection.scoring import score
from trainables.signals import SIGNALS
from trainables.trial import warm_up

Found = dict[str, list[float]]


def spare_copies(truth: Mapping[str, NDArray[Any]], gone: NDArray[np.bool_]) -> float:
    """Share of the removed rows that are copies of a row that stays."""
    group = truth["group"]
    stays = np.bincount(group[~gone], minlength=group.max() + 1)[group] > 0
    return float(((np.bincount(group)[group] > 1) & stays & gone).sum() / gone.sum())


def wrong_labels(truth: Mapping[str, NDArray[Any]], gone: NDArray[np.bool_]) -> float:
    """Share of the removed rows that are wrongly labelled."""
    return float((truth["is_wrong"].astype(bool) & gone).sum() / gone.sum())


def lowest(scores: NDArray[np.float32], count: int) -> NDArray[np.bool_]:
    """The rows that go first."""
    gone = np.zeros(len(scores), dtype=bool)
    gone[np.argsort(scores, kind="stable")[:count]] = True
    return gone


def main(
    seeds: Annotated[int, typer.Option(help="How many.")] = 5,
    cache: Annotated[Path, typer.Option(help="What runs share.")] = Path("runs/_cache"),
) -> None:
    """Warm up, score by every affordable signal, and hold both ends against the truth."""
    # Six epochs, half of them before the scores, as docs/signals.md says of its table.
    request = Request(
        grid="signals", seeds=first_seeds(seeds), rates=(0.1,), training=(("epochs", 6),)
    )
    resources = Resources(cache=cache.absolute())
    sweep = plan_sweep(request, resources, run=None, command="", tolerance=1.0)
    store_data(sweep.datasets, sweep.store)
    (dataset,) = sweep.datasets.values()
    truth = dataset.truth
    copies = len(truth["group"]) - len(np.unique(truth["group"]))
    wrong = int(truth["is_wrong"].sum())
    found: dict[str, Found] = defaultdict(lambda: defaultdict(list))
    for baseline in (spec for spec in sweep.specs if spec.is_baseline):
        runs = load_runs(baseline, sweep.store)
        own = [s for s in sweep.specs if s.run_key == baseline.run_key and not s.is_baseline]
        warm_up(baseline, sweep.store, marks=own)
        for spec in {spec.score_key: spec for spec in own}.values():
            scores, _ = score(spec, runs)
            for end, signed in (("low", scores), ("high", -scores)):
                row = found[spec.signal]
                row[f"copies {end}"].append(spare_copies(truth, lowest(signed, copies)))
                row[f"wrong {end}"].append(wrong_labels(truth, lowest(signed, wrong)))
    n = len(dataset.train)
    print(f"{n:,} rows, {copies} spare copies, {wrong} wrong labels, {seeds} seeds\n")
    print("| signal | copies, low end | high end | wrong labels, low end | high end |")
    print("|---|---|---|---|---|")
    for name in SIGNALS:
        if name in found:
            cells = (
                _cell(found[name][kind])
                for kind in ("copies low", "copies high", "wrong low", "wrong high")
            )
            print(f"| `{name}` | {' | '.join(cells)} |")


def _cell(values: list[float]) -> str:
    return f"{100 * np.mean(values):.0f} ± {100 * np.std(values, ddof=1):.0f}"


if __name__ == "__main__":
    typer.run(main)
