import json

import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import app
from orchestrator.cli.config_file import read_options
from orchestrator.cli.options import SweepOptions
from orchestrator.sweep import app as sweep_app


@pytest.fixture
def invoke():
    return lambda *args: CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "sweep.yaml"
        path.write_text(text)
        return path

    return write


def test_a_file_holds_flags_by_name_and_knows_its_lines(file):
    path = file("grid: demo\n\nmax-length: 32\nrate: [0.1, 0.3]\nseeds: 2\n")
    chosen = read_options(path)
    assert chosen.options == SweepOptions(grid="demo", max_length=32, rate=[0.1, 0.3], seeds="2")
    assert chosen.origins["rate"] == f"{path}:4"


def test_one_entry_is_a_list_of_one(file):
    assert read_options(file("rate: 0.1\n")).options.rate == [0.1]


def test_set_wins_over_the_file(file):
    chosen = read_options(file("epochs: 3\n"), ["epochs=5", "signal=[el2n]"])
    assert (chosen.options.epochs, chosen.origins["epochs"]) == (5, "--set")
    assert chosen.options.signal == ["el2n"]


def test_a_flag_wins_over_set_over_the_file_over_the_grid(file):
    path = file("grid: demo\nlimit: 300\nepochs: 2\nbatch_size: 16\nrate: 0.5\nseeds: 1\n")
    found = CliRunner().invoke(
        sweep_app, [str(path), "--set", "rate=0.4", "--set", "seeds=3", "--seeds", "2", "-n"]
    )
    assert found.exit_code == 0, found.output
    printed = " ".join(found.output.split())
    assert "pruned 40%" in printed and "seeds 11 17 restart: " in printed
    assert "demo 14 trials" in printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("grid: demo\nrates: 0.1\n", "2: rates is not a setting. Did you mean 'rate'?"),
        (
            "rate: [0.1, many]\n",
            "1: rate entry 2 is 'many': no number; give a number from 0 and below 1, such as 0.1",
        ),
        ("gpus_per_trial: atuo\n", "no number; give a number from 0 up to 64 or auto, such as 1"),
        ("epochs: 0\n", "1: epochs is 0: out of range; give a whole number from 1 up to 1,000,000"),
        ("- grid\n", "holds no NAME: VALUE lines"),
        ("grid: [demo\n", "not YAML"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_by_its_line(file, invoke, text, message):
    path = file(text)
    found = invoke("sweep", path)
    assert found.exit_code == 2
    assert found.stderr.startswith(f"error: {path}") and message in found.stderr
    assert "Traceback" not in found.output


def test_all_wrong_settings_of_a_file_are_told_at_once(file, invoke):
    found = invoke("sweep", file("epochs: 0\nrates: 0.1\nrate: [0.1, many, 2]\nseeds: 3\n"))
    first, *lines = found.stderr.splitlines()
    assert (first, found.exit_code) == ("error: 3 settings are wrong:", 2)
    assert [line.split(": ")[1].split()[0] for line in lines] == ["epochs", "rates", "rate"]


def test_a_file_that_is_not_there_ends_with_4(invoke, tmp_path):
    found = invoke("sweep", tmp_path / "none.yaml")
    assert found.exit_code == 4 and "none.yaml: no such file" in found.stderr


def test_set_without_a_value_is_refused(invoke):
    found = invoke("sweep", "--set", "epochs")
    assert found.exit_code == 2 and "write NAME=VALUE" in found.stderr


def test_show_tells_where_each_value_comes_from(invoke, file):
    path = file("grid: demo\n")
    shown = invoke("config", "show", path, "--set", "epochs=2").output
    assert "sweep.yaml:1" in shown.replace("\n", "") and "--set" in shown


def test_what_a_word_stands_for_is_shown(invoke, file):
    shown = invoke("config", "show", file("gpus_per_trial: auto\n")).output
    assert "auto where this machine has" in " ".join(shown.split())


def test_the_schema_names_every_setting_with_its_meaning(invoke):
    held = json.loads(invoke("config", "schema").output)
    assert set(held["properties"]) == set(SweepOptions.model_fields)
    assert held["additionalProperties"] is False
    assert "description" in held["properties"]["warmup"]


def test_the_starter_is_a_valid_file_and_overwrites_nothing(invoke, tmp_path):
    path = tmp_path / "new.yaml"
    assert invoke("config", "init", path).exit_code == 0
    assert set(read_options(path).origins) == {"grid", "seeds", "tolerance"}
    assert invoke("config", "init", path).exit_code == 2
    # Uncommented it names every setting once.
    lines = path.read_text().replace("# ", "").splitlines()
    assert set(SweepOptions.model_fields) <= {line.split(":")[0] for line in lines}
