from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from orchestrator.planning.estimate import (
    Pace,
    calibrate_paces,
    hours,
    measured_paces,
    searches,
    searching,
    unchosen,
)
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.terminal.estimate_text import print_estimate
from trainables.errors import UsageError
from trainables.records import to_json
from trainables.result import Phase, TrialResult

SMALL = Request(
    grid="demo", datasets=("synthetic:300",), model="linear", seeds=(1, 2), rates=(0.1,), warmups=(0.05,),
    signals=("random",), limit_test=90, confirm=False,
)  # fmt: skip


@pytest.fixture
def planned(tmp_path):
    def make(request=SMALL):
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
        return plan_sweep(request, resources, run=None, command="", tolerance=1.0)

    return make


def finish(sweep, spec, seconds, examples):
    phases = {"training": Phase(seconds=seconds, examples=examples)}
    text = to_json(TrialResult(spec=spec, accuracy=0.5, phases=phases))
    sweep.store.put("result", spec.result_key, lambda path: path.write_text(text))


def shown(sweep, paces):
    text = StringIO()
    print_estimate(sweep, paces, Console(file=text, width=160))
    return text.getvalue()


def test_what_was_never_measured_is_unknown(planned):
    sweep = planned()
    assert measured_paces(sweep) == {}
    assert "unknown" in shown(sweep, {}) and "--calibrate" in shown(sweep, {})


def test_trials_on_the_same_data_give_their_own_pace(planned):
    sweep = planned()
    for spec, seconds in zip(sweep.specs[:2], (1.0, 3.0), strict=True):
        finish(sweep, spec, seconds, 1000)
    (pace,) = measured_paces(sweep).values()
    assert pace.expected == pytest.approx(0.002)
    assert (pace.low, pace.high) == pytest.approx((0.0012 / 1.25, 0.0028 * 1.25))
    assert "2 trials on it" in pace.basis


def test_trials_on_other_data_give_a_wider_guess(planned):
    other = planned(Request(**{**vars(SMALL), "datasets": ("synthetic:200",)}))
    finish(other, other.specs[0], 2.0, 1000)
    (pace,) = measured_paces(planned()).values()
    assert pace.expected == pytest.approx(0.002)
    assert pace.high / pace.low == pytest.approx(1.6**2)
    assert "on other data" in pace.basis


def test_another_batch_size_says_nothing(planned):
    other = planned(Request(**{**vars(SMALL), "training": (("batch_size", 7),)}))
    finish(other, other.specs[0], 2.0, 1000)
    assert measured_paces(planned()) == {}


def test_hours_count_every_step_and_every_test_row(planned):
    sweep = planned()
    tasks = [task for task in sweep.tasks if task.is_trial]
    trained = sum(task.cost for task in tasks)
    pace = Pace(low=1.0, expected=2.0, high=3.0, basis="")
    assert hours(tasks, pace, 90)[1] == pytest.approx(2 * (trained + 30 * len(tasks)) / 3600)


def test_calibration_runs_a_few_steps_here_and_leaves_the_data_for_the_sweep(planned):
    sweep = planned()
    (sha,) = sweep.datasets
    (pace,) = calibrate_paces(sweep, [sha]).values()
    assert 0 < pace.low < pace.expected < pace.high
    assert "steps run just now" in pace.basis
    assert sweep.store.has("data", sha) and not sweep.store.keys("result")
    assert "steps run just now" in shown(sweep, {sha: pace})


def test_a_processor_says_nothing_of_the_pace_on_an_accelerator(planned, monkeypatch):
    monkeypatch.setattr("trainables.environment.device", lambda: "cpu")
    sweep = planned()
    on_gpu = replace(sweep, resources=replace(sweep.resources, gpus=1.0))
    with pytest.raises(UsageError, match="--calibrate runs a few steps on this machine"):
        calibrate_paces(on_gpu, list(sweep.datasets))


@pytest.mark.parametrize(("model", "count"), [("linear", 1), ("tiny", 2)])
def test_searches_for_neighbours_are_counted_once_for_all_that_share_them(planned, model, count):
    """Of two seeds, whose embeddings are the same where no training moves them."""
    signals = ("redundancy", "keep_one", "random", "d2,probes=3")
    sweep = planned(replace(SMALL, model=model, signals=signals))
    assert list(searches(sweep.left).values()) == [count]


def test_what_an_estimate_leaves_out_is_said(planned, monkeypatch):
    sweep = planned(replace(SMALL, signals=("redundancy",)))
    assert "searches for neighbours" not in shown(sweep, {})
    monkeypatch.setattr("orchestrator.terminal.estimate_text._WORTH_TELLING_S", 0)
    expected = f"searches for neighbours, 1 among 300 rows, about {300**2 * 3.4e-9 / 3600:.2g}"
    assert f"of it {expected.replace('rows, ', 'rows: ')} core-hours" in shown(sweep, {})


def test_what_is_done_is_not_counted_again(planned):
    sweep = planned()
    for spec in sweep.specs:
        finish(sweep, spec, 1.0, 1000)
    for spec in sweep.curves:
        sweep.store.put("curve", spec.curve_key, lambda path: path.write_text("{}"))
    assert sweep.left == [] and "nothing is left" in shown(sweep, measured_paces(sweep))


def test_a_search_for_the_training_is_part_of_the_estimate(planned):
    plain, tuned = planned(), planned(replace(SMALL, tune=True))
    (sha,) = tuned.datasets
    (search,) = tuned.searches
    full = 300 * search.start.training.epochs
    assert searching(plain, sha) == 0
    assert searching(tuned, sha) == pytest.approx(search.cost() * full)
    assert 0 < searching(tuned, sha) <= 8 * full
    pace = Pace(low=1.0, expected=1.0, high=1.0, basis="")
    with_search, without = (
        hours([], pace, 100, searched=searching(sweep, sha))[1] for sweep in (tuned, plain)
    )
    assert with_search - without == pytest.approx(search.cost() * full / 3600)


def test_a_confirmation_to_come_is_part_of_the_estimate(planned):
    plain, confirmed = planned(), planned(replace(SMALL, confirm=True))
    (sha,) = confirmed.datasets
    more = unchosen(confirmed, sha)
    # Five full runs, five on the list, five on random lists, at the smallest rate.
    epochs = confirmed.specs[0].training.epochs
    assert more.trials == 15
    assert more.examples == pytest.approx(5 * epochs * 300 * (1 + 2 * 0.9))
    assert unchosen(plain, sha).trials == 0
    pace = Pace(low=1.0, expected=1.0, high=1.0, basis="")
    took = [hours(one.left, pace, 90, more=unchosen(one, sha))[1] for one in (plain, confirmed)]
    assert 3600 * (took[1] - took[0]) == pytest.approx(more.examples + 15 * 90 / 3)
    assert "4           " in shown(plain, {}) and "19          " in shown(confirmed, {})
