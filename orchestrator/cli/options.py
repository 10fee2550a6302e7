"""The flags of a sweep: the one list from which command line, YAML file and JSON schema are made."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ConfigDict, Field

from orchestrator.cli.compared_options import MANY, ComparedOptions
from orchestrator.cli.durations import seconds_in
from orchestrator.cli.trained_options import Real, Share, Texts, Whole, Yes

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
    "track": "What is shown and reported",
}

# A trial runs on one machine.
_MOST_GPUS, _MOST_CPUS = 64, 4096


class SweepOptions(ComparedOptions):
    """What a sweep can be asked for; None and empty mean: as the grid says."""

    # seeds: 3 and seeds: adaptive are both meant as text.
    model_config = ConfigDict(
        title="Sweep", frozen=True, extra="forbid", coerce_numbers_to_str=True, defer_build=True
    )

    metric: str = Field(
        default="",
        description="What decides: accuracy, macro_f1, log_loss ..., or mae and rmse where a number is predicted; "
        "NAME:higher or NAME:lower, a number that your trainer reports; or FILE.py:FUNCTION. Default: accuracy.",
    )
    tolerance: str = Field(
        default="",
        description="How much worse than the full-data run is still within: in the metric's unit, or as a share of what "
        "training gains, such as 5%. Default: the metric's own; of accuracy 1 percentage point.",
    )
    guard: Texts = Field(
        default=None,
        description="What must hold besides the metric, each with its tolerance. Several: worst_class:3,log_loss:5%.",
    )
    group_column: str = Field(
        default="",
        description="Column of the test rows that says to which group each belongs, for --guard worst_group and "
        "every_group.",
    )
    run: Path | None = Field(
        default=None,
        description="Folder for the rows, the report and all else of this run. Default: runs/ and a name made of what "
        "is asked for.",
    )
    cache: Path = Field(
        default=CACHE,
        description="Folder for what runs share: warm-ups, scores, finished trials. Default: runs/_cache.",
    )
    storage: str = Field(
        default="",
        description="Place that all machines of a cluster reach, in which store and runs are kept: a folder they "
        "mount, or s3://BUCKET/PREFIX. Default: none; --cache.",
    )
    address: str = Field(
        default="local",
        description="Where trials run: local, this machine; auto, the Ray cluster of this machine; or a cluster's "
        "address. Default: local.",
    )
    private_network: Yes = Field(
        default=False,
        description="Join a cluster at --address that asks for no token, as nobody else reaches its network.",
    )
    gpus_per_trial: Share = Field(
        default=None,
        description="GPUs of one trial; 0.5 lets two trials share one. Default: auto, where this machine has a GPU as many "
        "trials on each as its memory holds and one alone leaves it idle; 1 on a cluster; 0 without a GPU.",
        ge=0,
        le=_MOST_GPUS,
    )
    cpus_per_trial: Whole = Field(
        default=1,
        description="CPU cores, and threads, of one trial. Default: 1.",
        ge=1,
        le=_MOST_CPUS,
    )
    max_trials_at_once: Whole = Field(
        default=0,
        description="Trials that run side by side at most. Default: 0, all that fit.",
        ge=0,
        le=MANY,
    )
    max_trials: Whole = Field(
        default=0,
        description="Stop after this many trials; the same command goes on. Default: 0, no limit.",
        ge=0,
        le=MANY,
    )
    max_gpu_hours: Real = Field(
        default=0.0,
        description="Stop when all trials together have taken this many hours of a GPU, or of a CPU slot where there "
        "is no GPU; the same command goes on. Default: 0, no limit.",
        ge=0,
    )
    trial_timeout: str = Field(
        default="",
        description="End a trial, or the work before one, that takes longer than this: 90m, 2h, or seconds. It counts "
        "as failed; a longer limit goes on from what it saved. Default: no limit.",
    )
    cluster_timeout: str = Field(
        default="10m",
        description="Stop when a Ray cluster has had no machine that a trial fits on for this long: 10m, 1h, or "
        "seconds. Default: 10m.",
    )
    track: Texts = Field(
        default=None,
        description="Send every trial to a tracker, too: mlflow, wandb or tensorboard. Several: mlflow,wandb.",
    )
    refresh_report: str = Field(
        default="",
        description="Write the page anew so often while it runs: 60s, 5m, or seconds. Default: at the end.",
    )
    gpu_price: str = Field(
        default="",
        description="Dollars an hour of one GPU, for what the report says of costs; of runs on CPUs, of the cores of one trial.",
    )
    calibrate: Yes = Field(
        default=False,
        description="With --dry-run: run a few steps, so that the hours can be estimated.",
    )
    no_report: Yes = Field(default=False, description="Write rows only, and no report.")
    no_examples: Yes = Field(default=False, description="Write no training texts into the report.")

    def request(self) -> "Request":
        """Which trials are asked for.

        Raises:
            UsageError: If --seeds is no number or contradicts --seed, or --trial-timeout is no span of time.
        """
        from orchestrator.planning.asked_numbers import chosen_seeds
        from orchestrator.planning.request import Request
        from orchestrator.planning.sizes import sizes_in
        from orchestrator.planning.tuning import BUDGET
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
            columns=self.columns(),
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
        """Where the sweep runs: with one GPU a trial where there are any, until a plan knows the model.

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
            chooses_share=self.gpus_per_trial is None and self.address == "local",
            address=self.address,
            at_once=self.max_trials_at_once,
            trial_timeout_s=seconds_in(self.trial_timeout, "--trial-timeout"),
            cluster_timeout_s=seconds_in(self.cluster_timeout, "--cluster-timeout") or 600.0,
            limits=Limits(trials=self.max_trials, hours=self.max_gpu_hours),
        )


def _delimiter(written: str) -> str:
    r"""What a delimiter means as it is written: tab, or \t, for a tab."""
    return {"tab": "\t", "\\t": "\t"}.get(written.lower(), written)
