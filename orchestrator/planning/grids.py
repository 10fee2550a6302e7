"""GRIDS: which conditions a sweep asks about. expand() turns one into trials."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from trainables.errors import UsageError
from trainables.evidence.requirements import settings_of
from trainables.learners import LEARNERS
from trainables.learners.pretrained import Model
from trainables.selection.contracts import check_epochs
from trainables.selection.dynamic import POLICIES
from trainables.selection.lookup import resolve, selector_of, sha_of, signal_of
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import EACH_EPOCH, NULL, Setting, Training, TrialSpec
from trainables.suggestions import did_you_mean


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A signal and the selector that cuts its scores.

    Attributes:
        signal: Row of SIGNALS, of POLICIES with the selector each_epoch, or module:function.
        selector: Row of SELECTORS, each_epoch, or module:function.
        settings: The signal's settings where they differ from its defaults.
        selector_settings: The selector's, likewise.
        prune: Which end of the scores goes, "low" or "high".
    """

    signal: str
    selector: str = "global"
    settings: tuple[tuple[str, Setting], ...] = ()
    selector_settings: tuple[tuple[str, Setting], ...] = ()
    prune: str = "low"


@dataclass(frozen=True, kw_only=True)
class GridBlock:
    """Every combination of data set, warm-up, arm and rate."""

    datasets: tuple[str, ...]
    warmups: tuple[float, ...]
    rates: tuple[float, ...]
    arms: tuple[Arm, ...]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A row of the table.

    Attributes:
        about: One line.
        model: As `trainables.learners.pretrained.find_model` takes it.
        seeds: One run of every condition each.
        blocks: The conditions; the baselines come by themselves.
        training: Where it differs from the learner's own.
        validation_fraction: Share of the training rows held out for signals with a target.
        protocol: "continue" or "restart".
        budget: "epochs" or "steps".
        needs_gpu: Whether it would take days without one.
    """

    about: str
    model: str
    seeds: tuple[int, ...]
    blocks: tuple[GridBlock, ...]
    training: Training | None = None
    validation_fraction: float = 0.0
    protocol: str = "continue"
    budget: str = "epochs"
    needs_gpu: bool = False


REDUNDANCY = Arm(signal="redundancy")
WITHIN_CLASS = Arm(signal="redundancy_within_class", selector="stratified")
KEEP_ONE = Arm(signal="keep_one")
RANDOM = Arm(signal="random")
_WARMUPS, _RATES = (0.05, 0.15, 0.25), (0.1, 0.2, 0.3)
_SEEDS = (11, 17, 23, 29, 31)

GRIDS: dict[str, Grid] = {
    "demo": Grid(
        about="Made text, a tiny transformer, any laptop, minutes.",
        model="tiny",
        seeds=_SEEDS[:3],
        blocks=(
            GridBlock(
                datasets=("synthetic",),
                warmups=(0.15,),
                rates=(0.1, 0.3, 0.6),
                arms=(REDUNDANCY, WITHIN_CLASS, KEEP_ONE, RANDOM),
            ),
        ),
    ),
    "paper": Grid(
        about="The study exactly: 54 pruned runs, 12 of its selector figure, 6 baselines.",
        model="distilbert/distilbert-base-uncased",
        needs_gpu=True,
        seeds=_SEEDS[:2],
        blocks=(
            GridBlock(
                datasets=("imdb", "ag_news"), warmups=_WARMUPS, rates=_RATES, arms=(REDUNDANCY,)
            ),
            GridBlock(
                datasets=("yahoo_answers_imbalanced",),
                warmups=_WARMUPS,
                rates=_RATES,
                arms=(WITHIN_CLASS,),
            ),
            GridBlock(
                datasets=("yahoo_answers_imbalanced",),
                warmups=(0.1,),
                rates=_RATES,
                arms=(REDUNDANCY, WITHIN_CLASS),
            ),
        ),
    ),
    "full": Grid(
        about="The study's sets and rates with three signals, random beside them, 5 seeds.",
        model="distilbert/distilbert-base-uncased",
        needs_gpu=True,
        seeds=_SEEDS,
        blocks=(
            GridBlock(
                datasets=("imdb", "ag_news", "yahoo_answers_imbalanced"),
                warmups=_WARMUPS,
                rates=_RATES,
                arms=(REDUNDANCY, WITHIN_CLASS, KEEP_ONE, RANDOM),
            ),
        ),
    ),
}


def _signal_arms() -> tuple[Arm, ...]:
    """Every affordable signal by both cuts, and by both ends where the literature differs."""
    return tuple(
        Arm(signal=name, selector=selector, prune=end)
        for name, row in SIGNALS.items()
        if row.affordable
        for selector in dict.fromkeys((row.selector, "stratified"))
        for end in (("low", "high") if row.both_ways else ("low",))
    )


GRIDS["signals"] = Grid(
    about="Every affordable signal by two cuts and, where in doubt, both ends; made text.",
    model="tiny",
    seeds=_SEEDS,
    blocks=(
        GridBlock(datasets=("synthetic",), warmups=(0.5,), rates=(0.1, 0.3), arms=_signal_arms()),
    ),
    # Half of four epochs: every sample was seen twice, which signals of training need.
    training=replace(LEARNERS["tiny"].training, epochs=4),
    validation_fraction=0.1,
)

GRIDS["scaling"] = Grid(
    about="Eight sizes, trained afresh with equal steps: does a signal bend the curve? Made text.",
    model="tiny",
    seeds=_SEEDS,
    blocks=(
        GridBlock(
            datasets=("synthetic",),
            warmups=(0.5,),
            rates=(0.2, 0.35, 0.5, 0.65, 0.75, 0.85, 0.9),
            arms=(KEEP_ONE, Arm(signal="el2n"), RANDOM),
        ),
    ),
    # Fewer samples in as many epochs would also be fewer steps: two causes for one curve.
    protocol="restart",
    budget="steps",
)


def first_seeds(count: int) -> tuple[int, ...]:
    """The seeds a sweep of `count` seeds runs: a longer sweep begins with a shorter one's."""
    return _SEEDS[:count] + tuple(range(100, 100 + count - len(_SEEDS)))


def expand(
    grid: Grid,
    data: Mapping[str, str],
    model: Model,
    *,
    null: bool = False,
) -> list[TrialSpec]:
    """The trials of a grid: each full-data run once and first, then what is pruned from it.

    Args:
        grid: The conditions.
        data: The content hash of every data set that the grid names.
        model: What is trained.
        null: Add the trial that prunes nothing, at every warm-up: how far chance alone leads.

    Raises:
        ValueError: If a signal, selector or setting is not known, or a value out of range.
    """
    training = grid.training or LEARNERS[model.learner].training
    trials: dict[str, TrialSpec] = {}
    for block in grid.blocks:
        for dataset in block.datasets:
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
        lacks = set(LEARNERS[spec.learner].lacks)
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


def known(noun: str, name: str, table: Mapping[str, object]) -> None:
    """Refuse a name that is not in a table, with the nearest that is.

    Raises:
        ValueError: If it is not.
    """
    if name not in table:
        hint = did_you_mean(name, table)
        raise UsageError(f"unknown {noun} {name!r}. There are: {', '.join(table)}.{hint}")
