"""What whoever sends a page adds to it or leaves out, and the flags that say so."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any

import typer


@dataclass(frozen=True, kw_only=True)
class Cover:
    """What whoever sends a page adds to it or leaves out.

    Attributes:
        title: In the place of the run's name; empty for that name.
        notes: Paragraphs on top, in plain text.
        with_provenance: Tell the command lines and the machines, too.
        with_examples: Show training texts, where the sweep kept them.
    """

    title: str = ""
    notes: tuple[str, ...] = ()
    with_provenance: bool = False
    with_examples: bool = True


_FLAGS: dict[str, tuple[Any, Any]] = {
    "no_examples": (
        Annotated[bool, typer.Option("--no-examples", help="Leave training texts out.")],
        False,
    ),
    "title": (
        Annotated[
            str,
            typer.Option(metavar="TEXT", help="The page's title.", show_default="the run's name"),
        ],
        "",
    ),
    "note": (
        Annotated[
            list[str] | None,
            typer.Option(
                metavar="TEXT",
                help="A paragraph on top, in plain text. Repeat the flag for several.",
            ),
        ],
        None,
    ),
    "with_provenance": (
        Annotated[
            bool,
            typer.Option(
                "--with-provenance", help="Name command lines, full paths and machines on the page."
            ),
        ],
        False,
    ),
}


def cover_flags(command: Callable[..., None]) -> Callable[..., None]:
    """A command with these flags: what they say comes as a `Cover`, its parameter `cover`."""

    @wraps(command)
    def called(**given: Any) -> None:
        said = {name: given.pop(name) for name in _FLAGS}
        cover = Cover(
            title=said["title"].strip(),
            notes=tuple(said["note"] or ()),
            with_provenance=said["with_provenance"],
            with_examples=not said["no_examples"],
        )
        command(**given, cover=cover)

    own = [one for name, one in signature(command).parameters.items() if name != "cover"]
    more = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in _FLAGS.items()
    ]
    called.__signature__ = signature(command).replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in (*own, *more)}
    return called
