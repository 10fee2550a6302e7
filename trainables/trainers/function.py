"""A trainer that is a function: found, read, and called in a fork of a clean process."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from trainables.errors import DataError, UsageError
from trainables.keys import key_of
from trainables.spec import Setting
from trainables.trainers.child import ANSWER, DONE, mapped_table, write_arrow
from trainables.trainers.contract import Answered, Call, Place, Trainer
from trainables.trainers.processes import end_left_over, ends_with_us, last_line, wait_for
from trainables.trainers.server_process import ServerProcess, ended_words, server_for
from trainables.trainers.signature import TABLES, settings_given

_IN_FORK = ("Cannot re-initialize CUDA in forked subprocess", "CUDA driver initialization failed")


@dataclass(frozen=True, kw_only=True)
class Named:
    """A function trainer as it is written: a name and settings."""

    name: str
    settings: tuple[tuple[str, str], ...]


def read_name(text: str) -> Named:
    """FILE.py:FUNCTION or MODULE:FUNCTION, each with ,NAME=VALUE behind it where it has settings.

    Raises:
        UsageError: If it is neither.
    """
    name, *pairs = text.split(",")
    where, colon, function = name.rpartition(":")
    if not (colon and where and function.isidentifier()):
        plain = name if name.endswith(".py") else "train.py"
        raise UsageError(
            f"--trainer {text!r}; write FILE.py:FUNCTION or MODULE:FUNCTION, such as {plain}:fit"
        )
    written = []
    for pair in pairs:
        setting, equals, value = pair.partition("=")
        if not (setting and equals and value):
            raise UsageError(
                f"--trainer {text!r}: setting {pair!r}; write NAME=VALUE, such as depth=5"
            )
        written.append((setting, value))
    return Named(name=name, settings=tuple(written))


def function_trainer(text: str, place: Place) -> Trainer:
    """The trainer that --trainer names.

    Raises:
        UsageError: If it cannot be imported, is no trainer, or has no such setting.
    """
    named = read_name(text)
    found = server_for(named.name, place)
    settings = settings_given(named.name, found.signature.settings, named.settings)
    return _trainer(named.name, settings, found, place)


def function_of_spec(
    learner: str, settings: tuple[tuple[str, Setting], ...], sha: str, place: Place
) -> Trainer:
    """The trainer that a spec names, which must be what it was when the spec was made.

    Raises:
        DataError: If its files have changed since.
    """
    server = server_for(learner, place)
    _check_files(server, sha)
    return _trainer(learner, settings, server, place)


def _check_files(server: ServerProcess, sha: str) -> None:
    if key_of(server.files) != sha:
        raise DataError(
            f"{server.name}: its files have changed since the sweep was planned "
            f"({', '.join(server.files)}); start the sweep again"
        )


def _trainer(
    name: str, settings: tuple[tuple[str, Setting], ...], server: ServerProcess, place: Place
) -> Trainer:
    return Trainer(
        learner=name,
        settings=settings,
        sha=key_of(server.files),
        files=tuple(server.files),
        takes=server.signature.takes,
        must=server.signature.must,
        train=partial(_call, name, dict(settings), place, key_of(server.files)),
    )


def _call(
    name: str, settings: Mapping[str, Setting], place: Place, sha: str, call: Call
) -> Answered:
    """One call in a fork of the server, or in a process of its own.

    Raises:
        DataError: If the function ends without an answer, or its files are not those of `sha`.
        UnavailableError: If no process can be started.
    """
    server = ServerProcess(name, place) if place.start == "spawn" else server_for(name, place)
    _check_files(server, sha)
    call.folder.mkdir(parents=True, exist_ok=True)
    for left in (ANSWER, DONE):
        (call.folder / left).unlink(missing_ok=True)
    asked = _asked(call, server.signature.takes, settings)
    try:
        end_left_over(call.folder)
        group = server.begin(asked)
        with ends_with_us(group, call.folder, server.poll):
            code = wait_for(server.poll, call.hours)
    except DataError as error:
        raise DataError(f"{name} {error}{_of_log(call)}") from error
    finally:
        if place.start == "spawn":
            server.close()
        for path in asked["tables"].values():
            Path(path).unlink(missing_ok=True)
    return _answered(name, code, call)


def _asked(call: Call, takes: Sequence[str], settings: Mapping[str, Setting]) -> dict[str, Any]:
    """A call as the server is told of it; its tables are written."""
    paths = {}
    for table in TABLES:
        if table in takes and table in call.tables:
            paths[table] = str(call.folder / f"{table}.arrow")
            write_arrow(call.tables[table], Path(paths[table]))
    values = {
        "seed": call.seed,
        "scratch": str(call.scratch),
        "threads": call.threads,
        "device": call.device,
        "passes": call.passes,
    }
    return {
        "folder": str(call.folder),
        "tables": paths,
        "given": {key: value for key, value in values.items() if key in takes},
        "reports": "report" in takes,
        "settings": dict(settings),
    }


def _answered(name: str, code: int, call: Call) -> Answered:
    done = call.folder / DONE
    if code == 256:
        raise DataError(
            f"{name}: the process that its calls are forked off was ended{_of_log(call)}"
        )
    if code or not done.exists():
        raise DataError(f"{name} {ended_words(code)}{_remedy(call)}{_of_log(call)}")
    try:
        told = json.loads(done.read_text(encoding="utf-8"))
        fault = told.get("fault", "")
        table = None if fault else mapped_table(call.folder / ANSWER)
        late = () if fault else told.pop("late")
    except (OSError, ValueError, KeyError, AttributeError) as error:  # of Arrow, too
        raise DataError(
            f"{name}: what it left in {call.folder} is no whole answer, so it wrote there itself: put files "
            f"into scratch alone{_of_log(call)}"
        ) from error
    if fault:
        raise DataError(f"{name}: {fault}")
    warnings: tuple[str, ...] = ()
    if late:
        warnings = (
            f"{name} imported {', '.join(late)} only while it ran, so their content is in no key: "
            "import them at the top of its file",
        )
    return Answered(table=table, log=call.log, warnings=warnings, **told)


def _remedy(call: Call) -> str:
    text = call.log.read_text(encoding="utf-8", errors="replace") if call.log.exists() else ""
    if any(words in text for words in _IN_FORK):
        return "; its module starts CUDA when it is imported: give --trainer-start spawn"
    return ""


def _of_log(call: Call) -> str:
    last = last_line(call.folder)
    return f"; its log ends: {last}; log: {call.log}" if last else f"; log: {call.log}"
