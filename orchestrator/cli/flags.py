"""A field of SweepOptions as a flag of any command."""

from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Annotated, Any, get_args, get_origin

import typer

from orchestrator.cli.completion import completion
from orchestrator.cli.number_flags import Range, range_of, takes_several
from orchestrator.cli.options import SweepOptions
from orchestrator.cli.parameters import parameter
from trainables.errors import UsageError

# What stands for the value of a flag in its help; a flag that is yes or no has none.
METAVARS: Mapping[str, str] = {
    "grid": "NAME", "dataset": "DATA", "model": "MODEL", "trainer": "FILE:FUNCTION", "trainer_command": "COMMAND",
    "trainer_files": "FILES", "trainer_version": "TEXT", "trainer_start": "HOW", "score_model": "MODEL",
    "scores": "FILE", "data_dir": "FOLDER", "name": "NAME", "text_column": "COLUMN", "label_column": "COLUMN",
    "messages": "COLUMN", "prompt_column": "COLUMN", "response_column": "COLUMN",
    "id_column": "COLUMN", "embedding_column": "COLUMN", "delimiter": "LETTER", "test": "FILE|SPLIT",
    "test_fraction": "SHARE", "validation_fraction": "SHARE", "limit": "N", "limit_test": "N", "imbalance": "TIMES",
    "flip_labels": "SHARE", "inject_copies": "SHARE", "warmup": "SHARE", "rate": "SHARE", "size": "N",
    "signal": "SIGNAL", "seeds": "N", "seed": "N", "epochs": "N", "batch_size": "N", "lr": "RATE",
    "weight_decay": "DECAY", "tune_budget": "RUNS", "max_length": "N", "precision": "TYPE", "protocol": "NAME",
    "budget": "NAME", "metric": "METRIC", "tolerance": "MARGIN", "guard": "METRIC:MARGIN", "group_column": "COLUMN",
    "run": "FOLDER", "cache": "FOLDER", "storage": "PLACE", "address": "ADDRESS", "gpus_per_trial": "N|auto",
    "cpus_per_trial": "N", "max_trials_at_once": "N", "max_trials": "N", "max_gpu_hours": "HOURS",
    "refresh_report": "TIME", "trial_timeout": "TIME", "cluster_timeout": "TIME", "track": "TRACKER", "gpu_price": "DOLLARS",
}  # fmt: skip


def flag(name: str, *, group: str | None = None, about: str = "") -> Parameter:
    """A field of SweepOptions as a flag of a command, in a box of its help.

    Args:
        name: The field.
        group: The box.
        about: What it means to this command, where that is not what it means to a sweep.
    """
    field = SweepOptions.model_fields[name]
    text, annotation = f"--{name.replace('_', '-')}", _plain(field.annotation)
    if annotation == bool | None:  # three answers: yes, no, as the grid says
        text += f"/--no-{name}"
    allowed = range_of(field.annotation, field.metadata)
    option = typer.Option(
        text,
        help=about or field.description,
        metavar=METAVARS.get(name),
        show_default=False,
        autocompletion=completion(name),
        rich_help_panel=group,
        parser=_parser(name, allowed) if allowed else None,
        min=allowed.ge if allowed else None,
        max=allowed.le if allowed else None,
    )
    return parameter(name, annotation, option, field.default)


def _parser(name: str, allowed: Range) -> Callable[[str], Any]:
    """What reads a number that was typed; of a flag that takes several, a list of them."""

    def listed(text: str) -> list[int | float | str]:
        from orchestrator.cli.comma_lists import entries_of

        try:
            entries = entries_of(name, text, f"--{name}")
        except UsageError as error:
            raise typer.BadParameter(str(error).partition(": ")[2]) from error
        return [allowed.parsed(one) for one in entries]

    return listed if takes_several(SweepOptions.model_fields[name].annotation) else allowed.parsed


def _plain(annotation: Any) -> Any:
    """A field's kind without what pydantic checks of it."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if not (inner := get_args(annotation)):
        return annotation
    kinds = [_plain(one) for one in inner]
    return list[kinds[0]] if get_origin(annotation) is list else kinds[0] | kinds[1]  # type: ignore[valid-type]
