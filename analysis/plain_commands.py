"""Commands that print as all else does: their helps are whole on any terminal, their messages about a wrong flag printable."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand, TyperGroup

from analysis.plain_help import help_lines
from trainables.plain_text import shown

_HELP = {"help_option_names": ["-h", "--help"]}


@contextmanager
def _printable() -> Iterator[None]:
    """Make an error's message printable and free of secrets: it says again what was typed."""
    try:
        yield
    except Exception as error:
        told = getattr(error, "format_message", None)
        if callable(
            told
        ):  # of a library whose own class of errors has moved from release to release
            text = shown(told())
            error.format_message = lambda: text  # type: ignore[attr-defined]
        raise


def _print_help(command: Any, context: Any) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(markup=False, emoji=False, highlight=False)
    for line, style in help_lines(command, context, console.width):
        text = Text(line, style="bold" if style == "title" else "")
        if style == "name" and (name := re.match(r"  \S.*?(?=  |$)", line)):
            text.stylize("cyan", 2, name.end())
        console.print(text, soft_wrap=True)


class PlainCommand(TyperCommand):
    """A command, with -h."""

    def __init__(self, *args: Any, context_settings: Any = None, **extra: Any) -> None:
        super().__init__(*args, context_settings=_HELP | (context_settings or {}), **extra)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        _print_help(self, ctx)

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the words that were typed."""
        with _printable():
            return super().make_context(*args, **extra)


class PlainGroup(TyperGroup):
    """An application of several commands, with -h."""

    def __init__(self, *args: Any, context_settings: Any = None, **extra: Any) -> None:
        super().__init__(*args, context_settings=_HELP | (context_settings or {}), **extra)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        _print_help(self, ctx)

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the words up to the name of a command."""
        with _printable():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Read the rest, and run the command."""
        with _printable():
            return super().invoke(ctx)
