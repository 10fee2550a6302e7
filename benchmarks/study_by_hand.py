"""The conditions of benchmarks/study.py as one would write them by hand, with transformers' Trainer in bf16.

python -m benchmarks.study_by_hand ROWS.json MODEL OUT.json

For each condition by itself: the pretrained model is loaded, trained on all rows to the mark, every row is
embedded and scored by its mean similarity to its nearest neighbours, the most similar go, the same
optimizer trains on with the rest, and the test rows are predicted. Batches are padded to their longest row.
"""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    get_linear_schedule_with_warmup,
    set_seed,
)
from transformers.utils import logging

# As redundancy has it.
NEIGHBOURS = 10


class Rows(Dataset):  # type: ignore[type-arg]
    """Tokenized rows with their labels.

    Args:
        pieces: As the tokenizer gives them.
        labels: Of the rows.
    """

    def __init__(self, pieces: Mapping[str, list[list[int]]], labels: list[int]) -> None:
        self._rows = [
            {"input_ids": ids, "attention_mask": mask, "labels": label}
            for ids, mask, label in zip(
                pieces["input_ids"], pieces["attention_mask"], labels, strict=True
            )
        ]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]

    def kept(self, rows: NDArray[np.int64]) -> "Rows":
        """Some of them."""
        found = Rows({"input_ids": [], "attention_mask": []}, [])
        found._rows = [self._rows[row] for row in rows]
        return found


def main(rows: Path, model: Path, out: Path) -> None:
    """Run every condition and write its accuracy and seconds."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    asked = json.loads(rows.read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    splits = {
        name: Rows(
            tokenizer(asked[name]["texts"], truncation=True, max_length=asked["max_length"]),
            asked[name]["labels"],
        )
        for name in ("train", "test")
    }
    conditions = [(0.0, 0.0), *((w, r) for w in asked["warmups"] for r in asked["rates"])]
    found = []
    for warmup, rate in conditions:
        started = time.perf_counter()
        study = Study(asked, model, DataCollatorWithPadding(tokenizer), splits)
        accuracy = study.run(warmup, rate)
        took = time.perf_counter() - started
        print(
            f"by hand: warm-up {warmup:g} rate {rate:g}: {accuracy:.3f}, {took:.0f} s", flush=True
        )
        found.append({"warmup": warmup, "rate": rate, "accuracy": accuracy})
    out.write_text(json.dumps(found), encoding="utf-8")


class Study:
    """One condition.

    Args:
        asked: How the model is trained.
        model: Its folder.
        collate: Pads a batch.
        splits: "train" and "test".
    """

    def __init__(
        self, asked: Mapping[str, Any], model: Path, collate: Any, splits: Mapping[str, Rows]
    ) -> None:
        set_seed(asked["seed"])
        self._asked, self._collate, self._splits = asked, collate, splits
        self._model = AutoModelForSequenceClassification.from_pretrained(
            model, num_labels=len({*asked["train"]["labels"]}), trust_remote_code=False
        )
        self._optimizer = torch.optim.AdamW(
            self._model.parameters(), lr=asked["lr"], weight_decay=asked["weight_decay"]
        )

    def run(self, warmup: float, rate: float) -> float:
        """Train, prune at the mark, train on; the accuracy on the test rows."""
        train = self._splits["train"]
        full = self._steps(len(train))
        mark = round(warmup * full)
        rest = full - mark
        if rate:
            kept_steps = round(rest * (1 - rate))
            schedule = get_linear_schedule_with_warmup(self._optimizer, 0, mark + kept_steps)
            self._train(train, mark, schedule)
            train = train.kept(self._survivors(rate))
            rest = kept_steps
        else:
            schedule = get_linear_schedule_with_warmup(self._optimizer, 0, full)
        trainer = self._train(train, rest, schedule)
        logits = trainer.predict(self._splits["test"]).predictions
        return float((logits.argmax(axis=1) == self._asked["test"]["labels"]).mean())

    def _steps(self, n: int) -> int:
        return self._asked["epochs"] * -(-n // self._asked["batch_size"])

    def _train(self, rows: Rows, steps: int, schedule: Any) -> Trainer:
        size = self._asked["batch_size"]
        arguments = TrainingArguments(
            output_dir=self._asked["folder"], max_steps=steps, bf16=True, use_cpu=True,
            per_device_train_batch_size=size, per_device_eval_batch_size=size,
            seed=self._asked["seed"], save_strategy="no", logging_strategy="no", report_to="none",
            disable_tqdm=True,
        )  # fmt: skip
        trainer = Trainer(
            model=self._model,
            args=arguments,
            train_dataset=rows,
            data_collator=self._collate,
            optimizers=(self._optimizer, schedule),
        )
        trainer.remove_callback(PrinterCallback)
        if steps:
            trainer.train()
        return trainer

    def _survivors(self, rate: float) -> NDArray[np.int64]:
        """The rows that stay: those least similar to their nearest neighbours."""
        import faiss

        units = self._embedded(self._splits["train"])
        faiss.normalize_L2(units)
        index = faiss.IndexFlatIP(units.shape[1])
        index.add(units)
        similarity = index.search(units, NEIGHBOURS + 1)[0][:, 1:].mean(axis=1)
        count = round(len(units) * (1 - rate))
        return np.sort(np.argsort(similarity, kind="stable")[:count])

    def _embedded(self, rows: Rows) -> NDArray[np.float32]:
        """Mean of the last hidden states over a row's pieces."""
        self._model.eval()
        size, found = self._asked["batch_size"], []
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            for start in range(0, len(rows), size):
                end = min(start + size, len(rows))
                batch = self._collate([rows[i] for i in range(start, end)])
                batch.pop("labels")
                hidden = self._model.base_model(**batch).last_hidden_state.float()
                mask = batch["attention_mask"][:, :, None].float()
                found.append(((hidden * mask).sum(1) / mask.sum(1)).numpy())
        self._model.train()
        return np.ascontiguousarray(np.concatenate(found), dtype=np.float32)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
