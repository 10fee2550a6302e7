"""The first flags of a sweep: what is trained, and on what."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, Field

if TYPE_CHECKING:
    from orchestrator.planning.own_asked import OwnAsked


def as_list(value: object) -> object:
    """One entry where several may stand is a list of one."""
    return [value] if isinstance(value, str | int | float) else value


Texts = Annotated[list[str] | None, BeforeValidator(as_list)]


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
    trial_hours: float | None = Field(
        default=None,
        description="End a trial of your own trainer that takes longer; it counts as failed.",
        gt=0,
    )
    probe: bool | None = Field(
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

    def own(self) -> "OwnAsked | None":
        """The trainer of the user's own that is asked for, if any.

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
            hours=self.trial_hours,
            probe=self.probe is not False,
        ).checked()
