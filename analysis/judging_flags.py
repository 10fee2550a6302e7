"""The flags by which a finished run is judged anew: those of a sweep, and nothing is trained."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
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


def judging_flags(command: Callable[..., None]) -> Callable[..., None]:
    """A command with these flags: what they say comes as the dictionary `flags`, its last parameter."""

    @wraps(command)
    def called(**given: Any) -> None:
        flags = {name: given.pop(name) for name in _FLAGS}
        command(**given, flags=flags)

    own = [one for name, one in signature(command).parameters.items() if name != "flags"]
    more = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in _FLAGS.items()
    ]
    called.__signature__ = signature(command).replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in (*own, *more)}
    return called
