"""A pruned data set's folder as prune writes it, made small for tests of its card and of the hub."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.pruned_files import ClassCount, PrunedFile, PruneRecord
from analysis.warrants import Measured, Warrant, WarrantedClass
from orchestrator.pruning.card import card_text
from orchestrator.pruning.source_card import SourceCard
from trainables.spec import TrialSpec

SPEC = TrialSpec(
    dataset="sms", data_sha="d" * 64, model="bert-tiny", model_sha="m" * 64, learner="text", seed=5,
    warmup=0.15, signal="keep_one", selector="global", rate=0.25, protocol="restart",
    scored_by=(0, 1, 2),
)  # fmt: skip
WARRANT = Warrant(
    list_sha="ab" * 6, dataset="sms", state="passed", verdict="within", noun="accuracy",
    change=Measured(mean=-0.1, low=-0.5, high=0.3), by_runs=Measured(mean=-0.1, low=-0.3, high=0.1),
    level=0.04, n_candidates=4, seeds=(5, 6, 7, 8, 9), n_planned=5, full=0.931, pruned=0.93,
    n_train=16, n_kept=12, rate=0.25, n_test=1000,
    worst=WarrantedClass(name="spam", change=Measured(mean=-0.4, low=-1.0, high=0.2), n_test=130, kept=3, count=4),
    random_finding="better", random=Measured(mean=0.8, low=0.3, high=1.3), n_trials=15, took_s=90.0,
    full_s=12.0, saves_s=2.5, saves_share=0.24, saves_of="tokens", made="2026-11-30T01:00:00+00:00",
)  # fmt: skip
RECORD = PruneRecord(
    version="0.1.0", made="2026-11-30T01:02:03+00:00",
    command="prune-envelope prune runs/sms sms-pruned", run="sms", dataset="sms", data_sha="d" * 64,
    read_from="sms.csv", spec=SPEC, words="sms, 25% removed after 15% warm-up by Keep one (global)",
    list_sha="ab" * 32, n_train=16, n_kept=12, state="found", is_answer=True, is_shown=True,
    said="sms: Drop 25% of sms by Keep one: accuracy holds.",
    classes=(ClassCount(name="ham", kept=9, rows=12), ClassCount(name="spam", kept=3, rows=4)),
    warrant=WARRANT.to_dict(),
)  # fmt: skip
CC = SourceCard(licenses=("cc-by-4.0",), found="README.md beside the data")
WORDS = [
    "win a prize",
    "NA",
    'he said "no", twice',
    "see you at 10",
    "café ☕",
    "007",
    "null",
    "line\nbreak",
]


def rows_of(n):
    """So many rows of text and label."""
    return pa.table(
        {
            "id": [f"r{i}" for i in range(n)],
            "text": [f"{WORDS[i % 8]} {i}" if i % 8 != 1 else "NA" for i in range(n)],
            "label": ["spam" if i % 4 == 0 else "ham" for i in range(n)],
        }
    )


def write_pruned(out: Path, writers, *, record=RECORD, about=CC):
    """Write a pruned data set's folder.

    Args:
        out: Its folder.
        writers: By split the files' names and, for each, what writes a table there and how it is read.
        record: What is known of it.
        about: Licence and languages.
    """
    (out / "data").mkdir(parents=True)
    files = []
    for split, shards in writers.items():
        table = rows_of({"train": 12, "test": 5, "validation": 3}[split])
        for k, (name, write, reading) in enumerate(shards):
            part = table.slice(k * len(table) // len(shards), len(table) // len(shards))
            write(part, out / "data" / name)
            files.append(
                PrunedFile(
                    split=split, path=f"data/{name}", rows=len(part),
                    sha256=sha_of(out / "data" / name), reading=reading,
                )
            )  # fmt: skip
    pq.write_table(pa.table({"row": [*range(12)]}), out / "kept.parquet")
    pq.write_table(pa.table({"row": [*range(12, 16)]}), out / "removed.parquet")
    made = replace(
        record, files=tuple(files), kept_sha256=sha_of(out / "kept.parquet"),
        removed_sha256=sha_of(out / "removed.parquet"),
    )  # fmt: skip
    (out / "prune.json").write_text(made.to_json(), encoding="utf-8")
    (out / "README.md").write_text(card_text(made, about), encoding="utf-8")
    return made


def sha_of(path: Path) -> str:
    """Of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
