"""What a command lacks, all of it told at once, with the command that has it."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from trainables.data.catalog import Source, found_parts, load, no_test
from trainables.data.column_looks import Candidates, ColumnLook, candidates_in
from trainables.data.columns import Columns
from trainables.data.dataset import Dataset
from trainables.data.guesses import ColumnsError
from trainables.data.loading import columns_of
from trainables.data.parts import Part
from trainables.errors import AbsentError, EnvelopeError, MissingError, UnreachedError

Found = TypeVar("Found")
# Of a single file: enough rows to test on, and most of them to train on.
_HELD_OUT = "0.2"
# More candidates are not named.
_MOST = 3


@dataclass(kw_only=True)
class Missing:
    """What was found to be missing so far.

    Attributes:
        command: As it was typed.
        errors: One each.
        lines: The same in words, in their order.
        flags: What would mend them, by flag; empty where nobody can tell for the user.
        is_told: Whether each of them is mended by these flags.
        models: How many of them are models.
    """

    command: str
    errors: list[EnvelopeError] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    flags: dict[str, str] = field(default_factory=dict)
    is_told: bool = True
    models: int = 0

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what is raised, and go on."""
        try:
            yield
        except EnvelopeError as error:
            self.add(error)

    def get(self, find: Callable[[], Found]) -> Found | None:
        """What is found; None where it is missing, which is noted."""
        with self.noted():
            return find()
        return None

    def add(self, error: EnvelopeError) -> None:
        """Note one thing that no flag is known to mend."""
        self._add(error, [str(error)])
        self.is_told = False

    @property
    def is_of_models(self) -> bool:
        """Whether nothing but models was found to be missing."""
        return len(self.errors) == self.models

    def model(
        self, find: Callable[[], Found], flag: str = "--model", *, here: str = "linear"
    ) -> Found | None:
        """A model; None where it is missing, which is noted: a built-in one is there.

        Args:
            find: Finds it.
            flag: That names it.
            here: The built-in one.
        """
        try:
            return find()
        except AbsentError as error:
            self._add(error, [str(error)], {flag: here})
            self.models += 1
        except EnvelopeError as error:
            self.add(error)
        return None

    def add_test(self, source: Source, error: EnvelopeError) -> None:
        """Note that a data set has no test rows."""
        line = (
            f"{source.name}: no test split; --test FILE names one, --test-fraction {_HELD_OUT} holds "
            "every fifth row out"
        )
        self._add(error, [line], {"--test-fraction": _HELD_OUT})

    def add_columns(self, error: ColumnsError, part: Part) -> None:
        """Note that columns are not known, with those that could be meant."""
        seen = candidates_in(part, error.found)
        lines, flags = _column_lines(error, part.where, seen)
        if len(flags) < error.lacks_text + error.lacks_label:
            self.add(error)  # its columns hold neither
            return
        self._add(error, lines, flags)
        self.is_told &= len(error.unknown) <= len(flags)

    def _add(
        self,
        error: EnvelopeError,
        lines: Sequence[str],
        flags: Mapping[str, str] | None = None,
    ) -> None:
        self.errors.append(error)
        self.lines += lines
        self.flags |= flags or {}

    def end(self) -> None:
        """Raise what is missing, if anything.

        Raises:
            EnvelopeError: The error itself, where it is one that says all there is to say.
            MissingError: All of them, and the command that has them.
        """
        if not self.errors:
            return
        if len(self.errors) == 1 and not isinstance(self.errors[0], ColumnsError):
            raise self.errors[0]
        if self.lines == [str(self.errors[0])]:
            raise self.errors[0]
        code = max(error.exit_code for error in self.errors)
        if len(self.lines) == 1:
            lines = list(self.lines)
        else:
            lines = [f"{len(self.lines)} things are missing or wrong:"]
            lines += [f"  {line}" for line in dict.fromkeys(self.lines)]
        if self.flags and self.is_told and self.command:
            lines += ["with all of it:", f"  {with_flags(self.command, self.flags)}"]
        is_unreached = all(isinstance(error, UnreachedError) for error in self.errors)
        raise MissingError(lines, code, is_unreached=is_unreached) from self.errors[0]


def with_flags(command: str, flags: Mapping[str, str]) -> str:
    """A command with flags in the place of the same ones in it.

    Args:
        command: As it was typed.
        flags: By flag.
    """
    words, kept, is_value = shlex.split(command), list[str](), False
    for word in words:
        name = word.partition("=")[0]
        if not is_value and name not in flags:
            kept.append(word)
        is_value = not is_value and word in flags
    added = [word for flag, value in flags.items() for word in (flag, value)]
    return shlex.join([*kept, *added])


def look_at_sources(
    sources: Iterable[Source], missing: Missing, *, needs_test: bool = True
) -> dict[str, Columns]:
    """The columns of data sets that lie here, by their names; what is missing of them is noted.

    Of each the first file's columns are looked at. Those of the hub and what the package makes are passed over.

    Args:
        sources: The data sets.
        missing: Where it is noted.
        needs_test: Whether there must be test rows.
    """
    found = {}
    for source in sources:
        if not source.make:
            with missing.noted():
                if columns := _look_at(source, missing, needs_test=needs_test):
                    found[source.name] = columns
    return found


def _look_at(source: Source, missing: Missing, *, needs_test: bool) -> Columns | None:
    try:
        found, wanted = found_parts(source, with_hub=False)
    except EnvelopeError:
        if source.hub:
            return None
        raise
    columns = None
    try:
        columns = columns_of(found.parts["train"], wanted)
    except ColumnsError as error:
        missing.add_columns(error, found.parts["train"][0])
    if needs_test and "test" not in found.parts and not source.test_fraction and not source.test:
        missing.add_test(source, no_test(source))
    return columns


def read_all(sources: Iterable[Source], missing: Missing) -> dict[str, Dataset]:
    """The data sets that can be read, by the names they were asked for; what keeps others from it is noted."""
    read = {}
    for source in sources:
        with missing.noted():
            read[source.name] = load(source)
    return read


def come_with_vectors(sources: Iterable[Source], found: Mapping[str, Columns]) -> bool:
    """Whether data sets hold vectors and no other inputs, or vectors were asked for.

    Args:
        sources: The data sets.
        found: What `look_at_sources` gave.
    """
    asked = any(source.columns and source.columns.embedding for source in sources)
    return asked or any(one.embedding and not one.text for one in found.values())


def _column_lines(
    error: ColumnsError, where: str, seen: Candidates
) -> tuple[list[str], dict[str, str]]:
    """What is missing of a file's columns, a line each, and the flags that would name them."""
    flags, asked = dict[str, str](), error.asked
    texts = asked.text if error.lacks_text else ()
    labels = (asked.label,) if error.lacks_label else ()
    named = (*texts, *labels)
    lines = [
        f"{where}: no column {told}" for name, told in error.unknown.items() if name not in named
    ]
    if error.lacks_text:
        likely = seen.texts
        wrong = _unknown(error, texts) or "of texts is named 'text'"
        lines.append(_line(f"{where}: no column {wrong}", "the texts", likely, "--text-column"))
        flags |= {"--text-column": likely[0].name} if likely else {}
    if error.lacks_label:
        likely = tuple(one for one in seen.classes if one.name not in flags.values())
        wrong = _unknown(error, labels) or "of classes is named 'label'"
        lines.append(_line(f"{where}: no column {wrong}", "the classes", likely, "--label-column"))
        flags |= {"--label-column": likely[0].name} if likely else {}
    return lines, flags


def _unknown(error: ColumnsError, names: Iterable[str]) -> str:
    """Those of some names that are in no file, as they are told."""
    return ", ".join(error.unknown[name] for name in names if name in error.unknown)


def _line(lack: str, what: str, likely: Sequence[ColumnLook], flag: str) -> str:
    told = f"{lack}; {flag} names {what}"
    if not likely:
        return told
    named = [one.told for one in likely[:_MOST]]
    more = f", or {len(likely) - _MOST} others" if len(likely) > _MOST else ""
    return f"{told}, such as {', '.join(named)}{more}"
