"""Rows that stay on an accelerator are those that are sent to it batch by batch."""

import sys

import numpy as np
import pytest
import torch

from tests.caches import FolderCache
from tests.image_sets import image_set, image_spec
from trainables.learners import LEARNERS, resident


@pytest.mark.parametrize("name", ["tiny", "causal_lm", "image"])
def test_a_batch_of_resident_rows_is_the_batch_that_is_sent(
    name, small, specs, filled, tmp_path, monkeypatch
):
    def stay(splits):
        return {
            split: {key: torch.from_numpy(np.array(array)) for key, array in one.items()}
            for split, one in splits.items()
        }

    if name == "image":
        dataset, cache = image_set(24), FolderCache(tmp_path)
        spec = image_spec(dataset, cache)
    else:
        dataset, cache, (spec, _) = small, filled(), specs(name)
    sent = LEARNERS[name].open(spec, dataset, cache)
    module = sys.modules[type(sent).__module__]
    monkeypatch.setattr(module, "resident", stay)
    there = LEARNERS[name].open(spec, dataset, cache)
    for split in dataset.splits:
        rows = np.array([len(dataset.splits[split]) - 1, 3, 0])
        here, other = sent.batch(split, rows), there.batch(split, rows)
        assert all(torch.equal(here[key], other[key]) for key in {*here, *other})


@pytest.mark.parametrize(("free", "stays"), [(79, False), (81, True)])
def test_rows_stay_where_they_take_a_tenth_of_what_is_free(free, stays, monkeypatch):
    monkeypatch.setattr(resident, "device", lambda: "meta")
    monkeypatch.setattr(resident, "free_bytes", lambda: free)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    found = resident.resident({"train": {"offsets": np.array([1])}})
    assert (found is not None) == stays
