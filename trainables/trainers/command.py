"""A trainer that is a command: its words, what they stand for, and one call of it."""

import re
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from trainables.errors import DataError, UsageError
from trainables.keys import key_of
from trainables.spec import Setting
from trainables.suggestions import did_you_mean
from trainables.trainers.content import files_of_command, folders_named
from trainables.trainers.contract import Answered, Call, Place, Trainer
from trainables.trainers.formats import FORMATS, read_answer_file, write_table
from trainables.trainers.processes import last_line, run_words
from trainables.trainers.server_process import ended_words, environment_of

COMMAND = "command"
# What a placeholder stands for; the first four are files, whose suffix chooses the format.
PLACEHOLDERS: Mapping[str, str] = {
    "train": "the rows to train on",
    "test": "the rows to answer",
    "validation": "the rows held out with --validation-fraction",
    "out": "where the answer belongs",
    "seed": "what everything random comes from",
    "scratch": "a folder that outlives a kill",
    "threads": "to compute with",
    "device": "cpu or cuda",
    "passes": "how many times as many passes as usual",
}
_TABLES = ("train", "test", "validation")
_REQUIRED = ("train", "out", "seed")
_PLACEHOLDER = re.compile(r"(?<!\{)\{([A-Za-z_]\w*)((?:\.\w+)*)\}(?!\})")
_SAFE = re.compile(r"[\w@%+=:,./{}-]+")
_LITERAL = re.compile(r"\{\{([A-Za-z_][\w.]*)\}\}")  # {{name}} is the word {name}


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command as it is written, checked.

    Attributes:
        words: It, split as a shell splits.
        files: Of its placeholders that are files, (name, suffix), in their order.
        takes: All its placeholders.
    """

    words: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    takes: tuple[str, ...]

    @property
    def written(self) -> str:
        """It as a person writes it, however many blanks were between its words."""
        return " ".join(word if _SAFE.fullmatch(word) else shlex.quote(word) for word in self.words)

    @property
    def title(self) -> str:
        """What a reader knows it by: its words but for placeholders and the options they stand behind."""
        filled = [bool(_PLACEHOLDER.search(word)) for word in self.words]
        before = [*filled[1:], False]  # whether the next word is filled
        kept = [
            word
            for word, is_filled, is_before in zip(self.words, filled, before, strict=True)
            if not is_filled and not (is_before and word.startswith("-"))
        ]
        return " ".join(kept)

    @property
    def plain(self) -> list[str]:
        """The words without a placeholder."""
        return [word for word in self.words if not _PLACEHOLDER.search(word)]


def read_command(text: str) -> Command:
    """Split a command and check its placeholders.

    Raises:
        UsageError: If it cannot be split, lacks a placeholder it needs, or has one that is not known.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--trainer-command {text!r}: {error}") from error
    if "\0" in text:
        raise UsageError(f"--trainer-command {text!r}: no word may hold the character of number 0")
    found = [match.groups() for word in words for match in _PLACEHOLDER.finditer(word)]
    for name, suffix in found:
        _check_placeholder(name, suffix)
    names = [name for name, _ in found]
    if lacking := [f"{{{name}}}" for name in _REQUIRED if name not in names]:
        written = " and ".join(lacking)
        why = f" ({PLACEHOLDERS[lacking[0][1:-1]]})" if len(lacking) == 1 else ""
        raise UsageError(
            f"--trainer-command has no {written}{why}; write, such as: python train.py "
            "--train {train.csv} --test {test.csv} --seed {seed} --out {out.csv}"
        )
    files = dict.fromkeys((n, s or ".arrow") for n, s in found if n in (*_TABLES, "out"))
    if len(outs := [suffix for name, suffix in files if name == "out"]) > 1:
        raise UsageError(
            f"--trainer-command has {{out{outs[0]}}} and {{out{outs[1]}}}; an answer is one file"
        )
    return Command(words=tuple(words), files=tuple(files), takes=tuple(dict.fromkeys(names)))


def command_trainer(text: str, place: Place, *, files: str = "", version: str = "") -> Trainer:
    """The trainer that --trainer-command names.

    Args:
        text: The command with its placeholders.
        place: Where it is called.
        files: Of which it is made beside the words that are files: --trainer-files.
        version: Of its environment, in words of the user's own: --trainer-version.

    Raises:
        UsageError: If it is not written as a command is, or a pattern of files matches nothing.
    """
    command = read_command(text)
    named = {"command": command.written, "files": files.strip(), "version": version.strip()}
    settings = tuple((name, value) for name, value in sorted(named.items()) if value)
    found = files_of_command(command.plain, files, place.folder)
    return Trainer(
        learner=COMMAND,
        title=command.title,
        settings=settings,
        sha=key_of({"words": list(command.words), "files": found, "version": version.strip()}),
        files=tuple(found),
        takes=command.takes,
        must=command.takes,
        train=partial(_call, command, place),
    )


def command_of_spec(settings: tuple[tuple[str, Setting], ...], sha: str, place: Place) -> Trainer:
    """The trainer that a spec names, which must be what it was when the spec was made.

    Raises:
        DataError: If a file of it has changed since.
    """
    told = {name: str(value) for name, value in settings}
    text = told.pop("command")
    trainer = command_trainer(text, place, **told)
    if trainer.sha != sha:
        raise DataError(
            f"the command's files ({', '.join(trainer.files) or 'none'}) have changed since the sweep "
            f"was planned, or are others on this machine, in {place.folder}; start the sweep again"
        )
    return trainer


def command_notes(trainer: Trainer, place: Place) -> list[str]:
    """What a reader of the plan must know of what a command's trials are known by."""
    told = dict(trainer.settings)
    words = read_command(str(told["command"])).plain
    notes = []
    if not trainer.files:
        notes.append(
            "no file of the command is known: name what it is made of by --trainer-files, or its "
            "trials are not run again when you change it"
        )
    if folders := folders_named(words, place.folder):
        notes.append(
            f"what is in {' and '.join(folders)} is not looked at: where a change of it shall run "
            "trials again, give --trainer-files"
        )
    version = f"; it is {told['version']!r}" if told.get("version") else ", which is empty"
    notes.append(
        "the command's interpreter and packages are not looked at: when you change them, change "
        f"--trainer-version{version}"
    )
    return notes


def _check_placeholder(name: str, suffix: str) -> None:
    if name not in PLACEHOLDERS:
        known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
        raise UsageError(
            f"--trainer-command: {{{name}{suffix}}} is no placeholder; there are {known}; write "
            f"{{{{{name}{suffix}}}}} for the word itself.{did_you_mean(name, PLACEHOLDERS)}"
        )
    is_file = name in (*_TABLES, "out")
    fit = [one for one, known in FORMATS.items() if known.write or name == "out"] if is_file else []
    if suffix and suffix not in fit:
        formats = f"its formats are {', '.join(fit)}" if is_file else f"write {{{name}}}"
        raise UsageError(
            f"--trainer-command: {{{name}{suffix}}}: {formats}.{did_you_mean(suffix, fit)}"
        )


def _call(command: Command, place: Place, call: Call) -> Answered:
    """One call of the command.

    Raises:
        DataError: If it ends without a whole answer.
    """
    call.folder.mkdir(parents=True, exist_ok=True)
    call.scratch.mkdir(parents=True, exist_ok=True)
    paths = {
        (name, suffix): (call.folder / f"{'answer' if name == 'out' else name}{suffix}").resolve()
        for name, suffix in command.files
    }
    try:
        return _answered(command, place, call, paths)
    except DataError as error:
        last = last_line(call.folder)
        said = f"; its log ends: {last}" if last else ""
        raise DataError(f"the command {error}{said}; log: {call.log}") from error
    finally:
        for path in paths.values():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _answered(
    command: Command, place: Place, call: Call, paths: Mapping[tuple[str, str], Path]
) -> Answered:
    out = next(path for (name, _), path in paths.items() if name == "out")
    if out.is_dir():  # of a try that was killed
        shutil.rmtree(out)
    out.unlink(missing_ok=True)
    for (name, _), path in paths.items():
        if name != "out":
            if name not in call.tables:
                raise UsageError(f"the command has {{{name}}}; give --{name}-fraction 0.1")
            write_table(call.tables[name], path)
    rows = next(path for (name, _), path in paths.items() if name == "train")
    written = time.time()
    start = time.monotonic()
    code = run_words(
        _filled(command.words, call, paths),
        call.folder,
        cwd=place.folder,
        env=environment_of(place),
        hours=call.hours,
    )
    seconds = time.monotonic() - start
    if code:
        raise DataError(ended_words(code))
    # A file system notes when a file that was just written is first read, or does not note it.
    starting = min(max(0.0, rows.stat().st_atime - written), seconds)
    return Answered(
        table=read_answer_file(out),
        seconds_training=seconds - starting,
        seconds_starting=starting,
        log=call.log,
    )


def _filled(words: Sequence[str], call: Call, paths: Mapping[tuple[str, str], Path]) -> list[str]:
    values = {
        "seed": call.seed,
        "scratch": call.scratch.resolve(),
        "threads": call.threads,
        "device": call.device,
        "passes": call.passes,
    }

    def value(match: re.Match[str]) -> str:
        name, suffix = match.groups()
        return str(values[name] if name in values else paths[name, suffix or ".arrow"])

    return [_LITERAL.sub(r"{\1}", _PLACEHOLDER.sub(value, word)) for word in words]
