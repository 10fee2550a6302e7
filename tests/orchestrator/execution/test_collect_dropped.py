"""Who was dropped, as a small sweep of files of one's own leaves it in its folder."""

import csv
import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

import orchestrator.execution.collect_dropped as module
from analysis.answers import answers
from analysis.dropped_samples import load_dropped
from analysis.report import write_report
from analysis.study import read_runs
from orchestrator.execution import compared_cuts
from orchestrator.execution.collect_dropped import write_dropped
from orchestrator.execution.compared_cuts import class_likeness
from orchestrator.planning.judging import write_tests
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.stored_inputs import store_inputs
from orchestrator.planning.tasks import TASKS, by_need
from tests.trainables.data.written import write_as
from trainables.data.columns import Columns
from trainables.data.copies import normal_form
from trainables.data.synthetic import synthetic
from trainables.evidence.collector import Evidence
from trainables.run_context import RunContext
from trainables.selection.scoring import select
from trainables.selection.surroundings import surroundings

SECRET = "quokkaword"


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A sweep with all its tasks done here, one after another; every text holds a secret word."""
    folder = tmp_path_factory.mktemp("sweep")
    made = synthetic(n_train=300, n_test=10, n_classes=3, seed=5)
    split = made.train
    columns = {
        "key": [f"k-{i}" for i in range(len(split))],
        "text": [f"{text} {SECRET}" for text in split.inputs.to_pylist()],
        "topic": [made.class_names[label].replace("class 0", "=A1") for label in split.labels],
    }
    write_as(folder / "mail.csv", columns)
    request = Request(
        datasets=(str(folder / "mail.csv"),),
        columns=Columns(text=("text",), label="topic", id="key"), test_fraction=0.3, model="linear",
        signals=("redundancy", "el2n:stratified:high"), rates=(0.1, 0.3),
        seeds=(11, 17, 23), confirm=True, tune=False, training=(("epochs", 12),),
    )  # fmt: skip
    resources = Resources(cache=folder / "cache", runs=folder / "runs")
    sweep = plan_sweep(request, resources, run=None, command="sweep", tolerance=20.0)
    store_inputs(sweep)
    sweep.run.write_plan(sweep.plan)
    write_tests(sweep.run, sweep.datasets.values())
    while left := by_need(sweep.left):
        for task in left:
            TASKS[task.kind].run(task, sweep.store, sweep.resources.place)
        sweep = sweep.grown()
        sweep.run.write_plan(sweep.plan)
    for spec in sweep.specs:
        sweep.run.copy_row(spec, sweep.store)
    write_dropped(sweep, examples=True)
    return sweep


@pytest.fixture(scope="module")
def dropped(ended):
    return load_dropped(ended.run.folder)


@pytest.fixture(scope="module")
def dataset(ended):
    (found,) = ended.datasets.values()
    return found


def kept_by(ended, spec, dataset):
    if spec.kind == "fixed":
        table = pq.read_table(ended.store.find("survivors", spec.survivors_key))
        return table["keep"].to_numpy()
    return select(spec, RunContext(dataset, ended.store))[0]


def test_every_method_rate_and_seed_has_a_list_and_so_has_the_confirmed_one(ended, dropped):
    pruned = {spec for spec in ended.specs if spec.kind == "pruned"}
    fixed = {spec.survivors_key for spec in ended.specs if spec.shares_list}
    assert len(pruned) == 2 * 3 * 4 and len(fixed) == 1
    assert {one.spec for one in dropped.lists if one.spec.kind == "pruned"} == pruned
    confirmed = dropped.lists[0]
    assert confirmed.spec.survivors_key in fixed
    (answer,) = answers(read_runs([ended.run.folder]))
    assert answer.row.cell.condition.scored_by == confirmed.spec.scored_by
    own = [one.spec for one in dropped.lists if one.file]
    assert own == [one.spec for one in dropped.lists[:4]] and {s.rate for s in own} == {own[0].rate}
    assert sorted(spec.seed for spec in own[1:]) == [11, 17, 23]


def test_counts_are_those_of_all_removed_rows(ended, dropped, dataset):
    texts, labels = np.array(normal_form(dataset.train.inputs).to_pylist()), dataset.train.labels
    for one in dropped.lists:
        keep = kept_by(ended, one.spec, dataset)
        first = one.spec.scorers[0]
        vectors = Evidence(first, RunContext(dataset, ended.store)).get("embeddings", {})
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        likeness = np.where(keep, units[~keep] @ units.T, -1)
        best = likeness.argmax(axis=1)
        sure = np.sort(likeness, axis=1)[:, -1] > np.sort(likeness, axis=1)[:, -2] + 1e-4
        other = labels[best] != labels[~keep]
        assert one.dropped == one.survivor_kept == (~keep).sum()
        assert (other & sure).sum() <= one.other_label <= (other | ~sure).sum()
        copies = np.isin(texts[~keep], texts[keep]).sum()
        assert copies <= one.twin_survives <= one.dropped
        names = [dataset.class_names[label] for label in labels[~keep]]
        assert one.by_class == {name: names.count(name) for name in one.by_class}
        assert sum(one.by_class.values()) == one.dropped
        assert len(one.rows) == min(40 if one.file else 10, one.dropped)


def test_rows_shown_go_and_their_survivors_stay(ended, dropped, dataset):
    for one in dropped.lists:
        keep = kept_by(ended, one.spec, dataset)
        assert not any(keep[row.row] for row in one.rows)
        assert all(keep[row.survivor] for row in one.rows)
        assert [row.percentile for row in one.rows if one.spec.selector == "global"] == sorted(
            (row.percentile for row in one.rows if one.spec.selector == "global"),
            reverse=one.spec.prune == "high",
        )


def test_a_sample_has_the_row_of_the_users_own_file(dropped, dataset, ended):
    (folder,) = {ended.run.folder.parent.parent}
    with (folder / "mail.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    (samples,) = dropped.samples.values()
    assert len(samples) > 40
    for number, sample in samples.items():
        row = written[sample.row]
        assert (sample.id, sample.label, sample.text) == (row["key"], row["topic"], row["text"])
        assert dataset.train.ids[number] == sample.id
    assert any(number != sample.row for number, sample in samples.items())


def test_the_whole_list_is_a_table_that_no_spreadsheet_runs(ended, dropped, dataset):
    for one in dropped.lists[:4]:
        path = ended.run.folder / one.file
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        keep = kept_by(ended, one.spec, dataset)
        assert {row["id"] for row in rows} == {*dataset.train.ids[~keep]}
        assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
        assert {row["survivor_id"] for row in rows} <= {*dataset.train.ids[keep]}
        assert not any(row["class"].startswith("=") for row in rows)
        assert SECRET not in path.read_text(encoding="utf-8")
    names = sorted(path.name for path in (ended.run.folder / "removed").iterdir())
    assert names == sorted(one.file.removeprefix("removed/") for one in dropped.lists[:4])


def test_no_training_text_is_written_where_none_is_wanted(ended, dropped):
    assert SECRET in (ended.run.folder / "dropped.json").read_text()
    before = json.loads((ended.run.folder / "dropped.json").read_text())
    write_dropped(ended, examples=False)
    try:
        write_report(ended.run.folder)
        for path in ended.run.folder.rglob("*"):
            assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
        bare = load_dropped(ended.run.folder)
        assert bare == replace(dropped.without_texts(), agreement=bare.agreement)
        assert not bare.with_examples
    finally:
        write_dropped(ended, examples=True)
    assert json.loads((ended.run.folder / "dropped.json").read_text()) == before


def test_rows_that_two_seeds_remove_are_counted_of_every_condition(ended, dropped, dataset):
    gone = {
        spec: {*np.flatnonzero(~kept_by(ended, spec, dataset))}
        for spec in ended.specs if spec.kind == "pruned"
    }  # fmt: skip
    assert len(dropped.shared) == 2 * 4
    for one in dropped.shared:
        own = {seed: gone[replace(one.spec, seed=seed)] for seed in (11, 17, 23)}
        assert one.removed == {seed: len(rows) for seed, rows in own.items()}
        pairs = [(11, 17), (11, 23), (17, 23)]
        assert one.common == tuple((a, b, len(own[a] & own[b])) for a, b in pairs)


def test_the_likeness_of_a_class_is_that_of_its_rows_one_by_one(ended, dropped, dataset):
    marks = {spec.warm_key: spec for spec in ended.specs if spec.kind == "pruned"}
    assert {one.warm_key for one in dropped.likeness} == {*marks}
    for one in dropped.likeness:
        evidence = Evidence(marks[one.warm_key], RunContext(dataset, ended.store))
        vectors = evidence.get("embeddings", {}).astype(np.float64)
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        likeness = units @ units.T
        np.fill_diagonal(likeness, -np.inf)
        mean = np.sort(likeness, axis=1)[:, -10:].mean(axis=1)
        for k, name in enumerate(dataset.class_names):
            rows = dataset.train.labels == k
            assert one.by_class[name] == pytest.approx(mean[rows].mean(), abs=1e-4)
        assert (one.k, one.looked_at) == (10, len(mean))


def test_without_neighbours_some_rows_of_each_class_are_looked_at(
    ended, dropped, dataset, monkeypatch
):
    spec = next(spec for spec in ended.specs if spec.signal == "redundancy")
    beside = surroundings(spec, RunContext(dataset, ended.store))
    bare = replace(beside, neighbours=None)
    (known,) = [one for one in dropped.likeness if one.warm_key == spec.warm_key]
    every = class_likeness(spec, dataset, bare)
    assert every.by_class == pytest.approx(known.by_class, abs=1e-4)
    monkeypatch.setattr(compared_cuts, "_OF_CLASS", 20)
    some = class_likeness(spec, dataset, bare)
    assert some.looked_at == 60 and some.by_class == pytest.approx(known.by_class, abs=0.1)
    monkeypatch.setattr(compared_cuts, "_MOST_SEARCHED", 1.0)
    assert class_likeness(spec, dataset, bare) is None
    assert class_likeness(spec, dataset, replace(bare, vectors=None)) is None


def test_few_rows_are_shown_of_many_lists(ended, dropped, monkeypatch):
    monkeypatch.setattr(module, "_MOST_ROWS", 4 * 40 + 70)
    shown = [one.shown for one in module._wanted(ended)]
    assert shown == [40] * 4 + [2] * (len(dropped.lists) - 4)


def test_beyond_the_budget_of_searches_other_lists_name_copies_alone(ended, monkeypatch):
    monkeypatch.setattr(module, "_MOST_SEARCHED", 0.0)
    found = {
        one.spec: removed for one, removed, _ in module._removals(ended, module._wanted(ended))
    }
    own = {one.spec for one in module._wanted(ended) if one.is_own}
    assert {removed.search for spec, removed in found.items() if spec in own} == {"exact"}
    assert {removed.search for spec, removed in found.items() if spec not in own} == {"none"}


def test_names_of_files_are_safe_and_no_two_are_alike(ended):
    spec = next(spec for spec in ended.specs if spec.kind == "pruned")
    odd = replace(spec, dataset="../a b/Ä:*?.csv")
    names = [
        *module._file_names(
            [odd, replace(odd, dataset="../A b/Ü:*?.csv"), replace(odd, warmup=0.2)]
        ).values()
    ]
    assert len({name.lower() for name in names}) == 3
    assert all(
        name.startswith("removed/") and name.count("/") == 1 and name.isascii() for name in names
    )
    assert names[1] == names[0].replace("a-b", "A-b").removesuffix(".csv") + "-2.csv"
