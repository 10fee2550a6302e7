"""Every number that a command takes, by every flag of every command, and what is none."""

import inspect
from typing import get_args

import pytest
import typer

from orchestrator.__main__ import app
from orchestrator.cli.number_flags import Range
from orchestrator.cli.options import SweepOptions
from trainables.errors import UsageError
from trainables.written_numbers import real_number, whole_number

USAGE = typer.BadParameter.__mro__[1]  # click's own class, or the copy of it that typer has
# None of these is a number that any flag takes: no flag takes a negative one.
NO_NUMBERS = (
    "nan", "inf", "-inf", "-1", "1e400", "-1e400", "", "١", "1_0", " 1", "1 ", "0x10", "1,5", "15%", "1e", "true",
)  # fmt: skip


def callbacks(of, words=()):
    """Every command with its function, by its words."""
    click = typer.main.get_command(of)
    for one in of.registered_commands:
        name = one.name or one.callback.__name__.replace("_", "-")
        yield (*words, name), one.callback, click.commands[name]
    for group in of.registered_groups:
        yield from callbacks(group.typer_instance, (*words, group.name))


def flags():
    """Every flag that is declared to be a number, with its command."""
    for words, function, command in callbacks(app):
        for name, one in inspect.signature(function).parameters.items():
            kind = get_args(one.annotation)[:1]
            if kind and {int, float} & {
                *kind,
                *get_args(kind[0]),
                *sum(map(get_args, get_args(kind[0])), ()),
            }:
                option = next(option for option in command.params if option.name == name)
                yield pytest.param(command, option.opts[0], id=" ".join((*words, option.opts[0])))


@pytest.mark.parametrize(("command", "flag"), flags())
def test_what_is_no_number_is_refused_by_its_flag_and_value(command, flag):
    # A comma parts seeds.
    for value in set(NO_NUMBERS) - {"1,5"} if flag == "--seed" else NO_NUMBERS:
        with pytest.raises(USAGE) as refused:
            command.make_context("command", [flag, value])
        shown = refused.value.format_message()
        assert f"'{flag}'" in shown and ascii(value) in shown, (flag, value, shown)


def test_numbers_stand_at_many_flags():
    assert len(list(flags())) > 40


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("name", ["seeds", "tolerance", "gpu_price", "size", "guard"])
def test_a_number_that_is_written_as_text_is_held_to_the_same(name, value, tmp_path):
    from orchestrator.cli.config_file import read_options
    from orchestrator.cli.shown_options import check_shown
    from orchestrator.planning.plan import plan_sweep

    written = f"worst_class:{value}" if name == "guard" else value
    with pytest.raises(UsageError):
        options = read_options(
            None, [f"{name}={written!r}", "dataset=synthetic:100", "model=linear"]
        ).options
        check_shown(options)
        plan_sweep(
            options.request(),
            options.resources(),
            run=tmp_path,
            command="",
            tolerance=options.tolerance,
        )


@pytest.mark.parametrize(
    ("text", "means"), [("3", 3), ("+3", 3), ("0.5", 0.5), (".5", 0.5), ("1e-1", 0.1), ("2.", 2.0)]
)
def test_a_number_is_taken_as_it_is_written(text, means):
    assert Range().parsed(text) == real_number(text) == means


@pytest.mark.parametrize("text", ["011", "1_0", "1.0", " 1", "", "1" * 500, "١"])
def test_a_whole_number_has_no_zero_before_it(text):
    with pytest.raises(ValueError, match="is no whole number"):
        whole_number(text)


def test_every_number_of_a_sweep_has_a_least():
    from orchestrator.cli.number_flags import range_of

    ranges = {
        name: found
        for name, field in SweepOptions.model_fields.items()
        if (found := range_of(field.annotation, field.metadata))
    }
    assert len(ranges) > 20
    assert [name for name, one in ranges.items() if one.ge is None and one.gt is None] == []
