"""`score`: every signal or a reason, and of every row what its score says, recomputed."""

import csv
import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import app
from orchestrator.cli.options import SweepOptions
from orchestrator.planning.learner_evidence import label_free
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.resources import Resources
from orchestrator.store.readable import read_about
from tests.model_folders import save_model, texts
from trainables.data.catalog import Source, load
from trainables.data.copies import normal_form
from trainables.data.dataset import uniform_draws
from trainables.data.given_scores import read_given_scores
from trainables.data.near_copies import FEWEST_WORDS, NEAR
from trainables.selection.selectors import keep_global
from trainables.signals import SIGNALS

WORDS = [
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
    "window",
    "light",
    "dark",
    "fast",
    "slow",
    "big",
    "small",
    "river",
    "stone",
    "cloud",
]
HOSTILE = [
    "=1+1", "007", "1e5", " a ", "nan", "NULL", "x,y", 'q"q', "line\nbreak", "@cmd", "+7", "-7", "ünï", "😀",
    "\u202eRTL", "None", "'quoted", "-x", "+y", "\ttab", "null", "NA", "true", "a;b", "c\r\nd",
]  # fmt: skip
N = 90
# As cheap as it gets: what is tested is that there is a score, not what it is worth.
CHEAP = {"memorization": ",models=3", "influence": ",models=3", "mem_head": ",models=12"}
FLAGS = ("--id-column", "uid", "--model", "linear", "--cpus-per-trial", 1, "--gpus-per-trial", 0)


def invoke(*args):
    return CliRunner().invoke(app, ["score", *map(str, args)])


def done(*args):
    shown = invoke(*args)
    assert shown.exit_code == 0, shown.output
    return shown.output


def refused(*args, code=2):
    shown = invoke(*args)
    assert shown.exit_code == code, shown.output
    (line,) = shown.output.splitlines()
    return line


def made_rows():
    """Texts of three classes with hostile ids; row 5 copies row 4, 7 is 6 in capitals, 9 is near 8."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, N)
    lines = [" ".join([*rng.choice(WORDS, 12), "abc"[label] * 3]) for label in labels]
    labels[5], labels[7], labels[9] = labels[4], labels[6], labels[8]
    lines[5], lines[7] = lines[4], lines[6].upper() + "!"
    lines[9] = lines[8] + " stone"
    ids = HOSTILE + [f"r{i}" for i in range(len(HOSTILE), N)]
    return pd.DataFrame({"uid": ids, "text": lines, "label": [f"={'abc'[i]}" for i in labels]})


def write(frame, path):
    frame.to_csv(path, index=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
    return path


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A labelled file, the same unlabelled, with its labels moved, and their store."""
    folder = tmp_path_factory.mktemp("score")
    rows = made_rows()
    write(rows, folder / "mine.csv")
    write(rows.drop(columns="label"), folder / "bare.csv")
    moved = rows["label"].to_numpy()[np.random.default_rng(1).permutation(N)]
    write(rows.assign(label=moved), folder / "moved.csv")
    return folder


@pytest.fixture(scope="module")
def keep_one(here):
    """The table of the labelled file by keep_one, and what was printed."""
    out = here / "keep_one.parquet"
    said = done(
        here / "mine.csv", *FLAGS, "--signal", "keep_one,k=4", "--cache", here / "c", "--out", out
    )
    return pq.read_table(out), said


LACKING = (
    "stability_under_dropout", "stability_under_token_dropout", "perplexity", "delta_loss",
)  # fmt: skip  # of the linear learner
SCORED = [name for name in SIGNALS if name not in ("given", *LACKING)]


def scores_of(here, name, signals, *flags):
    """The scores of some signals by their names, of one call."""
    named = [word for signal in signals for word in ("--signal", signal + CHEAP.get(signal, ""))]
    folder = here / f"{name}-{len(signals)}"
    done(
        here / f"{name}.csv",
        *FLAGS,
        *named,
        *flags,
        "--cache",
        here / "all",
        "--out",
        folder,
        "--force",
    )
    tables = {path.stem: pq.read_table(path) for path in folder.iterdir()}
    return {signal: tables[f"{name}-{signal}{CHEAP.get(signal, '')}"] for signal in signals}


def test_every_signal_scores_each_row_in_an_order_of_its_own(here):
    flags = ("--validation-fraction", 0.2, "--epochs", 4, "--warmup", 0.75)
    for table in scores_of(here, "mine", SCORED, *flags).values():
        assert np.isfinite(table["score"]).all() and len(table) < N
        assert sorted(table["rank"].to_pylist()) == [*range(1, len(table) + 1)]


@pytest.mark.parametrize("signal", LACKING)
def test_a_signal_that_the_model_cannot_give_is_refused_by_name(here, signal):
    line = refused(here / "mine.csv", *FLAGS, "--signal", signal)
    assert line.startswith(f"error: {signal} needs ") and "learner linear cannot give" in line


def test_labels_permuted_or_left_out_change_no_score_of_a_signal_that_needs_none(here):
    assert label_free() == [
        "random", "redundancy", "keep_one", "semdedup", "d4", "zcore", "k_centre",
        "facility_location", "ssl_prototypes", "tfidf", "length",
    ]  # fmt: skip
    every = [scores_of(here, name, label_free()) for name in ("mine", "moved", "bare")]
    for signal in label_free():
        mine, moved, bare = (tables[signal] for tables in every)
        assert mine["score"].equals(moved["score"]) and mine["score"].equals(bare["score"])
        assert mine.drop_columns("label").equals(bare)


@pytest.mark.parametrize("signal", [name for name in SIGNALS if name not in label_free()])
def test_without_labels_a_signal_that_needs_them_is_refused_and_those_that_do_not_are_named(
    here, signal
):
    line = refused(here / "bare.csv", *FLAGS, "--signal", signal)
    if signal != "given":
        assert line.startswith(f"error: bare has no labels, and {signal} needs them")
        assert line.endswith(", ".join(label_free()))


def _whole(here, name, signal, **flags):
    out = here / f"whole-{name}-{signal}.parquet"
    words = [word for flag, value in flags.items() for word in (f"--{flag}", value)]
    done(
        here / f"{name}.csv",
        *FLAGS,
        *words,
        "--signal",
        signal,
        "--cache",
        here / "c",
        "--out",
        out,
        "--force",
    )
    return pq.read_table(out)


@pytest.mark.parametrize("signal", ["redundancy_within_class", "el2n", "label_quality"])
def test_permuted_labels_change_the_scores_of_a_signal_that_needs_them(here, signal):
    assert not _whole(here, "mine", signal)["score"].equals(_whole(here, "moved", signal)["score"])


def test_ranks_and_percentiles_are_those_of_the_scores_and_of_the_cut(keep_one):
    table, _ = keep_one
    scores = table["score"].to_numpy()
    ties = uniform_draws(np.array(table["id"].to_pylist(), dtype=object), 11, "ties")
    for rate in (0.1, 0.35):
        keep = keep_global(scores, np.zeros(N, int), rate, ties)
        np.testing.assert_array_equal(table["rank"].to_numpy() > (~keep).sum(), keep)
    percentiles = [(scores < score).mean() for score in scores]
    np.testing.assert_allclose(table["percentile"], percentiles)


def test_rows_of_one_score_have_ranks_of_their_own_by_chance_and_not_by_their_order(here):
    table = _whole(here, "mine", "correctness", epochs=4, warmup=0.75)
    order = np.argsort(table["rank"].to_numpy())
    scores = table["score"].to_numpy()[order]
    assert (np.diff(scores) >= 0).all() and len(np.unique(scores)) < N
    assert not (np.diff(order)[np.diff(scores) == 0] > 0).all()


def test_the_nearest_row_is_that_of_the_embeddings_by_brute_force(here):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 5)).astype(np.float32)
    ids = [f"v{i}" for i in range(60)]
    pq.write_table(pa.table({"uid": ids, "vec": list(vectors)}), here / "vectors.parquet")
    out = here / "near.parquet"
    done(
        here / "vectors.parquet", "--id-column", "uid", "--embedding-column", "vec", "--signal", "redundancy,k=3",
        "--cache", here / "c", "--out", out,
    )  # fmt: skip
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = units @ units.T
    np.fill_diagonal(cosine, -2)
    found = pq.read_table(out)
    assert found["nearest_row"].to_pylist() == cosine.argmax(axis=1).tolist()
    assert found["nearest_id"].to_pylist() == [ids[i] for i in cosine.argmax(axis=1)]
    np.testing.assert_allclose(found["similarity"], cosine.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(found["score"], -np.sort(cosine)[:, -3:].mean(axis=1), atol=1e-6)


def _are_near(one, other):
    def members(text):
        words = text.split()
        return {*words, *pairwise(words)}

    if one == other:
        return True
    few = min(len(one.split()), len(other.split())) < FEWEST_WORDS
    a, b = members(one), members(other)
    return not few and len(a & b) * NEAR[1] >= len(a | b) * NEAR[0]


def test_copies_are_those_that_brute_force_finds(keep_one):
    table, _ = keep_one
    forms = normal_form(pa.array(made_rows()["text"], pa.large_string())).to_pylist()
    true = [
        any(_are_near(a, b) for j, b in enumerate(forms) if i != j) for i, a in enumerate(forms)
    ]
    assert {4, 5, 6, 7, 8, 9} <= {*np.flatnonzero(true)} and not all(true)
    assert table["is_copy"].to_pylist() == true


def test_a_row_carries_its_number_in_the_file_its_id_and_the_name_of_its_class(here):
    table = _whole(here, "mine", "random", limit=40).to_pandas()
    rows = made_rows()
    assert len(table) == 40 and not (table["row"] == np.arange(40)).all()
    assert table["id"].tolist() == rows["uid"][table["row"]].tolist()
    assert table["label"].tolist() == rows["label"][table["row"]].tolist()


def test_a_file_of_scores_says_what_decided_them(here, keep_one):
    about = read_about(here / "keep_one.parquet")
    assert about["signal"] == "keep_one" and about["settings"]["k"] == 4
    assert about["run"]["model"] == "linear" and about["run"]["seed"] == [11]
    assert [*about["columns"]] == sorted(keep_one[0].column_names)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_scores_are_taken_by_a_sweep_whatever_the_ids_are_called(here, keep_one, ending):
    out = here / f"again.{ending}"
    done(here / "mine.csv", *FLAGS, "--signal", "keep_one,k=4", "--cache", here / "c", "--out", out)
    dataset = load(
        Source(
            name=str(here / "mine.csv"),
            columns=SweepOptions(dataset=["x"], id_column="uid").request().columns,
            test_fraction=0.3,
        )
    )
    by_id = dict(zip(*(keep_one[0][name].to_pylist() for name in ("id", "score")), strict=True))
    given = read_given_scores(out, dataset)
    np.testing.assert_array_equal(given.scores, np.float32([by_id[i] for i in dataset.train.ids]))
    shown = CliRunner().invoke(
        app,
        [
            "sweep", "--dataset", str(here / "mine.csv"), "--id-column", "uid", "--test-fraction", "0.3",
            "--model", "linear", "--scores", str(out), "--dry-run", "--run", str(here / "run"), "--cache",
            str(here / "c"),
        ],
    )  # fmt: skip
    assert shown.exit_code == 0, shown.output


def test_a_csv_of_scores_runs_in_no_spreadsheet(here):
    with (here / "again.csv").open(encoding="utf-8", newline="") as file:
        rows = [*csv.reader(file)]
    cells = [cell for row in rows for cell in row]
    assert not [c for c in cells if c[:1] in ("=", "@", "\t", "\r")] and "'=1+1" in cells


def test_ranks_are_joined_over_seeds(here):
    names = ["--signal", "el2n", "--epochs", 2, "--warmup", 0.5, "--cache", here / "c"]
    tables = []
    for seeds in (["--seed", 3], ["--seed", 4], ["--seed", 3, "--seed", 4]):
        out = here / f"seeds-{len(tables)}.parquet"
        done(here / "mine.csv", *FLAGS, *names, *seeds, "--out", out)
        tables.append(pq.read_table(out).to_pandas())
    mean = tables[0]["score"].rank() + tables[1]["score"].rank()
    assert np.corrcoef(mean.rank(), tables[2]["rank"])[0, 1] > 0.999
    assert read_about(here / "seeds-2.parquet")["run"]["seed"] == [3, 4]


def test_the_scores_are_those_that_a_sweep_of_the_same_flags_looks_for(here, tmp_path):
    rows = made_rows()
    write(rows[:60], tmp_path / "train.csv")
    write(rows[60:], tmp_path / "test.csv")
    trained = {"epochs": 4, "warmup": 0.5, "seed": 5}
    words = [word for name, value in trained.items() for word in (f"--{name}", value)]
    said = done(tmp_path, *FLAGS, *words, "--signal", "aum", "--cache", tmp_path / "c")
    assert "its test split (30 rows) is not scored" in said
    options = SweepOptions(
        dataset=[str(tmp_path)], id_column="uid", model="linear", epochs=4, warmup=[0.5], seed=[5], signal=["aum"],
        rate=[0.2], tune=False, cache=tmp_path / "c", gpus_per_trial=0,
    )  # fmt: skip
    resources = Resources(cache=tmp_path / "c", runs=tmp_path / "runs")
    sweep = plan_sweep(options.request(), resources, run=None, command="")
    keys = {spec.score_key for spec in sweep.specs if spec.signal == "aum"}
    assert [sweep.store.has("scores", key) for key in keys] == [True]


def test_no_score_depends_on_a_test_split(tmp_path):
    rows = made_rows()
    write(rows[:60], tmp_path / "train.csv")
    found = {}
    for signal in ("redundancy,k=3", "el2n"):
        for name in ("alone", "both"):
            if name == "both":
                write(rows[60:], tmp_path / "test.csv")
            out = tmp_path / f"{name}.parquet"
            source = tmp_path if name == "both" else tmp_path / "train.csv"
            words = ["--signal", signal, "--cache", tmp_path / "c", "--out", out, "--force"]
            done(source, *FLAGS, *words)
            found[name] = pq.read_table(out)
        (tmp_path / "test.csv").unlink()
        assert found["alone"].equals(found["both"])


def test_a_pretrained_encoder_scores_without_labels_and_without_training(tmp_path):
    save_model(tmp_path / "encoder")
    write(
        pd.DataFrame({"uid": HOSTILE, "text": [text for text, _ in texts(len(HOSTILE))]}),
        tmp_path / "bare.csv",
    )
    out = tmp_path / "s.parquet"
    said = done(
        tmp_path / "bare.csv", "--id-column", "uid", "--model", f"linear:{tmp_path / 'encoder'}", "--max-length", 16,
        "--signal", "redundancy,k=2", "--cache", tmp_path / "c", "--out", out, "--gpus-per-trial", 0,
    )  # fmt: skip
    assert "which is not trained" in said
    assert pq.read_table(out)["id"].to_pylist() == HOSTILE
    assert not [*(tmp_path / "c" / "refs").glob("*/warm")]


def test_the_same_command_again_makes_nothing_anew_and_gives_the_same_bytes(here):
    words = [here / "mine.csv", *FLAGS, "--signal", "el2n", "--cache", here / "again"]
    assert "training linear" in done(*words, "--out", here / "one.parquet")
    assert "training linear" not in done(*words, "--out", here / "two.parquet")
    assert (here / "one.parquet").read_bytes() == (here / "two.parquet").read_bytes()


def test_what_the_scores_do_not_bear_is_said(here):
    early = done(
        here / "mine.csv",
        *FLAGS,
        "--signal",
        "el2n",
        "--epochs",
        4,
        "--warmup",
        0.125,
        "--cache",
        here / "c",
    )
    assert "warning: el2n after 0.5 epochs of warm-up" in " ".join(early.split())
    few = done(
        here / "mine.csv",
        *FLAGS,
        "--signal",
        "redundancy,probes=1,clusters=30,k=5",
        "--cache",
        here / "c",
    )
    assert "% of the true ones; raise probes" in " ".join(few.split())


def test_a_dry_run_trains_and_writes_nothing(here, tmp_path):
    said = done(
        here / "mine.csv",
        *FLAGS,
        "--signal",
        "el2n",
        "--cache",
        tmp_path / "c",
        "--out",
        tmp_path / "s.csv",
        "-n",
    )
    assert "Nothing was trained or written" in said and list(tmp_path.iterdir()) == []


def test_what_is_printed_shows_both_ends(keep_one):
    _, said = keep_one
    lines = [line for line in said.splitlines() if line.startswith("│")]
    assert [line.split()[1] for line in lines] == [*"12345", *map(str, range(N - 4, N + 1))]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--signal", "keep_one:stratified"], "a score is not cut, so leave :stratified out"),
        (["--signal", "el2n:high"], "a score is not cut, so leave :high out"),
        (["--signal", "infobatch"], "infobatch chooses rows anew"),
        (["--signal", "given"], "scores of your own"),
        (["--signal", "keep_on"], "Did you mean 'keep_one'?"),
        (["--signal", "keep_one,q=2"], "keep_one has no setting 'q'"),
        (["--signal", "keep_one,k=90"], "looks at 90 neighbours, and mine has 90 rows"),
        (["--signal", "keep_one,k=0"], "looks at 0 neighbours"),
        (["--signal", "tracin"], "tracin aims at a validation split"),
        (["--signal", "influence"], "influence aims at a validation split"),
        (["--signal", "keep_one", "--epochs", "3"], "--epochs: nothing is trained"),
        (["--signal", "random", "--warmup", "0.3"], "--warmup: nothing is trained"),
        (["--signal", "el2n", "--warmup", "0.3", "--warmup", "0.4"], "2 --warmup"),
        (["--signal", "el2n", "--seeds", "adaptive"], "nothing is judged here"),
        (["--signal", "el2n", "--seeds", "0"], "--seeds is '0'"),
        (["--signal", "forgetting", "--epochs", "1"], "every sample seen 2 times"),
        (["--signal", "el2n", "--out", "s.json"], "ends in .json"),
        (["--signal", "el2n", "--signal", "loss", "--out", "s.csv"], "2 signals are asked for"),
        (["--signal", "keep_one", "--label-column", "nolabel"], "nolabel"),
        ([], "no --signal"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused_in_one_line(here, flags, says):
    code = 4 if "--label-column" in flags else 2
    assert says in refused(here / "mine.csv", *FLAGS, *flags, code=code)


def test_a_file_that_is_there_stays_unless_forced(here, tmp_path):
    out = tmp_path / "s.csv"
    out.write_text("mine")
    words = [
        here / "mine.csv",
        *FLAGS,
        "--signal",
        "random",
        "--cache",
        tmp_path / "c",
        "--out",
        out,
    ]
    assert "is there already; add --force" in refused(*words)
    assert out.read_text() == "mine" and not (tmp_path / "c").exists()
    done(*words, "--force")
    assert out.read_text().startswith("row,id,")


def test_the_data_are_never_replaced_by_their_scores(tmp_path):
    table = pd.DataFrame(
        {"uid": range(30), "text": [f"red {i}" for i in range(30)], "label": ["a", "b"] * 15}
    )
    table.to_csv(tmp_path / "mine.csv", index=False)
    (tmp_path / "link.csv").symlink_to("mine.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "mine.csv")
    before = (tmp_path / "mine.csv").read_bytes()
    words = [
        tmp_path / "mine.csv",
        *FLAGS,
        "--signal",
        "random",
        "--cache",
        tmp_path / "c",
        "--force",
    ]
    for name in ("mine.csv", "hard.csv", "./mine.csv"):
        assert "is never replaced" in refused(*words, "--out", f"{tmp_path}/{name}")
    assert "is a link" in refused(*words, "--out", tmp_path / "link.csv", code=6)
    assert (tmp_path / "mine.csv").read_bytes() == before


@pytest.mark.parametrize("name", ["mine.csv/s.csv", "mine.csv/deep/"])
def test_where_nothing_can_be_written_is_told_before(here, tmp_path, name):
    (tmp_path / "mine.csv").write_text("x")
    words = [*FLAGS, "--signal", "random", "--cache", tmp_path / "c", "--out", f"{tmp_path}/{name}"]
    refused(here / "mine.csv", *words)
    assert not (tmp_path / "c").exists()


def test_several_signals_are_a_file_each_in_a_folder(here, tmp_path):
    words = ["--signal", "random", "--signal", "tfidf", "--cache", tmp_path / "c"]
    done(here / "mine.csv", *FLAGS, *words, "--out", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "mine-random.parquet",
        "mine-tfidf.parquet",
    ]


def test_a_vector_of_zeros_is_one_line_that_names_its_row(tmp_path):
    vectors = np.eye(12, dtype=np.float32)
    vectors[7] = 0
    pq.write_table(pa.table({"vec": list(vectors)}), tmp_path / "zero.parquet")
    line = refused(
        tmp_path / "zero.parquet", "--embedding-column", "vec", "--signal", "redundancy,k=2", "--cache",
        tmp_path / "c", code=4,
    )  # fmt: skip
    assert "zero" in line and "7" in line


def test_help_loads_neither_torch_nor_ray():
    import subprocess
    import sys

    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom orchestrator.__main__ import app\n"
        "CliRunner().invoke(app, ['score', '--help'])\nCliRunner().invoke(app, ['cache', 'export', '--help'])\n"
        "print(sorted({'torch', 'ray', 'transformers'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(shown.stdout) == []


def test_a_language_model_scores_texts_that_have_no_labels(here):
    out = here / "perplexity.parquet"
    flags = ("--model", "causal_lm", "--epochs", 1, "--max-length", 16, "--cache", here / "lm")
    done(here / "bare.csv", *FLAGS, *flags, "--signal", "perplexity", "--out", out)
    assert pq.read_table(out)["score"].to_numpy().min() > 1
