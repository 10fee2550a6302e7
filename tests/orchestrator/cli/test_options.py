"""The one list of flags, and that everything made from it agrees."""

import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from orchestrator.__main__ import app
from orchestrator.cli.config_file import read_options
from orchestrator.cli.options import GROUPS, SweepOptions

# A value of each kind as YAML, other than any default.
VALUES = {"string": "adaptive", "number": 0.5, "integer": 9, "boolean": True, "array": [3]}

IN_RANGE = {"imbalance": 2.5, "warmup": [0.5], "rate": [0.5]}
# Another of each, which a flag is to win over.
OTHERS = {"adaptive": "other", 0.5: 0.25, 2.5: 3.5, 9: 8, True: False, "[3]": [4], "[0.5]": [0.25]}

every_field = pytest.mark.parametrize("name", SweepOptions.model_fields)


def printed(*words):
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"}).output


@pytest.fixture(scope="module")
def help_text():
    return printed("sweep", "--help")


@pytest.fixture(scope="module")
def schema():
    return json.loads(printed("config", "schema"))


@pytest.fixture(scope="module")
def starter():
    return printed("config", "init").splitlines()


@pytest.fixture
def value(name, schema):
    """One that the schema allows, as JSON, which is YAML too."""
    field = schema["properties"][name]
    kind = field.get("type") or field["anyOf"][0]["type"]
    return json.dumps(IN_RANGE.get(name, VALUES[kind]))


@every_field
def test_a_field_is_a_flag(name, help_text):
    assert re.search(rf"^  --{name.replace('_', '-')}( |$)", help_text, re.MULTILINE)


def test_the_flags_of_a_sweep_stand_below_titles_by_subject(help_text):
    boxes = dict(re.findall(r"^(\S.+):\n((?:  .*\n)+)", help_text, re.MULTILINE))
    assert list(boxes) == ["Arguments", *GROUPS.values(), "Options", "Examples"]
    assert re.findall(r"^  (?:-h, )?--(\S+)", boxes["Options"], re.MULTILINE) == ["set", "help"]
    for first, title in GROUPS.items():
        assert boxes[title].startswith(f"  --{first.replace('_', '-')} ")


@every_field
def test_a_field_is_a_line_with_a_meaning(name):
    assert SweepOptions.model_fields[name].description


@every_field
def test_a_field_is_in_the_schema_with_its_meaning(name, schema):
    described = SweepOptions.model_fields[name].description
    assert schema["properties"][name].get("description") == described


@every_field
def test_a_field_is_a_line_of_the_starter(name, starter):
    assert any(re.match(rf"(# )?{name}:", line) for line in starter)


@every_field
def test_a_field_is_set_by_a_file_and_by_set(name, value, tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(f"\n{name}: {value}\n")
    by_file, by_set = read_options(path), read_options(None, [f"{name}={value}"])
    assert by_file.options == by_set.options != SweepOptions()
    assert (by_file.origins, by_set.origins) == ({name: f"{path}:2"}, {name: "--set"})


@every_field
def test_a_field_is_set_by_its_flag_over_all_else(name, value, schema, monkeypatch):
    asked = []
    monkeypatch.setattr("orchestrator.sweep.main", lambda options, **_: asked.append(options) or 0)
    text = str(json.loads(value)[0] if value.startswith("[") else json.loads(value))
    flag = [f"--{name.replace('_', '-')}", *([] if value == "true" else [text])]
    other = OTHERS[value if value.startswith("[") else json.loads(value)]
    by_set = ["--set", f"{name}={json.dumps(other)}"]
    done = CliRunner().invoke(app, ["sweep", *flag, *by_set])
    assert done.exit_code == 0, done.output
    assert read_options(None, by_set[1:]).options != asked[0]
    assert asked == [read_options(None, [f"{name}={value}"]).options]


@every_field
def test_a_field_is_shown_with_where_it_comes_from(name, value):
    shown = printed("config", "show", "--set", f"{name}={value}")
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    shown = {line[0]: line[1:] for line in lines if len(line) == 3}
    given = shown.pop(name)
    assert given[0] not in ("", "none") and given[1] == "--set"
    assert shown.keys() == SweepOptions.model_fields.keys() - {name}
    assert all(all(cells) for cells in shown.values())


@pytest.mark.parametrize("text", ["false", "False"])
def test_no_control_is_asked_for_by_a_flag_a_file_or_set_alike(text, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("orchestrator.sweep.main", lambda options, **_: asked.append(options) or 0)
    path = tmp_path / "sweep.yaml"
    path.write_text(f"control: {text}\n")
    for words in (
        [str(path)],
        ["--set", f"control={text}"],
        ["--no-control", "--set", "control=true"],
    ):
        assert CliRunner().invoke(app, ["sweep", *words]).exit_code == 0
    assert asked == 3 * [SweepOptions(control=False)]


def test_options_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        SweepOptions().grid = "full"


def test_without_storage_the_store_is_the_cache():
    assert SweepOptions(cache="/c").resources().cache == Path("/c")


def test_a_folder_as_storage_holds_the_store_and_the_runs():
    found = SweepOptions(storage="/share").resources()
    assert (found.cache, found.runs, found.storage) == (Path("/share/_cache"), Path("/share"), "")


def test_two_places_for_the_store_are_refused():
    options = SweepOptions(storage="/share", cache="/c")
    with pytest.raises(ValueError, match=r"--cache /c beside --storage /share.*leave --cache out"):
        options.resources()


def test_a_uri_as_storage_leaves_each_machine_its_cache():
    found = SweepOptions(storage="s3://b/p", cache="/c").resources()
    assert (found.cache, found.storage) == (Path("/c"), "s3://b/p")
    assert found.runs == Path("runs")


@pytest.mark.parametrize("text", ["0", "2,5", "nan"])
def test_a_bad_price_is_refused_before_anything_is_planned(text):
    found = CliRunner().invoke(app, ["sweep", "--gpu-price", text, "--dataset", "not there"])
    assert found.exit_code == 2 and f"--gpu-price is '{text}'" in found.output
