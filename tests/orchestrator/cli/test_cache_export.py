"""`cache export`: what trials used, with the samples' own ids, whole or not at all."""

import csv
import json
from dataclasses import replace

import datasets
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import app
from orchestrator.cli.options import SweepOptions
from orchestrator.cli.recorded_options import record_options
from orchestrator.planning.exporting import EXPORTS
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.resources import Resources
from orchestrator.planning.stored_inputs import store_data
from orchestrator.store.export_tables import WRITERS, table_batches
from orchestrator.store.readable import file_name, file_names, read_about, write_readable
from trainables.arrays import write_arrays
from trainables.data.dataset_file import read_names
from trainables.evidence.collector import Evidence
from trainables.run_context import RunContext
from trainables.selection.scoring import score, select
from trainables.stages import make_scores

IDS = ["=1+1", "007", "a b", "nan", 'q"q', "x,y", *(f"r{i}" for i in range(6, 60))]
SIGNALS = ["keep_one,k=3", "redundancy_within_class,k=20", "el2n", "redundancy,k=3,probes=2"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run's folder and store after its scores were made, and the sweep; its trials have not run."""
    home = tmp_path_factory.mktemp("export")
    rng = np.random.default_rng(0)
    words = [
        "red",
        "blue",
        "green",
        "cat",
        "dog",
        "house",
        "runs",
        "jumps",
        "over",
        "under",
        "table",
        "chair",
    ]
    rows = {
        "uid": IDS,
        "text": [" ".join(rng.choice(words, 8)) for _ in IDS],
        "label": [("big", "=small", "odd")[min(i % 7, 2)] for i in range(60)],
    }
    pd.DataFrame(rows).to_csv(home / "mine.csv", index=False)
    options = SweepOptions(
        dataset=[str(home / "mine.csv")], id_column="uid", test_fraction=0.2, model="linear", epochs=2,
        warmup=[0.5], seed=[3, 4], signal=SIGNALS, rate=[0.2], tune=False, run=home / "run",
        cache=home / "runs" / "_cache", gpus_per_trial=0, control=False,
    )  # fmt: skip
    sweep = plan_sweep(options.request(), options.resources(), run=options.run, command="")
    store_data(sweep.datasets, sweep.store)
    pruned = [spec for spec in sweep.specs if spec.kind == "pruned"]
    for spec in pruned:
        make_scores(spec, sweep.store)
    listed = replace(pruned[0], scored_by=(3, 4), seed=901)
    sweep = replace(sweep, plan=replace(sweep.plan, specs=(*sweep.specs, listed)))
    sweep.run.write_plan(sweep.plan)
    record_options(options, sweep.run.folder)
    return home, sweep


def runs_of(sweep):
    (dataset,) = sweep.datasets.values()
    return RunContext(dataset, sweep.store)


def invoke(*args):
    return CliRunner().invoke(app, ["cache", "export", *map(str, args)])


def exported(made, tmp_path, *args, code=0):
    home, _ = made
    shown = invoke(home / "run", tmp_path / "out", *args)
    assert shown.exit_code == code, shown.output
    return {path.stem: path for path in (tmp_path / "out").iterdir() if path.stem != "index"}


def of(sweep, signal, seed):
    return next(
        s for s in sweep.specs if s.kind == "pruned" and (s.signal, s.seed) == (signal, seed)
    )


def test_scores_are_those_that_trials_use_with_ids_and_names_of_classes(made, tmp_path):
    _, sweep = made
    select(sweep.specs[-1], runs_of(sweep))
    files = exported(made, tmp_path)
    assert [*sorted(files)] == sorted(
        [f"mine-{s}-w50-s{seed}" for s in SIGNALS for seed in (3, 4)]
        + ["mine-keep_one,k=3_global-p20-list"]
    )
    (dataset,) = sweep.datasets.values()
    for seed in (3, 4):
        frame = pd.read_parquet(files[f"mine-el2n-w50-s{seed}"])
        assert frame["sample_id"].tolist() == dataset.train.ids.tolist()
        assert frame["label"].tolist() == dataset.answers(np.arange(len(frame))).tolist()
        np.testing.assert_array_equal(
            frame["score"], score(of(sweep, "el2n", seed), runs_of(sweep))[0]
        )


def test_the_joined_list_says_which_rows_stay(made, tmp_path):
    _, sweep = made
    keep, _ = select(sweep.specs[-1], runs_of(sweep))
    (path,) = [p for name, p in exported(made, tmp_path).items() if name.endswith("list")]
    assert pd.read_parquet(path)["keep"].tolist() == keep.tolist()
    about = read_about(path)
    assert about["run"]["seed"] == about["list"]["scored_by"] == [3, 4]


def test_embeddings_are_those_of_the_learner_that_scored(made, tmp_path):
    _, sweep = made
    files = exported(made, tmp_path, "--what", "embeddings")
    assert [*files] == ["mine-embeddings-frozen"]
    true = Evidence(of(sweep, "keep_one", 3), runs_of(sweep)).get("embeddings", {})
    frame = pd.read_parquet(files["mine-embeddings-frozen"])
    assert read_about(files["mine-embeddings-frozen"])["run"]["seed"] == [3, 4]
    np.testing.assert_array_equal(np.stack(frame["embedding"]), true)
    table = datasets.load_dataset(
        "parquet",
        data_files=str(files["mine-embeddings-frozen"]),
        split="train",
        cache_dir=str(tmp_path / "hf"),
    )
    assert table.features["embedding"].feature.dtype == "float32" and len(table) == len(true)


@pytest.mark.parametrize(
    ("name", "signal"),
    [
        ("mine-neighbours,k=3-frozen", "keep_one"),
        ("mine-class_neighbours,k=20-frozen", "redundancy_within_class"),
        ("mine-neighbours,k=3,probes=2-frozen", "redundancy"),
    ],
)
def test_neighbours_are_named_by_their_ids_and_none_stands_where_there_is_none(
    made, tmp_path, name, signal
):
    _, sweep = made
    spec = of(sweep, signal, 3)
    files = exported(made, tmp_path, "--what", "neighbours")
    assert len(files) == 3
    kind = "class_neighbours" if "class" in name else "neighbours"
    true = Evidence(spec, runs_of(sweep)).get(kind, dict(spec.settings))
    ids = runs_of(sweep).dataset.train.ids
    frame = pd.read_parquet(files[name])
    assert [own.tolist() for own in frame["neighbours"]] == [
        [ids[row] for row in rows if row >= 0] for rows in true.rows
    ]
    for own, similarity in zip(frame["similarity"], true.similarity, strict=True):
        np.testing.assert_array_equal(own, similarity[np.isfinite(similarity)])
    if kind == "class_neighbours":
        assert frame["neighbours"].map(len).nunique() > 1


def test_the_index_has_a_row_a_file_and_all_that_decided_it(made, tmp_path):
    files = exported(made, tmp_path, "--method", "keep_one,k=3", "--format", "csv")
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    with (tmp_path / "out" / "index.csv").open(newline="") as file:
        lines = [*csv.DictReader(file)]
    assert (
        {one["file"] for one in index}
        == {one["file"] for one in lines}
        == {p.name for p in files.values()}
    )
    for one in index:
        assert one["signal"] == "keep_one" and one["settings"]["k"] == 3 and one["rows"] == 48
        assert one["bytes"] == (tmp_path / "out" / one["file"]).stat().st_size
        assert one["about"]["run"]["model"] == "linear" and "pandas" in one["about"]["read"]


def test_a_csv_of_scores_holds_the_same_scores_and_runs_in_no_spreadsheet(made, tmp_path):
    _, sweep = made
    files = exported(made, tmp_path, "--method", "el2n", "--format", "csv")
    with files["mine-el2n-w50-s4"].open(newline="", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    true, _ = score(of(sweep, "el2n", 4), runs_of(sweep))
    np.testing.assert_array_equal(np.float32([float(row["score"]) for row in rows]), true)
    cells = [cell for row in rows for cell in row.values()]
    assert "'=small" in cells and not [cell for cell in cells if cell.startswith("=")]


def test_every_kind_of_export_has_its_writer_and_is_offered(made):
    _, sweep = made
    pieces = {
        item.piece
        for found in EXPORTS.values()
        for spec in sweep.specs
        if spec.signal
        for item in found(spec, 48)
    }
    assert pieces == {*WRITERS}
    shown = CliRunner().invoke(app, ["cache", "export", "--help"], env={"COLUMNS": "200"}).output
    assert all(what in shown for what in EXPORTS)


def test_what_the_store_lacks_is_named_with_the_trials_it_was_made_for(made, tmp_path):
    home, sweep = made
    copy = Resources(cache=tmp_path / "other", cpus=1)
    store = copy.open_store()
    store_data(sweep.datasets, store)
    first, second = of(sweep, "el2n", 3), of(sweep, "el2n", 4)
    make_scores(first, store)
    store.put("result", second.result_key, lambda path: path.write_text("{}"))
    shown = invoke(
        home / "run", tmp_path / "out", "--method", "el2n", "--cache", tmp_path / "other"
    )
    assert shown.exit_code == 3
    (line,) = [line for line in shown.output.splitlines() if line.startswith("lacking")]
    assert line.startswith(
        "lacking: mine-el2n-w50-s4: made for mine el2n global w50 p20 s4, and no more in "
    )
    assert [p.name for p in (tmp_path / "out").glob("*.parquet")] == ["mine-el2n-w50-s3.parquet"]
    gone = invoke(
        home / "run", tmp_path / "none", "--method", "keep_one", "--cache", tmp_path / "other"
    )
    assert gone.exit_code == 4 and "not made yet, for mine keep_one,k=3 global" in gone.output
    assert not (tmp_path / "none").exists()


def test_without_the_data_set_there_are_no_ids_and_that_is_said(made, tmp_path):
    home, sweep = made
    store = Resources(cache=tmp_path / "other", cpus=1).open_store()
    store.put("result", "0" * 64, lambda path: path.write_text("{}"))
    shown = invoke(home / "run", tmp_path / "out", "--cache", tmp_path / "other")
    assert (
        shown.exit_code == 4 and "the data set mine, which has the ids, is not in" in shown.output
    )
    assert sweep.store.root != tmp_path / "other"


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (["--what", "embeddings", "--format", "csv"], 2, "a cell of a CSV holds no list"),
        (["--dataset", "yours"], 2, "the run has mine"),
        (["--method", "aum"], 2, "the run has scores of keep_one,k=3, redundancy_within_class,k=20, el2n"),
        (["--method", "el2n", "--what", "neighbours"], 2, "no signal asked for rests on neighbours"),
        (["--cache", "nowhere"], 4, "is no store"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(made, tmp_path, flags, code, says):
    home, _ = made
    shown = invoke(home / "run", tmp_path / "out", *flags)
    assert shown.exit_code == code and says in shown.output and shown.output.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_not_written_into(made, tmp_path):
    home, _ = made
    (tmp_path / "mine.txt").write_text("mine")
    shown = invoke(home / "run", tmp_path)
    assert shown.exit_code == 2 and "is there already" in shown.output
    assert invoke(tmp_path, tmp_path / "out").exit_code == 4


def test_an_error_on_the_way_leaves_nothing(made, tmp_path, monkeypatch):
    home, _ = made
    written = []

    def failing(path, *rest):
        if written:
            raise KeyboardInterrupt
        written.append(write_readable(path, *rest))
        return written[0]

    monkeypatch.setattr("orchestrator.execution.write_exports.write_readable", failing)
    shown = invoke(home / "run", tmp_path / "out")
    assert shown.exit_code == 130 and written and list(tmp_path.iterdir()) == []


def test_a_file_is_whole_or_what_it_was(tmp_path):
    def batches():
        yield table.to_batches()[0]
        raise KeyboardInterrupt

    import pyarrow as pa

    table = pa.table({"id": [1, 2]})
    for name in ("a.csv", "a.parquet"):
        (tmp_path / name).write_text("before")
        with pytest.raises(KeyboardInterrupt):
            write_readable(tmp_path / name, table.schema, batches(), {})
        assert (tmp_path / name).read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 2


def test_shards_are_joined_in_the_order_of_the_rows(made, tmp_path):
    _, sweep = made
    (sha,) = sweep.datasets
    names = read_names(sweep.store.find("data", sha))
    vectors = np.random.default_rng(0).normal(size=(48, 5)).astype(np.float32)
    for number, part in enumerate((vectors[:20], vectors[20:])):
        write_arrays(tmp_path / f"{number}", {"embeddings": part}, {})
    paths = [tmp_path / "0", tmp_path / "1"]
    schema, batches = table_batches(WRITERS["embeddings"], paths, names)
    assert write_readable(tmp_path / "all.parquet", schema, batches, {}) == 48
    table = pq.read_table(tmp_path / "all.parquet")
    np.testing.assert_array_equal(np.stack(table["embedding"].to_pandas()), vectors)
    assert table["sample_id"].to_pylist() == names.ids.to_pylist()


def test_the_store_that_the_run_recorded_is_found_from_another_folder(made, tmp_path, monkeypatch):
    home, _ = made
    monkeypatch.chdir(tmp_path)
    assert invoke(home / "run", "--method", "el2n").exit_code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["run-scores"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/b\\c:d", "a_b_c_d"),
        ("../..", "_"),
        ("", "_"),
        ("данные é", "данные_é"),
        ("x" * 500, "x" * 120),
        ("my set,k=3", "my_set,k=3"),
        ("a\x00\nb", "a_b"),
        ("-rf", "rf"),
    ],
)
def test_a_name_is_safe_for_any_file_system_and_stays_readable(text, name):
    assert file_name(text) == name


def test_names_that_would_be_one_file_are_told_apart():
    names = file_names({"k1": "A/b", "k2": "a_b", "k3": "c"})
    assert len({name.casefold() for name in names.values()}) == 3 and names["k3"] == "c"
    assert names["k1"].startswith("A_b-") and names == file_names(
        {"k3": "c", "k2": "a_b", "k1": "A/b"}
    )
