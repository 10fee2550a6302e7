"""prune-envelope prune as a user meets it: from a confirmed run of a CSV to the file to train on."""

import csv
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from typer.testing import CliRunner

import analysis
from analysis.pruned_files import PruneRecord, read_pruned
from analysis.warrants import Warrant
from orchestrator.__main__ import app
from orchestrator.execution.write_lists import kept_table
from orchestrator.pruning.make import PruneAsked, _check_one_dataset, _unwritten
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.errors import GATE, AbsentError, NotShownError, UsageError
from trainables.records import from_json

ROOT = Path(__file__).parents[3]
FLAGS = [
    "--dataset", "colours.csv", "--id-column", "nr", "--text-column", "say", "--label-column", "kind",
    "--test-fraction", "0.5", "--limit", "150", "--model", "linear", "--epochs", "4", "--signal", "redundancy",
    "--no-control", "--seeds", "3", "--rate", "0.2", "--tolerance", "30", "--run", "run", "--cache", "cache",
]  # fmt: skip


def write_csv(path):
    rng = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["nr", "say", "kind"])
        for i in range(400):
            kind = ("red", "green", "blue")[rng.choice(3, p=[0.5, 0.3, 0.2])]
            words = [f"{kind}{rng.integers(9)}", *(f"w{rng.integers(40)}" for _ in range(5))]
            writer.writerow(
                [f"id-{7 * i}", " ".join(words) + ', "so"\nit goes' * (i % 3 == 0), kind]
            )


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A folder with a CSV, a confirmed run of it and the store."""
    folder = tmp_path_factory.mktemp("pruned")
    write_csv(folder / "colours.csv")
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.sweep", *FLAGS], cwd=folder, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PRUNE_ENVELOPE_DATA": ""}, timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Drop 20% of colours by Redundancy" in done.stdout
    return folder


@pytest.fixture
def prune(base, tmp_path, monkeypatch):
    """The command, started in another folder than the sweep was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PRUNE_ENVELOPE_DATA", raising=False)

    def command(*flags):
        words = ["prune", str(base / "run"), *map(str, flags)]
        return CliRunner().invoke(app, words)

    return command


def tree(*folders):
    """Every file, with what it holds."""
    return {p: p.read_bytes() for f in folders for p in f.rglob("*") if p.is_file()}


@pytest.mark.slow
def test_the_list_that_the_run_confirmed_is_written_with_its_warrant(base, prune, tmp_path):
    done = prune("out")
    assert done.exit_code == 0, done.output
    out = tmp_path / "out"
    record = PruneRecord.from_json((out / "prune.json").read_text())
    rows = [from_json(path.read_text()) for path in (base / "run/trials").glob("*.json")]
    listed = [row for row in rows if row.spec.kind == "fixed"]
    assert {row.kept_sha for row in listed} == {record.list_sha} and len(listed) == 5
    warrant = Warrant.from_dict(record.warrant)
    assert warrant.passes and warrant.is_of_run and warrant.list_sha == record.hash
    assert (record.n_train, record.n_kept, record.state) == (150, 120, "confirmed")
    assert not (base / "run/warrants").exists()
    whole = pd.read_csv(base / "colours.csv", sep=";")
    kept = pq.read_table(out / "kept.parquet").to_pandas()
    written = pd.read_csv(out / "data/train.csv", sep=";")
    pd.testing.assert_frame_equal(written, whole.iloc[kept["row"]].reset_index(drop=True))
    removed = pq.read_table(out / "removed.parquet").to_pandas()
    assert (whole.iloc[removed["row"]]["nr"].to_numpy() == removed["id"].to_numpy()).all()
    assert set(removed["row"]).isdisjoint(kept["row"]) and len(removed) == 30
    for said in ("120 of 150 training rows stay, 30 go (20%)", "'red'", "(seed 11)", record.hash):
        assert said in done.output
    assert [one.out for one in read_pruned(base / "run")] == [str(out)]

    # The same rows in Python, of the run and of the folder, and in the run's own list.
    listed_rows = pq.read_table(base / f"run/survivors/{record.hash}.parquet")["row"].to_numpy()
    for where in (base / "run", out):
        found = analysis.kept(where)
        assert (found.rows == kept["row"].to_numpy()).all() and (found.rows == listed_rows).all()
        assert (found.n, found.sha, len(found)) == (150, record.list_sha, 120)

    # Once more elsewhere: the same bytes. Into the same folder: refused.
    assert prune("again").exit_code == 0
    again = PruneRecord.from_json((tmp_path / "again/prune.json").read_text())
    assert (again.files, again.kept_sha256, again.removed_sha256) == (
        record.files, record.kept_sha256, record.removed_sha256,
    )  # fmt: skip
    refused = prune("out")
    assert refused.exit_code == 2 and "is not empty" in refused.output


@pytest.mark.slow
def test_a_dry_run_writes_nothing(base, prune, tmp_path):
    before = tree(base)
    done = prune("dry", "--method", "redundancy", "--min-per-class", "33", "--dry-run")
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "Nothing was written or run" in said and "5 fresh seeds train afresh" in said
    assert tree(base) == before and list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--dataset", "colors"], 2, "Did you mean 'colours'"),
        (["--method", "el2n"], 2, "it has 'redundancy:global'"),
        (["--rate", "0.1"], 2, "no condition of rate 0.1"),
        (["--protect-class", "gren"], 2, "Did you mean 'green'"),
        (["--min-per-class", "1000"], 2, "no row goes"),
        (["--seeds", "3"], 2, "--seeds is 3"),
        (["--public"], 2, "--push-to-hub OWNER/NAME"),
        (["--data", "nowhere.csv"], 4, "no such file"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_written(
    base, prune, tmp_path, flags, code, said
):
    before = tree(base / "run")
    done = prune("out", *flags)
    assert done.exit_code == code and said in done.output
    assert sum(line.startswith("error: ") for line in done.output.splitlines()) == 1
    assert tree(base / "run") == before and list(tmp_path.iterdir()) == []


def test_too_few_seeds_are_refused_before_the_run_is_read(tmp_path):
    done = CliRunner().invoke(
        app, ["prune", str(tmp_path / "gone"), str(tmp_path / "out"), "--seeds", "3"]
    )
    assert done.exit_code == 2 and "a warrant takes 5 fresh seeds or more" in done.output


@pytest.mark.slow
def test_data_are_found_where_they_lie_by_now_and_other_data_are_refused(base, prune, tmp_path):
    moved = tmp_path / "elsewhere.csv"
    (base / "colours.csv").rename(moved)
    try:
        lost = prune("out", "--no-warrant")
        assert lost.exit_code == 4 and "say where: --data PATH" in lost.output
        assert str(base) in lost.output
        assert prune("out", "--no-warrant", "--data", "elsewhere.csv").exit_code == 0
        (base / "colours.csv").write_text(moved.read_text().replace("w1 ", "w2 ", 1))
        edited = prune("edited", "--no-warrant")
        assert edited.exit_code == 4 and "holds other data than when run was made" in edited.output
        assert not (tmp_path / "edited").exists()
    finally:
        moved.rename(base / "colours.csv")


@pytest.mark.slow
def test_protected_rows_stay_and_the_list_is_one_of_its_own(base, prune, tmp_path):
    flags = ["--protect-class", "green", "--min-per-class", "26", "--no-warrant"]
    assert prune("plain", "--no-warrant").exit_code == 0
    done = prune("spared", *flags)
    assert done.exit_code == 0 and "put back of that: all rows of 'green'" in done.output
    plain, spared = (
        PruneRecord.from_json((tmp_path / name / "prune.json").read_text())
        for name in ("plain", "spared")
    )
    gone = [
        set(pq.read_table(tmp_path / n / "removed.parquet")["row"].to_pylist())
        for n in ("plain", "spared")
    ]
    assert gone[1] < gone[0] and spared.rate < plain.rate == pytest.approx(0.2)
    kept = {one.name: (one.kept, one.rows) for one in spared.classes}
    assert kept["green"][0] == kept["green"][1]
    assert all(k >= min(26, n) for k, n in kept.values())
    assert (
        spared.list_sha != plain.list_sha
        and spared.warrant is None
        and "--no-warrant" in spared.no_warrant
    )
    assert analysis.kept(tmp_path / "spared").sha == spared.list_sha
    # A run's own answer is not the list with rows put back.
    assert analysis.kept(base / "run").sha == plain.list_sha


@pytest.mark.slow
def test_scores_that_are_gone_are_made_again_and_the_list_is_the_same(base, prune, tmp_path):
    assert prune("before", "--no-warrant").exit_code == 0
    (base / "cache").rename(base / "kept aside")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator", "prune", str(base / "run"), "after", "--no-warrant"],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            timeout=500, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        said = " ".join(done.stdout.split())  # a terminal breaks lines where a path is long
        assert "lacks scores of seeds 11, 17 and 23 that it had" in said
        assert "3 warm-ups, 2 pieces of evidence and 3 scores" in said
        names = ("before", "after")
        one, two = (PruneRecord.from_json((tmp_path / n / "prune.json").read_text()) for n in names)
        assert (one.list_sha, one.kept_sha256, one.files) == (
            two.list_sha,
            two.kept_sha256,
            two.files,
        )
        assert one.agreement == two.agreement
    finally:
        subprocess.run(["rm", "-rf", str(base / "cache")], check=True)
        (base / "kept aside").rename(base / "cache")


@pytest.mark.parametrize("seeds", [None, 12])
@pytest.mark.parametrize("state", ["not decided", "loses more", "no answer"])
def test_more_seeds_are_named_only_where_they_would_settle_it(state, seeds):
    said = StringIO()
    warrant = Warrant(
        list_sha="abc", dataset="made", state=state, verdict="inconclusive", level=0.04, n_candidates=4,
        more_seeds=seeds,
    )  # fmt: skip
    asked = PruneAsked(run=Path("run"), out=Path("out"), command="prune")
    assert _unwritten(asked, warrant, GATE, Console(file=said, width=999)) == GATE
    assert f"did not pass ({state})" in said.getvalue() and "--anyway" in said.getvalue()
    assert ("--seeds" in said.getvalue()) is bool(seeds)
    assert seeds is None or f"give --seeds {seeds}, " in said.getvalue()


def test_of_several_data_sets_the_commands_are_listed():
    study = SimpleNamespace(name="r", sources={1: "imdb", 2: "ag news"})
    asked = PruneAsked(run=Path("/r"), out=Path("/out"), command="")
    with pytest.raises(UsageError) as refused:
        _check_one_dataset(study, asked)
    lines = str(refused.value).splitlines()
    assert "  prune-envelope prune /r --dataset 'ag news' /out" in lines and len(lines) == 3


def test_rows_are_those_of_the_user_s_own_file_whatever_was_cut_of_it(tmp_path):
    write_csv(tmp_path / "c.csv")
    columns = Columns(text=("say",), label="kind", id="nr")
    data = load(Source(name=str(tmp_path / "c.csv"), columns=columns, test_fraction=0.3, limit=100))
    keep = np.random.default_rng(1).random(100) < 0.6
    table = kept_table(data, keep, answers="class").to_pandas()
    whole = pd.read_csv(tmp_path / "c.csv", sep=";").iloc[table["row"]]
    assert (whole["nr"].to_numpy() == table["id"].to_numpy()).all()
    assert (whole["kind"].to_numpy() == table["class"].to_numpy()).all()


def test_a_copy_that_a_stress_test_added_is_a_row_of_no_file(tmp_path):
    write_csv(tmp_path / "c.csv")
    columns = Columns(text=("say",), label="kind", id="nr")
    source = Source(
        name=str(tmp_path / "c.csv"), columns=columns, test_fraction=0.3, inject_copies=0.2
    )
    data = load(source)
    table = kept_table(data, np.ones(len(data.train), dtype=bool), answers="class")
    assert table["row"].null_count == (data.train.rows < 0).sum() > 0


@pytest.mark.slow
def test_python_is_told_what_the_command_is_told(base):
    with pytest.raises(
        UsageError, match=r"no method of colours.*Here: kept\(RUN, dataset=, method="
    ):
        analysis.kept(base / "run", method="el2n")
    with pytest.raises(AbsentError):
        analysis.kept(base / "nowhere")
    assert issubclass(NotShownError, ValueError)
