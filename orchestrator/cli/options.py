"""The flags of a sweep: the one list from which command line, YAML file and JSON schema are made."""

from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from orchestrator.cli.parameters import parameter

if TYPE_CHECKING:
    from orchestrator.planning.request import Request
    from orchestrator.planning.resources import Resources

# Of a command that names no other store.
CACHE = Path("runs/_cache")

# Flags that are fields of Training.
_TRAINING = ("epochs", "batch_size", "lr", "weight_decay", "max_length")


def _as_list(value: object) -> object:
    """One entry where several may stand is a list of one."""
    return [value] if isinstance(value, str | int | float) else value


_Texts = Annotated[list[str] | None, BeforeValidator(_as_list)]
_Shares = Annotated[list[float] | None, BeforeValidator(_as_list)]
_Numbers = Annotated[list[int] | None, BeforeValidator(_as_list)]


class SweepOptions(BaseModel):
    """What a sweep can be asked for; None and empty mean: as the grid says."""

    # seeds: 3 and seeds: adaptive are both meant as text.
    model_config = ConfigDict(
        title="Sweep", frozen=True, extra="forbid", coerce_numbers_to_str=True, defer_build=True
    )

    grid: str = Field(
        default="",
        description="A preset; `prune-envelope grids` lists them. Without one, --dataset runs the "
        "shape for own data.",
    )
    dataset: _Texts = Field(
        default=None, description="Name, file, folder, or owner/name of the hub. Repeat."
    )
    model: str = Field(
        default="",
        description="tiny, linear, a folder, a hub id, or linear:FOLDER for a head on frozen "
        "embeddings.",
    )
    data_dir: Path | None = Field(
        default=None, description="Holds NAME/train.parquet and NAME/test.parquet."
    )
    name: _Texts = Field(
        default=None,
        description="What the data set is called, one a --dataset. Default: its file's name.",
    )
    text_column: _Texts = Field(
        default=None,
        description="Repeat to join. Default: text, or the one column that could be meant.",
    )
    label_column: str = Field(
        default="", description="The class. Default: label, or the one column that could be meant."
    )
    id_column: str = Field(default="", description="Else rows are known by their number.")
    embedding_column: str = Field(
        default="",
        description="Vectors made beforehand, for --model linear: a column of lists of numbers, or a .npy "
        "file beside the table ({split}.npy where there is one a split).",
    )
    delimiter: str = Field(
        default="", description="Between the values of a CSV. Default: found in its first lines."
    )
    quotes: bool | None = Field(
        default=None,
        description="Whether a quote in a CSV opens a value that may hold delimiters and line ends. Default: yes, "
        "but lines in it that read like records are refused.",
    )
    test: str = Field(default="", description="A second file, or the split to test on.")
    test_fraction: float = Field(default=0.0, description="Hold this share out, by class.")
    validation_fraction: float = Field(
        default=0.0,
        description="Hold this share of the training rows out, for signals that aim at a target.",
    )
    limit: int = Field(default=0, description="Train on this many rows; marks the run.")
    limit_test: int = Field(default=0, description="Test on this many rows; marks the run.")
    imbalance: float = Field(
        default=1.0,
        description="Stress test: cut the training classes to sizes that fall from the first class to the "
        "last, the first so many times the last. Test rows stay.",
    )
    flip_labels: float = Field(
        default=0.0,
        description="Stress test: give this share of each class's training rows another label.",
    )
    inject_copies: float = Field(
        default=0.0,
        description="Stress test: add copies of this share of the training rows, of texts half of them with "
        "one word changed. The report shows what of all that each method found.",
    )
    warmup: _Shares = Field(
        default=None,
        description="Share of the full run's steps done before rows are scored, in (0, 1). Default: as late "
        "as the signals need, or 0.15 by --protocol continue. Repeat.",
    )
    rate: _Shares = Field(default=None, description="Share removed. Repeat.")
    signal: _Texts = Field(
        default=None,
        description="NAME[:SELECTOR[:high]], such as redundancy,k=5:stratified or "
        "el2n:floor,share=0.3:high; a name may be module:function of your own. Repeat.",
    )
    control: bool | None = Field(
        default=None,
        description="Random pruning beside every signal, cut by the same selector: all grids but "
        "paper have it.",
    )
    confirm: bool | None = Field(
        default=None,
        description="At the end choose one cut, fix its list of rows, and train 5 fresh seeds on it, at "
        "most 15 trials more a data set; the answer is then theirs. All grids but paper and scaling do.",
    )
    seeds: str = Field(
        default="",
        description="How many, or adaptive: 3, and then 5, 8 or 12 only where a verdict needs them.",
    )
    seed: _Numbers = Field(default=None, description="Or which. Repeat.")
    null: bool = Field(
        default=False,
        description="Add full runs of another data order and dropout: the noise below which nothing "
        "can be seen.",
    )
    epochs: int | None = Field(default=None, ge=1)
    batch_size: int | None = Field(default=None, ge=1)
    lr: float | None = Field(default=None, description="Peak learning rate.")
    weight_decay: float | None = Field(default=None, description="AdamW's.")
    tune: bool | None = Field(
        default=None,
        description="First search learning rate, epochs and weight decay of the full-data run, on "
        "training rows held out for that alone. Default: for data of your own, unless one of the "
        "three is given.",
    )
    tune_budget: float | None = Field(
        default=None, description="Full runs that the search may take: 8.", gt=0
    )
    max_length: int | None = Field(default=None, description="Word pieces of a text.", ge=8)
    precision: str = Field(default="auto", description="auto, bf16 or fp32.")
    protocol: str = Field(
        default="",
        description="restart: train afresh on what is left. continue: the run goes on from its warm-up "
        "mark with what is left. Default: the grid's; paper and full continue, all else restarts.",
    )
    budget: str = Field(default="", description="epochs or steps.")
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
    guard: _Texts = Field(
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
    gpus_per_trial: float | None = Field(default=None, description="1 where there is one.")
    cpus_per_trial: int = Field(default=1, description="Its threads, too.", ge=1)
    max_trials_at_once: int = Field(default=0, description="0: all that fit.", ge=0)
    max_trials: int = Field(default=0, description="Stop after so many.", ge=0)
    max_gpu_hours: float = Field(
        default=0.0,
        description="Stop when all trials together took this long; hours of a slot where there is "
        "no GPU.",
        ge=0,
    )
    track: _Texts = Field(default=None, description="mlflow, wandb or tensorboard. Repeat.")
    calibrate: bool = Field(
        default=False, description="Run a few steps for the estimate of --dry-run."
    )
    no_report: bool = Field(default=False, description="Rows only.")
    no_examples: bool = Field(default=False, description="No training texts in the report.")

    def request(self) -> "Request":
        """Which trials are asked for.

        Raises:
            UsageError: If --seeds is no number, or contradicts --seed.
        """
        from analysis.criteria import Asked
        from orchestrator.planning.request import Request, chosen_seeds
        from orchestrator.planning.tuning import BUDGET
        from trainables.data.columns import Columns
        from trainables.data.csv_files import Dialect

        training = ((name, getattr(self, name)) for name in _TRAINING)
        guards = tuple(self.guard or ())
        return Request(
            grid=self.grid,
            datasets=tuple(self.dataset or ()),
            model=self.model,
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
            signals=tuple(self.signal or ()),
            control=self.control,
            confirm=self.confirm,
            tune=self.tune,
            tune_budget=self.tune_budget or BUDGET,
            seeds=chosen_seeds(self.seeds, self.seed or ()),
            training=tuple((name, value) for name, value in training if value is not None),
            precision=self.precision,
            protocol=self.protocol,
            budget=self.budget,
            null=self.null,
            adaptive=self.seeds == "adaptive",
            asked=Asked(metric=self.metric, guards=guards, group_column=self.group_column),
        )

    def resources(self) -> "Resources":
        """Where the sweep runs: with one GPU a trial where there are any.

        Raises:
            UsageError: If --cache and --storage name two places for the store.
        """
        from orchestrator.planning.resources import Limits, Resources, has_gpu
        from trainables.errors import UsageError

        gpus = self.gpus_per_trial
        if gpus is None:
            gpus = float(has_gpu() or self.address != "local")
        is_remote = "://" in self.storage
        mounted = Path(self.storage) if self.storage and not is_remote else None
        if mounted and self.cache != CACHE:
            raise UsageError(
                f"--cache {self.cache} beside --storage {self.storage}: a folder that all machines "
                "mount holds the store itself, in _cache; leave --cache out"
            )
        return Resources(
            # Absolute: Ray's workers have a working directory of their own.
            cache=(mounted / "_cache" if mounted else self.cache).absolute(),
            storage=self.storage if is_remote else "",
            runs=mounted or Path("runs"),
            cpus=self.cpus_per_trial,
            gpus=gpus,
            address=self.address,
            at_once=self.max_trials_at_once,
            limits=Limits(trials=self.max_trials, hours=self.max_gpu_hours),
        )


def _delimiter(written: str) -> str:
    r"""What a delimiter means as it is written: tab, or \t, for a tab."""
    return {"tab": "\t", "\\t": "\t"}.get(written.lower(), written)


def flag(name: str) -> Parameter:
    """A field of SweepOptions as a flag of a command."""
    field = SweepOptions.model_fields[name]
    text = f"--{name.replace('_', '-')}"
    if field.annotation == bool | None:  # three answers: yes, no, as the grid says
        text += f"/--no-{name}"
    bounds = {
        key: getattr(one, key)
        for one in field.metadata
        for key in ("ge", "le")
        if hasattr(one, key)
    }
    option = typer.Option(text, help=field.description, min=bounds.get("ge"), max=bounds.get("le"))
    return parameter(name, field.annotation, option, field.default)
