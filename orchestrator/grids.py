"""GRIDS: which conditions a sweep asks about. expand() turns one into trials."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trainables.evidence import parameters
from trainables.learners import LEARNERS
from trainables.models import Model
from trainables.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import Setting, Training, TrialSpec


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A signal and the selector that cuts its scores.

    Attributes:
        signal: Row of SIGNALS.
        selector: Row of SELECTORS.
        settings: The signal's settings where they differ from its defaults.
    """

    signal: str
    selector: str = "global"
    settings: tuple[tuple[str, Setting], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Block:
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
        model: As `trainables.models.resolve` takes it.
        seeds: One run of every condition each.
        blocks: The conditions; the baselines come by themselves.
        training: Where it differs from the learner's own.
    """

    about: str
    model: str
    seeds: tuple[int, ...]
    blocks: tuple[Block, ...]
    training: Training | None = None


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
            Block(
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
        seeds=_SEEDS[:2],
        blocks=(
            Block(datasets=("imdb", "ag_news"), warmups=_WARMUPS, rates=_RATES, arms=(REDUNDANCY,)),
            Block(
                datasets=("yahoo_answers_imbalanced",),
                warmups=_WARMUPS,
                rates=_RATES,
                arms=(WITHIN_CLASS,),
            ),
            Block(
                datasets=("yahoo_answers_imbalanced",),
                warmups=(0.1,),
                rates=_RATES,
                arms=(REDUNDANCY, WITHIN_CLASS),
            ),
        ),
    ),
    "full": Grid(
        about="The study's sets and rates with every signal, random beside it, 5 seeds.",
        model="distilbert/distilbert-base-uncased",
        seeds=_SEEDS,
        blocks=(
            Block(
                datasets=("imdb", "ag_news", "yahoo_answers_imbalanced"),
                warmups=_WARMUPS,
                rates=_RATES,
                arms=(REDUNDANCY, WITHIN_CLASS, KEEP_ONE, RANDOM),
            ),
        ),
    ),
}


def first_seeds(count: int) -> tuple[int, ...]:
    """The seeds a sweep of `count` seeds runs: a longer sweep begins with a shorter one's."""
    return _SEEDS[:count] + tuple(range(100, 100 + count - len(_SEEDS)))


def expand(
    grid: Grid,
    data: Mapping[str, str],
    model: Model,
    *,
    protocol: str = "continue",
    budget: str = "epochs",
) -> list[TrialSpec]:
    """The trials of a grid: each full-data run once and first, then what is pruned from it.

    Args:
        grid: The conditions.
        data: The content hash of every data set that the grid names.
        model: What is trained.
        protocol: "continue" or "restart".
        budget: "epochs" or "steps".

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
                pruned = _pruned(replace(baseline, protocol=protocol, budget=budget), block)
                for spec in (baseline, *pruned):
                    trials.setdefault(spec.result_key, spec)
    return sorted(trials.values(), key=lambda spec: not spec.is_baseline)


def _pruned(baseline: TrialSpec, block: Block) -> list[TrialSpec]:
    return [
        replace(
            baseline,
            warmup=warmup,
            rate=rate,
            signal=arm.signal,
            selector=arm.selector,
            settings=_settings(arm),
        )
        for warmup in block.warmups
        for arm in block.arms
        for rate in block.rates
    ]


def _settings(arm: Arm) -> tuple[tuple[str, Setting], ...]:
    """All settings with their defaults filled in: one condition has one key."""
    known("signal", arm.signal, SIGNALS)
    known("selector", arm.selector, SELECTORS)
    defaults = parameters(SIGNALS[arm.signal].score)[1]
    if unknown := {name for name, _ in arm.settings} - set(defaults):
        raise ValueError(f"{arm.signal} has no setting {sorted(unknown)}; it has {list(defaults)}")
    return tuple({**defaults, **dict(arm.settings)}.items())


def known(noun: str, name: str, table: Mapping[str, object]) -> None:
    """Refuse a name that is not in a table, with the nearest that is.

    Raises:
        ValueError: If it is not.
    """
    from difflib import get_close_matches

    if name in table:
        return
    nearest = get_close_matches(name, table, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise ValueError(f"unknown {noun} {name!r}. There are: {', '.join(table)}.{hint}")
