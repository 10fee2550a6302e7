"""A list by commas means what the flag repeated means, on a command line, in a file and by --set."""

import random

import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import app
from orchestrator.cli.comma_lists import entries_of
from orchestrator.cli.config_file import read_options
from trainables.errors import UsageError

ENTRIES = {
    "rate": ("0.1", "0.25", "3e-1", ".4"),
    "warmup": ("0.05", "0.5", "1e-1"),
    "seed": ("1", "22", "4294967295"),
    "dataset": ("imdb", "owner/name", "not there.csv", "synthetic:300"),
    "signal": ("el2n", "redundancy,k=5", "mine:longest,power=2:stratified", "el2n:floor,share=0.3:high", "a.b:f"),
    "guard": ("worst_class:3", "log_loss:5%", "mine.py:f:0.1:lower"),
    "track": ("mlflow", "wandb"),
    "scores": ("a.csv", "b/c.parquet"),
}  # fmt: skip


def asked_by(words, monkeypatch):
    asked = []
    monkeypatch.setattr("orchestrator.sweep.main", lambda options, **_: asked.append(options) or 0)
    done = CliRunner().invoke(app, ["sweep", *words])
    assert done.exit_code == 0, done.output
    return asked[0]


@pytest.mark.parametrize("name", ENTRIES)
def test_a_list_by_commas_is_the_flag_repeated(name, monkeypatch, tmp_path):
    draws = random.Random(name)
    for _ in range(8):
        chosen = draws.sample(ENTRIES[name], draws.randint(1, len(ENTRIES[name])))
        joined = draws.choice([",", ", "]).join(chosen)
        repeated = asked_by([word for one in chosen for word in (f"--{name}", one)], monkeypatch)
        assert asked_by([f"--{name}", joined], monkeypatch) == repeated
        (tmp_path / "a.yaml").write_text(f"{name}: {joined}\n")
        assert read_options(tmp_path / "a.yaml").options == repeated
        assert read_options(None, [f"{name}={joined}"]).options == repeated


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("el2n,random", ["el2n", "random"]),
        ("redundancy,k=5", ["redundancy,k=5"]),
        ("redundancy,k=5,random", ["redundancy,k=5", "random"]),
        ("redundancy,k=5:floor,share=0.3:high,el2n", ["redundancy,k=5:floor,share=0.3:high", "el2n"]),
        ("given,name=mine,el2n", ["given,name=mine", "el2n"]),
    ],
)  # fmt: skip
def test_a_comma_before_a_name_without_a_value_begins_a_signal(text, entries):
    assert entries_of("signal", text, "--signal") == entries


@pytest.mark.parametrize("name", ["dataset", "scores"])
@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("a,b.csv", ["a,b.csv"]),
        ("imdb,a,b.csv,sst2", ["imdb", "a,b.csv", "sst2"]),
        ("in, out/x,imdb", ["in, out/x", "imdb"]),
        ("a,c.csv", ["a", "c.csv"]),
    ],
)
def test_a_path_that_is_there_keeps_its_commas(name, text, entries, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in, out").mkdir()
    for path in ("a,b.csv", "in, out/x"):
        (tmp_path / path).touch()
    assert entries_of(name, text, "") == entries


@pytest.mark.parametrize("name", ["name", "text_column", "label_column", "trainer", "metric"])
def test_what_may_hold_a_comma_itself_is_not_split(name):
    assert entries_of(name, "Body, long", "") == ["Body, long"]


@pytest.mark.parametrize(
    ("flag", "text", "told"),
    [
        ("rate", "0.1,", "has an empty entry; leave that comma out"),
        ("signal", "el2n,,random", "has an empty entry"),
        ("rate", "0,1", "is two numbers; a share is written with a point, as in 0.1"),
        ("rate", "0.1,ten", "no number; give a number from 0 and below 1"),
        ("rate", "0.1,20", "out of range; give a number from 0 and below 1: did you mean 0.2?"),
        ("rate", "0.1,0.1", "rate has an entry twice: 0.1"),
        ("seed", "1,2,x", "no number; give a whole number"),
        ("signal", "redundancy,5", "is no signal; a setting is written NAME=VALUE, as in redundancy,k=5"),
    ],
)  # fmt: skip
def test_a_wrong_list_is_told_alike_on_a_command_line_and_in_a_file(flag, text, told, tmp_path):
    typed = CliRunner().invoke(app, ["sweep", f"--{flag}", text], env={"COLUMNS": "300"})
    assert typed.exit_code == 2 and told in typed.output
    (tmp_path / "a.yaml").write_text(f"\n{flag}: {text}\n")
    with pytest.raises(UsageError) as refused:
        read_options(tmp_path / "a.yaml")
    assert str(refused.value).startswith(f"{tmp_path / 'a.yaml'}:2: ")
    assert told in str(refused.value)


def test_a_score_takes_a_list_of_signals_and_seeds(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "orchestrator.planning.score_plan.plan_scores", lambda request, *_, **__: asked.append(request) or 1 / 0
    )  # fmt: skip
    CliRunner().invoke(app, ["score", "x", "--signal", "el2n,redundancy,k=5", "--seed", "1,2"])
    assert (asked[0].signals, asked[0].seeds) == (("el2n", "redundancy,k=5"), (1, 2))


def test_the_one_data_set_of_a_score_is_whole(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "orchestrator.planning.score_plan.plan_scores", lambda request, *_, **__: asked.append(request) or 1 / 0
    )  # fmt: skip
    CliRunner().invoke(app, ["score", "a, b.csv"])
    assert asked[0].datasets == ("a, b.csv",)
