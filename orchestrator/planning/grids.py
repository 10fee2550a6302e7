"""GRIDS: which conditions a sweep asks about."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orchestrator.planning.seeds import first_seeds
from trainables.errors import UsageError
from trainables.evidence.requirements import rests_on
from trainables.learners import LEARNERS
from trainables.signals import SIGNALS
from trainables.spec import Setting
from trainables.suggestions import did_you_mean
from trainables.training_settings import Training


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
    """Every combination of data set, warm-up, arm and rate.

    Attributes:
        datasets: Names.
        warmups: Shares of the run's steps; empty for the mark that `marks_of` sets.
        rates: Shares removed.
        arms: What cuts.
    """

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
        sizes: Training rows in all, ascending, 0 for all: the largest is the data set, the others are
            subsets of it. None for the data set alone.
        control: Whether random pruning runs beside every arm; `controlled_blocks` adds it.
        confirm: Whether one cut is chosen at the end and confirmed by fresh seeds.
        needs_gpu: Whether it would take days without one.
    """

    about: str
    model: str
    seeds: tuple[int, ...]
    blocks: tuple[GridBlock, ...]
    training: Training | None = None
    validation_fraction: float = 0.0
    protocol: str = "restart"
    budget: str = "epochs"
    sizes: tuple[int, ...] = ()
    control: bool = True
    confirm: bool = True
    needs_gpu: bool = False


REDUNDANCY = Arm(signal="redundancy")
WITHIN_CLASS = Arm(signal="redundancy_within_class", selector="stratified")
KEEP_ONE = Arm(signal="keep_one")
RANDOM = Arm(signal="random")
GIVEN = "given"  # the signal that is scores of the user's own
EARLY, LATEST = 0.15, 0.9  # of the run: the marks that are set by themselves
_WARMUPS, _RATES = (0.05, 0.15, 0.25), (0.1, 0.2, 0.3)
_SEEDS = first_seeds(5)

GRIDS: dict[str, Grid] = {
    "demo": Grid(
        about="Made support tickets, a head on their word pieces, any laptop, a minute.",
        model="linear",
        seeds=_SEEDS,
        blocks=(
            GridBlock(
                datasets=("tickets",),
                warmups=(),
                rates=(0.05, 0.2, 0.4, 0.6),
                arms=(REDUNDANCY, WITHIN_CLASS, KEEP_ONE, Arm(signal="label_quality")),
            ),
        ),
        # Trained out and not past its best: 93.2 % at 8 epochs, 93.9 at 14, 93.7 at 20, where the
        # learner's own rate of 1e-2 has 93.7 at 3 and 93.5 at 10 (tickets of seed 0, 5 seeds).
        training=Training(epochs=14, batch_size=64, lr=3e-3, weight_decay=1e-4, max_length=48),
    ),
    "paper": Grid(
        about="The study exactly, without random: 54 pruned runs, 12 of its selector figure.",
        model="distilbert/distilbert-base-uncased",
        protocol="continue",
        control=False,
        confirm=False,
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
        about="The study's sets and rates with three signals, 5 seeds.",
        model="distilbert/distilbert-base-uncased",
        protocol="continue",
        needs_gpu=True,
        seeds=_SEEDS,
        blocks=(
            GridBlock(
                datasets=("imdb", "ag_news", "yahoo_answers_imbalanced"),
                warmups=_WARMUPS,
                rates=_RATES,
                arms=(REDUNDANCY, WITHIN_CLASS, KEEP_ONE),
            ),
        ),
    ),
}


def _signal_arms() -> tuple[Arm, ...]:
    """Every affordable signal of a classifier by two cuts, and by both ends where the literature differs."""
    lacks = set(LEARNERS["tiny"].lacks)
    return tuple(
        Arm(signal=name, selector=selector, prune=end)
        for name, row in SIGNALS.items()
        if row.affordable and name != RANDOM.signal and not lacks & rests_on(row.score)
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
    # Half of eight epochs: every sample was seen four times; signals of training need three.
    training=LEARNERS["tiny"].training,
    validation_fraction=0.1,
)

GRIDS["scaling"] = Grid(
    about="Five total sizes by four kept shares, equal steps: does a signal bend the frontier? Made text.",
    model="linear",
    seeds=_SEEDS,
    # Sizes double, and kept shares are powers of a half: what is kept of one size is another in all.
    sizes=(500, 1000, 2000, 4000, 8000),
    blocks=(
        GridBlock(
            datasets=("synthetic:8000",),
            warmups=(),
            rates=(0.5, 0.75, 0.875),
            arms=(Arm(signal="el2n"), Arm(signal="el2n", prune="high"), KEEP_ONE),
        ),
    ),
    # As good as the learner's own 20: 96.2 % at 8,000 rows and 84.8 at 500, by 20 epochs 96.2 and 84.8 (seed 11).
    training=replace(LEARNERS["linear"].training, epochs=4),
    # Fewer rows in as many epochs would also be fewer steps: two causes for one curve.
    budget="steps",
    confirm=False,
)

GRIDS["images"] = Grid(
    about="CIFAR-10 at four total sizes, equal steps, kept shares 0.2 to 0.9, both ends; each run sees 1.5 million images.",
    model="image",
    needs_gpu=True,
    seeds=_SEEDS[:3],
    # Sizes double, and half of one size is another in all.
    sizes=(6_250, 12_500, 25_000, 50_000),
    blocks=(
        GridBlock(
            datasets=("cifar10",),
            # Half of the epochs: forgetting counts how often a row is lost again.
            warmups=(0.5,),
            rates=(0.1, 0.5, 0.8),
            # Of prototypes those of classes, as the embeddings that are looked at have learned the classes.
            arms=(
                Arm(signal="el2n"),
                Arm(signal="el2n", prune="high"),
                Arm(signal="forgetting"),
                Arm(signal="supervised_prototypes"),
                Arm(signal="supervised_prototypes", prune="high"),
                KEEP_ONE,
                Arm(signal="mem_head"),
            ),
        ),
    ),
    training=replace(LEARNERS["image"].training, epochs=30, batch_size=128),
    budget="steps",
    confirm=False,
)

GRIDS["sft"] = Grid(
    about="Made instructions, a small language model from random weights, any laptop, minutes.",
    model="causal_lm",
    seeds=_SEEDS[:3],
    blocks=(
        GridBlock(
            datasets=("instructions:1000",),
            # Wrong answers are unlikely only to a model that knows right ones.
            warmups=(0.8,),
            rates=(0.1, 0.3),
            # Copies; what the model finds likely, and what unlikely, such as wrong answers; what it learned least;
            # what is short.
            arms=(
                KEEP_ONE,
                Arm(signal="perplexity"),
                Arm(signal="perplexity", prune="high"),
                Arm(signal="delta_loss"),
                Arm(signal="length"),
            ),
        ),
    ),
    # 1,200 rows: 1.15 nats a token from 8.3 (seed 17).
    training=replace(LEARNERS["causal_lm"].training, epochs=5),
    confirm=False,
)

# A name of --grid that has no trials: `orchestrator.theory` does it.
THEORY = "theory"


def marks_of(block: GridBlock, protocol: str, epochs: int) -> tuple[float, ...]:
    """When scores are taken: the block's warm-ups, or one set by itself, in (0, 0.9].

    Where training starts afresh it is as late in the full-data run as the signals need, and one epoch
    at least: a late mark costs the trials nothing, and the model has seen every row. A run that goes
    on with what is left has an early one, as a late one would leave little to save.
    """
    if block.warmups or protocol == "continue":
        return block.warmups or (EARLY,)
    needed = [
        max(row.min_epochs, row.epochs_for(dict(arm.settings)))
        for arm in block.arms
        if (row := SIGNALS.get(arm.signal))
    ]
    return (min(max([1.0, *needed]) / epochs, LATEST),)


def known(noun: str, name: str, table: Mapping[str, object]) -> None:
    """Refuse a name that is not in a table, with the nearest that is.

    Raises:
        ValueError: If it is not.
    """
    if name not in table:
        hint = did_you_mean(name, table)
        raise UsageError(f"unknown {noun} {name!r}. There are: {', '.join(table)}.{hint}")
