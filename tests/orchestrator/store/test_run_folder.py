import errno
import multiprocessing
from dataclasses import replace

import pytest

from analysis.run_files import Plan, load_plan
from orchestrator.store.local import ArtifactStore
from orchestrator.store.run_folder import PlanChangedError, Run
from orchestrator.store.run_lock import RunLockedError, holder
from trainables.errors import DataError
from trainables.records import from_json, to_json
from trainables.result import TrialResult
from trainables.seals import read_sealed, seal
from trainables.spec import TrialSpec

FULL = TrialSpec(
    dataset="imdb", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=11
)
PRUNED = replace(FULL, warmup=0.15, signal="redundancy", selector="global", rate=0.3)


def plan(*specs, torch="2.13.0"):
    return Plan(specs=specs, environment={"torch": torch})


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "store")


def finish(store, row):
    store.put("result", row.spec.result_key, lambda path: path.write_text(to_json(row)))


def hold(folder, held, free):
    with Run(folder).locked():
        held.set()
        free.wait(30)


def test_a_second_sweep_in_the_same_folder_is_refused_by_name(run):
    spawn = multiprocessing.get_context("spawn")
    held, free = spawn.Event(), spawn.Event()
    other = spawn.Process(target=hold, args=(run.folder, held, free))
    other.start()
    assert held.wait(30)
    with pytest.raises(RunLockedError, match=f"pid {other.pid}"), run.locked():
        pass
    free.set()
    other.join()


def test_the_folder_is_free_again_when_its_holder_was_killed(run):
    spawn = multiprocessing.get_context("spawn")
    held, free = spawn.Event(), spawn.Event()
    other = spawn.Process(target=hold, args=(run.folder, held, free))
    other.start()
    assert held.wait(30)
    other.kill()
    other.join()
    with run.locked():
        assert run.folder.is_dir()


@pytest.fixture(params=["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def without_locks(request, monkeypatch):
    """A file system that has none, as NFS without its lock service."""

    def flock(*_):
        raise OSError(getattr(errno, request.param), "no locks")

    monkeypatch.setattr("fcntl.flock", flock)
    monkeypatch.setattr("orchestrator.store.atomic._CAUSES", set())


def test_without_locks_a_sweep_runs_and_says_what_that_means_once(
    run, store, without_locks, caplog
):
    with run.locked(), run.locked():
        for key in ("a", "b"):
            assert store.get("scores", key, lambda path: path.write_text("1")).read_text() == "1"
        assert holder(run.folder).startswith("pid ")
    told = [one for one in caplog.messages if "has no locks" in one]
    assert len(told) == 1 and "the result is the same" in told[0]
    assert sum("without its lock" in one for one in caplog.messages) == 1


def test_a_plan_may_grow(run):
    with run.locked():
        run.write_plan(plan(FULL))
        run.write_plan(plan(FULL, PRUNED))
    assert load_plan(run.folder) == plan(FULL, PRUNED)


def test_a_plan_that_grows_keeps_the_time_of_the_first(run):
    with run.locked():
        run.write_plan(replace(plan(FULL), created="2026-01-01T10:00:00"))
        run.write_plan(replace(plan(FULL, PRUNED), created="2026-01-01T12:00:00"))
    assert load_plan(run.folder).created == "2026-01-01T10:00:00"


def test_a_row_of_another_release_is_refused_before_anything_runs(run):
    row = run.folder / "trials" / f"{'0' * 64}.json"
    row.parent.mkdir(parents=True)
    written = read_sealed(to_json(TrialResult(spec=FULL, accuracy=0.9)))
    row.write_bytes(seal(written | {"result_key": row.stem}))
    with pytest.raises(DataError, match=r"0\.json: row is named .* SPEC_VERSION .* another --run"):
        run.check_plan(plan(FULL))
    # Of a trial that this plan has it is made anew.
    row.rename(run.row(FULL))
    run.check_plan(plan(FULL))


@pytest.mark.parametrize("data", [b'{"specs": [\xff', b"", b"{}", b"[]", b'{"specs": ['])
def test_a_damaged_plan_is_put_aside_with_a_line_and_made_anew(run, data, caplog):
    run.folder.mkdir()
    (run.folder / "plan.json").write_bytes(data)
    with run.locked():
        run.write_plan(plan(FULL))
    assert load_plan(run.folder) == plan(FULL)
    assert (run.folder / "damaged" / "plan.json").read_bytes() == data
    assert len(caplog.records) == 1 and "plan.json" in caplog.text and "made anew" in caplog.text


def test_a_plan_made_anew_has_every_trial_that_rows_are_of(run, store):
    finish(store, TrialResult(spec=PRUNED, accuracy=0.9))
    run.folder.mkdir()
    run.copy_row(PRUNED, store)
    (run.folder / "plan.json").write_bytes(b"")
    with run.locked():
        with pytest.raises(PlanChangedError, match=r"1 trial .*imdb redundancy global w15 p30"):
            run.write_plan(plan(FULL))
        run.write_plan(plan(FULL, PRUNED))


def test_what_is_put_aside_twice_is_kept_twice(run):
    run.folder.mkdir()
    for data in (b"1", b"2"):
        (run.folder / "plan.json").write_bytes(data)
        with run.locked():
            pass
    kept = sorted(path.read_bytes() for path in (run.folder / "damaged").iterdir())
    assert kept == [b"1", b"2"]


def test_a_plan_that_asks_for_less_is_refused_with_what_it_leaves_out(run):
    with run.locked():
        run.write_plan(plan(FULL, PRUNED))
        with pytest.raises(PlanChangedError, match=r"1 trial .*imdb redundancy global w15 p30 s11"):
            run.write_plan(plan(FULL))


def test_another_environment_is_refused_with_what_changed(run):
    with run.locked():
        run.write_plan(plan(FULL))
        with pytest.raises(PlanChangedError, match=r"torch 2\.13\.0 → 2\.14\.0"):
            run.write_plan(plan(FULL, torch="2.14.0"))


def test_a_finished_trial_is_copied_from_the_store(run, store):
    row = TrialResult(spec=FULL, accuracy=0.9)
    finish(store, row)
    run.folder.mkdir()
    assert run.copy_row(FULL, store) == row
    assert from_json(run.row(FULL).read_text()) == row


def test_a_row_that_another_run_made_bears_the_names_of_this_one(run, store):
    finish(store, TrialResult(spec=replace(FULL, dataset="./imdb.csv"), accuracy=0.9))
    run.folder.mkdir()
    assert run.copy_row(FULL, store).spec.dataset == "imdb"
    assert from_json(run.row(FULL).read_text()).spec == FULL


@pytest.mark.parametrize("can_link", [True, False])
def test_what_a_trial_says_of_the_test_set_comes_with_its_row(run, store, monkeypatch, can_link):
    def refused(*paths):
        raise OSError(errno.EXDEV, "another disk")

    finish(store, TrialResult(spec=FULL, accuracy=0.9))
    blob = store.put("outcome", FULL.result_key, lambda path: path.write_bytes(b"columns"))
    run.folder.mkdir()
    if not can_link:
        monkeypatch.setattr("orchestrator.store.atomic.os.link", refused)
    run.copy_row(FULL, store)
    (path,) = (run.folder / "outcomes").iterdir()
    assert path.name == f"{FULL.result_key}.parquet" and path.read_bytes() == b"columns"
    assert path.samefile(blob) == can_link
    run.copy_row(FULL, store)
    assert [one.name for one in (run.folder / "outcomes").iterdir()] == [path.name]


def test_a_trial_that_is_to_run_again_leaves_the_folder_and_a_failure_stays(run, store):
    finish(store, TrialResult(spec=FULL, accuracy=0.9))
    run.folder.mkdir()
    run.copy_row(FULL, store)
    run.write_failure(PRUNED, "boom")
    run.forget(FULL)
    run.forget(PRUNED)
    assert not run.row(FULL).exists() and run.row(PRUNED).exists()


def test_an_unfinished_trial_has_no_row_to_copy(run, store):
    assert run.copy_row(FULL, store) is None
    assert not run.row(FULL).exists()


def test_a_result_takes_the_place_of_an_earlier_failure(run, store):
    run.folder.mkdir()
    run.write_failure(FULL, "out of memory", trace="line 1")
    assert run.error(FULL) == "out of memory"
    finish(store, TrialResult(spec=FULL, accuracy=0.9))
    run.copy_row(FULL, store)
    assert from_json(run.row(FULL).read_text()).is_ok


def test_a_failure_never_takes_the_place_of_a_result(run, store):
    run.folder.mkdir()
    finish(store, TrialResult(spec=FULL, accuracy=0.9))
    run.copy_row(FULL, store)
    run.write_failure(FULL, "late")
    assert from_json(run.row(FULL).read_text()).is_ok


def test_a_failures_traceback_lies_in_the_logs(run):
    run.folder.mkdir()
    run.write_failure(PRUNED, "boom", trace="Traceback: line 1")
    (log,) = (run.folder / "logs").iterdir()
    assert log.read_text() == "Traceback: line 1"


def test_another_plan_in_the_folder_is_told_by_what_differs():
    from orchestrator.store.plan_difference import plan_difference
    from tests.trainables.test_spec import PRUNED

    there = [PRUNED.baseline, PRUNED, replace(PRUNED, rate=0.3), replace(PRUNED, seed=17)]
    here = [PRUNED.baseline, replace(PRUNED, rate=0.2, selector="stratified")]
    assert plan_difference(there, here) == (
        "seed 17 there, not here; signal redundancy global there, redundancy stratified here; "
        "rate 0.1, 0.3 there, 0.2 here"
    )
    mixed = [PRUNED, replace(PRUNED, rate=0.3, seed=17), replace(PRUNED, seed=17)]
    assert "combinations" in plan_difference(mixed, [*mixed[:2], replace(PRUNED, rate=0.3)])
