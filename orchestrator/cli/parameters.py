"""Parameters of a command that reads them from its context."""

from collections.abc import Callable, Iterable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.completion import completion


def parameter(name: str, kind: Any, option: Any, default: object = None) -> Parameter:
    """What typer reads of a command's parameter."""
    return Parameter(
        name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


def takes(parameters: Iterable[Parameter]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare the parameters of a command that reads them from its context."""
    context = Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context)

    def declared(command: Callable[..., None]) -> Callable[..., None]:
        command.__signature__ = Signature([context, *parameters])  # type: ignore[attr-defined]
        return command

    return declared


# Of a sweep beside its flags.
CONFIG = parameter(
    "config",
    Path | None,
    typer.Argument(
        metavar="CONFIG",
        help="YAML file of these flags, as in rate: 0.1; or the folder of a run, to go on with it.",
    ),
)
SETTINGS = parameter(
    "settings",
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set a flag over CONFIG, as in rate=0.1.",
        autocompletion=completion("settings"),
    ),
)
