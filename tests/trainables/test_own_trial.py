"""A trial of a trainer of one's own: blind to the answers, to scores and to what is compared."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.envelope import judged_cells
from tests.caches import FolderCache
from tests.trainables.data.written import write_as
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.dataset_file import write
from trainables.data.user_tables import user_tables
from trainables.learners import LEARNERS
from trainables.outcome import Outcome
from trainables.spec import TrialSpec
from trainables.trainers.command import command_trainer
from trainables.trainers.contract import Place
from trainables.trainers.function import function_trainer
from trainables.trainers.server_process import close_servers
from trainables.trial import run_baseline, run_trial

SEES = """
import json
def fit(train, test, *, seed, scratch, passes=1.0):
    with open("seen.jsonl", "a") as file:
        file.write(json.dumps([seed, train.column_names, test.column_names, passes,
                               train["id"].to_pylist()]) + "\\n")
    return [seed % 5 * 0.5 + x for x in test["size"].to_pylist()]
"""


@pytest.fixture(autouse=True)
def _no_server_stays():
    yield
    close_servers()


@pytest.fixture
def houses(tmp_path):
    """A sweep's folder, with a trainer that writes down what it was given, and a spec of it."""
    rows = {"size": [20 + i for i in range(80)], "price": [2.5 * i for i in range(80)]}
    path = write_as(tmp_path / "houses.parquet", rows)
    dataset = load(
        Source(
            name=str(path), test_fraction=0.25, columns=Columns(label="price"), target="number",
            own_columns=True,
        )
    )  # fmt: skip
    (tmp_path / "train.py").write_text(SEES)
    cache, place = FolderCache(tmp_path), Place(folder=tmp_path)
    spec = prepared(dataset, cache, place)
    return spec, cache, place


def prepared(dataset, cache, place, name="train.py:fit"):
    tables, trainer = user_tables(dataset), function_trainer(name, place)
    cache.get("data", dataset.sha, lambda path: write(dataset, path))
    cache.get("columns", tables.sha, tables.write)
    return TrialSpec(
        dataset="houses", data_sha=dataset.sha, model="train.py:fit", model_sha="",
        learner=trainer.learner, learner_settings=trainer.settings, learner_sha=trainer.sha,
        columns_sha=tables.sha, seed=11,
    )  # fmt: skip


def pruned(spec, **more):
    fields = {"signal": "random", "selector": "global", "rate": 0.5, "protocol": "restart"}
    return replace(spec, **{**fields, **more})


def seen(place):
    return [json.loads(line) for line in (place.folder / "seen.jsonl").read_text().splitlines()]


def test_numbers_become_an_outcome_and_a_row_without_accuracy(houses):
    spec, cache, place = houses
    row = run_baseline(spec, cache, place=place)
    assert (row.accuracy, row.class_names, row.n_test, row.outcome) == (
        None,
        (),
        20,
        ("predicted",),
    )
    kept = Outcome.read(cache.root / f"outcome-{spec.result_key}")
    assert len(kept) == 20
    assert row.phases["training"].seconds > 0


def test_the_answers_of_the_test_set_are_held_back_unless_the_metric_needs_them(houses):
    spec, cache, place = houses
    run_baseline(spec, cache, place=place)
    run_baseline(replace(spec, seed=12), cache, place=replace(place, shows_answers=True))
    assert [sorted(one[2]) for one in seen(place)] == [["id", "size"], ["id", "price", "size"]]
    assert all(sorted(one[1]) == ["id", "price", "size"] for one in seen(place))


def test_rows_stay_in_the_data_sets_own_order_and_the_seed_is_the_pairs(houses):
    spec, cache, place = houses
    run_baseline(spec, cache, place=place)
    run_trial(pruned(spec), cache, place=place)
    full, half = seen(place)
    assert half[0] == full[0] == 11
    assert len(half[4]) == len(full[4]) / 2
    assert half[4] == [one for one in full[4] if one in {*half[4]}]


def test_what_prunes_nothing_is_given_all_rows_and_another_seed(houses):
    spec, cache, place = houses
    run_baseline(spec, cache, place=place)
    run_trial(
        replace(spec, signal="null", selector="each_epoch", protocol="restart"), cache, place=place
    )
    full, null = seen(place)
    assert null[4] == full[4]
    assert null[0] != full[0] and 0 <= null[0] < 2**32


def test_at_equal_steps_it_is_told_to_make_as_many_more_passes(houses):
    spec, cache, place = houses
    run_trial(pruned(spec, rate=0.75, budget="steps"), cache, place=place)
    assert seen(place)[0][3] == pytest.approx(4.0)


# Features and the order of steps are of the whole training set, as ours are; the rows are those given.
HEAD = """
import sys, tempfile
from dataclasses import replace
from pathlib import Path
import numpy as np
import pyarrow as pa
def fit(train, test, *, seed):
    from trainables.environment import settle
    from trainables.data.dataset_file import read
    from trainables.evidence.forward_passes import predict_with_loss
    from trainables.learners import LEARNERS
    from trainables.run_context import RunContext
    from trainables.spec import TrialSpec
    from tests.caches import FolderCache
    settle(1)
    dataset = read(Path("DATA"))
    keep = np.isin(dataset.train.ids, train["id"].to_numpy())
    assert keep.sum() == len(train) and "label" not in test.column_names
    full = TrialSpec(dataset="d", data_sha=dataset.sha, model="linear", model_sha="linear",
                     learner="linear", seed=seed, training=LEARNERS["linear"].training)
    cut = replace(full, signal="random", selector="global", rate=0.5, protocol="restart")
    with tempfile.TemporaryDirectory() as folder:
        runs = RunContext(dataset, FolderCache(Path(folder)))
        learner = runs.new_learner(full, keep)
        for _ in learner.train(runs.schedule(full if keep.all() else cut, learner, keep)):
            pass
        said, _ = predict_with_loss(learner, np.zeros(len(test), dtype=np.int64))
    return [dataset.class_names[k] for k in said["predicted"]]
if __name__ == "__main__":
    train, test = (pa.ipc.open_file(path).read_all() for path in sys.argv[1:3])
    answer = fit(train, test, seed=int(sys.argv[3]))
    with pa.OSFile(sys.argv[4], "wb") as sink:
        table = pa.table({"predicted": answer})
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
"""
COMMAND = f"{sys.executable} head.py {{train}} {{test}} {{seed}} {{out}}"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form"), [("ag_news", "function"), ("sms_spam", "command")])
def test_the_linear_head_of_ones_own_predicts_what_the_built_in_one_does(
    name, form, real_data, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    dataset = load(
        Source(name=name, data_dir=real_data, limit=600, limit_test=400, own_columns=True)
    )
    cache, place = FolderCache(tmp_path), Place(folder=tmp_path)
    path = cache.get("data", dataset.sha, lambda path: write(dataset, path))
    (tmp_path / "head.py").write_text(HEAD.replace("DATA", str(path)))
    own = prepared(dataset, cache, place, "head.py:fit")
    if form == "command":
        trainer = command_trainer(COMMAND, place)
        own = replace(
            own, learner=trainer.learner, learner_settings=trainer.settings, learner_sha=trainer.sha
        )
    built_in = TrialSpec(
        dataset=name, data_sha=dataset.sha, model="linear", model_sha="linear", learner="linear",
        seed=11, training=LEARNERS["linear"].training,
    )  # fmt: skip
    found = []
    for spec in (built_in, own):
        seeds = [replace(spec, seed=seed) for seed in (11, 17, 23)]
        full = [run_baseline(one, cache, place=place) for one in seeds]
        cut = [run_trial(pruned(one), cache, place=place) for one in seeds]
        found.append((full, cut))
    for ours, theirs in zip(*found, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            keys = (one.spec.result_key, other.spec.result_key)
            said = [Outcome.read(cache.root / f"outcome-{k}").columns["predicted"] for k in keys]
            np.testing.assert_array_equal(*said)
            assert (one.correct, one.recall) == (other.correct, other.recall)
            assert one.kept_sha == other.kept_sha
    verdicts = [[cell.verdict for cell in judged_cells([*full, *cut])] for full, cut in found]
    assert verdicts[0] == verdicts[1]
