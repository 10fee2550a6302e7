"""A trainer of the user's own as the flags ask for it."""

from dataclasses import dataclass

from trainables.errors import UsageError
from trainables.trainers.command import command_notes, command_trainer
from trainables.trainers.contract import STARTS, Place, Trainer
from trainables.trainers.function import function_trainer


@dataclass(frozen=True, kw_only=True)
class OwnAsked:
    """A trainer of the user's own as it was asked for: a function, or a command.

    Attributes:
        function: FILE.py:FUNCTION or MODULE:FUNCTION, with ,NAME=VALUE behind it for its settings.
        command: With its placeholders.
        files: What the command is made of beside the words that are files, as a shell names them.
        version: Of the command's environment.
        start: Row of STARTS; empty for the usual one.
        hours: After which a trial is ended; None for no limit.
        probe: Whether it is tried on a few rows before anything is scheduled.
    """

    function: str = ""
    command: str = ""
    files: str = ""
    version: str = ""
    start: str = ""
    hours: float | None = None
    probe: bool = True

    @property
    def flag(self) -> str:
        """The flag that names it."""
        return "--trainer" if self.function else "--trainer-command"

    def checked(self) -> "OwnAsked | None":
        """Itself; None where no trainer is asked for.

        Raises:
            UsageError: If a flag means nothing, or has no such value.
        """
        if self.start not in ("", *STARTS):
            raise UsageError(f"--trainer-start {self.start!r}; it is one of {', '.join(STARTS)}")
        if self.function and self.command:
            raise UsageError("--trainer and --trainer-command; a trial has one trainer")
        of_command: dict[str, object] = {
            "--trainer-files": self.files,
            "--trainer-version": self.version,
        }
        of_function: dict[str, object] = {"--trainer-start": self.start}
        of_both: dict[str, object] = {"--no-probe": not self.probe}
        refused: dict[str, dict[str, object]] = {
            "--trainer-command": {} if self.command else of_command,
            "--trainer": {} if self.function else of_function,
            "--trainer or --trainer-command": {} if self.function or self.command else of_both,
        }
        for lacking, flags in refused.items():
            if given := [flag for flag, value in flags.items() if value]:
                raise UsageError(f"{given[0]} means nothing without {lacking}")
        return self if self.function or self.command else None

    def find(self, place: Place) -> Trainer:
        """The trainer, found and read.

        Raises:
            UsageError: If there is no such, or it cannot be called.
        """
        if self.function:
            return function_trainer(self.function, place)
        return command_trainer(self.command, place, files=self.files, version=self.version)

    def notes(self, trainer: Trainer, place: Place) -> tuple[str, ...]:
        """What the plan says of what its trials are known by."""
        known = f"{trainer.learner} is known by the content of {', '.join(trainer.files)}; a change there "
        told = [f"{known}makes its trials anew"] if trainer.files else []
        return (*told, *(command_notes(trainer, place) if self.command else ()))
