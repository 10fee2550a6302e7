from pathlib import Path

import pytest

from orchestrator.cli.config_file import read_options
from orchestrator.cli.options import SweepOptions
from orchestrator.cli.recorded_options import record_options, recorded_options, started_from
from trainables.errors import AbsentError, DataError


@pytest.fixture
def started_in(tmp_path, monkeypatch):
    folder = tmp_path / "where it was started"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


ASKED = SweepOptions(
    dataset=["tickets.csv"], text_column=["subject"], rate=[0.1], seeds="adaptive", delimiter=";",
    cache=Path("store"), confirm=False, tolerance="5%", gpus_per_trial=0,
)  # fmt: skip


@pytest.mark.parametrize("data_dir", ["", "/data/of/the/variable"])
def test_a_run_is_read_by_what_it_was_asked_for_from_any_folder(
    started_in, tmp_path, monkeypatch, data_dir
):
    run = tmp_path / "run"
    run.mkdir()
    monkeypatch.setenv("PRUNE_ENVELOPE_DATA", data_dir)
    record_options(ASKED, run)
    monkeypatch.delenv("PRUNE_ENVELOPE_DATA")
    monkeypatch.chdir(tmp_path)
    with recorded_options(run) as options:
        told = Path(data_dir) if data_dir else None
        assert options == ASKED.model_copy(update={"data_dir": told})
        assert Path.cwd() == started_in
        assert options.resources().cache == started_in / "store"
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize(("name", "says"), [("", "holds no run"), ("gone", "no such folder")])
def test_what_is_no_run_says_what_to_do(tmp_path, name, says):
    told = pytest.raises(AbsentError, match=f"{says}; name the folder of a run")
    with told, recorded_options(tmp_path / name):
        pass


@pytest.mark.parametrize("text", ["", "{}", '{"folder": ".", "options": {"epochs": "many"}}', "[]"])
def test_a_damaged_record_is_named(tmp_path, text):
    (tmp_path / "options.json").write_text(text)
    with pytest.raises(DataError, match=r"options\.json"), recorded_options(tmp_path):
        pass


def test_a_folder_that_is_gone_is_named(started_in, tmp_path, monkeypatch):
    run = tmp_path / "run"
    run.mkdir()
    record_options(ASKED, run)
    monkeypatch.chdir(tmp_path)
    started_in.rmdir()
    with pytest.raises(AbsentError, match="where it was started"), recorded_options(run):
        pass


def test_a_run_in_the_place_of_a_file_goes_on_with_what_it_was_asked_for(
    started_in, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    run.mkdir()
    record_options(ASKED, run)
    monkeypatch.chdir(tmp_path)
    with started_from(Path("run")) as config:
        chosen = read_options(config, ["rate=[0.1, 0.05]"])
        assert Path.cwd() == started_in
    asked = ASKED.model_copy(update={"run": run, "rate": chosen.options.rate})
    assert chosen.options.model_copy(update={"data_dir": None}) == asked
    assert [*chosen.options.rate] == [0.1, 0.05]
    assert chosen.origins["dataset"] == str(run / "options.json")
    with started_from(None) as config:
        assert config is None


def test_a_run_that_goes_on_from_where_it_was_started_is_called_as_it_was(started_in):
    (started_in / "runs" / "a").mkdir(parents=True)
    record_options(ASKED, started_in / "runs" / "a")
    with started_from(Path("runs/a")) as config:
        assert config == Path("runs/a")
