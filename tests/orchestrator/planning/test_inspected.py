from dataclasses import replace

from orchestrator.planning.inspected import inspected, store_inspections
from orchestrator.store.local import ArtifactStore
from trainables.data.catalog import load


def test_what_was_seen_once_is_read_from_the_store(tmp_path, monkeypatch):
    dataset = load("synthetic:300")
    store = ArtifactStore(tmp_path)
    seen = inspected({dataset.sha: dataset}, store)
    store_inspections(seen, store)
    monkeypatch.setattr("orchestrator.planning.inspected.inspect_dataset", None)
    assert inspected({dataset.sha: dataset}, store) == seen


def test_its_name_is_that_of_this_sweep(tmp_path):
    dataset = load("synthetic:300")
    store = ArtifactStore(tmp_path)
    store_inspections(inspected({dataset.sha: dataset}, store), store)
    other = replace(dataset, name="other")
    assert inspected({other.sha: other}, store)[other.sha].name == "other"


def test_a_plan_alone_leaves_nothing_in_the_store(tmp_path):
    dataset = load("synthetic:300")
    inspected({dataset.sha: dataset}, ArtifactStore(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()
