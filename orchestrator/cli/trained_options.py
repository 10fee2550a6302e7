"""The first flags of a sweep: what is trained, and on what."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, Field

if TYPE_CHECKING:
    from orchestrator.planning.own_asked import OwnAsked


def as_list(value: object) -> object:
    """One entry where several may stand is a list of one."""
    return [value] if isinstance(value, str | int | float) else value


Texts = Annotated[Annotated[list[str], Field(min_length=1)] | None, BeforeValidator(as_list)]
# Numbers are numbers, and true and false are no other words: a file's "0.1" and yes are refused.
Whole = Annotated[int, Field(strict=True)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Yes = Annotated[bool, Field(strict=True)]


class TrainedOptions(BaseModel):
    """What is trained, and on what; None and empty mean: as the grid says."""

    grid: str = Field(
        default="",
        description="A preset; `prune-envelope grids` lists them. Without one, --dataset runs the "
        "shape for own data.",
    )
    dataset: Texts = Field(
        default=None, description="Name, file, folder, or owner/name of the hub. Repeat."
    )
    model: str = Field(
        default="",
        description="tiny, linear, a folder, a hub id, or linear:FOLDER for a head on frozen "
        "embeddings.",
    )
    trainer: str = Field(
        default="",
        description="Your own function in the model's place: FILE.py:FUNCTION[,SETTING=VALUE...].",
    )
    trainer_command: str = Field(
        default="",
        description="Or your own command, such as 'python train.py --train {train.csv} --test {test.csv} "
        "--seed {seed} --out {out.csv}'.",
    )
    trainer_files: str = Field(
        default="",
        description="What the command is made of beside the words of it that are files, such as 'train.py "
        "conf/*.yaml': its trials are made anew where one of them has changed.",
    )
    trainer_version: str = Field(
        default="",
        description="Of the command's environment, in words of your own: trials are made anew where it changes.",
    )
    probe: Yes | None = Field(
        default=None,
        description="First try it on a few rows: whether it answers, and obeys its seed. Default: yes.",
    )
    trainer_start: str = Field(
        default="", description="fork, or spawn where its file starts CUDA as it is imported."
    )
    score_model: str = Field(
        default="",
        description="What scores the rows in the model's place, as --model has it: a smaller one, whose warm-up "
        "and scores every model shares. The model then trains afresh on what is left.",
    )
    scores: Texts = Field(
        default=None,
        description="Scores of your own, a file with the columns id and score, higher for more worth keeping: "
        "signal given,name=FILE'S NAME, alone unless --signal names others. Repeat.",
    )

    data_dir: Path | None = Field(
        default=None, description="Holds NAME/train.parquet and NAME/test.parquet."
    )
    name: Texts = Field(
        default=None,
        description="What the data set is called, one a --dataset. Default: its file's name.",
    )
    text_column: Texts = Field(
        default=None,
        description="Repeat to join. Default: text, or the one column that could be meant.",
    )
    label_column: str = Field(
        default="",
        description="The class, or the number to predict. Default: label, or the one column that could be meant.",
    )
    id_column: str = Field(default="", description="Else rows are known by their number.")
    embedding_column: str = Field(
        default="",
        description="Vectors made beforehand, which --model linear trains on and by which rows of other models are scored: "
        "a column of lists of numbers, or a .npy file beside the table ({split}.npy where there is one a split).",
    )
    delimiter: str = Field(
        default="", description="Between the values of a CSV. Default: found in its first lines."
    )
    quotes: Yes | None = Field(
        default=None,
        description="Whether a quote in a CSV opens a value that may hold delimiters and line ends. Default: yes, "
        "but lines in it that read like records are refused.",
    )
    test: str = Field(default="", description="A second file, or the split to test on.")
    test_fraction: Real = Field(
        default=0.0,
        description="Hold this share out, by class where there are classes.",
        ge=0,
        lt=1,
    )
    validation_fraction: Real | None = Field(
        default=None,
        description="Hold this share of the training rows out, for signals that aim at a target and trainers "
        "that take validation. Default: the grid's, 0.1 of --grid signals.",
        ge=0,
        lt=1,
    )
    limit: Whole = Field(default=0, description="Train on this many rows; marks the run.", ge=0)
    limit_test: Whole = Field(default=0, description="Test on this many rows; marks the run.", ge=0)
    imbalance: Real = Field(
        default=1.0,
        ge=1,
        description="Stress test: cut the training classes to sizes that fall from the first class to the "
        "last, the first so many times the last. Test rows stay.",
    )
    flip_labels: Real = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Stress test: give this share of each class's training rows another label.",
    )
    inject_copies: Real = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Stress test: add copies of this share of the training rows, of texts half of them with "
        "one word changed. The report shows what of all that each method found.",
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
