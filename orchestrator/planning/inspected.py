"""The look at each data set that every plan begins with, kept in the store."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orchestrator.store.replicated import Store
from trainables.data.dataset import Dataset
from trainables.data.inspection import inspect_dataset
from trainables.data.inspection_facts import (
    INSPECTION_VERSION,
    Inspection,
    inspection_from_json,
    inspection_json,
)
from trainables.data.near_copies import MOST_WORDS
from trainables.keys import key_of

KIND = "inspection"


def inspected(datasets: Mapping[str, Dataset], store: Store) -> dict[str, Inspection]:
    """What was seen in each data set, by content hash; looked at where the store does not know it."""
    found = {}
    for sha, dataset in datasets.items():
        kept = store.find(KIND, _key(sha))
        if kept is None:
            found[sha] = inspect_dataset(dataset, most_words=MOST_WORDS)
        else:
            seen = inspection_from_json(kept.read_text(encoding="utf-8"))
            found[sha] = replace(seen, name=dataset.name)
    return found


def store_inspections(inspections: Mapping[str, Inspection], store: Store) -> None:
    """Put what was seen into the store, for the next plan."""
    for sha, seen in inspections.items():

        def save(path: Path, seen: Inspection = seen) -> None:
            path.write_text(inspection_json(seen), encoding="utf-8")

        store.get(KIND, _key(sha), save, about={"dataset": seen.name})


def _key(sha: str) -> str:
    return key_of([INSPECTION_VERSION, MOST_WORDS, sha])
