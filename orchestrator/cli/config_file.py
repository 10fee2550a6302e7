"""A sweep's options from a YAML file, --set and the command line, and where each came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.options import SweepOptions
from orchestrator.terminal.console import open_console
from trainables.errors import AbsentError, UsageError
from trainables.plain_text import shown
from trainables.suggestions import did_you_mean

app = typer.Typer(
    no_args_is_help=True,
    help="What a sweep's YAML file may hold. Its keys are the flags' names.",
)
_File = Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file.")]
_Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Over the file. Repeat.")
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
    """A value as written, and where."""

    value: Any
    origin: str


def read_options(
    path: Path | None, pairs: Iterable[str] = (), *, context: typer.Context | None = None
) -> ChosenOptions:
    """The flags of a command line over --set over a file over the defaults.

    Args:
        path: A YAML mapping, or None.
        pairs: NAME=VALUE, each value written as YAML.
        context: Of a command that has flags of SweepOptions; None for no command line.

    Raises:
        UsageError: If a name is not a flag's, a value not of its kind, or the file not YAML.
        AbsentError: If there is no such file.
    """
    chosen = {} if path is None else _from_file(path)
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--set {pair!r}; write NAME=VALUE, such as --set epochs=3")
        chosen[_name(name)] = _Chosen(value=_parsed(text, f"--set {pair}"), origin="--set")
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
            flag = f"--{name.replace('_', '-')}"
            found[name] = _Chosen(value=context.params[name], origin=flag)
    return found


def _from_file(path: Path) -> dict[str, _Chosen]:
    import yaml

    if not path.is_file():
        raise AbsentError(f"{path}: no such file; make one by: prune-envelope config init")
    text = path.read_text(encoding="utf-8")
    values = _parsed(text, str(path))
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UsageError(f"{path}: holds no NAME: VALUE lines; see: prune-envelope config init")
    # A second parse, for the lines: the first knows none.
    lines = {key.value: key.start_mark.line + 1 for key, _ in yaml.compose(text).value}
    # YAML reads the bare word null, which is a flag's name, as no name at all.
    named = {"null" if name is None else str(name): value for name, value in values.items()}
    return {
        _name(name): _Chosen(value=value, origin=f"{path}:{lines.get(name, 1)}")
        for name, value in named.items()
    }


def _parsed(text: str, where: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{where}: not YAML: {' '.join(str(error).split())}") from error


def _name(text: str) -> str:
    return text.strip().replace("-", "_")


def _checked(chosen: Mapping[str, _Chosen]) -> SweepOptions:
    from pydantic import ValidationError

    known = SweepOptions.model_fields
    for name, one in chosen.items():
        if name not in known:
            raise UsageError(
                f"{one.origin}: {name} is not a setting.{did_you_mean(name, known)} See: "
                "prune-envelope config schema"
            )
    try:
        return SweepOptions.model_validate({name: one.value for name, one in chosen.items()})
    except ValidationError as error:
        first = error.errors()[0]
        name, *inside = map(str, first["loc"])
        entry = f" entry {int(inside[0]) + 1}" if inside and inside[0].isdecimal() else ""
        raise UsageError(
            f"{chosen[name].origin}: {name}{entry} is {first['input']!r}: {first['msg'].lower()}"
        ) from error


@app.command()
def show(config: _File = None, settings: _Settings = None) -> None:
    """Each setting of a file and --set, with where it came from."""
    from rich.table import Table

    from trainables.errors import explained

    with explained():
        chosen = read_options(config, settings or ())
        table = Table("setting", "value", "from")
        for name, value in chosen.options:
            origin = chosen.origins.get(name, "the grid or its default")
            table.add_row(name, "" if value is None else str(value), origin)
        open_console(200, highlight=False).print(table)


@app.command()
def schema() -> None:
    """The JSON schema of a file, for editors that complete and check YAML."""
    import json

    typer.echo(json.dumps(SweepOptions.model_json_schema(), indent=2))


@app.command()
def init(
    path: Annotated[Path | None, typer.Argument(help="File to make; without it, print.")] = None,
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
        value = "" if default is None else str(default).lower() if default is False else default
        lines.append(f"# {name}: {value}".rstrip())
    text = "\n".join(lines) + "\n"
    with explained():
        if path is None:
            typer.echo(text, nl=False)
            return
        if path.exists():
            raise UsageError(f"{path} is there already; choose another name")
        with path.open("x", encoding="utf-8") as file:  # through no link, even one to nothing
            file.write(text)
        typer.echo(shown(str(path)))
