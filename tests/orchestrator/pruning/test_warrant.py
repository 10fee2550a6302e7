"""Which fresh seeds speak of a list, at which level, and what is run for it."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from analysis.answers import answer_of
from analysis.run_files import load_plan
from analysis.study import read_runs
from orchestrator.planning.confirming import fixed_list
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.pruning import warrant as measuring
from orchestrator.pruning.list_tries import tries_of
from orchestrator.pruning.survivors import Survivors
from orchestrator.pruning.warrant import measure, planned_warrant, price
from orchestrator.store.run_folder import Run
from orchestrator.store.run_lock import RunLockedError
from trainables.arrays import rows_sha
from trainables.errors import UsageError
from trainables.records import to_json
from trainables.result import Phase, TrialResult

N, N_TEST, SEEDS = 300, 400, (1, 2, 3)
ASKED = Request(
    grid="demo", datasets=("synthetic:300",), model="linear", seeds=SEEDS, rates=(0.1, 0.3),
    signals=("random", "keep_one"), limit_test=N_TEST,
)  # fmt: skip
# Accuracy of a full-data run, and what a list changes it by: safe, or worse than a line of 10 points.
FULL, SAFE, BAD = 0.8, 0.0, -0.3


def row_of(spec, change, keep):
    """A row of its own chance, of a run on what a list keeps."""
    right = np.random.default_rng([7, spec.seed]).random(N_TEST) < FULL + change
    right |= np.arange(N_TEST) < 40  # so that a class is always right
    sha = rows_sha(keep) if spec.shares_list else f"{spec.seed}"
    kept = int(keep.sum()) if spec.kind == "fixed" else N
    return TrialResult(
        spec=spec, accuracy=float(right.mean()), correct=np.packbits(right).tobytes(), n_test=N_TEST,
        class_names=("a", "b"), class_counts=(150, 150), kept_counts=(kept // 2, kept - kept // 2),
        test_counts=(N_TEST // 2, N_TEST // 2), recall=(0.8, 0.8),
        phases={"training": Phase(seconds=60.0, examples=N)}, kept_sha=sha,
        environment={"device": "cpu"}, finished="2026-11-30T00:00:00+00:00",
    )  # fmt: skip


@pytest.fixture(scope="module")
def planned_once(tmp_path_factory):
    """A sweep, planned once, whose folder and store each test replaces by its own."""
    folder = tmp_path_factory.mktemp("planned")
    resources = Resources(cache=folder / "cache", runs=folder)
    return plan_sweep(ASKED, resources, run=folder / "run", command="prune", tolerance=10.0)


class Bench:
    """A run that was searched, and lists whose trials are made up where they would be trained."""

    most, stopped = 1000, 0

    def __init__(self, planned, folder, monkeypatch, *, confirm=False, control=True):
        self.changes, self.ran, self.run = {}, [], folder / "run"
        resources = Resources(cache=folder / "cache", runs=folder)
        self.planned = replace(
            planned,
            plan=planned.plan if confirm else replace(planned.plan, candidates={}),
            control=control,
            resources=resources,
            store=resources.open_store(),
            run=Run(self.run),
        )
        monkeypatch.setattr(measuring, "run_left", self.run_left)
        sweep = self.planned
        for spec in sweep.specs:
            self.put(sweep, spec, SAFE)
        sweep.run.write_plan(sweep.plan)
        for spec in sweep.specs:
            sweep.run.copy_row(spec, sweep.store)

    def base(self):
        return self.planned.grown()

    def put(self, sweep, spec, change, keep=None):
        row = row_of(spec, change, np.ones(N, bool) if keep is None else keep)
        sweep.store.put("result", spec.result_key, lambda path: path.write_text(to_json(row)))

    def run_left(self, sweep, left, console):
        for task in left:
            if task.is_trial and len(self.ran) < self.most:
                spec = task.spec
                change, keep = self.changes.get(spec.survivors_key, (0.0, None))
                self.put(sweep, spec, change if spec.shares_list else 0.0, keep)
                self.ran.append(spec)
        return self.stopped if len(self.ran) >= self.most else 0, ""

    def list_of(self, signal="keep_one", rate=0.3, *, change=SAFE, number=0, **more):
        base = self.base()
        of = next(s for s in base.grid_specs if s.signal == signal and s.rate == rate)
        spec = replace(fixed_list(of, SEEDS), seed=901, **more)
        keep = np.ones(N, bool)
        keep[np.random.default_rng(number).permutation(N)[: round(rate * N)]] = False
        self.changes[spec.survivors_key] = (change, keep)
        return Survivors(
            spec=spec, keep=keep, scores=keep.astype(np.float32), agreement={1: 0.9, 2: 0.7}
        )

    def measure(self, survivors, **more):
        return measure(
            self.base(), survivors, read_runs([self.run]), console=Console(file=StringIO()), **more
        )

    def plan(self, survivors, **more):
        return planned_warrant(self.base(), survivors, read_runs([self.run]), **more)


@pytest.fixture
def bench(planned_once, tmp_path, monkeypatch):
    return Bench(planned_once, tmp_path, monkeypatch)


@pytest.fixture
def confirmed(planned_once, tmp_path, monkeypatch):
    """A run that has confirmed a list of its own."""
    made = Bench(planned_once, tmp_path, monkeypatch, confirm=True)
    base = made.base()
    listed = next(s for s in base.specs if s.shares_list)
    made.own = Survivors(
        spec=listed, keep=np.arange(N) >= round(listed.rate * N), scores=np.zeros(N, np.float32)
    )
    for spec in base.specs:
        if not base.is_done(spec):
            made.put(base, spec, SAFE, made.own.keep)
    base.run.write_plan(base.plan)
    for spec in base.specs:
        base.run.copy_row(spec, base.store)
    return made


def test_a_list_is_measured_by_seeds_that_chose_nothing_beside_all_rows_and_random_lists(bench):
    survivors = bench.list_of()
    warrant, code = bench.measure(survivors)
    assert (warrant.state, code, warrant.list_sha) == ("passed", 0, survivors.sha)
    assert (warrant.seeds, warrant.n_candidates) == ((901, 902, 903, 904, 905), 4)
    assert sorted((s.kind, s.signal) for s in bench.ran) == sorted(
        [("full", ""), ("fixed", "keep_one"), ("fixed", "random")] * 5
    )
    assert (warrant.n_train, warrant.n_kept, warrant.n_trials) == (300, 210, 15)
    assert warrant.took_s == 15 * 60 and warrant.sweep.agreement == pytest.approx(0.8)


def test_what_was_measured_is_not_measured_again(bench):
    survivors = bench.list_of()
    first, _ = bench.measure(survivors)
    assert bench.plan(survivors).is_there and price(bench.plan(survivors)).trials == 0
    again, _ = bench.measure(survivors)
    assert again == first and len(bench.ran) == 15


def test_without_a_control_no_random_lists_are_run(planned_once, tmp_path, monkeypatch):
    bench = Bench(planned_once, tmp_path, monkeypatch, control=False)
    warrant, _ = bench.measure(bench.list_of())
    assert warrant.random is None and len(bench.ran) == 10


def test_a_list_that_the_run_confirmed_has_its_warrant_from_there(confirmed):
    warrant, code = confirmed.measure(confirmed.own)
    assert (warrant.is_of_run, warrant.state, code, confirmed.ran) == (True, "passed", 0, [])
    base = confirmed.base()
    study = read_runs([confirmed.run])
    (source,) = study.sources
    answer, v = answer_of(study, source), study.confirmed[source].row.verdict
    assert answer.state == "confirmed"
    assert (warrant.change.mean, warrant.change.low, warrant.change.high) == (v.mean, v.low, v.high)
    assert warrant.level == v.alpha and warrant.seeds == study.confirmed[source].row.cell.seeds
    assert not (base.run.folder / "warrants").exists()


def test_the_warrant_of_another_list_is_not_taken_though_all_else_is_alike(confirmed):
    own = confirmed.own
    other = replace(own, keep=own.keep[::-1])
    assert confirmed.plan(own).is_of_run and not confirmed.plan(other).is_of_run
    assert confirmed.plan(other).chosen.folder.name == other.sha


def test_two_cuts_that_leave_the_same_rows_share_a_warrant(bench):
    survivors = bench.list_of()
    bench.measure(survivors)
    alike = replace(survivors, spec=replace(survivors.spec, min_per_class=1))
    assert bench.plan(alike).is_there
    steps = replace(survivors, spec=replace(survivors.spec, budget="steps"))
    assert not bench.plan(steps).is_there


def test_each_list_that_does_not_pass_leaves_a_fifth_of_its_level_to_the_next(bench):
    lists = [
        bench.list_of("keep_one", 0.3, change=BAD),
        bench.list_of("random", 0.3, change=BAD, number=1),
    ]
    lists.append(bench.list_of("keep_one", 0.1, number=2))
    found = [bench.measure(one) for one in lists]
    assert [code for _, code in found] == [5, 5, 0]
    assert [w.level for w, _ in found] == pytest.approx([0.04, 0.008, 0.0016])
    assert [w.earlier for w, _ in found] == [0, 1, 2]
    shown = [{*w.seeds} for w, _ in found]
    assert not shown[0] & shown[1] and not shown[1] & shown[2]
    # What passed costs the next nothing, and what was planned stays.
    assert price(bench.plan(bench.list_of("random", 0.1, number=3))).level == pytest.approx(0.0016)
    assert bench.measure(lists[0])[0].level == pytest.approx(0.04)


def test_a_run_that_confirms_keeps_the_first_level_until_its_own_list_has_passed(
    planned_once, tmp_path, monkeypatch, confirmed
):
    assert price(confirmed.plan(confirmed.list_of("random", 0.1, number=5))).earlier == 0
    waiting = Bench(planned_once, tmp_path / "waiting", monkeypatch, confirm=True)
    assert price(waiting.plan(waiting.list_of("random", 0.1, number=5))).earlier == 1


def test_a_list_that_did_not_pass_is_tried_again_by_other_and_more_seeds_alone(bench):
    survivors = bench.list_of(change=BAD)
    first, _ = bench.measure(survivors)
    assert bench.measure(survivors, seeds=5)[0] == first
    second, _ = bench.measure(survivors, seeds=8)
    assert len(second.seeds) == 8 and not {*second.seeds} & {*first.seeds}
    assert second.level == pytest.approx(0.008)
    names = sorted(path.name for path in (bench.run / "warrants").iterdir() if path.is_dir())
    assert names == [survivors.sha, f"{survivors.sha}-2"]
    assert bench.measure(survivors)[0] == second == bench.measure(survivors, seeds=5)[0]


def test_a_list_that_passed_is_not_tried_again_however_many_seeds_are_asked_for(bench):
    survivors = bench.list_of()
    first, _ = bench.measure(survivors)
    assert bench.measure(survivors, seeds=50)[0] == first


@pytest.mark.parametrize("seeds", [0, 1, 4])
def test_fewer_seeds_than_confirm_are_refused(bench, seeds):
    with pytest.raises(UsageError, match=rf"--seeds is {seeds}; a warrant takes 5"):
        bench.plan(bench.list_of(), seeds=seeds)


def test_stopped_at_a_limit_it_says_what_is_lacking_and_goes_on_with_the_same_seeds(bench):
    survivors = bench.list_of()
    bench.most = 9
    warrant, code = bench.measure(survivors)
    assert (warrant.state, code) == ("incomplete", 3)
    assert not warrant.passes and price(bench.plan(survivors)).left == 6
    with pytest.raises(UsageError, match="5 fresh seeds of this list were begun with"):
        bench.plan(survivors, seeds=8)
    bench.most = 1000
    warrant, code = bench.measure(survivors)
    assert (warrant.state, code, len(bench.ran)) == ("passed", 0, 15)


def test_stopped_by_a_signal_it_ends_by_its_code_and_then_as_one_that_was_never_stopped(
    bench, planned_once, tmp_path, monkeypatch
):
    survivors = bench.list_of()
    bench.most, bench.stopped = 7, 130
    assert bench.measure(survivors)[1] == 130
    bench.most = 1000
    warrant, code = bench.measure(survivors)
    calm = Bench(planned_once, tmp_path / "calm", monkeypatch)
    assert (warrant, code) == calm.measure(calm.list_of())


def test_a_list_that_has_not_all_run_counts_as_one_that_did_not_pass(bench):
    bench.most = 3
    bench.measure(bench.list_of())
    assert price(bench.plan(bench.list_of("random", 0.3, number=1))).earlier == 1


def test_a_list_of_no_cut_of_the_grid_is_one_more_that_could_be_chosen(bench):
    bench.most = 0
    assert bench.measure(bench.list_of())[0].n_candidates == 4
    protected = bench.list_of(number=4, min_per_class=100)
    assert bench.measure(protected)[0].n_candidates == 5
    assert bench.measure(bench.list_of(number=5, min_per_class=120))[0].n_candidates == 6


def test_of_a_run_that_has_grown_all_cuts_that_it_has_count_as_chosen_from(bench):
    bench.most = 0
    sha = bench.planned.specs[0].data_sha
    for chosen_then, counted in ((2, 4), (9, 9)):
        base = bench.base()
        then = replace(base, plan=replace(base.plan, candidates={sha: chosen_then}))
        chosen = planned_warrant(then, bench.list_of(), read_runs([bench.run])).chosen
        assert chosen.plan.candidates == {sha: counted}


def test_random_lists_are_as_large_as_a_list_that_rows_were_put_back_into(bench):
    survivors = bench.list_of(min_per_class=100)
    keep = survivors.keep.copy()
    keep[np.flatnonzero(~keep)[:7]] = True
    survivors = replace(survivors, keep=keep)
    specs = bench.plan(survivors).chosen.plan.specs
    beside = {s for s in specs if s.kind == "fixed" and s.signal == "random"}
    assert {(s.min_per_class, int(s.rate * N)) for s in beside} == {(0, 83)}


def test_the_folder_of_a_warrant_is_read_like_any_run(bench):
    survivors = bench.list_of()
    warrant, _ = bench.measure(survivors)
    folder = bench.run / "warrants" / survivors.sha
    study = read_runs([folder])
    (source,) = study.sources
    answer = answer_of(study, source)
    assert (answer.state, answer.low, answer.level) == (
        "confirmed",
        warrant.change.low,
        warrant.level,
    )
    plan = load_plan(folder)
    assert (plan.metric, plan.tolerance, plan.grid) == ("accuracy", 10.0, "warrant")


def test_another_warrant_of_the_run_that_is_being_measured_is_waited_for(bench):
    survivors = bench.list_of()
    held = Run(bench.run / "warrants").locked()
    with held, pytest.raises(RunLockedError, match="another warrant of this run"):
        bench.measure(survivors)
    assert not tries_of(bench.base(), survivors.spec.data_sha, read_runs([bench.run]))
