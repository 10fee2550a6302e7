from pathlib import Path

import pytest

from orchestrator.planning.resources import CACHE, Resources


def flags(**given):
    plain = {
        "gpus_per_trial": 0.0, "cpus_per_trial": 1, "address": "local", "storage": "",
        "cache": CACHE, "max_trials_at_once": 0, "max_trials": 0, "max_gpu_hours": 0.0,
    }  # fmt: skip
    return plain | given


def test_without_storage_the_store_is_the_cache():
    assert Resources.of(flags(cache=Path("/c"))).cache == Path("/c")


def test_a_folder_as_storage_holds_the_store_and_the_runs():
    place = Resources.of(flags(storage="/share"))
    assert (place.cache, place.runs, place.storage) == (Path("/share/_cache"), Path("/share"), "")


def test_two_places_for_the_store_are_refused():
    with pytest.raises(ValueError, match=r"--cache /c beside --storage /share.*leave --cache out"):
        Resources.of(flags(storage="/share", cache=Path("/c")))


def test_a_uri_as_storage_leaves_each_machine_its_cache():
    place = Resources.of(flags(storage="s3://b/p", cache=Path("/c")))
    assert (place.cache, place.storage) == (Path("/c"), "s3://b/p")
    assert place.runs == Path("runs")
