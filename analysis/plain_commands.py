"""Commands whose messages about a wrong flag or argument are printable, as all else that is printed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand, TyperGroup

from trainables.plain_text import shown


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


class PlainCommand(TyperCommand):
    """A command that is an application by itself."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the words that were typed."""
        with _printable():
            return super().make_context(*args, **extra)


class PlainGroup(TyperGroup):
    """An application of several commands."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the words up to the name of a command."""
        with _printable():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Read the rest, and run the command."""
        with _printable():
            return super().invoke(ctx)
