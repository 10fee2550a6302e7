"""The flags of a sweep that say what is compared, and how the model is trained."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from orchestrator.cli.data_options import DataOptions
from orchestrator.cli.trained_options import Real, Texts, Whole, Yes, as_list

_Share = Annotated[Real, Field(ge=0, lt=1)]
_Seed = Annotated[Whole, Field(ge=0, le=2**32 - 1)]
_Shares = Annotated[Annotated[list[_Share], Field(min_length=1)] | None, BeforeValidator(as_list)]
_Seeds = Annotated[Annotated[list[_Seed], Field(min_length=1)] | None, BeforeValidator(as_list)]
# More than any run has had, and few enough that nothing hangs by a digit too many.
MANY = 10**6


class ComparedOptions(DataOptions):
    """What is compared, and how the model is trained; None and empty mean: as the grid says."""

    warmup: _Shares = Field(
        default=None,
        description="When rows are scored: after this share of the full-data run's steps, above 0 and below 1. "
        "Several: 0.05,0.15. Default: as early as the signals allow, one epoch at least; of a run by --protocol "
        "continue 0.15; of --grid paper and full 0.05,0.15,0.25; of --grid signals 0.5, of images 0.5.",
    )
    rate: _Shares = Field(
        default=None,
        description="Share of the training rows removed, above 0 and below 1. Several: 0.1,0.2. Default: 0.1,0.2,0.3; "
        "of --grid demo 0.05,0.2,0.4,0.6, of sft 0.1,0.3, of images 0.1,0.5,0.8.",
    )
    size: Texts = Field(
        default=None,
        description="Compare at several sizes of the training set, too, in rows: 500,1000,all. Each seed draws the "
        "smaller ones from the largest. The report shows how the error falls with size. Default: all rows; of --grid "
        "scaling 500 to 8000, of images 6250 to 50000.",
    )
    signal: Texts = Field(
        default=None,
        description="What decides which rows go: NAME, NAME,SETTING=VALUE or NAME:SELECTOR; :high at the end removes "
        "the rows that score highest. module:function is a signal of your own. Several: "
        "el2n,redundancy,k=5:stratified. `prune-envelope signals` lists all. Default: redundancy, "
        "redundancy_within_class:stratified and keep_one; of --grid demo label_quality, too; "
        "of a language model keep_one, perplexity from both ends and length.",
    )
    control: Yes | None = Field(
        default=None,
        description="Remove as many rows at random beside every signal, cut by the same selector. Default: --control; "
        "of --grid paper --no-control.",
    )
    confirm: Yes | None = Field(
        default=None,
        description="At the end fix one list of rows a data set and train 5 fresh seeds on it, at most 15 more "
        "trials; the answer is then theirs. Default: --confirm; of --grid paper, "
        "scaling, images and sft --no-confirm.",
    )
    seeds: str = Field(
        default="",
        description="How many times each condition is trained, each by its own seed; or adaptive: 3 times, and 5, 8 or 12 only "
        "where a verdict needs them. Default: 5; of --grid paper 2, of "
        "images and sft 3.",
    )
    seed: _Seeds = Field(
        default=None,
        description="The seeds themselves, in place of --seeds. Several: 11,17,23. Default: 11,17,23,29,31.",
    )
    null: Yes = Field(
        default=False,
        description="Also train on all rows in another order, with other dropout: smaller differences than these are "
        "noise.",
    )
    epochs: Whole | None = Field(
        default=None,
        description="Passes of the full-data run over its rows. Default: 3; of --model linear 20, of tiny 8, of "
        "image 15, of causal_lm 4, of an image classifier in files 5; of --grid demo 14, of scaling 4, of images 30, of "
        "sft 5.",
        ge=1,
        le=MANY,
    )
    batch_size: Whole | None = Field(
        default=None,
        description="Rows in one step. Default: 32; of --model linear and image 64, of tiny and causal_lm 16, of a "
        "language model in files 8; of --grid images 128.",
        ge=1,
        le=MANY,
    )
    lr: Real | None = Field(
        default=None,
        description="Highest learning rate. Default: 5e-5; of --model linear and image 0.01, of tiny 0.001, of causal_lm "
        "0.002; of --grid demo 0.003.",
        gt=0,
    )
    weight_decay: Real | None = Field(
        default=None,
        description="Weight decay of AdamW. Default: 0.01; of --model linear 1, and less beyond 8,000 rows; of --grid "
        "demo 0.0001.",
        ge=0,
    )
    tune: Yes | None = Field(
        default=None,
        description="Search learning rate, epochs and weight decay of the full-data run first, on training rows held "
        "out for that alone. Default: --tune for your own data where none of the three is given, else --no-tune.",
    )
    tune_budget: Real | None = Field(
        default=None,
        description="The most that the search of --tune may take, in full-data runs. Default: 8.",
        gt=0,
        le=MANY,
    )
    max_length: Whole | None = Field(
        default=None,
        description="Word pieces after which a text is cut. Default: 128; of --model tiny 64, of a "
        "language model in files 512; of --grid demo 48.",
        ge=8,
        le=MANY,
    )
    precision: str = Field(
        default="auto",
        description="Numbers of the training, of linear:FOLDER of its encoder: bf16, fp32, or auto, which is bf16 for a "
        "pretrained model on a GPU or CPU that has it. Default: auto.",
    )
    protocol: str = Field(
        default="",
        description="How a pruned run is trained: restart, afresh on what is left; or continue, where the full-data "
        "run goes on from its warm-up with what is left. Default: restart; of --grid paper and full continue.",
    )
    budget: str = Field(
        default="",
        description="How long a pruned run is trained: epochs, as many passes over fewer rows; or steps, as many steps as "
        "the full-data run. Default: epochs; of --grid scaling and images steps.",
    )
