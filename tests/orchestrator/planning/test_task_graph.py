from collections import Counter
from dataclasses import replace

import pytest

from orchestrator.execution.worker import run_here
from orchestrator.planning.resources import Resources
from orchestrator.planning.task_graph import plan
from orchestrator.planning.tasks import by_need
from trainables.records import from_json
from trainables.spec import TrialSpec
from trainables.training_settings import Scorer

FULL = TrialSpec(dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1)


def pruned(signal, **settings):
    chosen = {"warmup": 0.15, "signal": signal, "selector": "global", "rate": 0.1}
    return replace(FULL, **chosen, settings=tuple(settings.items()))


@pytest.fixture(autouse=True)
def in_shards(monkeypatch):
    """A thousand rows come to three shards."""
    monkeypatch.setattr("trainables.neighbours.vectors.SHARD_ROWS", 400)


def made(tasks):
    """How often each piece of evidence is made, in how many places."""
    return Counter("+".join(task.names) for task in tasks if task.kind == "evidence")


def test_a_set_of_one_shard_needs_no_evidence_of_its_own():
    assert made(plan([FULL, pruned("redundancy")], {"d": 400})) == {}


def frozen(signal, seed, warmup):
    return replace(pruned(signal), learner="linear", seed=seed, warmup=warmup)


def test_what_no_training_moves_is_one_task_for_all_seeds_and_marks():
    marks = [(seed, warmup) for seed in (1, 2, 3) for warmup in (0.1, 0.2)]
    specs = [frozen(signal, *mark) for signal in ("redundancy", "semdedup") for mark in marks]
    tasks = plan(specs, {"d": 400})
    assert made(tasks) == {"embeddings": 1, "neighbours": 1, "centroids": 1, "clusters": 1}
    assert not any(need[0] == "warm" for task in tasks if task.names for need in task.needs)


def test_an_encoder_that_only_scores_embeds_no_test_rows():
    scorer = Scorer(model="e", model_sha="e", learner="linear", training=FULL.training)
    scored = replace(pruned("keep_one"), scorer=scorer, protocol="restart")
    tasks = plan([FULL, scored], {"d": 400})
    ready = {task.spec.learner: task.names for task in tasks if task.kind == "prepare"}
    assert ready == {"tiny": ("test",), "linear": ()}


def test_every_shard_is_passed_over_once_and_searched_once():
    tasks = plan([FULL, pruned("redundancy"), pruned("el2n")], {"d": 1000})
    assert made(tasks) == {"embeddings+probs": 3, "neighbours": 3}


def test_signals_on_the_same_neighbours_share_their_shards():
    tasks = plan([FULL, pruned("redundancy"), pruned("keep_one"), pruned("d2")], {"d": 1000})
    assert made(tasks) == {"embeddings+probs": 3, "neighbours": 3}


def test_clusters_are_learnt_once_and_assigned_shard_by_shard():
    tasks = plan([FULL, pruned("semdedup")], {"d": 1000})
    assert made(tasks) == {"embeddings": 3, "centroids": 1, "clusters": 3}


def test_an_approximate_search_rests_on_clusters():
    tasks = plan([FULL, pruned("redundancy", probes=4)], {"d": 1000})
    expected = {"embeddings": 3, "centroids": 1, "clusters": 3, "ivf_neighbours": 3}
    assert made(tasks) == expected


def needed(tasks, kind, signal):
    """The evidence that a signal's task of a kind waits for, by name."""
    makers = {artifact: task for task in tasks for artifact in task.makes}
    (task,) = (task for task in tasks if task.kind == kind and task.spec.signal == signal)
    evidence = [makers[need] for need in task.needs if makers[need].kind == "evidence"]
    return Counter("+".join(maker.names) for maker in evidence)


def test_a_score_waits_for_nothing_its_signal_does_not_look_at():
    tasks = plan([FULL, pruned("redundancy"), pruned("el2n"), pruned("random")], {"d": 1000})
    assert needed(tasks, "score", "random") == {}
    assert needed(tasks, "score", "el2n") == {"embeddings+probs": 3}
    assert needed(tasks, "score", "redundancy") == {"embeddings+probs": 3, "neighbours": 3}


def test_a_trial_waits_for_the_neighbours_its_twins_are_counted_by():
    tasks = plan([FULL, pruned("keep_one"), pruned("random")], {"d": 1000})
    assert needed(tasks, "trial", "keep_one") == {"neighbours": 3}
    assert needed(tasks, "trial", "random") == {}


def test_passes_over_other_members_and_earlier_marks_are_tasks_too():
    specs = [pruned("grand_ensemble", members=3), pruned("tracin", checkpoints=2)]
    tasks = plan([FULL, *specs], {"d": 1000})
    passes = [task for task in tasks if task.names == ("features", "probs")]
    assert len({(task.spec.warm_key, task.place) for task in passes}) == len(passes) == 3 * 4
    assert needed(tasks, "score", "grand_ensemble") == {"features+probs": 2 * 3 * 3}
    assert needed(tasks, "score", "tracin") == {"features+probs": 2 * 3 * 2}


def test_losses_at_earlier_marks_rest_on_one_pass_over_each():
    tasks = plan([FULL, pruned("cld", checkpoints=4)], {"d": 1000})
    passes = [task for task in tasks if task.names == ("row_losses",)]
    assert len({(task.spec.warm_key, task.place) for task in passes}) == len(passes) == 3 * 5
    assert needed(tasks, "score", "cld") == {"row_losses": 3 * 5}


def lonely(scores, labels, rate, ties, neighbours, *, k=3):
    """A selector that looks at neighbours."""


def test_a_selector_that_looks_at_evidence_has_tasks_of_its_own():
    spec = replace(pruned("random"), selector=f"{__name__}:lonely", selector_settings=(("k", 3),))
    tasks = plan([FULL, spec], {"d": 1000})
    assert made(tasks) == {"embeddings": 3, "neighbours": 3}
    assert needed(tasks, "trial", "random") == {"neighbours": 3}


def test_a_signal_that_looks_at_nothing_makes_no_evidence():
    assert made(plan([FULL, pruned("random")], {"d": 1000})) == {}


@pytest.mark.parametrize(
    "specs",
    [
        [FULL, pruned("redundancy"), pruned("semdedup"), pruned("keep_one", probes=4)],
        [FULL, pruned("label_quality"), pruned("el2n_ensemble"), pruned("knn_shapley")],
        [frozen("label_quality", 1, 0.1), frozen("el2n", 2, 0.1), frozen("semdedup", 2, 0.2)],
    ],
)
@pytest.mark.parametrize("n", [400, 1000])
def test_everything_a_task_needs_is_made_by_a_task_before_it(specs, n):
    tasks = plan(specs, {"d": n})
    there = set()
    for task in by_need(tasks):
        assert set(task.needs) <= there, task
        there |= set(task.makes)


@pytest.fixture(scope="module")
def small():
    from trainables.data.synthetic import synthetic

    return synthetic(n_train=1000, n_test=200, n_classes=3, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal", "settings"),
    [("keep_one", {}), ("keep_one", {"probes": 4}), ("knn_shapley", {"probes": 8})],
)
def test_a_trial_on_shards_of_several_workers_is_that_of_one_worker(
    tmp_path, small, signal, settings, monkeypatch
):
    from trainables.data.dataset_file import write
    from trainables.trial import run_trial

    spec = replace(pruned(signal, **settings), data_sha=small.sha)
    spec = replace(spec, learner="linear", model="linear", model_sha="linear")
    shared, alone = (Resources(cache=tmp_path / name) for name in ("shared", "alone"))
    for one in (shared, alone):
        one.open_store().get("data", small.sha, lambda path: write(small, path))
    store = shared.open_store()
    for task in by_need(plan([spec.baseline, spec], {small.sha: 1000})):
        lacking = len(store.keys("evidence"))
        run_here(task, shared)
        assert all(store.has(*artifact) for artifact in task.makes), task
        if task.kind == "trial":
            assert len(store.keys("evidence")) == lacking
    row = from_json(shared.open_store().find("result", spec.result_key).read_text())
    expected = run_trial(spec, alone.open_store())
    assert row.kept_sha == expected.kept_sha
    assert row.weights_sha == expected.weights_sha
    assert (row.neighbours_recall is None) == (settings == {})
    assert row.neighbours_recall == expected.neighbours_recall
    assert row.phases["scoring"].examples == expected.phases["scoring"].examples == 1000
