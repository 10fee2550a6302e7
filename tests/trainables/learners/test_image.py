"""The learner of images: its runs are repeatable, and every signal can be had of it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

import trainables.run_context as runs_module
from tests.caches import FolderCache
from tests.image_sets import encoded, image_set, image_spec, with_images
from trainables.data.catalog import Source, load
from trainables.errors import UsageError
from trainables.learners import LEARNERS
from trainables.learners.image_models import RandomView
from trainables.run_context import load_runs
from trainables.selection.scoring import score, select
from trainables.signals import SIGNALS
from trainables.training.learner import Learner
from trainables.trial import run_baseline, run_trial

FORK = {"warmup": 0.5, "signal": "el2n", "settings": (), "selector": "global", "rate": 0.3}
# Fewer models and passes than usual, for the time they take.
_FEW = {
    "members": 2, "models": 12, "passes": 2, "views": 2, "checkpoints": 3, "dim": 64, "folds": 2,
}  # fmt: skip
# Of the signals, those that look at what images do not have.
_REFUSED = {
    "given", "tfidf", "length", "stability_under_dropout", "perplexity", "delta_loss",
}  # fmt: skip


def _cache(folder, name):
    (folder / name).mkdir()
    return FolderCache(folder / name)


def _forked_and_alone(dataset, folder, *, protocol):
    """What a pruned trial says of the test set: forked from its full-data run, and warmed up by itself."""
    said = []
    for name in ("shared", "alone"):
        cache = _cache(folder, name)
        full = image_spec(dataset, cache)
        pruned = replace(full, protocol=protocol, **FORK)
        if name == "shared":
            run_baseline(full, cache, marks=[pruned])
        run_trial(pruned, cache)
        said.append((cache.root / f"outcome-{pruned.result_key}").read_bytes())
    return said


@pytest.mark.parametrize("protocol", ["continue", "restart"])
def test_a_trial_of_images_forked_from_its_full_run_equals_one_that_warmed_up_itself(
    tmp_path, protocol
):
    forked, alone = _forked_and_alone(image_set(), tmp_path, protocol=protocol)
    assert forked == alone


def test_with_views_from_a_generator_of_their_own_a_forked_trial_is_another(tmp_path, monkeypatch):
    own = torch.Generator().manual_seed(0)

    def moves(b, side):
        return torch.randint(-2, 3, (b,), generator=own)

    monkeypatch.setattr(RandomView, "_moves", staticmethod(moves))
    forked, alone = _forked_and_alone(image_set(), tmp_path, protocol="continue")
    assert forked != alone


@pytest.mark.slow
def test_a_trial_of_real_images_forked_equals_one_that_warmed_up_itself(real_data, tmp_path):
    dataset = load(Source(name="cifar10", data_dir=real_data, limit=200, limit_test=100))
    forked, alone = _forked_and_alone(dataset, tmp_path, protocol="continue")
    assert forked == alone


def test_what_stood_in_the_removed_rows_changes_no_bit_of_what_is_trained_afresh(tmp_path):
    white, seen = encoded(np.full((16, 16, 3), 255, dtype=np.uint8)), []
    dataset = image_set()
    for name in ("plain", "other"):
        cache = _cache(tmp_path, name)
        full = image_spec(dataset, cache)
        pruned = replace(full, protocol="restart", **{**FORK, "warmup": 0.0, "signal": "random"})
        seen.append(run_trial(pruned, cache).weights_sha)
        keep, _ = select(pruned, load_runs(pruned, cache))
        dataset = with_images(dataset, [white], at=np.flatnonzero(~keep))
    assert seen[0] == seen[1]


class KilledError(Exception):
    """Stands for SIGKILL: nothing after it is run."""


@pytest.mark.parametrize("step", [2, 8])
def test_a_run_of_images_killed_and_taken_up_ends_the_same(tmp_path, monkeypatch, step):
    dataset, said = image_set(), []
    monkeypatch.setattr(runs_module, "SAVE_EVERY_S", -1.0)
    whole = Learner.train

    def interrupted(self, schedule, until=None):
        for steps in whole(self, schedule, until):
            yield steps
            if steps == step:
                raise KilledError

    for name in ("calm", "killed"):
        cache = _cache(tmp_path, name)
        full = image_spec(dataset, cache)
        if name == "killed":
            with monkeypatch.context() as patched, pytest.raises(KilledError):
                patched.setattr(Learner, "train", interrupted)
                run_baseline(full, cache)
        run_baseline(full, cache)
        said.append((cache.root / f"outcome-{full.result_key}").read_bytes())
    assert said[0] == said[1]


def test_the_small_network_learns_colours(tmp_path):
    cache = _cache(tmp_path, "cache")
    full = image_spec(image_set(n=96), cache)
    row = run_baseline(replace(full, training=replace(full.training, epochs=8)), cache)
    assert row.accuracy > 0.6


@pytest.fixture(scope="module")
def warmed(tmp_path_factory):
    """A cache in which a full-data run of images is at its mark, and the pruned trial there."""
    cache = _cache(tmp_path_factory.mktemp("images"), "cache")
    full = image_spec(image_set(), cache)
    pruned = replace(full, protocol="restart", **{**FORK, "warmup": 0.75})
    run_baseline(full, cache, marks=[pruned])
    return cache, pruned


@pytest.mark.slow
def test_every_signal_scores_images_or_says_why_not(warmed):
    from trainables.evidence.requirements import rests_on, settings_of

    cache, pruned = warmed
    lacking = set(LEARNERS["image"].lacks)
    wrong = []
    for name, row in SIGNALS.items():
        if name in _REFUSED:
            needs = rests_on(row.score)
            if not needs & {*lacking, "texts", "given_scores"}:
                wrong.append(name)
            continue
        settings = settings_of(row.score)
        settings |= {one: few for one, few in _FEW.items() if one in settings}
        spec = replace(pruned, signal=name, settings=tuple(sorted(settings.items())))
        scores, _ = score(spec, load_runs(spec, cache))
        if scores.shape != (48,) or not np.isfinite(scores).all() or np.ptp(scores) == 0:
            wrong.append(name)
    assert wrong == []


def test_what_is_seen_of_an_image_is_the_same_in_evaluation_and_moved_in_training():
    view, images = RandomView(), torch.arange(2 * 3 * 8 * 8, dtype=torch.uint8).view(2, 3, 8, 8)
    torch.manual_seed(1)
    moved = view.train()(images)
    assert torch.equal(view.eval()(images), images)
    assert not torch.equal(moved, images)


def test_a_view_is_the_image_cut_out_of_itself_mirrored_at_its_edges(monkeypatch):
    image = torch.randint(0, 255, (1, 3, 8, 8), dtype=torch.uint8)
    monkeypatch.setattr(RandomView, "_moves", staticmethod(lambda b, side: torch.full((b,), -1)))
    monkeypatch.setattr(torch, "rand", torch.ones)
    padded = torch.nn.functional.pad(image.float(), (1, 1, 1, 1), mode="reflect").byte()
    assert torch.equal(RandomView().train()(image), padded[:, :, :8, :8])


def test_a_data_set_of_texts_is_refused_by_the_learner_of_images(small, specs, filled):
    full, _ = specs("image")
    with pytest.raises(UsageError, match="holds texts; learner image reads images"):
        run_baseline(full, filled())


def test_pixels_of_a_cache_are_shared_by_all_seeds(warmed, tmp_path):
    cache, pruned = warmed
    other = FolderCache(tmp_path)
    for path in cache.root.glob("data-*"):
        shutil.copy(path, tmp_path)
    for seed in (1, 2):
        load_runs(pruned, other).new_learner(replace(pruned, seed=seed))
    assert other.made["pixels"] == 1
