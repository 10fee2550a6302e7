"""The flags of a sweep: the one list from which command line, YAML file and JSON schema are made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from orchestrator.cli.durations import seconds_in
from orchestrator.cli.trained_options import Real, Texts, TrainedOptions, Whole, Yes, as_list

if TYPE_CHECKING:
    from analysis.criteria import Asked
    from orchestrator.planning.request import Request
    from orchestrator.planning.resources import Resources

# Of a command that names no other store.
CACHE = Path("runs/_cache")

# Flags that are fields of Training.
_TRAINING = ("epochs", "batch_size", "lr", "weight_decay", "max_length")

# The boxes of `sweep --help`: each is of the flags from this one on.
GROUPS = {
    "grid": "What is trained",
    "trainer": "A trainer of your own",
    "score_model": "What scores the rows",
    "data_dir": "Data",
    "imbalance": "Stress tests on your data",
    "warmup": "What is compared",
    "epochs": "Training of the model",
    "metric": "How it is judged",
    "run": "Where, and for how long",
    "track": "What is shown",
}

_Share = Annotated[Real, Field(ge=0, lt=1)]
_Seed = Annotated[Whole, Field(ge=0, le=2**32 - 1)]
_Shares = Annotated[Annotated[list[_Share], Field(min_length=1)] | None, BeforeValidator(as_list)]
_Seeds = Annotated[Annotated[list[_Seed], Field(min_length=1)] | None, BeforeValidator(as_list)]
# More than any run has had, and few enough that nothing hangs by a digit too many.
_MANY = 10**6
# A trial runs on one machine.
_MOST_GPUS, _MOST_CPUS = 64, 4096


class SweepOptions(TrainedOptions):
    """What a sweep can be asked for; None and empty mean: as the grid says."""

    # seeds: 3 and seeds: adaptive are both meant as text.
    model_config = ConfigDict(
        title="Sweep", frozen=True, extra="forbid", coerce_numbers_to_str=True, defer_build=True
    )

    warmup: _Shares = Field(
        default=None,
        description="Share of the full run's steps done before rows are scored, in (0, 1). Default: as late "
        "as the signals need, or 0.15 by --protocol continue. Repeat.",
    )
    rate: _Shares = Field(default=None, description="Share removed. Repeat.")
    size: Texts = Field(
        default=None,
        description="Train on so many rows in all, too: 500,1000,2000, or all. The largest is the data set; each "
        "seed draws the others from it, each within the next. The report shows what bends the error over them. Repeat.",
    )
    signal: Texts = Field(
        default=None,
        description="NAME[:SELECTOR[:high]], such as redundancy,k=5:stratified or "
        "el2n:floor,share=0.3:high; a name may be module:function of your own. Repeat.",
    )
    control: Yes | None = Field(
        default=None,
        description="Random pruning beside every signal, cut by the same selector: all grids but "
        "paper have it.",
    )
    confirm: Yes | None = Field(
        default=None,
        description="At the end choose one cut, fix its list of rows, and train 5 fresh seeds on it, at "
        "most 15 trials more a data set; the answer is then theirs. All grids but paper and scaling do.",
    )
    seeds: str = Field(
        default="",
        description="How many, or adaptive: 3, and then 5, 8 or 12 only where a verdict needs them.",
    )
    seed: _Seeds = Field(default=None, description="Or which. Repeat.")
    null: Yes = Field(
        default=False,
        description="Add full runs of another data order and dropout: the noise below which nothing "
        "can be seen.",
    )
    epochs: Whole | None = Field(default=None, description="Of a full-data run.", ge=1, le=_MANY)
    batch_size: Whole | None = Field(default=None, description="Rows a step.", ge=1, le=_MANY)
    lr: Real | None = Field(default=None, description="Peak learning rate.", gt=0)
    weight_decay: Real | None = Field(default=None, description="AdamW's.", ge=0)
    tune: Yes | None = Field(
        default=None,
        description="First search learning rate, epochs and weight decay of the full-data run, on "
        "training rows held out for that alone. Default: for data of your own, unless one of the "
        "three is given.",
    )
    tune_budget: Real | None = Field(
        default=None, description="Full runs that the search may take: 8.", gt=0, le=_MANY
    )
    max_length: Whole | None = Field(
        default=None, description="Word pieces of a text.", ge=8, le=_MANY
    )
    precision: str = Field(default="auto", description="auto, bf16 or fp32.")
    protocol: str = Field(
        default="",
        description="restart: train afresh on what is left. continue: the run goes on from its warm-up "
        "mark with what is left. Default: the grid's; paper and full continue, all else restarts.",
    )
    budget: str = Field(
        default="",
        description="epochs: a pruned run takes fewer steps. steps: as many as the full-data run.",
    )
    metric: str = Field(
        default="",
        description="What decides: accuracy (the default), macro_f1, log_loss ... or NAME:higher, NAME:lower "
        "(a trainer's column), FILE.py:FUNCTION (yours).",
    )
    tolerance: str = Field(
        default="",
        description="How much worse is still within: in the metric's unit, or a share of what training "
        "gains, such as 5%. Default: the metric's own; of accuracy 1 pp.",
    )
    guard: Texts = Field(
        default=None, description="What must hold, too: worst_class:3, log_loss:5% ... Repeat."
    )
    group_column: str = Field(default="", description="Of groups of rows, for such guards.")
    run: Path | None = Field(default=None, description="The run's folder.")
    cache: Path = Field(default=CACHE, description="What runs share.")
    storage: str = Field(
        default="",
        description="What all machines reach: a folder they mount, or s3://BUCKET/PREFIX. Holds "
        "store and runs.",
    )
    address: str = Field(default="local", description="local, auto, or a Ray address.")
    private_network: Yes = Field(
        default=False,
        description="Join a cluster at --address that asks for no token: nobody else reaches its network.",
    )
    gpus_per_trial: Real | None = Field(
        default=None, description="1 where there is one.", ge=0, le=_MOST_GPUS
    )
    cpus_per_trial: Whole = Field(default=1, description="Its threads, too.", ge=1, le=_MOST_CPUS)
    max_trials_at_once: Whole = Field(default=0, description="0: all that fit.", ge=0, le=_MANY)
    max_trials: Whole = Field(default=0, description="Stop after so many.", ge=0, le=_MANY)
    max_gpu_hours: Real = Field(
        default=0.0,
        description="Stop when all trials together took this long; hours of a slot where there is "
        "no GPU.",
        ge=0,
    )
    trial_timeout: str = Field(
        default="",
        description="End a trial, or the work before one, that takes longer: 90m, 2h, or seconds. It counts as "
        "failed, and what it saved is what a longer limit goes on from. Default: no limit.",
    )
    cluster_timeout: str = Field(
        default="10m",
        description="Stop where a Ray cluster has for so long had no machine that a trial fits on.",
    )
    track: Texts = Field(default=None, description="mlflow, wandb or tensorboard. Repeat.")
    refresh_report: str = Field(
        default="",
        description="Write the page anew so often while it runs: 60s, 5m, or seconds. Default: at the end.",
    )
    gpu_price: str = Field(
        default="",
        description="Dollars an hour of one accelerator, for the report; on CPUs of the cores that a trial "
        "computes with.",
    )
    calibrate: Yes = Field(
        default=False, description="Run a few steps for the estimate of --dry-run."
    )
    no_report: Yes = Field(default=False, description="Rows only.")
    no_examples: Yes = Field(default=False, description="No training texts in the report.")

    def request(self) -> "Request":
        """Which trials are asked for.

        Raises:
            UsageError: If --seeds is no number or contradicts --seed, or --trial-timeout is no span of time.
        """
        from orchestrator.planning.asked_numbers import chosen_seeds
        from orchestrator.planning.request import Request
        from orchestrator.planning.sizes import sizes_in
        from orchestrator.planning.tuning import BUDGET
        from trainables.data.columns import Columns
        from trainables.data.csv_dialects import Dialect

        training = ((name, getattr(self, name)) for name in _TRAINING)
        return Request(
            grid=self.grid,
            datasets=tuple(self.dataset or ()),
            model=self.model,
            own=self.own(seconds_in(self.trial_timeout, "--trial-timeout") / 3600 or None),
            score_model=self.score_model,
            scores=tuple(self.scores or ()),
            data_dir=self.data_dir,
            names=tuple(self.name or ()),
            columns=Columns(
                text=tuple(self.text_column or ()),
                label=self.label_column,
                id=self.id_column,
                embedding=self.embedding_column,
            ),
            dialect=Dialect(delimiter=_delimiter(self.delimiter), quotes=self.quotes),
            test=self.test,
            test_fraction=self.test_fraction,
            validation_fraction=self.validation_fraction,
            limit=self.limit,
            limit_test=self.limit_test,
            imbalance=self.imbalance,
            flip_labels=self.flip_labels,
            inject_copies=self.inject_copies,
            warmups=tuple(self.warmup or ()),
            rates=tuple(self.rate or ()),
            sizes=sizes_in(self.size or ()),
            signals=tuple(self.signal or ()),
            control=self.control,
            confirm=self.confirm,
            tune=self.tune,
            tune_budget=BUDGET if self.tune_budget is None else self.tune_budget,
            seeds=chosen_seeds(self.seeds, self.seed or ()),
            training=tuple((name, value) for name, value in training if value is not None),
            precision=self.precision,
            protocol=self.protocol,
            budget=self.budget,
            null=self.null,
            adaptive=self.seeds == "adaptive",
            asked=self._judged(),
        )

    def _judged(self) -> "Asked":
        from analysis.criteria import Asked

        guards = tuple(self.guard or ())
        return Asked(metric=self.metric, guards=guards, group_column=self.group_column)

    def resources(self) -> "Resources":
        """Where the sweep runs: with one GPU a trial where there are any.

        Raises:
            UsageError: If --cache and --storage name two places for the store, or the one is no place
                for it.
            UnsafeError: If --address is of other machines that ask for no token.
        """
        from orchestrator.diagnostics.ray_token import check_reach
        from orchestrator.planning.resources import Limits, Resources, has_gpu
        from orchestrator.store.object_storage import credentials_aside
        from trainables.errors import UsageError
        from trainables.own_folders import own_place

        check_reach(self.address, is_private=self.private_network)
        gpus = self.gpus_per_trial
        if gpus is None:
            gpus = float(has_gpu() or self.address != "local")
        if gpus > 1 and gpus != int(gpus):
            raise UsageError(
                f"--gpus-per-trial is {gpus:g}; above 1 it is a whole number, as accelerators are shared by "
                "trials that take less than one"
            )
        is_remote = "://" in self.storage
        mounted = Path(self.storage) if self.storage and not is_remote else None
        if mounted and self.cache != CACHE:
            raise UsageError(
                f"--cache {self.cache} beside --storage {self.storage}: a folder that all machines "
                "mount holds the store itself, in _cache; leave --cache out"
            )
        storage = credentials_aside(self.storage) if is_remote else ""
        if storage != self.storage and is_remote and self.address != "local":
            raise UsageError(
                "--storage holds a key, which the other machines of a cluster would not get; leave it out, and give "
                "the machines a role for the bucket"
            )
        flag = "--storage" if mounted else "--cache"
        cache = own_place(mounted / "_cache" if mounted else self.cache, "cache", flag)
        return Resources(
            # Absolute: Ray's workers have a working directory of their own.
            cache=cache.absolute(),
            storage=storage,
            runs=mounted or Path("runs"),
            cpus=self.cpus_per_trial,
            gpus=gpus,
            address=self.address,
            at_once=self.max_trials_at_once,
            trial_timeout_s=seconds_in(self.trial_timeout, "--trial-timeout"),
            cluster_timeout_s=seconds_in(self.cluster_timeout, "--cluster-timeout") or 600.0,
            limits=Limits(trials=self.max_trials, hours=self.max_gpu_hours),
        )


def _delimiter(written: str) -> str:
    r"""What a delimiter means as it is written: tab, or \t, for a tab."""
    return {"tab": "\t", "\\t": "\t"}.get(written.lower(), written)
