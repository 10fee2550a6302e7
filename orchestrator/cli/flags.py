"""A field of SweepOptions as a flag of any command."""

from inspect import Parameter
from typing import Annotated, Any, get_args, get_origin

import typer

from orchestrator.cli.number_flags import range_of
from orchestrator.cli.options import SweepOptions
from orchestrator.cli.parameters import parameter


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
        rich_help_panel=group,
        parser=allowed.parsed if allowed else None,
        min=allowed.ge if allowed else None,
        max=allowed.le if allowed else None,
    )
    return parameter(name, annotation, option, field.default)


def _plain(annotation: Any) -> Any:
    """A field's kind without what pydantic checks of it."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if not (inner := get_args(annotation)):
        return annotation
    kinds = [_plain(one) for one in inner]
    return list[kinds[0]] if get_origin(annotation) is list else kinds[0] | kinds[1]  # type: ignore[valid-type]
