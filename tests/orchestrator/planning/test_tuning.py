"""The search for a training: what it runs, in which order, what wins, what it costs."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.training_curves import ending_of
from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS, KEEP_ONE, Arm, GridBlock
from orchestrator.planning.request import Request
from orchestrator.planning.tuning import least_epochs, training_search
from trainables.data.catalog import load
from trainables.data.dataset_file import write
from trainables.environment import settle
from trainables.errors import UsageError
from trainables.learners import LEARNERS
from trainables.learners.pretrained import find_model, named_model
from trainables.result import TrainingCurve
from trainables.spec import TrialSpec
from trainables.training.looks import held_share, looks_per_epoch
from trainables.training_curve import run_curve


def start(learner="linear", **training):
    return TrialSpec(
        dataset="d", data_sha="d", model=learner, model_sha=learner, learner=learner, seed=1,
        training=replace(LEARNERS[learner].training, **training),
    )  # fmt: skip


def search_of(learner="linear", *, given=(), budget=8, least=1, n=8000, **training):
    """Of ten epochs, unless asked otherwise."""
    spec = start(learner, **{"epochs": 10} | training)
    return training_search(spec, given=given, budget=budget, n_train=n, least_epochs=least)


def seen(accuracy, spec):
    """A curve of one look that ends at an accuracy; below zero: its loss was not finite."""
    if accuracy < 0:
        return TrainingCurve(spec=spec, error="the loss is nan")
    right = np.packbits(np.arange(1000) < round(1000 * accuracy)).tobytes()
    return TrainingCurve(spec=spec, epochs=(1.0,), right=right, n_held=1000, n_train=4000)


def played(search, merit):
    """Run a search to its end: the training chosen, and the runs in the order in which they came."""
    found = {}
    rounds = []
    while lacking := search.lacking(found.get):
        assert search.chosen(found.get) is None
        assert not set(lacking) & set(found)
        rounds.append(lacking)
        found |= {spec: seen(merit(spec.training), spec) for spec in lacking}
    return search.chosen(found.get), rounds


def by_rate(training):
    """Best at 3e-3, better with more epochs."""
    return 0.9 - 0.05 * abs(np.log10(training.lr / 3.33e-3)) + 0.002 * training.epochs


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("budget", [6, 8, 20])
@pytest.mark.parametrize("n", [900, 8_000, 120_000, 2_000_000])
def test_a_search_stays_within_its_budget_whatever_wins(learner, budget, n):
    search = search_of(learner, budget=budget, n=n)
    held = round(n * held_share(n))
    full = search.start.training.epochs
    for number in range(20):
        rng = np.random.default_rng(number)
        _, rounds = played(search, lambda _, rng=rng: rng.random())
        runs = [spec for round_ in rounds for spec in round_]
        assert len(runs) <= search.count()
        # Counted in rows: those trained on, and a third of those looked at.
        trained = sum(spec.training.epochs * (n - held) for spec in runs)
        looked = sum(
            spec.training.epochs * looks_per_epoch(spec.training.epochs) * held for spec in runs
        )
        cost = (trained + looked / 3) / (n * full)
        assert cost <= search.cost() + 1e-2 and search.cost() <= budget
        assert search.start in runs and len(set(runs)) == len(runs)


def test_half_of_the_settings_go_on_to_more_epochs_and_the_best_run_wins():
    search = search_of()
    chosen, rounds = played(search, by_rate)
    assert [len({(s.training.lr, s.training.weight_decay) for s in r}) for r in rounds] == [
        7, 3, 2, 1,
    ]  # fmt: skip
    assert [r[0].training.epochs for r in rounds] == [3, 5, 10, 20]
    assert (chosen.lr, chosen.epochs) == (3.33e-3, 20)


def test_a_short_run_can_win_and_of_equals_the_cheapest_does():
    assert played(search_of(), lambda t: 0.9 - 0.01 * t.epochs)[0].epochs == 3
    chosen, _ = played(search_of(), lambda t: 0.5 if t.epochs == 10 else 0.9)
    assert chosen.epochs == 3


@pytest.mark.parametrize(("won", "lost", "stays"), [(0, 0, True), (30, 25, True), (30, 20, False)])
def test_the_start_stays_unless_the_best_is_better_by_more_than_luck(won, lost, stays):
    """30 rows won and 20 lost are a gain of 10 with a standard error of 7.1; of 25 lost, 5 and 7.4."""
    search, found = search_of(), {}
    rows = np.arange(1000)
    while lacking := search.lacking(found.get):
        for spec in lacking:
            bits = rows < 500
            if spec == search.start:
                bits = rows >= won
            elif spec.training.lr == search.settings[1].lr:
                bits = (rows < won) | (rows >= won + lost)
            found[spec] = replace(seen(0.5, spec), right=np.packbits(bits).tobytes())
    assert (search.chosen(found.get) == search.start.training) == stays


def test_the_winner_does_not_depend_on_which_run_ends_first():
    chosen, rounds = played(search_of(), by_rate)
    search, found = search_of(), {}
    for _ in range(sum(map(len, rounds))):
        last = search.lacking(found.get)[-1]  # one at a time, the last first
        found[last] = seen(by_rate(last.training), last)
    assert search.chosen(found.get) == chosen


def test_a_training_whose_loss_is_not_finite_loses():
    chosen, _ = played(search_of(), lambda t: -1.0 if t.lr > 5e-3 else 0.5)
    assert chosen.lr == 3.33e-3
    with pytest.raises(UsageError, match=r"d: no training could be found: the loss is nan"):
        played(search_of(), lambda _: -1.0)


@pytest.mark.parametrize("field", ["lr", "epochs", "weight_decay"])
def test_what_was_asked_for_stays(field):
    given = {"lr": 7.123456e-3, "epochs": 6, "weight_decay": 0.07}[field]
    _, rounds = played(search_of(given=(field,), **{field: given}), by_rate)
    assert {getattr(spec.training, field) for r in rounds for spec in r} == {given}


def test_nothing_to_search_or_too_little_to_search_with_is_refused():
    with pytest.raises(UsageError, match="leaves nothing to search"):
        search_of(given=("lr", "epochs", "weight_decay"))
    with pytest.raises(UsageError, match=r"--tune-budget 2 is too small: the least .* full runs"):
        search_of(budget=2)


def test_no_run_is_shorter_than_the_signals_need_nor_that_longer_than_the_start():
    assert search_of(least=4).rounds == (4, 5, 10, 20)
    assert search_of("tiny", least=9, epochs=2).rounds == (2, 4)


def test_the_epochs_that_signals_need_are_those_of_their_mark():
    def block(*names, warmups=()):
        arms = tuple(Arm(signal=name) for name in names)
        return GridBlock(datasets=("d",), warmups=warmups, rates=(0.1,), arms=arms)

    assert least_epochs([block()], "restart") == 1
    assert least_epochs([replace(block(), arms=(KEEP_ONE,))], "restart") == 1
    assert least_epochs([block("el2n"), block("aum")], "restart") == 3  # 2 epochs at 0.9
    assert least_epochs([block("el2n"), block("aum")], "continue") == 14  # 2 epochs at 0.15
    for protocol in ("restart", "continue"):
        assert least_epochs([block("aum", warmups=(0.5, 0.25))], protocol) == 8


def test_the_decays_tried_are_those_of_the_size_of_the_data():
    small, large = (
        search_of(n=n, budget=20, weight_decay=w) for n, w in ((8_000, 1.0), (80_000, 0.1))
    )
    decays = [{one.weight_decay for one in search.settings} for search in (small, large)]
    assert decays == [{1.0, 0.1, 3.0}, {0.1, 0.01, 0.3}]


def has_curve(grid):
    """Of a language model no curve is made."""
    return LEARNERS[named_model(grid.model).learner].learns_classes and not grid.needs_gpu


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, grid in GRIDS.items() if has_curve(grid)])
def test_the_training_of_a_preset_is_at_its_best(name, cache):
    """Presets are not searched: theirs must end neither past its best nor still learning."""
    settle(1)
    request = Request(grid=name, tune=False)
    model = find_model(request.model_name())
    grid = request.resolved(model, gpu=False)
    (dataset,) = {source.name: load(source) for source in request.sources().values()}.values()
    cache.get("data", dataset.sha, lambda path: write(dataset, path))
    specs = expand(grid, {dataset.name: dataset.sha}, model)
    curve = run_curve(specs[0], cache)
    assert ending_of(curve, tolerance=1.0).state == "settled", curve.accuracies()
