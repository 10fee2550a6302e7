"""A run looked at on held-out training rows: what it is trained on, what it says, how it goes on."""

from dataclasses import replace

import numpy as np
import pytest

import trainables.run_context as runs_module
import trainables.training_curve as module
from tests.caches import FolderCache
from tests.faults import corrupt
from trainables.data.dataset_file import write
from trainables.data.subsampling import held_rows
from trainables.evidence.forward_passes import collect
from trainables.run_context import load_runs
from trainables.training.learner import Learner
from trainables.training.looks import held_share, looks_per_epoch, passes_with_looks
from trainables.training.schedule import Schedule
from trainables.training_curve import run_curve

learners = pytest.mark.parametrize(
    "learner", ["linear", pytest.param("tiny", marks=pytest.mark.slow)]
)


@pytest.fixture
def full(specs):
    def of(learner="linear", **training):
        spec = specs(learner)[0]
        return replace(spec, training=replace(spec.training, **training))

    return of


def held_of(dataset):
    """The rows that a curve holds out, by an experiment: those its schedule never trains on."""
    rng = np.random.default_rng(module.seed_for(0, "held out"))
    return held_rows(dataset.train, held_share(len(dataset.train)), rng)


@learners
def test_each_look_is_what_a_run_that_stops_there_would_say(full, filled, small, learner):
    """The slow twin: each look by a run of its own that was never looked at before."""
    spec, cache = full(learner), filled()
    curve = run_curve(spec, cache)
    held, runs = held_of(small), load_runs(spec, cache)
    for epoch, right in zip(curve.epochs, curve.bits(), strict=True):
        alone = runs.new_learner(spec)
        lengths = alone.network.lengths["train"]
        schedule = Schedule(lengths=lengths, seed=3, training=spec.training, keep=~held)
        for _ in alone.train(schedule, round(epoch * -(-(~held).sum() // 16))):
            pass
        probs = collect(alone, ("probs",))[0]["probs"]
        assert np.array_equal((probs.argmax(1) == small.train.labels)[held], right)
    assert curve.epochs == (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
    assert (curve.n_held, curve.n_train) == (held.sum(), (~held).sum())


def test_held_out_rows_are_never_trained_on_and_all_others_in_every_epoch(
    full, filled, small, monkeypatch
):
    seen = []
    step = Learner._step

    def spied(self, one, seed):
        seen.append((one.epoch, one.rows))
        step(self, one, seed)

    monkeypatch.setattr(Learner, "_step", spied)
    run_curve(full(), filled())
    others = np.flatnonzero(~held_of(small))
    for epoch in range(3):
        rows = np.concatenate([rows for e, rows in seen if e == epoch])
        assert np.array_equal(np.sort(rows), others)


def test_every_training_is_seen_by_the_same_rows(full, filled):
    cache = filled()
    curves = [run_curve(full(lr=lr, epochs=e), cache) for lr, e in ((1e-2, 2), (1e-3, 5))]
    assert len({curve.n_held for curve in curves}) == 1
    assert len({curve.spec.curve_key for curve in curves}) == 2


def test_the_test_set_has_no_part_in_it(full, filled, small, tmp_path):
    spec = full()
    other = replace(small, test=replace(small.test, labels=small.test.labels[::-1].copy()))
    cache = FolderCache(tmp_path / "other")
    (tmp_path / "other").mkdir()
    cache.get("data", other.sha, lambda path: write(other, path))
    changed = run_curve(replace(spec, data_sha=other.sha), cache)
    assert changed.right == run_curve(spec, filled()).right


@pytest.mark.parametrize("lost", ["", "deleted", "flipped", "a-folder"])
def test_a_run_killed_on_its_way_goes_on_and_ends_the_same(full, filled, monkeypatch, lost):
    spec, cache = full(), filled()
    whole = run_curve(spec, filled("alone"))
    monkeypatch.setattr(runs_module, "SAVE_EVERY_S", 0.0)
    predict = module.predict
    looks = iter(range(4))

    def dies(*args):
        if next(looks) == 3:
            raise KeyboardInterrupt
        return predict(*args)

    monkeypatch.setattr(module, "predict", dies)
    with pytest.raises(KeyboardInterrupt):
        run_curve(spec, cache)
    folder = cache.progress(spec.curve_key)
    assert len(list(folder.glob("look-*"))) == 3
    if lost:
        # Its last bytes are what the look showed: all else would be read as before.
        look = min(folder.glob("look-*"))
        corrupt(look, lost, at=8 * look.stat().st_size - 1)
    calls = []
    monkeypatch.setattr(module, "predict", lambda *args: calls.append(1) or predict(*args))
    again = run_curve(spec, cache)
    assert again.right == whole.right and again.used.examples == whole.used.examples
    assert len(calls) == (6 if lost else 3)


def test_a_loss_that_is_not_finite_ends_in_a_curve_without_looks(full, filled):
    curve = run_curve(full(lr=1e38), filled())
    assert curve.epochs == () and curve.accuracies() == () and "the loss is" in curve.error


def test_where_each_class_has_one_row_nothing_can_be_held_out(full, small, tmp_path):
    rows = np.unique(small.train.labels, return_index=True)[1]
    one_each = replace(small, train=small.train.take(rows), truth={})
    cache = FolderCache(tmp_path)
    cache.get("data", one_each.sha, lambda path: write(one_each, path))
    curve = run_curve(replace(full(), data_sha=one_each.sha), cache)
    assert "no class has a second row" in curve.error and curve.accuracies() == ()


@pytest.mark.parametrize(
    ("n", "held"), [(300, 100), (4_460, 1_487), (8_000, 2_000), (20_000, 4_000), (145_000, 10_000)]
)
def test_a_small_set_gives_more_of_its_rows_and_a_large_one_no_more_than_it_takes(n, held):
    assert round(n * held_share(n)) == held


@pytest.mark.parametrize(("epochs", "looks"), [(1, 4), (2, 4), (3, 6), (4, 4), (20, 20)])
def test_a_run_is_looked_at_four_times_at_least(epochs, looks):
    assert epochs * looks_per_epoch(epochs) == looks
    assert passes_with_looks(epochs, 20_000) == pytest.approx(0.8 * epochs + looks * 0.2 / 3)
    assert passes_with_looks(epochs, 900) == pytest.approx(epochs * 2 / 3 + looks / 9)
