"""The flags by which a finished run is judged anew: those of a sweep, and nothing is trained."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.completion import completes

_AS_RUN = "the run's own"
# Of prices nothing is judged: it is a word for the reader.
GpuPrice = Annotated[
    str | None,
    typer.Option(
        metavar="DOLLARS",
        help="Dollars an hour of one GPU, for what is said of costs; of runs on CPUs, of the cores of one trial.",
        show_default="as the sweep was told",
    ),
]
Against = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN",
        help="An older run of the same data: what changed since, paired only where seeds, data and environment are the same.",
    ),
]
_FLAGS: dict[str, Any] = {
    "metric": Annotated[
        str | None,
        typer.Option(
            metavar="METRIC",
            autocompletion=completes("metric"),
            help="What decides, as of a sweep: accuracy, macro_f1, log_loss ...",
            show_default=_AS_RUN,
        ),
    ],
    "tolerance": Annotated[
        str | None,
        typer.Option(
            metavar="MARGIN",
            help="How much worse than the full-data run is still within: in the metric's unit, or as a share of what "
            "training gains, such as 5%.",
            show_default="the run's own; of another metric that metric's",
        ),
    ],
    "guard": Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC:MARGIN",
            help="What must hold besides the metric; none takes all away. Several: worst_class:3,log_loss:5%.",
            show_default=_AS_RUN,
        ),
    ],
    "group_column": Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of the test rows that says to which group each belongs, for --guard worst_group and every_group.",
            show_default=_AS_RUN,
        ),
    ],
}


def gathered(
    named: dict[str, Any], into: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command flags whose values it gets as one dictionary.

    Args:
        named: The flags, annotated.
        into: The command's keyword-only parameter that takes them.
    """

    def with_flags(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def called(**given: Any) -> None:
            flags = {name: given.pop(name) for name in named}
            command(**given, **{into: flags})

        own = [one for name, one in signature(command).parameters.items() if name != into]
        more = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
            for name, kind in named.items()
        ]
        called.__signature__ = signature(command).replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        called.__annotations__ = {one.name: one.annotation for one in (*own, *more)}
        return called

    return with_flags


# What they say comes as the dictionary `flags`.
judging_flags = gathered(_FLAGS, "flags")
