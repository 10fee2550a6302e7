"""verdicts.json: the answers of a run and all its judged conditions, for programs; with a schema."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.answers import Answer
from analysis.class_retention import worst_class
from analysis.condition_columns import method_label
from analysis.cost import REUSES, best_measured_cost
from analysis.csv_lines import plain, shortened_floats
from analysis.envelope import JudgedCell
from analysis.guards import Guarded
from analysis.metric_words import perplexity_of
from analysis.page.answer_cards import AnswerCard, cards
from analysis.page.phrases import known_values, margin_text
from analysis.random_control import Comparison
from analysis.study import Study
from analysis.table_rows import envelope_rows
from trainables.plain_text import forwarded

Values = dict[str, Any]
# The name of the form; its number grows where a key goes or changes its meaning.
SCHEMA = "urn:prune-envelope:verdicts:1"
SCHEMA_FILE = Path(__file__).with_name("verdicts.schema.json")
# Columns that a table must write as text: numbers behind each other, and settings.
_LISTS = ("seeds", "diverged_seeds")
_OBJECTS = ("settings", "selector_settings", "training", "learner_settings", "scorer")
# States of which the page, too, shows no number: they could be taken for an answer.
_WITHOUT_NUMBERS = ("confirming", "no answer")


def verdicts_json(study: Study) -> str:
    """The text of verdicts.json, as `SCHEMA_FILE` describes it; equal rows give an equal text.

    Numbers are those of envelope.csv, to six decimals, and of the page; null is what is not known.
    """
    conditions: dict[str, list[Values]] = defaultdict(list)
    for row in envelope_rows(study):
        conditions[row["data_sha"]].append(_condition(row))
    of_all = {
        "$schema": SCHEMA,
        "run": study.name,
        "grid": study.plan.grid,
        "command": forwarded(study.plan.command),
        "planned": study.plan.created,
        "limited": study.plan.limited,
        "margin": margin_text(study),
        "guards": [guard.text for guard in study.by.guards],
        **study.unit_columns,
        "higher_is_better": study.metric.higher,
        "notes": list(study.notes),
        "datasets": [
            {**_dataset(study, card), "conditions": conditions[card.answer.source.data_sha]}
            for card in cards(study)
        ],
    }
    return json.dumps(_known(of_all), indent=1, allow_nan=False) + "\n"


def _condition(row: Values) -> Values:
    """A row of the table `envelope`, with lists and objects where the table writes text."""
    lists = {name: [int(seed) for seed in row[name].split()] for name in _LISTS}
    objects = {name: json.loads(row[name] or "null") for name in _OBJECTS}
    return shortened_floats({**row, **lists, **objects})


def _dataset(study: Study, card: AnswerCard) -> Values:
    answer = card.answer
    return {
        "name": answer.name,
        "dataset": answer.source.dataset,
        "data_sha": answer.source.data_sha,
        "state": answer.state,
        "headline": card.headline,
        "sentences": list(card.sentences),
        "warnings": list(card.warnings),
        "safe_rate": answer.rate,
        "n_tried": answer.n_tried,
        "answer": _answer(study, answer, answer.row) if answer.row else None,
    }


def _answer(study: Study, answer: Answer, row: JudgedCell) -> Values:
    """The condition that an answer names, with the interval at the level it was picked by."""
    condition, method = row.cell.condition, row.cell.condition.method
    v = None if answer.state in _WITHOUT_NUMBERS else row.verdict
    is_list = bool(condition.scored_by and row.cell.pairs)
    return {
        "method": method_label(study, condition),
        "kind": condition.kind,
        "signal": condition.signal,
        "selector": condition.selector,
        "protocol": condition.protocol,
        "model": method.model,
        "learner": method.learner,
        "warmup": condition.warmup,
        "rate": condition.rate,
        "verdict": v.verdict if v else None,
        **study.unit_columns,
        **_numbers(answer, row, is_told=v is not None),
        "perplexity": _perplexity(study, row) if v else None,
        "n_seeds": len(row.cell.seeds),
        "n_planned": row.cell.n_planned,
        "seeds": list(row.cell.seeds),
        "diverged_seeds": list(row.cell.diverged),
        "standing": answer.standing,
        **_against_random(study, answer, row, is_told=v is not None),
        "guards": [_guard(one) for one in row.guards] if v else [],
        "worst_class": _worst(study, row) if v else None,
        "saving": _saving(row) if v else None,
        "list": row.cell.pairs[0].pruned.kept_sha[:12] if is_list else None,
        "scored_by": list(condition.scored_by),
    }


def _numbers(answer: Answer, row: JudgedCell, *, is_told: bool) -> Values:
    """The mean difference and its bounds; the line and the level where there is a verdict at all."""
    v = row.verdict
    return shortened_floats(
        {
            "delta": v.mean if v and is_told else None,
            "low": answer.low if is_told else None,
            "high": answer.high if is_told else None,
            "level": answer.level,
            "tolerance": v.tolerance if v else None,
        }
    )


def _perplexity(study: Study, row: JudgedCell) -> Values | None:
    """The exponential of the mean token loss, of the full-data runs and of the pruned ones."""
    if not study.metric.has_perplexity:
        return None
    means = {arm: known_values(study, row, arm) for arm in ("baseline", "pruned")}
    full, pruned = (perplexity_of(float(np.mean(one))) if one else None for one in means.values())
    return shortened_floats({"full": full, "pruned": pruned})


def _against_random(study: Study, answer: Answer, row: JudgedCell, *, is_told: bool) -> Values:
    """The condition minus random pruning of the same rate, as the table `envelope` has it."""
    one: Comparison | None = study.comparisons.get(row.cell.condition)
    if answer.confirmation is not None:
        one = answer.confirmation.against_random
    found = one if is_told else None
    return shortened_floats(
        {
            "random_delta": found.mean if found else None,
            "random_low": found.low if found else None,
            "random_high": found.high if found else None,
        }
    )


def _guard(one: Guarded) -> Values:
    v = one.verdict
    found = {"delta": v.mean, "low": one.low, "high": one.high, "tolerance": v.tolerance}
    return {
        "guard": one.guard,
        "group": one.group,
        "unit": one.metric.unit,
        "verdict": v.verdict,
        **shortened_floats(found),
    }


def _worst(study: Study, row: JudgedCell) -> Values | None:
    """The class whose recall falls most, in the columns of the table `bias`."""
    worst = worst_class(row.cell, alpha=study.alpha)
    if worst is None or not row.cell.pairs[0].pruned.class_names:
        return None
    return shortened_floats(
        {
            "class": worst.name,
            "recall_delta": worst.recall_delta_pp,
            "recall_low": worst.low,
            "recall_high": worst.high,
            "unit": "pp",
            "n_test": worst.n_test,
            "class_count": worst.count,
            "kept_count": worst.kept,
        }
    )


def _saving(row: JudgedCell) -> Values | None:
    """What later runs save, in the columns of the table `cost`."""
    cost, measure = best_measured_cost(row) or (None, None)
    if cost is None:
        return None
    net = {f"saved_net_{runs}": cost.saved_net(runs) for runs in REUSES}
    found = {"saved_gross": cost.saved_gross, **net, "pays_from_runs": cost.break_even_runs}
    return shortened_floats({"measure": measure, **found})


def _known(value: Any) -> Any:
    """The same with null for every number that is none, also inside lists and objects."""
    if isinstance(value, dict):
        return {name: _known(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_known(one) for one in value]
    return plain(value)
