"""The first flags of a sweep: what is trained, and what scores the rows."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

if TYPE_CHECKING:
    from orchestrator.planning.own_asked import OwnAsked


AUTO = "auto"


def as_list(value: object) -> object:
    """One entry where several may stand is a list of one."""
    return [value] if isinstance(value, str | int | float) else value


Texts = Annotated[Annotated[list[str], Field(min_length=1)] | None, BeforeValidator(as_list)]
# Numbers are numbers, and true and false are no other words: a file's "0.1" and yes are refused.
Whole = Annotated[int, Field(strict=True)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
# Of a GPU; auto is what a plan chooses, as if nothing was said.
Share = Annotated[
    Real | None,
    BeforeValidator(
        lambda value: None if value == AUTO else value,
        json_schema_input_type=Real | Literal["auto"] | None,
    ),
]
Yes = Annotated[bool, Field(strict=True)]


class TrainedOptions(BaseModel):
    """What is trained, and what scores the rows; None and empty mean: as the grid says."""

    grid: str = Field(
        default="",
        description="A ready-made plan, by its name: demo, paper, full, signals, scaling, images, sft or theory; "
        "`prune-envelope grids` tells what each runs. Default: none; --dataset alone runs the plan for your own data.",
    )
    dataset: Texts = Field(
        default=None,
        description="Data to train on: a known name, a file (CSV, JSON Lines, Parquet ...), a folder of files, or "
        "owner/name on the Hugging Face hub. Several: imdb,ag_news. Default: the grid's data sets.",
    )
    model: str = Field(
        default="",
        description="Model to train: linear (a head on word pieces, no GPU needed), linear:FOLDER (a head on the frozen "
        "embeddings of the encoder in FOLDER), tiny (a small transformer from random weights), image (a small ResNet from "
        "random weights), causal_lm (a small language model from random weights), causal_lm:FOLDER (the language model "
        "in FOLDER), or a classifier of texts or images: a folder, or a name on the Hugging Face hub. Default: "
        "distilbert/distilbert-base-uncased; of --grid demo and scaling, and of data with embeddings, linear; of --grid "
        "signals, tiny; of --grid images, image; of --grid sft, --metric token_loss, --messages and --prompt-column, causal_lm.",
    )
    trainer: str = Field(
        default="",
        description="Train by your own Python function, in place of --model: FILE.py:FUNCTION, with its settings "
        "behind commas, as in train.py:fit,depth=3.",
    )
    trainer_command: str = Field(
        default="",
        description="Train by your own command, in place of --model, such as 'python train.py --train {train.csv} "
        "--test {test.csv} --seed {seed} --out {out.csv}'.",
    )
    trainer_files: str = Field(
        default="",
        description="Files that --trainer-command depends on and does not name, such as 'train.py conf/*.yaml'. "
        "Where one of them has changed, trials run again.",
    )
    trainer_version: str = Field(
        default="",
        description="Any text that stands for what --trainer-command runs in, such as 'torch 2.9'. Where it "
        "has changed, trials run again.",
    )
    probe: Yes | None = Field(
        default=None,
        description="Try your own trainer on a few rows first: whether it answers, and whether an equal seed gives "
        "an equal answer. Default: --probe.",
    )
    trainer_start: str = Field(
        default="",
        description="How the process of --trainer is started: fork, or spawn where FILE.py uses CUDA as soon as it is "
        "imported. Default: fork.",
    )
    score_model: str = Field(
        default="",
        description="A smaller model that scores the rows for --model, written as --model is. Its scores are shared by "
        "all models, each of which then trains afresh on what is left. Default: --model scores for itself.",
    )
    scores: Texts = Field(
        default=None,
        description="Scores of your own: a file with the columns id and score, higher for rows more worth keeping. "
        "They are the only signal unless --signal names others; there they are called given. Several: a.csv,b.csv.",
    )

    def own(self, hours: float | None) -> "OwnAsked | None":
        """The trainer of the user's own that is asked for, if any.

        Args:
            hours: After which a trial of it is ended; None for no limit.

        Raises:
            UsageError: If a flag of it means nothing, or has no such value.
        """
        from orchestrator.planning.own_asked import OwnAsked

        return OwnAsked(
            function=self.trainer,
            command=self.trainer_command,
            files=self.trainer_files,
            version=self.trainer_version,
            start=self.trainer_start,
            hours=hours,
            probe=self.probe is not False,
        ).checked()
