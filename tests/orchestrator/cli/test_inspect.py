import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import app


@pytest.fixture
def folder(tmp_path):
    train = {"text": ["a b", "A b", "c d", "e f"], "label": [0, 1, 1, 0]}
    for split, rows in {"train": train, "test": {"text": ["C, d", "x y"], "label": [1, 0]}}.items():
        pq.write_table(pa.table(rows), tmp_path / f"{split}.parquet")
    return tmp_path


def invoke(*args):
    return CliRunner().invoke(app, ["inspect", *map(str, args)])


def test_a_data_set_is_looked_at_and_nothing_is_written(folder, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    shown = invoke(folder)
    assert shown.exit_code == 0
    assert "4 train, 2 test; 2 classes" in shown.output
    assert "1 of 2 test texts (50.0%) occurs in the training split" in shown.output
    assert list(elsewhere.iterdir()) == []


def test_the_same_as_one_json_object(folder):
    found = json.loads(invoke(folder, "--json").output)
    assert [*found] == [
        "name", "kind", "class_names", "splits", "leaks", "imbalance", "spellings", "near_search",
        "notes", "warnings", "pieces",
    ]  # fmt: skip
    assert found["splits"]["train"]["copies"]["conflicting_groups"] == 1
    assert found["leaks"]["test"]["pairs"] == [
        {"id": 0, "train_id": 2, "is_near": False, "other_label": False}
    ]
    assert found["pieces"] is None
    assert any("copy with another label" in one for one in found["warnings"])


def test_flags_are_those_of_a_sweep(folder):
    rows = pa.table({"key": ["r1", "r2", "r3"], "body": ["a b", "a b", "c d"], "class": [0, 0, 1]})
    pq.write_table(rows, folder / "own.parquet")
    found = json.loads(
        invoke(
            folder / "own.parquet", "--text-column", "body", "--label-column", "class", "--id-column", "key",
            "--test", folder / "own.parquet", "--json",
        ).output
    )  # fmt: skip
    assert found["leaks"]["test"]["pairs"][1]["id"] == "r2"
    assert found["leaks"]["test"]["pairs"][1]["train_id"] == "r1"


def test_what_is_not_there_is_one_line():
    shown = invoke("nowhere")
    assert shown.exit_code == 2
    assert shown.stderr.startswith("error: no data set 'nowhere'")


def test_texts_longer_than_a_model_reads_are_counted(folder):
    pieces = json.loads(
        invoke("tickets:300", "--model", "tiny", "--max-length", "16", "--json").output
    )["pieces"]
    told = (pieces["model"], pieces["max_length"], pieces["texts"], pieces["unknown_share"])
    assert told == ("tiny", 16, 300, 0.0)
    assert 0.8 < pieces["cut_share"] <= 1
    said = invoke("tickets:300", "--model", "tiny", "--max-length", "512").output
    assert "tiny at 512 word pieces: of 300 training texts drawn evenly it cuts 0.0%" in said


def test_a_look_loads_neither_torch_nor_ray(folder):
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from orchestrator.__main__ import app\n"
        f"assert CliRunner().invoke(app, ['inspect', {str(folder)!r}]).exit_code == 0\n"
        "print(sorted({'torch', 'ray', 'transformers', 'faiss'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
