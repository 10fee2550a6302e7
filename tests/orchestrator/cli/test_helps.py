"""The help of every command: whole on any terminal, true, and with examples that can be typed."""

import re
import shlex

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.__main__ import app
from orchestrator.cli.flags import METAVARS
from orchestrator.cli.options import SweepOptions
from orchestrator.planning.grids import GRIDS
from orchestrator.planning.request import Request
from orchestrator.planning.tuning import BUDGET
from trainables.learners import LEARNERS

COMMAND = typer.main.get_command(app)
INNER = [[name, one] for name, c in COMMAND.commands.items() for one in getattr(c, "commands", {})]
WORDS = [[], *([name] for name in COMMAND.commands), *INNER]
OWN = Request(datasets=("mine.csv",)).base()
every_command = pytest.mark.parametrize("words", WORDS, ids=" ".join)


def help_of(*words, width=80):
    found = CliRunner().invoke(app, [*words, "-h"], env={"COLUMNS": str(width)})
    assert found.exit_code == 0, found.output
    return found.output


def command_at(words):
    found = COMMAND
    for word in words:
        found = found.commands[word]
    return found


def options_of(words):
    params = command_at(words).params
    return [text for one in params for text in (*one.opts, *one.secondary_opts)]


@every_command
def test_h_is_help(words):
    assert (
        help_of(*words) == CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"}).output
    )


@pytest.mark.parametrize("width", [60, 80, 120])
@every_command
def test_no_line_of_a_help_is_longer_than_the_terminal_and_no_name_is_cut(words, width):
    lines = help_of(*words, width=width).splitlines()
    assert max(map(len, lines)) <= width
    names = {word.strip(",") for line in lines for word in line.split() if word.startswith("-")}
    assert {text for text in options_of(words) if text.startswith("-")} <= names


@every_command
def test_every_option_says_what_it_is_and_what_stands_for_its_value(words):
    for one in command_at(words).params:
        if one.name not in ("help", "context") and one.param_type_name == "option":
            assert one.help and one.help.endswith("."), one.name
            assert one.is_flag or one.metavar, one.name


def test_every_flag_of_a_sweep_that_takes_a_value_has_a_word_for_it():
    fields = SweepOptions.model_fields.items()
    assert set(METAVARS) == {name for name, one in fields if "bool" not in str(one.annotation)}


@every_command
def test_no_help_speaks_in_riddles_or_in_types(words):
    assert not re.search(r"<\w+|\bRepeat\.|\bOr which\b", help_of(*words, width=200))


@every_command
def test_the_examples_of_a_help_can_be_typed(words):
    text = (command_at(words).epilog or "").replace("\\\n", " ")
    for line in re.findall(r"^  (prune-envelope .*?)(?:   .*)?$", text, re.MULTILINE):
        _, *typed = shlex.split(line, comments=True)
        inner = typed[: 1 + (typed[0] in ("config", "cache"))]
        flags = {word for word in typed if word.startswith("-")}
        assert flags <= {*options_of(inner), "-h"}, line


def default_of(name):
    return SweepOptions.model_fields[name].description.partition("Default: ")[2]


@pytest.mark.parametrize("name", ["epochs", "batch_size", "lr", "weight_decay", "max_length"])
def test_the_defaults_of_training_are_those_of_the_models_and_grids(name):
    told = [
        float(one)
        for one in re.findall(r"(?<![\w,.])\d+(?:\.\d+)?(?:e-\d+)?(?!\d|,\d)", default_of(name))
    ]
    rows = LEARNERS.values()
    trainings = [
        *(row.training for row in rows),
        *(row.fine_tuning for row in rows if row.fine_tuning),
    ]
    models = {getattr(one, name) for one in trainings}
    assert models <= {*told}
    grids = {getattr(one.training, name) for one in GRIDS.values() if one.training}
    assert {*told} <= models | grids and grids <= {*told}


def joined(values):
    return ",".join(f"{one:g}" for one in values)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("rate", joined(OWN.blocks[0].rates)),
        ("rate", f"of --grid demo {joined(GRIDS['demo'].blocks[0].rates)}"),
        ("warmup", f"paper and full {joined(GRIDS['full'].blocks[0].warmups)}"),
        ("warmup", f"signals {joined(GRIDS['signals'].blocks[0].warmups)}"),
        ("seeds", f"{len(OWN.seeds)}; of --grid paper {len(GRIDS['paper'].seeds)}"),
        ("seed", joined(OWN.seeds)),
        ("model", OWN.model),
        ("signal", " and ".join(", ".join(arm.signal for arm in OWN.blocks[0].arms).replace("class,", "class:stratified,").rsplit(", ", 1))),
        ("tune_budget", f"{BUDGET}"),
        ("validation_fraction", f"signals {GRIDS['signals'].validation_fraction}"),
    ],
)  # fmt: skip
def test_a_default_that_the_grid_decides_is_the_grids(name, told):
    assert told in default_of(name)
