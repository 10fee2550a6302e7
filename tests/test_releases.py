"""Runs that earlier releases made, as they wrote them: tests/releases/spec_N is of SPEC_VERSION N."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.report import write_report
from analysis.run_files import load_plan, read_rows
from analysis.study import read_runs
from orchestrator.cli.recorded_options import recorded_options
from orchestrator.cli.status import read_progress
from orchestrator.store.run_folder import PlanChangedError, Run
from trainables.errors import UsageError
from trainables.records import from_json, to_json
from trainables.spec import SPEC_VERSION

RELEASES = Path(__file__).parent / "releases"
KEPT = sorted(int(folder.name.removeprefix("spec_")) for folder in RELEASES.glob("spec_*"))
OLD = [version for version in KEPT if version < SPEC_VERSION]


@pytest.fixture
def kept(tmp_path):
    """The folder of a run of a release, to be written into."""

    def copied(version):
        return Path(shutil.copytree(RELEASES / f"spec_{version}", tmp_path / f"run{version}"))

    return copied


def of_another_release(run, version):
    """A run of ours as a release would have written it whose keys and numbers are others."""
    for path in (run / "trials").glob("*.json"):
        row = from_json(path.read_text())
        row = replace(row, spec=replace(row.spec, version=version))
        path.unlink()
        path.with_name(f"{row.spec.result_key}.json").write_text(to_json(row))
    return run


def contents(run):
    return {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def test_there_is_a_run_of_this_release_and_of_three_before_it():
    assert KEPT[-1] == SPEC_VERSION and len(OLD) >= 3


@pytest.mark.parametrize("version", KEPT)
def test_rows_and_plan_of_a_release_have_the_names_that_it_gave_them(kept, version):
    run = kept(version)
    names = {path.stem for path in (run / "trials").iterdir()}
    assert {row.spec.result_key for row in read_rows(run)} == names
    assert {spec.result_key for spec in load_plan(run).specs} == names


@pytest.mark.parametrize("version", OLD)
def test_the_page_of_an_old_run_opens_and_says_which_release_made_it(kept, version):
    told = f"made by a release with SPEC_VERSION {version}, and this one is {SPEC_VERSION}"
    assert told in write_report(kept(version)).read_text()


@pytest.mark.parametrize("version", OLD)
def test_the_status_of_an_old_run_counts_its_trials_and_says_which_release_made_it(kept, version):
    progress = read_progress(kept(version))
    assert progress.done == progress.planned > 0
    assert f"SPEC_VERSION {version}" in progress.release


def go_on(run):
    Run(run).plan_there()


def prune(run):
    with recorded_options(run):
        pass


@pytest.mark.parametrize("use", [go_on, prune])
@pytest.mark.parametrize("version", OLD)
def test_what_goes_on_from_an_old_run_is_refused_before_anything_is_written(kept, use, version):
    run = kept(version)
    before = contents(run)
    with pytest.raises(
        PlanChangedError, match=rf"SPEC_VERSION {version}; this one is {SPEC_VERSION}.*--run"
    ):
        use(run)
    assert contents(run) == before


def test_rows_of_an_old_run_without_its_plan_are_refused_by_name_too(kept):
    run, plan = kept(OLD[-1]), load_plan(kept(SPEC_VERSION))
    (run / "plan.json").unlink()
    with pytest.raises(PlanChangedError, match=f"SPEC_VERSION {OLD[-1]}"):
        Run(run).check_plan(plan)


def test_a_run_of_this_release_is_gone_on_from(kept):
    run = kept(SPEC_VERSION)
    Run(run).check_plan(load_plan(run))


def test_a_run_of_a_later_release_is_named_as_such(kept):
    run = of_another_release(kept(SPEC_VERSION), SPEC_VERSION + 1)
    with pytest.raises(PlanChangedError, match=f"SPEC_VERSION {SPEC_VERSION + 1}; this one is"):
        Run(run).plan_there()


def test_a_plan_says_of_which_release_its_trials_are(kept):
    plan = load_plan(kept(OLD[-1]))
    assert json.loads(plan.to_json())["spec_version"] == OLD[-1]
    assert type(plan).from_json(plan.to_json()).specs == plan.specs


def test_a_plan_with_a_field_of_another_release_is_refused_by_name(kept):
    run = kept(OLD[-1])
    told = json.loads((run / "plan.json").read_text())
    told["specs"][0]["shape"] = "round"
    (run / "plan.json").write_text(json.dumps(told))
    with pytest.raises(PlanChangedError, match=r"plan.json.*\['shape'\].*another release.*--run"):
        Run(run).plan_there()


def test_runs_of_two_releases_are_not_read_as_one(kept):
    with pytest.raises(UsageError, match=f"SPEC_VERSION {OLD[-1]} and {SPEC_VERSION}"):
        read_runs([kept(OLD[-1]), kept(SPEC_VERSION)])
