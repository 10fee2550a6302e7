from dataclasses import replace
from types import SimpleNamespace

import pytest
from ray.tune.search import Searcher

from orchestrator.execution.deaths import RETRIES
from orchestrator.execution.scheduler import REPEATS, Accelerators, NewestFirst, ReadySearcher, Work
from orchestrator.planning.resources import Limits
from orchestrator.planning.task_graph import plan, relatives
from trainables.evidence.collector import evidence_key
from trainables.spec import TrialSpec

FULL = TrialSpec(dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1)


def pruned(**fields):
    chosen = {"warmup": 0.15, "signal": "redundancy", "selector": "global", "rate": 0.1}
    return replace(FULL, **{**chosen, **fields})


GRID = [
    replace(spec, seed=seed)
    for seed in (1, 2)
    for spec in (
        FULL,
        *(
            pruned(warmup=warmup, rate=rate, signal=signal)
            for warmup in (0.05, 0.15)
            for rate in (0.1, 0.3)
            for signal in ("redundancy", "random")
        ),
    )
]


class Shelf:
    """A store that only knows what is there."""

    def __init__(self):
        self.there = set()

    def refresh(self):
        pass

    def has(self, kind, key):
        return (kind, key) in self.there


@pytest.fixture
def tasks():
    return plan(GRID, {"d": 1000})


@pytest.fixture
def shelf():
    return Shelf()


class Sweep:
    """Tune, without Tune: asks for tasks, finishes them."""

    def __init__(self, tasks, shelf, first=None, limits=None, accelerators=None, **chosen):
        self.tasks = {task.name: task for task in tasks}
        self.shelf = shelf
        work = Work(left=first or tasks, all_tasks=tasks, **chosen)
        self.searcher = ReadySearcher(work, shelf, limits, accelerators=accelerators)
        self.order, self.count, self.told = [], 0, {}

    def start(self):
        self.count += 1
        name = f"t{self.count}"
        found = self.searcher.suggest(name)
        if not isinstance(found, dict):
            return found
        task = self.tasks[found["task"]]
        self.order.append(task)
        self.told[task.name] = found
        return name, task

    def finish(self, started, *, well=True, died=False):
        name, task = started
        if well:
            self.shelf.there |= set(task.makes)
        result = {"error": "", "time_total_s": 60.0}
        self.searcher.on_trial_complete(name, None if died else result, error=died)

    def run_all(self, slots, fails=lambda task: False):
        live = []
        while True:
            started = self.start()
            if isinstance(started, tuple):
                live.append(started)
            if not isinstance(started, tuple) or len(live) == slots:
                if not live:
                    return started
                one = live.pop(0)
                self.finish(one, well=not fails(one[1]))


def test_work_that_trials_share_is_planned_once(tasks):
    kinds = [task.kind for task in tasks]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "prepare": 1,
        "baseline": 2,
        "score": 8,
        "trial": 16,
    }


def test_signals_on_the_same_neighbours_are_scored_by_one_worker_so_that_none_waits():
    trials = [
        pruned(signal=signal, settings=(("k", k),), rate=rate)
        for signal, k in (("redundancy", 10), ("keep_one", 10), ("redundancy", 5))
        for rate in (0.1, 0.3)
    ]
    others = [pruned(signal="redundancy_within_class", settings=(("k", 10),))]
    scores = [n for n in plan([FULL, *trials, *others], {"d": 1000}) if n.kind == "score"]
    together = [{(mark.signal, mark.settings[0][1]) for mark in task.marks} for task in scores]
    assert together == [
        {("redundancy", 10), ("keep_one", 10)},
        {("redundancy", 5)},
        {("redundancy_within_class", 10)},
    ]
    assert [len(task.makes) for task in scores] == [2, 1, 1]


def test_everything_a_task_needs_is_made_by_another(tasks):
    made = {artifact for task in tasks for artifact in task.makes}
    assert all(set(task.needs) <= made for task in tasks)


@pytest.mark.parametrize("slots", [1, 2, 7])
def test_every_task_runs_once_and_never_before_what_it_needs(tasks, shelf, slots):
    sweep = Sweep(tasks, shelf)
    seen = []

    def watch(task):
        assert all(shelf.has(*artifact) for artifact in task.needs)
        seen.append(task.name)
        return False

    assert sweep.run_all(slots, watch) == Searcher.FINISHED
    assert sorted(seen) == sorted(task.name for task in tasks)


def test_nothing_waits_with_a_worker_in_hand(tasks, shelf):
    sweep = Sweep(tasks, shelf)
    first = sweep.start()
    assert first[1].kind == "prepare"
    assert sweep.start() is None


def test_a_mark_in_mid_run_lets_its_scores_start_before_the_baseline_ends(tasks, shelf):
    sweep = Sweep(tasks, shelf)
    sweep.finish(sweep.start())
    baseline = sweep.start()
    sweep.start()
    shelf.there.add(baseline[1].makes[1])
    assert sweep.start()[1].kind == "score"


def test_full_runs_come_first_and_of_equals_the_lower_seed(tasks, shelf):
    sweep = Sweep(tasks, shelf)
    sweep.run_all(1)
    baselines = [i for i, task in enumerate(sweep.order) if task.kind == "baseline"]
    assert baselines == [1, 2]
    assert [sweep.order[i].spec.seed for i in baselines] == [1, 2]


def test_longer_trials_start_before_shorter_ones(tasks, shelf):
    sweep = Sweep(tasks, shelf)
    sweep.run_all(1)
    costs = [task.cost for task in sweep.order if task.kind == "trial"]
    assert costs[0] == max(costs)
    assert costs[-1] == min(costs)


def test_what_is_done_is_not_handed_out_again(tasks, shelf):
    Sweep(tasks, shelf).run_all(2)
    assert Sweep(tasks, shelf).start() == Searcher.FINISHED


def test_a_new_sweep_over_the_same_store_runs_exactly_what_is_missing(tasks, shelf):
    Sweep(tasks, shelf).run_all(2)
    gone = next(task for task in tasks if task.kind == "trial")
    shelf.there -= set(gone.makes)
    again = Sweep(tasks, shelf)
    again.run_all(2)
    assert [task.name for task in again.order] == [gone.name]


def test_what_hangs_on_a_failed_task_is_named_and_the_rest_runs(tasks, shelf):
    sweep = Sweep(tasks, shelf)
    end = sweep.run_all(2, lambda task: task.kind == "baseline" and task.spec.seed == 2)
    assert end == Searcher.FINISHED
    blocked = sweep.searcher.blocked
    assert {sweep.tasks[name].spec.seed for name in blocked} == {2}
    assert len(blocked) == 4 + 8
    assert {cause.kind for cause in blocked.values()} == {"baseline"}
    assert sweep.searcher.left == 0


def test_an_artifact_that_vanished_with_nobody_left_to_make_it_ends_the_wait(tasks, shelf):
    sweep = Sweep([task for task in tasks if task.kind not in ("prepare", "baseline")], shelf)
    assert sweep.run_all(2) == Searcher.FINISHED
    assert len(sweep.searcher.blocked) == 8 + 16


def test_a_task_whose_worker_died_is_tried_again_before_any_other(tasks, shelf):
    sweep = Sweep(tasks, shelf)
    sweep.finish(sweep.start(), well=False, died=True)
    assert sweep.run_all(2) == Searcher.FINISHED
    assert sweep.order[0] is sweep.order[1]
    assert not sweep.searcher.blocked
    assert sorted(n.name for n in sweep.order[1:]) == sorted(n.name for n in tasks)


def test_a_task_whose_worker_died_is_tried_twice_again_and_then_counts_as_failed(tasks, shelf):
    sweep = Sweep(tasks, shelf)
    for _ in range(1 + RETRIES):
        sweep.finish(sweep.start(), well=False, died=True)
    assert sweep.order == [sweep.order[0]] * 3
    assert sweep.start() == Searcher.FINISHED
    assert len(sweep.searcher.blocked) == len(tasks) - 1


def test_more_tasks_are_asked_for_only_when_all_has_ended(tasks, shelf):
    first = [task for task in tasks if task.spec.seed == 1]
    asked = []

    def more(blocked):
        assert all(shelf.has(*artifact) for task in first for artifact in task.makes)
        asked.append(dict(blocked))
        return [task for task in tasks if task.spec.seed == 2] if len(asked) == 1 else []

    sweep = Sweep(tasks, shelf, first, next_tasks=more)
    assert sweep.run_all(3) == Searcher.FINISHED
    assert sorted(task.name for task in sweep.order) == sorted(task.name for task in tasks)
    assert asked == [{}, {}]


def test_what_failed_is_not_run_again_when_more_is_asked_for(tasks, shelf):
    sweep = Sweep(tasks, shelf, next_tasks=lambda blocked: tasks if len(sweep.order) < 99 else [])
    assert sweep.run_all(2, lambda task: task.kind == "score") == Searcher.FINISHED
    assert len(sweep.order) == len({task.name for task in sweep.order})


@pytest.mark.parametrize("slots", [1, 3])
def test_a_limit_of_trials_stops_handing_out_and_lets_the_rest_end(tasks, shelf, slots):
    sweep = Sweep(tasks, shelf, limits=Limits(trials=5))
    assert sweep.run_all(slots) == Searcher.FINISHED
    assert sum(task.is_trial for task in sweep.order) == 5
    assert sweep.searcher.reached == "--max-trials 5"
    assert sweep.searcher.left == len(tasks) - len(sweep.order)
    rest = Sweep(tasks, shelf)
    rest.run_all(2)
    assert not {n.name for n in rest.order} & {n.name for n in sweep.order}


def test_a_limit_of_hours_counts_every_workers_minutes(tasks, shelf):
    sweep = Sweep(tasks, shelf, limits=Limits(hours=0.1))
    assert sweep.run_all(1) == Searcher.FINISHED
    assert len(sweep.order) == 6
    assert sweep.searcher.reached == "--max-gpu-hours 0.1"


ONE_GPU = Accelerators(share=0.5, slots=1)
FULL_GPU = Accelerators(share=0.5, slots=0)


def begun(sweep):
    """The tasks that start one after another, each done at once, and what their workers are told."""
    while isinstance(started := sweep.start(), tuple):
        sweep.finish(started)
        yield started[1], sweep.told[started[1].name]["computes"]


def test_word_pieces_and_scores_of_evidence_that_is_there_wait_for_no_gpu(shelf):
    signals = ("el2n", "random", "redundancy")
    tasks = plan([FULL, *(pruned(signal=one) for one in signals)], {"d": 1000})
    sweep = Sweep(tasks, shelf, accelerators=FULL_GPU)
    assert [(task.kind, computes) for task, computes in begun(sweep)] == [("prepare", False)]
    shelf.there |= {("warm", FULL.baseline.warm_key), ("warm", pruned().warm_key)}
    shelf.there |= {("evidence", evidence_key(pruned(signal="el2n"), "probs", {}))}
    beside = [*begun(sweep)]
    assert {task.marks[0].signal for task, _ in beside} == {"el2n", "random"}
    assert not any(computes for _, computes in beside)


def test_frozen_embeddings_wait_for_a_gpu(shelf):
    tasks = plan([replace(FULL, learner="linear", model="linear:x")], {"d": 1000})
    assert [*begun(Sweep(tasks, shelf, accelerators=FULL_GPU))] == []


def test_a_gpu_that_nobody_waits_for_is_given_to_a_task_that_needs_none(tasks, shelf):
    """Its worker is there, and another would have to be started."""
    sweep = Sweep(tasks, shelf, accelerators=ONE_GPU)
    assert all(computes for _, computes in begun(sweep))
    assert len(sweep.order) == len(tasks)


def test_a_task_that_computes_has_a_free_gpu_before_one_that_does_not(shelf):
    longest = pruned(signal="random", protocol="restart", budget="steps")
    tasks = plan([FULL, replace(FULL, seed=2), longest], {"d": 1000})
    sweep = Sweep(tasks, shelf, accelerators=ONE_GPU)
    sweep.finish(sweep.start())
    sweep.finish(sweep.start())
    (_, whole), (_, scores) = sweep.start(), sweep.start()
    assert (whole.kind, whole.spec.seed, scores.kind) == ("baseline", 2, "score")
    assert (sweep.told[whole.name]["computes"], sweep.told[scores.name]["computes"]) == (
        True,
        False,
    )


def test_no_more_tasks_compute_at_a_time_than_gpus_hold(shelf):
    tasks = plan([FULL, replace(FULL, seed=2), pruned()], {"d": 1000})
    sweep = Sweep(tasks, shelf, accelerators=ONE_GPU)
    sweep.finish(sweep.start())
    first = sweep.start()
    assert sweep.start() is None
    sweep.finish(first)
    assert isinstance(sweep.start(), tuple) and sweep.start() is None


def test_a_limit_of_hours_counts_the_part_of_a_gpu_that_was_held(shelf):
    sweep = Sweep(plan([FULL], {"d": 1000}), shelf, accelerators=FULL_GPU)
    sweep.finish(sweep.start())
    assert sweep.searcher.seconds == 0
    sweep = Sweep(plan([FULL], {"d": 1000}), shelf, accelerators=ONE_GPU)
    sweep.finish(sweep.start())
    assert sweep.searcher.seconds == 30.0


def test_a_restarted_trial_costs_a_whole_run_less_the_pruned():
    whole, cut = (
        next(n for n in plan([FULL, spec], {"d": 1000}) if n.kind == "trial").cost
        for spec in (pruned(protocol="restart", budget="steps"), pruned(protocol="continue"))
    )
    assert whole == 3000
    assert cut == pytest.approx(3000 * 0.85 * 0.9)


def test_an_ensemble_is_warm_ups_of_other_seeds_that_scoring_waits_for():
    spec = pruned(signal="el2n_ensemble", settings=(("members", 3),))
    tasks = plan([FULL, spec], {"d": 1000})
    warm_ups = [task for task in tasks if task.kind == "warm_up"]
    (scored,) = (task for task in tasks if task.kind == "score")
    assert len(warm_ups) == 2
    assert {artifact for task in warm_ups for artifact in task.makes} < set(scored.needs)


def test_a_member_that_is_a_full_run_of_the_grid_is_not_warmed_up_twice():
    spec = pruned(signal="el2n_ensemble", settings=(("members", 2),))
    (member,) = (s for s in relatives(spec, whole=False))
    tasks = plan([FULL, member.baseline, spec], {"d": 1000})
    assert [task for task in tasks if task.kind == "warm_up"] == []
    assert ("warm", member.warm_key) in {a for task in tasks for a in task.makes}


def test_earlier_checkpoints_are_marks_of_the_same_full_run():
    spec = pruned(signal="tracin", settings=(("checkpoints", 3),))
    tasks = plan([FULL, spec], {"d": 1000})
    (full,) = (task for task in tasks if task.kind == "baseline")
    assert sorted({mark.warmup for mark in full.marks}) == [0.05, 0.1, 0.15]


def test_subset_models_are_runs_of_their_own_shared_by_both_signals_on_them():
    options = (("models", 4), ("share", 0.7))
    specs = [FULL] + [pruned(signal=s, settings=options) for s in ("memorization", "influence")]
    tasks = plan(specs, {"d": 1000})
    assert [task.kind for task in tasks].count("answer") == 4
    assert all(len(task.needs) == 5 for task in tasks if task.kind == "score")


def test_a_policy_needs_no_scores():
    tasks = plan([FULL, pruned(signal="infobatch", selector="each_epoch")], {"d": 1000})
    assert [task.kind for task in tasks] == ["prepare", "baseline", "trial"]


def test_a_sweep_with_ensembles_and_subsets_ends(shelf):
    specs = [FULL] + [
        pruned(signal=signal, settings=((option, 3),))
        for signal, option in (("el2n_ensemble", "members"), ("memorization", "models"))
    ]
    tasks = plan(specs, {"d": 1000})
    sweep = Sweep(tasks, shelf)
    assert sweep.run_all(2) == Searcher.FINISHED
    assert len(sweep.order) == len(tasks)


@pytest.mark.parametrize(
    ("statuses", "chosen"),
    [
        (["TERMINATED", "PENDING", "RUNNING", "PENDING"], 3),
        (["PENDING", "RUNNING"], 0),
        (["RUNNING", "ERROR"], None),
    ],
)
def test_an_idle_worker_goes_to_the_task_that_came_last(statuses, chosen):
    trials = [SimpleNamespace(status=status) for status in statuses]
    found = NewestFirst().choose_trial_to_run(SimpleNamespace(get_trials=lambda: trials))
    assert found is (None if chosen is None else trials[chosen])


def test_what_goes_from_the_store_on_the_way_is_made_again(tasks, shelf):
    sweep, gone = Sweep(tasks, shelf), []

    def takes_away(task):
        if task.kind == "score" and len(gone) < 2:
            gone.append(task)
            shelf.there -= {*task.needs}
        return False

    assert sweep.run_all(2, takes_away) == Searcher.FINISHED
    assert not sweep.searcher.blocked
    names = [task.name for task in sweep.order]
    assert {task.name for task in tasks} == {*names} and len(names) > len(tasks)


def test_what_was_done_before_this_command_is_made_again_where_it_goes(tasks, shelf):
    first = [task for task in tasks if task.kind in ("prepare", "baseline")]
    Sweep(tasks, shelf, first).run_all(2)
    left = [task for task in tasks if task.kind not in ("prepare", "baseline")]
    shelf.there -= {artifact for artifact in shelf.there if artifact[0] == "warm"}
    sweep = Sweep(tasks, shelf, left)
    assert sweep.run_all(2) == Searcher.FINISHED
    assert not sweep.searcher.blocked
    assert [task.kind for task in sweep.order].count("baseline") == 2


def test_what_goes_from_the_store_again_and_again_is_given_up(tasks, shelf):
    def takes_away(task):
        shelf.there -= {artifact for artifact in shelf.there if artifact[0] == "warm"}
        return False

    sweep = Sweep(tasks, shelf)
    finish = sweep.finish

    def finish_and_take_away(started, **how):
        finish(started, **how)
        takes_away(started[1])

    sweep.finish = finish_and_take_away
    assert sweep.run_all(1) == Searcher.FINISHED
    assert len(sweep.order) <= len(tasks) * (1 + REPEATS)
    assert {task.kind for task in map(sweep.tasks.get, sweep.searcher.blocked)} == {
        "score",
        "trial",
    }


def test_a_task_that_failed_for_an_input_the_store_had_lost_runs_again(tasks, shelf):
    lost, restored = [True], []

    def restore():
        restored.append(lost[0])
        lost[0] = False
        return restored[-1]

    sweep = Sweep(tasks, shelf, restored=restore)
    first, second = sweep.start(), None
    sweep.finish(first, well=False)
    assert restored == [True]
    second = sweep.start()
    assert second[1] == first[1]
    sweep.finish(second)
    assert sweep.run_all(2) == Searcher.FINISHED and not sweep.searcher.blocked


def test_a_task_that_fails_though_nothing_was_lost_is_not_tried_again(tasks, shelf):
    sweep = Sweep(tasks, shelf, restored=lambda: False)
    sweep.run_all(2, fails=lambda task: task.kind == "score")
    names = [task.name for task in sweep.order if task.kind == "score"]
    assert len(names) == len({*names}) == 8
