"""What `score` is about to do and what came out, as text."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.text import Text

from orchestrator.planning.score_plan import ScorePlan
from orchestrator.terminal.whole_table import WholeTable
from trainables.data.dataset import Dataset
from trainables.written_numbers import many

_ENDS = 5
_LONGEST = 60


def print_score_plan(plan: ScorePlan, console: Console) -> None:
    """Print whose rows are scored, by what, and what is trained for it."""
    dataset = plan.dataset
    classes = (
        f", {many(len(dataset.class_names), 'class')}"
        if dataset.class_names
        else ", no labels read"
    )
    console.print(f"{dataset.name}: {many(len(dataset.train), 'row')}{classes}")
    for note in dataset.notes:
        console.print(f"  note: {note}")
    for name in ("test", "validation"):
        if name in dataset.splits:
            console.print(
                f"  its {name} split ({many(len(dataset.splits[name]), 'row')}) is not scored"
            )
    console.print(f"signals: {', '.join(plan.signals)}")
    console.print(_model_text(plan))


def _model_text(plan: ScorePlan) -> str:
    if plan.model is None:
        return "no model is needed"
    trained = [spec for spec in plan.specs if spec.warmup]
    if not trained:
        what = "the vectors that came with the data" if _reads_vectors(plan) else plan.model.name
        return f"model: {what}, which is not trained"
    first, seeds = trained[0], sorted({spec.seed for spec in trained})
    joined = "; ranks are joined over the seeds" * (len(seeds) > 1)
    others = len(plan.warm_ups) - len(seeds)
    return (
        f"model: {plan.model.name}, trained on all rows for {first.warmup * first.training.epochs:.3g} of its "
        f"{many(first.training.epochs, 'epoch')}, seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}{joined}"
        + f"; {many(others, 'such run')} of other seeds looked at, too"
        * (others > 0)
    )


def _reads_vectors(plan: ScorePlan) -> bool:
    return plan.model is not None and plan.model.reads_vectors and plan.dataset.has_vectors


def print_ends(signal: str, table: pa.Table, dataset: Dataset, console: Console) -> None:
    """Print the rows of the lowest and of the highest scores, with their texts cut."""
    order = pc.sort_indices(table["rank"]).to_numpy()
    low, high = order[:_ENDS], order[_ENDS:][-_ENDS:]
    shown = WholeTable(
        "rank",
        "row",
        "id",
        "score",
        *_more(table, dataset),
        title=f"{signal}: rank 1 is the least worth keeping",
        title_justify="left",
    )
    for rows in (low, high):
        for row in rows:
            shown.add_row(*map(Text, _cells(table, dataset, int(row))))
        if rows is low and len(high):
            shown.add_section()
    console.print(shown)


def _more(table: pa.Table, dataset: Dataset) -> Sequence[str]:
    there = {
        "label": "label",
        "nearest_id": "nearest",
        "similarity": "similarity",
        "is_copy": "copy",
    }
    names = [word for name, word in there.items() if name in table.column_names]
    return [*names, "text"] if dataset.kind == "text" else names


def _cells(table: pa.Table, dataset: Dataset, row: int) -> list[str]:
    one = table.slice(row, 1).to_pylist()[0]
    cells = [
        f"{one['rank']:,}",
        str(one["row"]),
        _cut(str(one["id"])),
        re.sub(r"^-", "−", f"{np.float32(one['score']):.4g}"),
    ]
    if "label" in one:
        cells.append(_cut(str(one["label"])))
    if "nearest_id" in one:
        none = one["nearest_id"] is None
        cells += [
            "" if none else _cut(str(one["nearest_id"])),
            "" if none else f"{one['similarity']:.3f}",
        ]
    cells.append("yes" if one["is_copy"] else "")
    if dataset.kind == "text":
        cells.append(_cut(dataset.train.inputs[row].as_py()))
    return cells


def _cut(text: str) -> str:
    """A text in one line, nothing in it that moves a terminal's cursor."""
    line = "".join(c if c.isprintable() else " " for c in text[: 4 * _LONGEST])
    line = " ".join(line.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
