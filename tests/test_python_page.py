"""Every block of docs/python.md runs as printed: from a CSV to a Trainer on the pruned file."""

import os
import random
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.model_folders import save_model, save_tokenizer

PAGE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
HUB = "distilbert/distilbert-base-uncased"
WORDS = {
    "billing": ("invoice", "refund", "charge", "card"),
    "login": ("password", "account", "reset", "email"),
    "delivery": ("parcel", "late", "courier", "box"),
}
# As many trials as an answer needs, and no more: that it can be confirmed is tested elsewhere.
FEW = {"sweep": ["--seeds", "3", "--epochs", "4", "--no-confirm"], "prune": ["--no-warrant"]}


def write_tickets(path, n=1000):
    rng, lines = random.Random(1), ["id,text,queue"]
    for i in range(n):
        queue = rng.choice([*WORDS])
        lines.append(f"t{i},{' '.join(rng.choices(WORDS[queue], k=5))},{queue}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# The page's user has no filter that makes errors of what libraries warn of.
@pytest.mark.filterwarnings("default")
@pytest.mark.slow
def test_the_page_runs_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    pytest.importorskip("accelerate", reason="the Trainer of transformers needs it")
    write_tickets(tmp_path / "tickets.csv")
    root = Path(__file__).parents[1]
    for line in COMMANDS:
        program, command, *words = shlex.split(line)
        assert program == "prune-envelope"
        subprocess.run(
            [sys.executable, "-m", "orchestrator", command, *words, *FEW[command]], cwd=tmp_path,
            check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(root)},
        )  # fmt: skip
    model = save_model(tmp_path / "model", tokenizer=False, classes=3)
    save_tokenizer(model, words=[word for words in WORDS.values() for word in words])
    monkeypatch.chdir(tmp_path)
    page = {"__name__": "page"}
    for block in CODE:
        exec(compile(block.replace(HUB, str(model)), "docs/python.md", "exec"), page)
    # What the Trainer saw are the rows that stay, and no other.
    ids = set(page["kept"].ids)
    assert page["data"]["train"]["id"] == [f"t{row}" for row in page["kept"].rows]
    assert page["as_datasets"]["id"] == page["data"]["train"]["id"]
    assert [page["as_torch"][k]["id"] for k in (0, len(ids) - 1)] == [
        page["data"]["train"][k]["id"] for k in (0, -1)
    ]
    assert len(ids) == 450 and page["trainer"].state.global_step == -(-450 // 8)
    assert page["ready"]["train"].num_rows == 450 and ids.isdisjoint(page["data"]["test"]["id"])
    assert set(page["removed"]["id"]).isdisjoint(ids) and len(page["removed"]) == 50
    shown = capsys.readouterr().out
    assert f"450 of 500 training rows stay: list {page['kept'].sha[:12]}" in shown
    assert "Drop 10% of tickets at random" in shown and "eval_loss" in shown
    assert shown.endswith("train on all rows\n")
