"""Faults that public code has and ours must not: one test each, in the order of our list of them."""

import tomllib
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS
from orchestrator.planning.task_graph import plan
from orchestrator.store.local import ArtifactStore
from tests.caches import FolderCache
from trainables.data.catalog import Source, load
from trainables.data.dataset import uniform_draws
from trainables.data.dataset_file import write
from trainables.data.synthetic import synthetic
from trainables.evidence.label_losses import losses_of_labels
from trainables.evidence.requirements import parameters
from trainables.learners import LEARNERS
from trainables.learners.pretrained import Model, find_model
from trainables.neighbours.exact import Neighbours, neighbours
from trainables.neighbours.kmeans import Clusters
from trainables.run_context import load_runs
from trainables.selection.contracts import warnings
from trainables.selection.cuts import n_keep
from trainables.selection.scoring import score
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.signals.dynamics import forgetting, never_learnt
from trainables.signals.labels import knn_shapley
from trainables.signals.redundancy import keep_one, semdedup
from trainables.spec import TrialSpec
from trainables.trial import run_trial

ROOT = Path(__file__).parents[1]
slow = pytest.mark.slow


@pytest.fixture(scope="module")
def data():
    return synthetic(n_train=240, n_test=150, n_classes=3, seed=1)


@pytest.fixture
def filled(tmp_path):
    """Makes a cache that holds a data set."""

    def fill(data, name="cache"):
        (tmp_path / name).mkdir()
        cache = FolderCache(tmp_path / name)
        cache.get("data", data.sha, lambda path: write(data, path))
        return cache

    return fill


def trial(data, **fields):
    """A pruned trial of a logistic head, after 1.2 of 3 epochs."""
    full = TrialSpec(
        dataset="synthetic", data_sha=data.sha, model="linear", model_sha="linear",
        learner="linear", seed=fields.pop("seed", 3),
        training=replace(LEARNERS["linear"].training, epochs=3, batch_size=16, max_length=32),
    )  # fmt: skip
    chosen = {"warmup": 0.4, "signal": "redundancy", "settings": (("k", 10),), "rate": 0.3}
    return replace(full, **{**chosen, "selector": "global", **fields})


def classes(*sizes):
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes)).astype(np.int64)
    return labels, rng.random(len(labels)).astype(np.float32), rng.random(len(labels))


def kept(selector, rate, labels, scores, ties):
    cut = SELECTORS[selector].cut
    made = {"class_recall": np.linspace(0.2, 0.9, labels.max() + 1), "losses": scores[:, None]}
    more = {name: made[name] for name in parameters(cut)[0] if name in made}
    return cut(scores=scores, labels=labels, rate=rate, ties=ties, **more)


@pytest.mark.parametrize(
    ("sizes", "rate", "quotas"),
    [
        ((4000, 2000, 1000), 0.1, [3600, 1800, 900]),
        ((4000, 1000), 0.3, [2800, 700]),
        ((1400, 100), 0.5, [700, 50]),
        ((1, 2, 3), 0.5, [0, 1, 2]),
    ],
)
def test_01_every_class_is_cut_by_its_own_quota(sizes, rate, quotas):
    """A public cut uses the last class's quota for all: 900/900/900."""
    labels, scores, ties = classes(*sizes)
    assert np.bincount(labels[kept("stratified", rate, labels, scores, ties)]).tolist() == quotas


def test_02_higher_is_more_worth_keeping_with_and_without_classes():
    """A public cut keeps the confident samples globally and the unsure ones by class."""
    labels, scores, ties = classes(100, 100)
    keep = kept("global", 0.4, labels, scores, ties)
    assert scores[keep].min() > scores[~keep].max()
    keep = kept("stratified", 0.4, labels, scores, ties)
    for own in (labels == 0, labels == 1):
        assert scores[own & keep].min() > scores[own & ~keep].max()
    sure, unsure = np.float32([0.98, 0.02]), np.float32([0.55, 0.45])
    for name in ("el2n", "loss", "entropy", "margin", "least_confidence"):
        given = {"probs": np.stack([sure, unsure]), "labels": np.array([0, 0])}
        given["row_losses"] = losses_of_labels(**given)
        needs = SIGNALS[name].needs
        certain, doubtful = SIGNALS[name].score(**{need: given[need] for need in needs})
        assert doubtful > certain, name


@slow
def test_03_two_seeds_differ_and_one_seed_gives_the_same_bytes(data, filled):
    """A public driver gives every replicate the same seed."""
    one, again, other = (
        run_trial(trial(data, seed=seed), filled(data, name))
        for name, seed in (("one", 3), ("again", 3), ("other", 4))
    )
    assert (one.weights_sha, one.kept_sha, one.correct) == (
        again.weights_sha, again.kept_sha, again.correct,
    )  # fmt: skip
    assert one.weights_sha != other.weights_sha
    assert one.correct != other.correct


def test_04_what_was_never_learnt_is_the_hardest_and_marked():
    """A public count gives never-learnt samples 0 events: the easiest."""
    correct = np.float32([[0, 1, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]])
    scores = forgetting(correct)
    assert scores[0] == 2 and scores[2] == 0
    assert scores[1] > scores[0]
    assert never_learnt(correct).tolist() == [False, True, False]
    assert "never_learnt" in SIGNALS["forgetting"].columns


@slow
def test_05_the_test_labels_change_no_weight_and_no_kept_row(data, filled):
    """A public loop picks the best epoch on the test set."""
    turned = (data.test.labels + 1) % 3
    other = replace(data, test=replace(data.test, labels=turned))
    rows = [run_trial(trial(d), filled(d, name)) for d, name in ((data, "a"), (other, "b"))]
    assert rows[0].weights_sha == rows[1].weights_sha
    assert rows[0].kept_sha == rows[1].kept_sha
    assert rows[0].accuracy != rows[1].accuracy


def peak(function, *args):
    tracemalloc.start()
    function(*args)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_06_knn_shapley_needs_memory_for_n_times_k():
    """A public one holds n x n float64: 3.2 GB here."""
    n, k = 20_000, 10
    rng = np.random.default_rng(0)
    near = Neighbours(
        rows=rng.integers(0, n, (n, k), dtype=np.int32), similarity=np.ones((n, k), np.float32)
    )
    assert peak(knn_shapley, near, rng.integers(0, 4, n)) < 64 * n * k


def copies():
    rng = np.random.default_rng(0)
    group = rng.permutation(np.repeat(np.arange(100), rng.integers(2, 6, 100)))
    embeddings = rng.standard_normal((100, 16)).astype(np.float32)[group]
    return group, keep_one(neighbours(embeddings, k=10), rng.random(len(group)))


def test_07_of_a_group_of_copies_one_survives_until_only_representatives_are_left():
    """A public flag marks every member of a group."""
    group, scores = copies()
    spare = len(group) - 100
    for count in range(1, spare + 1):
        gone = np.argsort(scores, kind="stable")[:count]
        left = np.setdiff1d(np.arange(len(group)), gone)
        assert len(np.unique(group[left])) == 100
    assert len(left) == 100


def test_08_removal_through_a_chain_is_the_stated_rule_of_semdedup_and_not_of_keep_one():
    """A public one removes through samples that are already removed, without a word."""
    angles = np.array([0.0, 0.1, 0.2])
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    near, ties = neighbours(points, k=2), np.array([0.3, 0.2, 0.1])
    assert np.argmin(keep_one(near, ties)) == 1
    one = Clusters(assigned=np.zeros(3, np.int32), similarity=np.float32([0.1, 0.2, 0.3]))
    above = semdedup(points, one, ties) < -np.cos(0.15)
    assert above.tolist() == [False, True, True]
    stated = " ".join((semdedup.__doc__ or "").split())
    assert "rows that are themselves gone still count" in stated


def test_09_the_memory_of_a_cut_grows_with_n_and_not_with_budget_times_n():
    """A public k-centre holds 52 GB at 120,000 rows."""

    def near(n):
        rng = np.random.default_rng(0)
        rows = rng.integers(0, n, (n, 10), dtype=np.int32)
        return Neighbours(rows=rows, similarity=rng.random((n, 10)).astype(np.float32))

    n = 10_000
    for selector in SELECTORS:
        small, large = (peak(kept, selector, 0.5, *classes(m, m)) for m in (n, 2 * n))
        assert large < 2.5 * small, selector
    small, large = (peak(keep_one, near(m), np.arange(m) / m) for m in (n, 2 * n))
    assert large < 2.5 * small


def test_10_one_text_one_label_or_the_model_is_another_key(data):
    """A public cache is keyed by indices and returns another data set's values."""
    texts = data.train.inputs.to_pylist()
    text = replace(data.train, inputs=pa.array([texts[0] + "!", *texts[1:]], pa.large_string()))
    labels = data.train.labels.copy()
    labels[0] = (labels[0] + 1) % 3
    others = [replace(data, train=text), replace(data, train=replace(data.train, labels=labels))]
    keys = {trial(d).score_key for d in (data, *others)}
    keys.add(replace(trial(data), model_sha="another").score_key)
    assert len(keys) == 4


def test_11_one_baseline_serves_every_rate_of_its_data_model_and_seed():
    """A public driver trains the full-data model anew for every rate."""
    grid = GRIDS["full"]
    names = dict.fromkeys(("imdb", "ag_news", "yahoo_answers_imbalanced"), "")
    specs = expand(grid, {name: name for name in names}, Model(learner="tiny", name="t", sha="t"))
    tasks = plan(specs, dict.fromkeys(names, 1000))
    assert len({spec.rate for spec in specs}) == 4
    assert sum(task.kind == "baseline" for task in tasks) == 3 * 5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.floats(0.0, 0.99),
    st.sampled_from(sorted(SELECTORS)),
)
def test_12_exactly_as_many_stay_as_were_asked_for(sizes, rate, selector):
    """A public head(n + 1) keeps one too many."""
    labels, scores, ties = classes(*sizes)
    assert kept(selector, rate, labels, scores, ties).sum() == n_keep(len(labels), rate)


@slow
def test_13_what_was_drawn_elsewhere_before_changes_nothing(data, filled):
    """Public code leaves its seeds to the system, or to global generators."""
    import random

    import torch

    one = run_trial(trial(data), filled(data, "one"))
    random.seed(9)
    np.random.seed(9)  # noqa: NPY002
    torch.manual_seed(9)
    np.random.random(7)  # noqa: NPY002
    other = run_trial(trial(data), filled(data, "other"))
    assert (one.weights_sha, one.kept_sha) == (other.weights_sha, other.kept_sha)
    ruled = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "NPY" in ruled["tool"]["ruff"]["lint"]["select"]


def test_14_scores_do_not_depend_on_workers_or_shards():
    """A public one keeps a table of duplicates in each worker."""
    rng = np.random.default_rng(0)
    embeddings, ties = rng.standard_normal((300, 8)).astype(np.float32), rng.random(300)
    whole = keep_one(neighbours(embeddings, k=10), ties)
    order = rng.permutation(300)
    assert (keep_one(neighbours(embeddings[order], k=10), ties[order]) == whole[order]).all()
    spec = TrialSpec(
        dataset="d", data_sha="d", model="t", model_sha="t", learner="tiny", seed=1, warmup=0.15,
        signal="keep_one", selector="global", rate=0.1,
    )  # fmt: skip
    asked = [
        replace(spec, rate=rate, selector=s) for rate in (0.1, 0.2) for s in ("global", "floor")
    ]
    assert sum(task.kind == "score" for task in plan([spec.baseline, *asked], {"d": 100})) == 1


@slow
@pytest.mark.parametrize("selector", ["global", "stratified", "floor", "coverage", "window"])
def test_15_twins_that_went_together_are_counted_for_every_selector(data, filled, selector):
    """Public nearest-neighbour ranking deletes both twins and does not say so."""
    row = run_trial(trial(data, selector=selector), filled(data))
    # Of rows dropped at random three in ten would lose their nearest neighbour.
    assert row.twins_lost > 0.35


def test_16_keys_hold_content_and_never_a_path(tmp_path):
    """A public job id includes the data folder: move the data, lose the results."""
    shas = []
    for place in ("here", "there/below"):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        rows = "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(40))
        (folder / "some.csv").write_text("text,label\n" + rows)
        shas.append(load(Source(name=str(folder / "some.csv"), test_fraction=0.2)).sha)
    assert shas[0] == shas[1]
    assert str(tmp_path) not in find_model("tiny").sha


def test_17_an_interrupted_write_is_no_hit(tmp_path):
    """In a public cache half a download counts as the whole."""

    class KilledError(BaseException):
        pass

    def dies(path):
        path.write_bytes(b"half of it")
        raise KilledError

    store = ArtifactStore(tmp_path, environment="e")
    key = "a" * 64
    with pytest.raises(KilledError):
        store.get("scores", key, dies)
    assert not store.has("scores", key)
    made = ArtifactStore(tmp_path, environment="e").get(
        "scores", key, lambda path: path.write_bytes(b"all of it")
    )
    assert made.read_bytes() == b"all of it"


@slow
def test_18_one_seed_gives_the_same_bytes_and_another_others(data, filled):
    """A public function documents a seed and draws from the global generator."""
    found = []
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        spec = trial(data, seed=seed, signal="random", settings=())
        scores, _ = score(spec, load_runs(spec, filled(data, name)))
        found.append(scores.tobytes())
    assert found[0] == found[1] != found[2]
    assert (uniform_draws(np.arange(9), 3, "ties") != uniform_draws(np.arange(9), 4, "ties")).all()


def test_19_grand_at_initialisation_is_no_default_and_is_warned_about(data):
    """Public GraNd scores at initialisation rank no better than random."""
    early = trial(data, signal="grand", settings=(), warmup=0.1)
    (sentence,) = warnings(early)
    assert "grand after 0.3 epochs" in sentence
    for grid in GRIDS.values():
        epochs = grid.training.epochs if grid.training else 3
        for block in grid.blocks:
            for arm in block.arms:
                if arm.signal.startswith("grand"):
                    assert min(block.warmups) * epochs >= SIGNALS[arm.signal].min_epochs


@slow
def test_20_a_signal_asked_for_too_early_names_the_warm_up_or_is_refused(data, filled):
    """Public code scores by EL2N or forgetting before one epoch has passed."""
    (sentence,) = warnings(trial(data, signal="el2n", settings=(), warmup=0.1))
    assert "a warm-up of 0.333333 here" in sentence
    early = trial(data, signal="forgetting", settings=(), warmup=0.4)
    with pytest.raises(
        ValueError, match=r"needs every sample seen 2 times, a warm-up of 0\.666667"
    ):
        run_trial(early, filled(data))
