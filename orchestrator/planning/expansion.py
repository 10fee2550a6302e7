"""From a grid to its trials."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.planning.grids import Arm, Grid, GridBlock, controlled_blocks, known, marks_of
from orchestrator.planning.own_trainers import OwnTrainer, usual_training
from trainables.errors import UsageError
from trainables.evidence.requirements import settings_of
from trainables.learners import LEARNERS
from trainables.learners.pretrained import Model
from trainables.selection.contracts import check_epochs
from trainables.selection.dynamic import POLICIES
from trainables.selection.lookup import resolve, selector_of, sha_of, signal_of
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import EACH_EPOCH, NULL, Setting, TrialSpec
from trainables.training_settings import Training


def expand(
    grid: Grid,
    data: Mapping[str, str],
    model: Model,
    *,
    null: bool = False,
    trainings: Mapping[str, Training] | None = None,
    own: OwnTrainer | None = None,
) -> list[TrialSpec]:
    """The trials of a grid, its control included: each full-data run once and first, then the pruned.

    Args:
        grid: The conditions.
        data: The content hash of every data set that the grid names.
        model: What is trained.
        null: Add the trial that prunes nothing, at every warm-up: how far chance alone leads.
        trainings: Of the data sets whose training was searched.
        own: The trainer of the user's own, where it is that which trains.

    Raises:
        ValueError: If a signal, selector or setting is not known, or a value out of range.
    """
    usual = grid.training or usual_training(model.learner)
    trials: dict[str, TrialSpec] = {}
    for given in controlled_blocks(grid):
        for dataset in given.datasets:
            training = (trainings or {}).get(dataset, usual)
            marks = (0.0,) if own else marks_of(given, grid.protocol, training.epochs)
            block = replace(given, warmups=marks)
            for seed in grid.seeds:
                baseline = TrialSpec(
                    dataset=dataset,
                    data_sha=data[dataset],
                    model=model.name,
                    model_sha=model.sha,
                    learner=model.learner,
                    seed=seed,
                    training=training,
                )
                baseline = own.baseline(baseline) if own else baseline
                asked = replace(baseline, protocol=grid.protocol, budget=grid.budget)
                pruned = [*(_nulls(asked, block) if null else ()), *_pruned(asked, block)]
                for spec in (baseline, *pruned):
                    trials.setdefault(spec.result_key, spec)
    return sorted(trials.values(), key=lambda spec: not spec.is_baseline)


def _nulls(baseline: TrialSpec, block: GridBlock) -> list[TrialSpec]:
    return [
        replace(baseline, warmup=warmup, signal=NULL, selector=EACH_EPOCH)
        for warmup in block.warmups
    ]


def _pruned(baseline: TrialSpec, block: GridBlock) -> list[TrialSpec]:
    trials = [
        replace(baseline, warmup=warmup, rate=rate, prune=arm.prune, **_named(arm))
        for warmup in block.warmups
        for arm in block.arms
        for rate in block.rates
    ]
    for spec in trials:
        check_epochs(spec)
        lacks = set() if spec.is_own else set(LEARNERS[spec.learner].lacks)
        if spec.kind == "pruned" and (lacking := resolve(spec).evidence & lacks):
            raise UsageError(
                f"{spec.signal} needs {', '.join(sorted(lacking))}, which learner {spec.learner} "
                "cannot give; use another model or signal"
            )
    return trials


def _named(arm: Arm) -> dict[str, Any]:
    """The fields of a spec for an arm, with all defaults filled in: one condition has one key."""
    if arm.selector == EACH_EPOCH:
        known("policy", arm.signal, POLICIES)
        defaults = POLICIES[arm.signal].settings
        return {
            "signal": arm.signal,
            "settings": _settings(arm.signal, defaults, arm.settings),
            "selector": EACH_EPOCH,
        }
    if ":" not in arm.signal:
        known("signal", arm.signal, SIGNALS)
    if ":" not in arm.selector:
        known("selector", arm.selector, {**SELECTORS, EACH_EPOCH: None})
    score, cut = signal_of(arm.signal).score, selector_of(arm.selector)
    return {
        "signal": arm.signal,
        "settings": _settings(arm.signal, settings_of(score), arm.settings),
        "signal_sha": sha_of(arm.signal),
        "selector": arm.selector,
        "selector_settings": _settings(arm.selector, settings_of(cut), arm.selector_settings),
        "selector_sha": sha_of(arm.selector),
    }


def _settings(
    name: str, defaults: Mapping[str, Setting], chosen: tuple[tuple[str, Setting], ...]
) -> tuple[tuple[str, Setting], ...]:
    for option, value in chosen:
        if option not in defaults:
            has = f"it has {', '.join(defaults)}" if defaults else "it has none"
            raise UsageError(f"{name} has no setting {option!r}; {has}")
        if not isinstance(value, type(defaults[option])) and not (
            isinstance(value, int) and isinstance(defaults[option], float)
        ):
            raise UsageError(
                f"{name}: {option} is {value!r}; give a value of its default's kind, "
                f"{type(defaults[option]).__name__}, such as {defaults[option]!r}"
            )
    return tuple({**defaults, **dict(chosen)}.items())
