"""A sweep's options from a YAML file, --set and the command line, and where each came from."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.plain_commands import PlainCommand, PlainGroup
from orchestrator.cli.comma_lists import entries_of
from orchestrator.cli.completion import completion
from orchestrator.cli.epilogs import EPILOGS
from orchestrator.cli.number_flags import range_of, takes_several, takes_text
from orchestrator.cli.options import SweepOptions
from orchestrator.terminal.console import open_console
from trainables.errors import USAGE, AbsentError, MissingError, UsageError
from trainables.plain_text import shown
from trainables.suggestions import did_you_mean
from trainables.whole_file import whole_file
from trainables.written_numbers import NUMBER, WHOLE

if TYPE_CHECKING:
    from trainables.data.yaml_text import Written

_LONG = 20  # of more letters a whole number would take long to read
# Of errors that pydantic tells in other words.
_WHY = {
    "bool_type": "neither true nor false; write one of these two",
    "string_type": "no text; put it in quotes where it is meant as one",
}
app = typer.Typer(
    cls=PlainGroup,
    no_args_is_help=True,
    epilog=EPILOGS["config"],
    help="Make and check the YAML file of a sweep; its keys are the flags' names.",
)
_File = Annotated[Path | None, typer.Argument(metavar="CONFIG", help="YAML file of a sweep.")]
_Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        autocompletion=completion("settings"),
        help="Set a flag as CONFIG does, in place of what stands there. Repeat the flag for several.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ChosenOptions:
    """What a sweep was asked for, checked.

    Attributes:
        options: Every option; those not set have their defaults.
        origins: Where those that were set come from, by name: FILE:LINE, --set or the flag.
    """

    options: SweepOptions
    origins: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """A value as written, where, and where its entries are written if it is a list of a file."""

    value: Any
    origin: str
    entries: Sequence[str] = ()


def read_options(
    path: Path | None, pairs: Iterable[str] = (), *, context: typer.Context | None = None
) -> ChosenOptions:
    """The flags of a command line over --set over a file over the defaults.

    Args:
        path: A YAML mapping, the folder of a run that goes on, or None.
        pairs: NAME=VALUE, each value written as YAML.
        context: Of a command that has flags of SweepOptions; None for no command line.

    Raises:
        UsageError: If a name is not a flag's, a value not of its kind, or the file not YAML.
        AbsentError: If there is no such file.
    """
    from trainables.data.yaml_text import read_yaml

    chosen = {} if path is None else _from_file(path)
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--set {pair!r}; write NAME=VALUE, such as --set epochs=3")
        chosen[_name(name)] = _chosen(_name(name), read_yaml(text, f"--set {pair}"), "--set")
    if context is not None:
        chosen |= _from_command_line(context)
    origins = {name: one.origin for name, one in chosen.items()}
    return ChosenOptions(options=_checked(chosen), origins=origins)


def _from_command_line(context: typer.Context) -> dict[str, _Chosen]:
    """The flags that were typed; the others hold defaults, which a file may change."""
    found = {}
    for name in SweepOptions.model_fields.keys() & context.params.keys():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            no = "no-" * (context.params[name] is False)
            flag = f"--{no}{name.replace('_', '-')}"
            found[name] = _Chosen(value=_typed(name, context.params[name], flag), origin=flag)
    return found


def _typed(name: str, value: Any, flag: str) -> Any:
    """What was typed, its lists by commas as if each entry had been a flag."""
    if isinstance(value, str) or not takes_several(SweepOptions.model_fields[name].annotation):
        return value  # of `score` and `inspect` the one data set is an argument
    numbers = [entry for one in value if isinstance(one, list) for entry in one]
    return numbers or [entry for one in value for entry in entries_of(name, one, flag)]


def _from_file(path: Path) -> dict[str, _Chosen]:
    from trainables.data.columns import excerpt
    from trainables.data.yaml_text import read_yaml

    if path.is_dir():
        return _from_run(path)
    if not path.is_file():
        raise AbsentError(f"{path}: no such file; make one by: prune-envelope config init")
    values = read_yaml(path.read_bytes(), str(path)).value
    if not isinstance(values, dict):
        raise UsageError(f"{path}:1: holds no NAME: VALUE lines; see: prune-envelope config init")
    found: dict[str, _Chosen] = {}
    for written, one in values.items():
        name = _name(written)
        if name in found:
            raise UsageError(
                f"{path}:{one.line}: {excerpt(written)} is {name} of {found[name].origin} again; keep one of them"
            )
        found[name] = _chosen(name, one, f"{path}:{one.line}")
    return found


def _from_run(run: Path) -> dict[str, _Chosen]:
    """What a run was asked for, to go on in its folder."""
    from orchestrator.cli.recorded_options import RECORD, recorded_options

    with recorded_options(run.absolute()) as options:
        values = options.model_dump(mode="json", exclude_defaults=True) | {"run": str(run)}
    return {name: _Chosen(value=one, origin=str(run / RECORD)) for name, one in values.items()}


def _chosen(name: str, one: "Written", origin: str) -> _Chosen:
    """A setting as it is meant: where a flag takes text, a number is that text as it is written."""
    where = origin.rpartition(":")[0]
    field = SweepOptions.model_fields.get(name)
    is_text = field is not None and takes_text(field.annotation)

    def meant(value: "Written") -> Any:
        is_number = isinstance(value.value, int | float) and not isinstance(value.value, bool)
        return value.text if is_text and is_number else value.plain

    if one.value is None:
        raise UsageError(f"{origin}: {name} is empty; give it a value, or leave it out")
    if not isinstance(one.value, list):
        value = meant(one)
        if isinstance(value, str) and len(parts := entries_of(name, value, origin)) > 1:
            value = parts if is_text else [_number(part) for part in parts]
        return _Chosen(value=value, origin=origin)
    entries = [f"{where}:{entry.line}" if where else origin for entry in one.value]
    return _Chosen(value=[meant(entry) for entry in one.value], origin=origin, entries=entries)


def _number(text: str) -> int | float | str:
    """An entry of a list of numbers as YAML would have it alone."""
    if re.fullmatch(NUMBER, text):
        return int(text) if re.fullmatch(WHOLE, text) and len(text) < _LONG else float(text)
    return text


def _name(text: str) -> str:
    return text.strip().replace("-", "_")


def _checked(chosen: Mapping[str, _Chosen]) -> SweepOptions:
    from pydantic import ValidationError

    wrong = {name: fault for name, one in chosen.items() if (fault := _fault(name, one))}
    try:
        options = SweepOptions.model_validate(
            {name: one.value for name, one in chosen.items() if name not in wrong}
        )
    except ValidationError as error:
        for one in error.errors():
            name, *inside = map(str, one["loc"])
            entry = int(inside[0]) if inside and inside[0].isdecimal() else None
            # Of a setting that may be of several kinds there is an error of each.
            wrong.setdefault(name, _refusal(name, chosen[name], one, entry))
    if len(wrong) > 1:
        told = [f"  {wrong[name]}" for name in chosen if name in wrong]
        raise MissingError([f"{len(told)} settings are wrong:", *told], USAGE)
    for line in wrong.values():
        raise UsageError(line)
    return options


def _refusal(name: str, one: _Chosen, error: Mapping[str, Any], entry: int | None) -> str:
    """What is wrong with a setting, by the line of its entry, and what to give."""
    from trainables.data.columns import excerpt

    field, value = SweepOptions.model_fields[name], error["input"]
    allowed = range_of(field.annotation, field.metadata)
    why = _WHY.get(error["type"], f"{error['msg'][:1].lower()}{error['msg'][1:]}")
    if isinstance(value, list | dict):
        why = "a list of nothing; give one entry at least, or leave it out"
        if value:
            why = "none that it takes; give one value, or a list of values where it takes several"
    elif allowed:
        why = allowed.refusal(value) or why
    origin = one.entries[entry] if entry is not None and entry < len(one.entries) else one.origin
    which = "" if entry is None else f" entry {entry + 1}"
    shown = str(value).lower() if isinstance(value, bool) else excerpt(value)
    return f"{origin}: {name}{which} is {shown}: {why}"


def _fault(name: str, one: _Chosen) -> str:
    """That there is no such setting, that a text is empty, or a number stands twice; or empty."""
    from trainables.data.columns import excerpt

    known = SweepOptions.model_fields
    if name not in known:
        near = did_you_mean(name, known)
        return f"{one.origin}: {name} is not a setting.{near} See: prune-envelope config schema"
    entries = one.value if isinstance(one.value, list | tuple) else [one.value]
    for k, value in enumerate(entries):
        at = one.entries[k] if k < len(one.entries) else one.origin
        if value == "":
            return f"{at}: {name} is empty; give it a value, or leave it out"
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            return f"{at}: {name} {excerpt(value)} is not UTF-8; rename it, or write it so"
        if isinstance(value, int | float) and value in entries[:k]:
            return f"{at}: {name} has an entry twice: {excerpt(value)}; give each once"
        if name == "rate" and value == 0 and not isinstance(value, bool):
            return f"{at}: rate 0 is the baseline, which always runs; give rates above 0"
    return ""


@app.command(cls=PlainCommand)
def show(config: _File = None, settings: _Settings = None) -> None:
    """Every setting as a sweep of it will have it, with where it comes from."""
    from rich.box import HEAVY_HEAD

    from orchestrator.cli.shown_settings import shown_settings
    from orchestrator.terminal.settings_text import settings_table
    from trainables.errors import explained

    with explained():
        chosen = read_options(config, settings or ())
        found, why = shown_settings(chosen.options, chosen.origins)
        console = open_console(200, highlight=False)
        console.print(settings_table(found, box=HEAVY_HEAD))
        if why:
            console.print(f"what the grid sets is not known: {why}")


@app.command(cls=PlainCommand)
def schema() -> None:
    """The JSON schema of a file, for editors that complete and check YAML."""
    import json

    typer.echo(json.dumps(SweepOptions.model_json_schema(), indent=2))


@app.command(cls=PlainCommand)
def init(
    path: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="File to make. Default: print it.")
    ] = None,
) -> None:
    """A file to start from: every setting with its meaning, all but the first lines commented."""
    from trainables.errors import explained

    lines = ["# prune-envelope sweep THIS_FILE", "grid: demo", "seeds: 3", "tolerance: 1.0", ""]
    for name, field in SweepOptions.model_fields.items():
        if name in {"grid", "seeds", "tolerance"}:
            continue
        if field.description:
            lines.append(f"# {field.description}")
        default = field.default
        given = "" if default is None else str(default).lower() if default is False else default
        lines.append(f"# {name}: {given}".rstrip())
    text = "\n".join(lines) + "\n"
    with explained():
        if path is None:
            typer.echo(text, nl=False)
            return
        if path.exists():
            raise UsageError(f"{path} is there already; choose another name")
        with whole_file(path) as draft:
            draft.write_text(text, encoding="utf-8")
        typer.echo(shown(str(path)))
