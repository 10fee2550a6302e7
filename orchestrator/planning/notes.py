"""What the plan has to say: of its seeds, its control, its data and its signals, a sentence each."""

from collections.abc import Iterator, Mapping, Sequence

from analysis.methods import condition_of
from trainables.data.dataset import Dataset
from trainables.selection.contracts import warnings
from trainables.spec import TrialSpec

_SEEDS = {
    1: "1 seed gives no interval: every verdict will be inconclusive",
    2: "exploratory: two seeds choose what to test, they decide nothing",
}


def notes_of(specs: Sequence[TrialSpec], datasets: Mapping[str, Dataset]) -> tuple[str, ...]:
    """Sentences that plan and report show, each once.

    Args:
        specs: All trials there could be.
        datasets: By content hash.
    """
    notes = [*_of_seeds(specs), *_of_control(specs)]
    notes += [f"{dataset.name}: {note}" for dataset in datasets.values() for note in dataset.notes]
    notes += [note for spec in specs for note in warnings(spec)]
    return tuple(dict.fromkeys(notes))


def _of_seeds(specs: Sequence[TrialSpec]) -> Iterator[str]:
    count = len({spec.seed for spec in specs})
    if count in _SEEDS:
        yield f"{_SEEDS[count]}; use --seeds 3 or more, 5 is a good start"


def _of_control(specs: Sequence[TrialSpec]) -> Iterator[str]:
    conditions = {condition_of(spec) for spec in specs if spec.kind in ("pruned", "dynamic")}
    controlled = {one.control_key for one in conditions if one.is_control}
    if any(one.control_key not in controlled for one in conditions):
        yield (
            "no random pruning runs beside the signals, so nothing can be credited to a signal; "
            "--control adds it"
        )
