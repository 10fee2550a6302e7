"""What the user gave, put into the store, from where every trial reads it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.planning.own_trainers import OwnTrainer, store_tables
from orchestrator.planning.scorers import store_given
from orchestrator.store.replicated import Store
from trainables.data.dataset import Dataset
from trainables.data.dataset_file import write

if TYPE_CHECKING:
    from orchestrator.planning.plan import Sweep


def store_inputs(sweep: "Sweep") -> bool:
    """Put what the user gave into the store: data sets, an own trainer's tables, scores.

    Returns:
        Whether the store lacked any of it.
    """
    before = sweep.store.made.total()
    store_data(sweep.datasets, sweep.store, sweep.loaded.own)
    loaded = sweep.loaded
    store_given([*loaded.own_scores.items(), *loaded.family.named_given], sweep.store)
    return sweep.store.made.total() > before


def store_data(
    datasets: Mapping[str, Dataset], store: Store, own: OwnTrainer | None = None
) -> None:
    """Put data sets, by content hash, into the store, from where every trial reads them.

    Args:
        datasets: By content hash.
        store: Of the sweep.
        own: The trainer of the user's own, whose tables go there, too.
    """
    store_tables(own, store)
    for sha, dataset in datasets.items():

        def save(path: Path, dataset: Dataset = dataset) -> None:
            write(dataset, path)

        store.get("data", sha, save, about={"dataset": dataset.name})
