"""From a grid to its trials."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from orchestrator.planning.controls import control_of, controlled_blocks, looks_at_rows
from orchestrator.planning.grids import GIVEN, RANDOM, Arm, Grid, GridBlock, known, marks_of
from orchestrator.planning.learner_evidence import check_evidence
from orchestrator.planning.own_trainers import OwnTrainer, usual_training
from orchestrator.planning.seeds import with_seeds
from trainables.errors import UsageError
from trainables.evidence.requirements import EVIDENCE, rests_on, settings_of
from trainables.learners.pretrained import Model
from trainables.selection.contracts import check_epochs, check_odds
from trainables.selection.cutoff import settled
from trainables.selection.dynamic import POLICIES
from trainables.selection.lookup import (
    selector_evidence,
    selector_settings,
    sha_of,
    signal_of,
)
from trainables.selection.selectors import SELECTORS
from trainables.selection.tryout import try_settings
from trainables.signals import SIGNALS
from trainables.spec import EACH_EPOCH, NULL, VECTORS, Setting, TrialSpec
from trainables.training_settings import Scorer, Training

# Sources of evidence that are there without any learner.
_OF_DATA = ("static", "given")


def expand(
    grid: Grid,
    data: Mapping[str, str],
    model: Model,
    *,
    null: bool = False,
    trainings: Mapping[str, Training] | None = None,
    own: OwnTrainer | None = None,
    scorers: Mapping[str, Scorer] | None = None,
) -> list[TrialSpec]:
    """The trials of a grid, its control included: each full-data run once and first, then the pruned.

    Args:
        grid: The conditions.
        data: The content hash of every data set that the grid names.
        model: What is trained.
        null: Add the trial that prunes nothing, at every warm-up: how far chance alone leads.
        trainings: Of the data sets whose training was searched.
        own: The trainer of the user's own, where it is that which trains.
        scorers: Who scores the rows of each data set, where that is not the model itself.

    Raises:
        ValueError: If a signal, selector or setting is not known, or a value out of range.
    """
    usual = grid.training or usual_training(model)
    trials: dict[str, TrialSpec] = {}
    for given in controlled_blocks(grid):
        for dataset in given.datasets:
            training = (trainings or {}).get(dataset, usual)
            scorer = _another((scorers or {}).get(dataset), model, training)
            _check_protocol(grid.protocol, scorer)
            has_marks = scorer or not own
            block = replace(
                given,
                warmups=_warmups(given, grid.protocol, scorer or training) if has_marks else (0.0,),
            )
            baseline = TrialSpec(
                dataset=dataset,
                data_sha=data[dataset],
                model=model.name,
                model_sha=model.sha,
                learner=model.learner,
                seed=grid.seeds[0],
                training=training,
            )
            baseline = own.baseline(baseline) if own else baseline
            asked = replace(baseline, protocol=grid.protocol, budget=grid.budget)
            nulls = _nulls(asked, block, scorer) if null else ()
            # Checked and filled in once: seeds differ in nothing else.
            others = (*nulls, *_pruned(asked, block, scorer))
            by_seed = (replace(baseline, seed=seed) for seed in grid.seeds)
            for spec in with_seeds(others, by_seed):
                trials.setdefault(spec.result_key, spec)
    return sorted(trials.values(), key=lambda spec: not spec.is_baseline)


def check_expands(
    grid: Grid,
    names: Iterable[str],
    model: Model,
    *,
    own: OwnTrainer | None = None,
    scorers: Mapping[str, Scorer] | None = None,
) -> None:
    """Refuse a grid that `expand` refuses, before the data sets of these names are read."""
    # All seeds have the same trials: what is wrong with one is seen at its least or its highest.
    extremes = replace(grid, seeds=(min(grid.seeds), max(grid.seeds)))
    expand(extremes, dict.fromkeys(names, ""), model, own=own, scorers=scorers)


def _another(scorer: Scorer | None, model: Model, training: Training) -> Scorer | None:
    """Who scores in the model's place; None where that would be its own full-data run."""
    if scorer is None:
        return None
    itself = (model.learner, model.sha, training)
    return None if (scorer.learner, scorer.model_sha, scorer.training) == itself else scorer


def _warmups(block: GridBlock, protocol: str, run: Scorer | Training) -> tuple[float, ...]:
    """When scores are taken of the run that scores: at once where it gives the vectors of the data."""
    if isinstance(run, Training):
        return marks_of(block, protocol, run.epochs)
    return (0.0,) if run.model == VECTORS else marks_of(block, protocol, run.training.epochs)


def _check_protocol(protocol: str, scorer: Scorer | None) -> None:
    if scorer and protocol != "restart":
        raise UsageError(
            f"--protocol {protocol}, but {scorer.model} scores the rows: only a model that scores for "
            "itself goes on from its warm-up; give --protocol restart, or leave out --score-model and "
            "--embedding-column"
        )


def _nulls(baseline: TrialSpec, block: GridBlock, scorer: Scorer | None) -> list[TrialSpec]:
    return [
        replace(baseline, warmup=warmup, signal=NULL, selector=EACH_EPOCH)
        for warmup in ((0.0,) if scorer else block.warmups)
    ]


def _pruned(baseline: TrialSpec, block: GridBlock, scorer: Scorer | None) -> list[TrialSpec]:
    marks = {arm: _marks(arm, block, scorer) for arm in block.arms}
    if baseline.protocol == "restart" and scorer is None:
        marks |= _marks_beside_given(block)
    trials = [
        replace(baseline, rate=rate, prune=arm.prune, **named, **mark)
        for arm, named in ((arm, _named(arm)) for arm in block.arms)
        for mark in marks[arm]
        for rate in block.rates
    ]
    # In the order of the marks, as a reader goes through a grid.
    order = (0.0, *block.warmups)
    trials.sort(key=lambda spec: order.index(spec.warmup))
    trials = [settled(spec) for spec in trials]
    for spec in trials:
        _check_random(spec)
        check_odds(spec)
        check_epochs(spec)
        check_evidence(spec)
        try_settings(spec)
    return trials


def _check_random(spec: TrialSpec) -> None:
    """Refuse random scores for a selector of the user's own that looks at rows: a report would call them random."""
    own = ":" in spec.selector and looks_at_rows(spec.selector, spec.selector_settings)
    if spec.signal == RANDOM.signal and own:
        raise UsageError(
            f"random:{spec.selector} is no random pruning, as the selector looks at rows itself; random over "
            "all rows runs beside it: give it a signal, such as el2n"
        )


def _marks(arm: Arm, block: GridBlock, scorer: Scorer | None) -> list[dict[str, Any]]:
    """When an arm's rows are scored, and by whom: what looks at no learner waits for none."""
    if scorer and not looks_at_learner(arm):
        return [{"warmup": 0.0}]
    return [{"warmup": warmup, "scorer": scorer} for warmup in block.warmups]


def _marks_beside_given(block: GridBlock) -> dict[Arm, list[dict[str, Any]]]:
    """When scores given by the user are taken, which is at once, and random rows beside them."""
    found = {}
    for arm in block.arms:
        beside = {
            other.signal == GIVEN and not looks_at_learner(other)
            for other in block.arms
            if control_of(other) == control_of(arm) and other.signal != RANDOM.signal
        }
        at_once = [{"warmup": 0.0}] * (True in beside)
        later = [{"warmup": warmup} for warmup in block.warmups if beside != {True}]
        if arm.signal == GIVEN and not looks_at_learner(arm):
            found[arm] = at_once
        elif arm.signal == RANDOM.signal:
            found[arm] = at_once + later
    return found


def looks_at_learner(arm: Arm) -> bool:
    """Whether an arm's scores or cut rest on anything but the data."""
    if arm.selector == EACH_EPOCH:
        return False
    evidence = rests_on(signal_of(arm.signal).score)
    evidence |= selector_evidence(arm.selector, arm.selector_settings)
    return any(EVIDENCE[name].source not in _OF_DATA for name in evidence)


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
    score = signal_of(arm.signal).score
    return {
        "signal": arm.signal,
        "settings": _settings(arm.signal, settings_of(score), arm.settings),
        "signal_sha": sha_of(arm.signal),
        "selector": arm.selector,
        "selector_settings": _settings(
            arm.selector, selector_settings(arm.selector), arm.selector_settings
        ),
        "selector_sha": sha_of(arm.selector),
    }


def _settings(
    name: str, defaults: Mapping[str, Setting], chosen: tuple[tuple[str, Setting], ...]
) -> tuple[tuple[str, Setting], ...]:
    for option, value in chosen:
        if option not in defaults:
            has = f"it has {', '.join(defaults)}" if defaults else "it has none"
            raise UsageError(f"{name} has no setting {option!r}; {has}")
        kind = type(defaults[option])
        if type(value) is not kind and (kind is not float or type(value) is not int):
            raise UsageError(
                f"{name}: {option} is {value!r}; give a value of its default's kind, "
                f"{kind.__name__}, such as {defaults[option]!r}"
            )
    # 1 and 1.0 of a setting that is a number are one condition.
    given = {option: type(defaults[option])(value) for option, value in chosen}
    return tuple({**defaults, **given}.items())
