"""A sweep's flags from a YAML file: what it may hold, where each value came from."""

import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from trainables.errors import AbsentError, UsageError

app = typer.Typer(
    no_args_is_help=True,
    help="What a sweep's YAML file may hold. Its keys are the flags' names.",
)
# What a file cannot say of itself.
_NOT_IN_A_FILE = ("context", "config", "settings", "dry_run")
_File = Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file.")]
_Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Over the file. Repeat.")
]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A value and where it came from: FILE:LINE, --set or "the grid or its default"."""

    value: Any
    origin: str


def allowed() -> dict[str, inspect.Parameter]:
    """The flags a file can set, by name."""
    from orchestrator.sweep import sweep

    parameters = inspect.signature(sweep).parameters
    return {name: flag for name, flag in parameters.items() if name not in _NOT_IN_A_FILE}


def settings_model() -> Any:
    """The flags as a pydantic model: their types and bounds are stated once, in `sweep`."""
    from pydantic import BeforeValidator, ConfigDict, Field, create_model

    from orchestrator.sweep import sweep

    types, fields = get_type_hints(sweep), {}
    for name, flag in allowed().items():
        option = flag.annotation.__metadata__[0]
        bounds: dict[str, Any] = {"ge": option.min, "le": option.max}
        about = Field(default=flag.default, description=option.help, **bounds)
        fields[name] = (Annotated[types[name], BeforeValidator(_listed)], about)
    # seeds: 3 and seeds: adaptive are both meant as text.
    config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
    make: Any = create_model
    return make("Sweep", __config__=config, **fields)


def _listed(value: Any, info: Any) -> Any:
    """One entry where several may stand is a list of one."""
    several = str(allowed()[info.field_name].annotation.__args__[0]).startswith("list")
    return [value] if several and isinstance(value, str | int | float) else value


def read_settings(path: Path | None, pairs: Iterable[str] = ()) -> dict[str, Chosen]:
    """What a file and --set ask for, checked.

    Args:
        path: A YAML mapping, or None.
        pairs: NAME=VALUE, each value written as YAML; these win over the file.

    Raises:
        ValueError: If a name is not a flag's, a value not of its kind, or the file not YAML.
        FileNotFoundError: If there is no such file.
    """
    chosen = {} if path is None else _from_file(path)
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--set {pair!r}; write NAME=VALUE, such as --set epochs=3")
        chosen[_name(name)] = Chosen(value=_parsed(text, f"--set {pair}"), origin="--set")
    return _checked(chosen)


def _from_file(path: Path) -> dict[str, Chosen]:
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
    return {
        _name(str(name)): Chosen(value=value, origin=f"{path}:{lines.get(str(name), 1)}")
        for name, value in values.items()
    }


def _parsed(text: str, where: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{where}: not YAML: {' '.join(str(error).split())}") from error


def _name(text: str) -> str:
    return text.strip().replace("-", "_")


def _checked(chosen: Mapping[str, Chosen]) -> dict[str, Chosen]:
    from difflib import get_close_matches

    from pydantic import ValidationError

    known = allowed()
    for name, one in chosen.items():
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise UsageError(
                f"{one.origin}: {name} is not a setting.{hint} See: prune-envelope config schema"
            )
    values = {name: one.value for name, one in chosen.items()}
    try:
        read = settings_model()(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name, *inside = map(str, first["loc"])
        entry = f" entry {int(inside[0]) + 1}" if inside and inside[0].isdecimal() else ""
        raise UsageError(
            f"{chosen[name].origin}: {name}{entry} is {first['input']!r}: {first['msg'].lower()}"
        ) from error
    return {
        name: Chosen(value=getattr(read, name), origin=one.origin) for name, one in chosen.items()
    }


def with_settings(context: typer.Context, flags: Mapping[str, Any]) -> dict[str, Any]:
    """The flags of a command line over --set over the file over the defaults.

    Raises:
        ValueError: If a setting is not known or not valid.
        FileNotFoundError: If there is no such file.
    """
    chosen = read_settings(flags["config"], flags["settings"] or ())
    typed = {
        name
        for name in flags
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    }
    return {
        **flags,
        **{name: one.value for name, one in chosen.items() if name not in typed},
    }


@app.command()
def show(config: _File = None, settings: _Settings = None) -> None:
    """Each setting of a file and --set, with where it came from."""
    from rich.console import Console
    from rich.table import Table

    from trainables.errors import explained

    with explained():
        chosen = read_settings(config, settings or ())
        table = Table("setting", "value", "from")
        for name, flag in allowed().items():
            one = chosen.get(name, Chosen(value=flag.default, origin="the grid or its default"))
            table.add_row(name, "" if one.value is None else str(one.value), one.origin)
        width = None if sys.stdout.isatty() else 200
        Console(width=width, markup=False, highlight=False).print(table)


@app.command()
def schema() -> None:
    """The JSON schema of a file, for editors that complete and check YAML."""
    import json

    typer.echo(json.dumps(settings_model().model_json_schema(), indent=2))


@app.command()
def init(
    path: Annotated[Path | None, typer.Argument(help="File to make; without it, print.")] = None,
) -> None:
    """A file to start from: every setting with its meaning, all but the first lines commented."""
    from trainables.errors import explained

    lines = ["# prune-envelope sweep THIS_FILE", "grid: demo", "seeds: 3", "tolerance: 1.0", ""]
    for name, flag in allowed().items():
        if name in {"grid", "seeds", "tolerance"}:
            continue
        if about := flag.annotation.__metadata__[0].help:
            lines.append(f"# {about}")
        default = flag.default
        shown = "" if default is None else str(default).lower() if default is False else default
        lines.append(f"# {name}: {shown}".rstrip())
    text = "\n".join(lines) + "\n"
    with explained():
        if path is None:
            typer.echo(text, nl=False)
            return
        if path.exists():
            raise UsageError(f"{path} is there already; choose another name")
        path.write_text(text, encoding="utf-8")
        typer.echo(path)
