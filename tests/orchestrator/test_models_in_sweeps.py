"""Model folders of a user's own, from the command line: one line and an exit code, or a whole sweep."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import app
from tests.model_folders import change_json, config_of, save_model, save_tokenizer, texts
from trainables.records import read_parquet

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "m.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        named = [(text, ("neg", "pos")[label]) for text, label in texts(160)]
        csv.writer(file).writerows([("text", "label"), *named])
    return path


def flags(rows, model, tmp_path, *more):
    return [
        "sweep", "--dataset", str(rows), "--test-fraction", "0.25", "--model", str(model),
        "--cache", str(tmp_path / "cache"), "--run", str(tmp_path / "run"), "--max-length", "38",
        *more,
    ]  # fmt: skip


def test_a_sweep_over_a_decoder_of_ones_own_runs_to_its_report(rows, tmp_path):
    folder = save_model(tmp_path / "gpt2", "gpt2")
    asked = flags(
        rows, folder, tmp_path, "--seeds", "2", "--rate", "0.2", "--signal", "redundancy",
        "--epochs", "1", "--no-confirm", "--no-tune",
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *asked], cwd=ROOT, text=True, capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    run = tmp_path / "run"
    trials = read_parquet(run / "trials.parquet")
    assert {row.spec.kind for row in trials} == {"full", "pruned"}
    assert len(trials) == 6


def _encoder_decoder(folder):
    config_of("t5").save_pretrained(folder)


# What is wrong with the folder, the exit code, and a word of the line.
REFUSED = {
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), 4, "holds no tokenizer"),
    "settings that are a list": (lambda f: (f / "config.json").write_text("[]"), 4, "a JSON list"),
    "torn weights": (lambda f: (f / "model.safetensors").write_bytes(b"x" * 50), 4, "is torn"),
    "an encoder-decoder": (_encoder_decoder, 2, "an encoder-decoder"),
    "code": (
        lambda f: change_json(f / "config.json", auto_map={"AutoModel": "mine.Model"}),
        6, "names code of its own",
    ),
    "unknown words": (
        lambda f: save_tokenizer(f, marks=("[PAD]", "[UNK]"), words=["none", "of", "these"]),
        4, "100% of the word pieces",
    ),
    "positions": (lambda f: save_model(f, "mpnet", positions=39), 2, "reads at most 37 word pieces"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_with_a_model_is_told_by_the_plan_in_one_line(
    spoil, code, says, rows, tmp_path
):
    folder = save_model(tmp_path / "m")
    spoil(folder)
    done = CliRunner().invoke(app, flags(rows, folder, tmp_path, "--dry-run"))
    assert done.exit_code == code, done.output
    assert isinstance(done.exception, SystemExit)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: ")
    assert says in lines[0]
    assert not (tmp_path / "run").exists()


def test_a_bad_row_is_named_before_the_model_has_torch_imported(tmp_path):
    folder, data = save_model(tmp_path / "m"), tmp_path / "bad.csv"
    lines = [f"{text},{label}" for text, label in texts(60)]
    data.write_text("\n".join(["text,label", *lines, '"never closed,1']))
    code = (
        "import sys\n"
        "from orchestrator.__main__ import app\n"
        "try:\n"
        "    app(sys.argv[1:])\n"
        "finally:\n"
        "    print({'torch', 'transformers'} & set(sys.modules))\n"
    )
    asked = flags(data, folder, tmp_path, "--dry-run")
    done = subprocess.run(
        [sys.executable, "-c", code, *asked], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert done.returncode == 4, done.stderr
    assert str(data) in done.stderr
    assert done.stdout.strip() == "set()"


def test_code_beside_a_model_is_not_run_whoever_answers_yes(rows, tmp_path):
    folder = save_model(tmp_path / "m")
    ran = tmp_path / "ran"
    (folder / "mine.py").write_text(f"open({str(ran)!r}, 'w')\n")
    change_json(
        folder / "config.json", model_type="mine",
        auto_map={"AutoConfig": "mine.Config", "AutoModelForSequenceClassification": "mine.Model"},
    )  # fmt: skip
    asked = flags(rows, folder, tmp_path, "--dry-run", "--calibrate")
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *asked], cwd=ROOT, text=True, capture_output=True,
        check=False, input="y\n" * 99,
    )  # fmt: skip
    assert done.returncode == 6
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert not ran.exists()
