"""A run of a language model ends in a file of conversations as they were, with a card that is true of them."""

import json

import pytest

from tests.serial import command

FLAGS = (
    "--dataset", "chat.jsonl", "--messages", "messages", "--test-fraction", "0.25", "--epochs", 1, "--max-length", 12,
    "--signal", "length", "--no-control", "--rate", "0.5", "--seeds", 2, "--no-confirm", "--run", "run", "--cache", "cache",
)  # fmt: skip


@pytest.fixture(scope="module")
def pruned(tmp_path_factory):
    """A folder with conversations of one or two rounds, a run of them and what was pruned by it."""
    folder = tmp_path_factory.mktemp("chats")
    rows = [
        {"messages": [{"role": "user", "content": f"größer: {i}?"}, {"role": "assistant", "content": "w " * (1 + i)}]
         * (1 + i % 2)} for i in range(40)
    ]  # fmt: skip
    text = "".join(json.dumps(row, ensure_ascii=bool(i % 3)) + "\n" for i, row in enumerate(rows))
    (folder / "chat.jsonl").write_text(text, encoding="utf-8")
    for words in (
        ("sweep", *FLAGS),
        ("prune", "run", "out", "--rate", 0.5, "--method", "length", "--anyway", "--no-warrant"),
    ):
        done = command(folder, *words)
        assert done.exit_code == 0, done.output
    return folder


@pytest.mark.slow
def test_lines_that_stay_are_those_of_the_file_in_its_order(pruned):
    whole = (pruned / "chat.jsonl").read_text(encoding="utf-8").splitlines()
    kept = (pruned / "out/data/train.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(kept) == 15 and kept == [line for line in whole if line in {*kept}]


@pytest.mark.slow
def test_the_card_reads_them_and_speaks_of_no_class(pruned, monkeypatch):
    card = (pruned / "out/README.md").read_text(encoding="utf-8")
    lines = (
        card.partition("```python")[2].partition("```")[0].replace("FOLDER", str(pruned / "out"))
    )
    monkeypatch.setenv("HF_DATASETS_CACHE", str(pruned / "hub"))
    found = {}
    exec(lines, found)
    assert len(found["train"]) == 15 and "loader" not in lines and "class or number" not in card
