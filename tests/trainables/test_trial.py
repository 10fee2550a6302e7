import hashlib
import json
from dataclasses import replace
from itertools import product

import numpy as np
import pyarrow.parquet as pq
import pytest

import trainables.run_context as runs_module
from trainables.arrays import write_arrays
from trainables.data.dataset import Split, uniform_draws
from trainables.data.dataset_file import write
from trainables.data.subsampling import with_validation
from trainables.errors import DataError
from trainables.evidence.collector import Evidence
from trainables.evidence.forward_passes import collect
from trainables.evidence.marked_losses import loss_marks
from trainables.evidence.requirements import rests_on, settings_of
from trainables.learners import LEARNERS
from trainables.run_context import load_runs
from trainables.selection.cuts import n_keep
from trainables.selection.dynamic import POLICIES
from trainables.selection.lookup import sha_of
from trainables.selection.scoring import join_scores, select
from trainables.selection.scoring import score as scored_with
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import ENDS
from trainables.stages import make_scores
from trainables.training.learner import Learner
from trainables.training.schedule import warm_steps
from trainables.trial import run_baseline, run_trial, warm_up

pytestmark = pytest.mark.slow

learners = pytest.mark.parametrize("learner", ["linear", "tiny"])
ARMS = [("random", ()), ("redundancy", (("k", 10),)), ("keep_one", (("k", 10),)), ("el2n", ())]


def bytes_of(row):
    """Everything of a row that must not depend on clock or machine."""

    def without_clock(used):
        return {name: replace(one, seconds=0, joules=None) for name, one in used.items()}

    phases, steps = without_clock(row.phases), without_clock(row.scoring_steps)
    return replace(row, phases=phases, scoring_steps=steps, finished="", host="")


def scores_of(spec, cache):
    return scored_with(spec, load_runs(spec, cache))[0]


@pytest.mark.parametrize(
    ("learner", "protocol", "budget"),
    [
        *product(["linear"], ["continue", "restart"], ["epochs", "steps"]),
        # How many steps follow is the schedule's own; a transformer's state is what is asked here.
        ("tiny", "continue", "epochs"),
        ("tiny", "restart", "steps"),
    ],
)
def test_a_trial_forked_from_the_baseline_equals_one_that_warmed_up_itself(
    specs, filled, learner, protocol, budget
):
    full, pruned = specs(learner, protocol=protocol, budget=budget)
    shared, alone = filled("shared"), filled("alone")
    run_baseline(full, shared, marks=[pruned])
    assert bytes_of(run_trial(pruned, shared)) == bytes_of(run_trial(pruned, alone))
    assert shared.made["warm"] == alone.made["warm"] == 1


@pytest.mark.parametrize(("signal", "settings"), ARMS)
def test_every_signal_gives_the_same_scores_forked_and_alone(specs, filled, signal, settings):
    full, pruned = specs("linear", signal=signal, settings=settings)
    shared, alone = filled("shared"), filled("alone")
    run_baseline(full, shared, marks=[pruned])
    assert (scores_of(pruned, shared) == scores_of(pruned, alone)).all()


def test_a_score_file_is_the_same_whichever_trial_asks_for_it_first(specs, filled):
    _, pruned = specs("linear")
    other = replace(pruned, rate=0.1, selector="stratified")
    files = []
    for name, spec in (("one", pruned), ("two", other)):
        cache = filled(name)
        make_scores(spec, cache)
        files += [(cache.root / f"scores-{spec.score_key}").read_bytes()]
    assert files[0] == files[1]


def test_a_score_file_names_every_sample(specs, filled, small):
    _, pruned = specs("linear")
    cache = filled()
    make_scores(pruned, cache)
    table = pq.read_table(cache.root / f"scores-{pruned.score_key}")
    assert table["sample_id"].to_pylist() == small.train.ids.tolist()
    assert table["label"].to_pylist() == small.train.labels.tolist()


def test_leaving_more_marks_and_evidence_changes_no_baseline(specs, filled):
    full, pruned = specs("linear")
    more = [pruned, replace(pruned, warmup=0.2, signal="el2n", settings=())]
    bare = run_baseline(full, filled("bare"))
    assert bytes_of(run_baseline(full, filled("more"), marks=more)) == bytes_of(bare)


class KilledError(Exception):
    """Stands for SIGKILL: nothing after it is run."""


# Before the fork, behind it and late; of a transformer behind it, where its weights, moments and dropout
# are those of two runs.
@pytest.mark.parametrize(
    ("learner", "step"), [("linear", 3), ("linear", 20), ("linear", 40), ("tiny", 20)]
)
def test_a_trial_killed_in_mid_training_and_taken_up_gives_the_same_bytes(
    specs, filled, learner, step, monkeypatch
):
    full, pruned = specs(learner)
    calm, killed = filled("calm"), filled("killed")
    expected = [run_baseline(full, calm, marks=[pruned]), run_trial(pruned, calm)]
    monkeypatch.setattr(runs_module, "SAVE_EVERY_S", -1.0)
    # One of them as on an accelerator, where states are written beside training.
    monkeypatch.setattr(runs_module, "device", lambda: "cuda" if step == 40 else "cpu")

    def interrupted(self, schedule, until=None):
        for steps in whole(self, schedule, until):
            yield steps
            if steps == step:
                raise KilledError

    whole = Learner.train
    runs = (lambda: run_baseline(full, killed, marks=[pruned]), lambda: run_trial(pruned, killed))
    for run, row in zip(runs, expected, strict=True):
        with monkeypatch.context() as patched:
            patched.setattr(Learner, "train", interrupted)
            try:
                run()
            except KilledError:
                assert list((killed.root).glob("progress-*/*.safetensors"))
        assert bytes_of(run()) == bytes_of(row)


def test_unfinished_state_that_was_damaged_is_not_taken_up(specs, filled, monkeypatch):
    full, _ = specs("linear")
    cache = filled()
    monkeypatch.setattr(runs_module, "SAVE_EVERY_S", -1.0)
    expected = run_baseline(full, filled("calm"))
    for _ in warm_up(full, cache, marks=[specs("linear")[1]]).network.lengths:
        pass
    (state,) = cache.progress(full.result_key).glob("*.safetensors")
    state.write_bytes(state.read_bytes()[:-100] + bytes(100))
    assert bytes_of(run_baseline(full, cache)) == bytes_of(expected)


def test_a_mark_before_unfinished_state_is_made_all_the_same(specs, filled, monkeypatch):
    full, late = specs("linear")
    early = replace(late, warmup=0.1)
    cache, calm = filled("cache"), filled("calm")
    monkeypatch.setattr(runs_module, "SAVE_EVERY_S", -1.0)
    warm_up(full, cache, marks=[late])
    expected = run_trial(early, calm)
    warm_up(full, cache, marks=[early])
    assert cache.has("warm", early.warm_key)
    assert bytes_of(run_trial(early, cache)) == bytes_of(expected)


def test_one_baseline_serves_every_rate_selector_and_signal_of_its_seed(specs, filled):
    full, pruned = specs("linear")
    trials = [
        replace(pruned, rate=rate, selector=selector, signal=signal)
        for rate in (0.1, 0.3)
        for selector in ("global", "stratified")
        for signal in ("redundancy", "keep_one")
    ]
    cache = filled()
    run_baseline(full, cache, marks=trials)
    for spec in trials:
        run_trial(spec, cache)
    assert (cache.made["warm"], cache.made["scores"], cache.made["tokens"]) == (1, 2, 1)


def test_the_order_in_which_trials_run_changes_no_result(specs, filled):
    full, pruned = specs("linear")
    trials = [pruned, replace(pruned, rate=0.1), replace(pruned, signal="keep_one")]
    forwards, backwards = filled("forwards"), filled("backwards")
    run_baseline(full, forwards, marks=trials)
    one = {spec: bytes_of(run_trial(spec, forwards)) for spec in trials}
    other = {spec: bytes_of(run_trial(spec, backwards)) for spec in reversed(trials)}
    assert one == other


def test_two_seeds_differ_and_one_seed_gives_the_same_bytes(specs, filled):
    full, _ = specs("linear")
    rows = [run_baseline(full, filled(name)) for name in ("a", "b")]
    other = run_baseline(replace(full, seed=4), filled("c"))
    assert bytes_of(rows[0]) == bytes_of(rows[1])
    assert other.weights_sha != rows[0].weights_sha


def test_draws_made_elsewhere_before_change_nothing(specs, filled):
    import torch

    full, _ = specs("linear")
    one = run_baseline(full, filled("a"))
    torch.manual_seed(99)
    torch.rand(1000)
    np.random.seed(99)  # noqa: NPY002 - the very thing that must not matter
    assert bytes_of(run_baseline(full, filled("b"))) == bytes_of(one)


def test_shuffled_test_labels_change_no_weight_and_no_kept_row(specs, filled, small):
    full, pruned = specs("linear")
    test = small.test
    order = np.random.default_rng(0).permutation(len(test))
    shuffled = replace(
        small, test=Split(inputs=test.inputs, labels=test.labels[order], ids=test.ids)
    )
    cache, other = filled("cache"), filled("other")
    one = run_trial(pruned, cache)
    moved = replace(pruned, data_sha=shuffled.sha)
    other.get("data", shuffled.sha, lambda path: write(shuffled, path))
    two = run_trial(moved, other)
    assert (one.weights_sha, one.kept_sha) == (two.weights_sha, two.kept_sha)
    assert one.accuracy != two.accuracy
    assert full.data_sha != shuffled.sha


def test_a_row_tells_what_was_kept_and_what_it_took(specs, filled, small):
    _, pruned = specs("linear")
    row = run_trial(pruned, filled())
    full_steps = 3 * -(-240 // 16)
    warm = warm_steps(0.4, full_steps)
    assert sum(row.kept_counts) == 168
    assert row.class_counts == tuple(np.bincount(small.train.labels).tolist())
    assert row.phases["warmup"].steps == warm
    assert row.phases["warmup"].examples == pytest.approx(16 * warm, abs=16)
    assert row.phases["scoring"].examples == 240
    assert row.phases["training"].examples < 0.6 * 3 * 240
    assert len(np.unpackbits(np.frombuffer(row.correct, np.uint8))) >= row.n_test == 150
    assert np.unpackbits(np.frombuffer(row.correct, np.uint8)).sum() == round(150 * row.accuracy)


@learners
def test_a_null_trial_shares_the_warm_up_keeps_everyone_and_ends_elsewhere(specs, filled, learner):
    full, pruned = specs(learner)
    null = replace(pruned, signal="null", settings=(), selector="each_epoch", rate=0.0)
    shared, alone = filled("shared"), filled("alone")
    baseline = run_baseline(full, shared, marks=[null])
    row = run_trial(null, shared)
    assert bytes_of(row) == bytes_of(run_trial(null, alone))
    assert row.kept_counts == baseline.kept_counts == baseline.class_counts
    assert row.weights_sha != baseline.weights_sha
    used = row.phases["warmup"] + row.phases["training"]
    assert used.examples == baseline.phases["training"].examples


def test_correct_bits_lie_class_by_class(specs, filled, small):
    row = run_baseline(specs("linear")[0], filled())
    bits = np.unpackbits(np.frombuffer(row.correct, np.uint8), count=row.n_test)
    classes = np.split(bits, np.cumsum(row.test_counts)[:-1])
    assert row.test_counts == tuple(np.bincount(small.test.labels))
    assert [part.mean() for part in classes] == pytest.approx(row.recall)


def test_recall_weighted_by_class_is_accuracy(specs, filled, small):
    row = run_baseline(specs("linear")[0], filled())
    counts = np.bincount(small.test.labels)
    assert np.dot(row.recall, counts) / counts.sum() == pytest.approx(row.accuracy)


def test_a_trial_says_how_many_of_the_removed_lost_their_twin(specs, filled):
    cache = filled()
    plain = run_trial(specs("linear")[1], cache)
    greedy = run_trial(specs("linear", signal="keep_one")[1], cache)
    control = run_trial(specs("linear", signal="random", settings=())[1], cache)
    assert plain.twins_lost > greedy.twins_lost
    assert control.twins_lost is None


def test_of_how_many_removed_rows_the_model_is_sure_of_another_class(specs, filled, small):
    """The slow twin: the trial's model trained again, and asked row by row."""
    pruned = specs("linear", protocol="restart", signal="label_quality", settings=(), rate=0.1)[1]
    pruned = replace(pruned, training=replace(pruned.training, epochs=30, weight_decay=0.1))
    cache = filled()
    row, runs = run_trial(pruned, cache), load_runs(pruned, cache)
    keep, _ = select(pruned, runs)
    learner = runs.new_learner(pruned, keep)
    for _ in learner.train(runs.schedule(pruned, learner, keep)):
        pass
    probs = {name: collect(learner, ("probs",), name)[0]["probs"] for name in ("train", "test")}
    sure = [
        p.max() for p, y in zip(probs["test"], small.test.labels, strict=True) if p.argmax() == y
    ]
    line = sorted(sure)[(len(sure) - 1) // 2], sorted(sure)[len(sure) // 2]

    def share(name, rows):
        labels = small.splits[name].labels
        hits = [
            probs[name][i].argmax() != labels[i] and probs[name][i].max() >= np.mean(line)
            for i in rows
        ]
        return np.mean(hits)

    assert row.removed_sure_other == pytest.approx(share("train", np.flatnonzero(~keep)))
    assert row.test_sure_other == pytest.approx(share("test", range(len(small.test))))
    assert row.removed_sure_other > row.test_sure_other


def test_a_model_that_has_seen_the_removed_rows_is_not_asked_about_them(specs, filled):
    cache = filled()
    full, pruned = specs("linear")
    for spec in (full, pruned):
        row = run_baseline(spec, cache) if spec.is_baseline else run_trial(spec, cache)
        assert row.removed_sure_other is row.test_sure_other is None


def test_what_was_removed_is_held_against_the_planted_truth(specs, filled):
    _, pruned = specs("linear", signal="keep_one", rate=0.1)
    row = run_trial(pruned, filled())
    assert set(row.found) >= {"duplicates", "wrong_labels"}
    assert all(0 <= value <= 1 for value in row.found.values())


def test_el2n_before_one_epoch_carries_a_warning_that_names_the_warm_up(specs, filled):
    _, early = specs("linear", signal="el2n", settings=(), warmup=0.2)
    _, late = specs("linear", signal="el2n", settings=(), warmup=0.4)
    cache = filled()
    assert "a warm-up of 0.333333 here" in run_trial(early, cache).warnings[0]
    assert run_trial(late, cache).warnings == ()


@pytest.fixture
def targeted(small, filled):
    """The small data set with a validation split, and a cache that holds it."""
    whole = with_validation(small, 0.2, np.random.default_rng(0))
    cache = filled("targeted")
    cache.get("data", whole.sha, lambda path: write(whole, path))
    return whole, cache


@pytest.mark.parametrize("signal", SIGNALS)
def test_every_signal_of_the_table_runs_a_whole_trial(specs, targeted, signal):
    dataset, cache = targeted
    lacks = rests_on(SIGNALS[signal].score) & set(LEARNERS["linear"].lacks)
    options = settings_of(SIGNALS[signal].score)
    small = {"models": 3, "members": 2, "clusters": 6}
    settings = tuple((name, value) for name, value in small.items() if name in options)
    _, pruned = specs(
        "tiny" if lacks else "linear", signal=signal, settings=settings, warmup=0.7,
        data_sha=dataset.sha,
    )  # fmt: skip
    # Signals of several windows need three visits of every row.
    pruned = replace(pruned, training=replace(pruned.training, epochs=5))
    scores = {"score": np.arange(len(dataset.train), dtype=np.float32)}
    cache.get("given", pruned.signal_sha, lambda path: write_arrays(path, scores, {}))
    row = run_trial(pruned, cache)
    assert sum(row.kept_counts) == n_keep(len(dataset.train), 0.3)


@pytest.mark.parametrize("selector", SELECTORS)
def test_every_selector_of_the_table_runs_a_whole_trial(specs, targeted, selector):
    dataset, cache = targeted
    _, pruned = specs("linear", selector=selector, data_sha=dataset.sha)
    assert sum(run_trial(pruned, cache).kept_counts) == n_keep(len(dataset.train), 0.3)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_trains_on_fewer_samples_than_the_full_run(specs, filled, policy):
    full, pruned = specs(
        "linear", signal=policy, settings=(), selector="each_epoch", warmup=0.4, rate=0.5
    )
    cache = filled()
    row = run_trial(pruned, cache)
    whole = run_baseline(full, cache).phases["training"].examples
    assert row.phases["warmup"].examples + row.phases["training"].examples < 0.9 * whole
    assert row.kept_counts == row.class_counts


def test_a_policy_killed_in_mid_epoch_goes_on_with_the_same_choice(specs, filled, monkeypatch):
    _, pruned = specs(
        "linear", signal="infobatch", settings=(), selector="each_epoch", warmup=0.4, rate=0.5
    )
    expected = run_trial(pruned, filled("calm"))
    monkeypatch.setattr(runs_module, "SAVE_EVERY_S", -1.0)
    cache, whole = filled("killed"), Learner.train

    def interrupted(self, schedule, until=None):
        for steps in whole(self, schedule, until):
            yield steps
            if steps == 35:
                raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(Learner, "train", interrupted)
        with pytest.raises(KilledError):
            run_trial(pruned, cache)
    assert bytes_of(run_trial(pruned, cache)) == bytes_of(expected)


def test_the_high_end_is_pruned_where_it_is_asked_for(specs, filled):
    cache = filled()
    _, low = specs("linear", rate=0.5)
    one, other = (select(replace(low, prune=end), load_runs(low, cache))[0] for end in ENDS)
    assert (one != other).mean() > 0.95


def test_random_without_warm_up_starts_afresh_and_costs_no_pass(specs, filled):
    _, pruned = specs(
        "linear", signal="random", settings=(), warmup=0.0, protocol="restart", rate=0.3
    )
    row = run_trial(pruned, filled())
    assert (row.phases["warmup"].steps, row.phases["scoring"].examples) == (0, 0)


def test_forgetting_where_no_sample_was_seen_twice_is_refused(specs, filled):
    _, early = specs("linear", signal="forgetting", settings=(), warmup=0.4)
    with pytest.raises(ValueError, match=r"forgetting .* a warm-up of 0\.666667 here"):
        run_trial(early, filled())


def test_losses_at_marks_are_those_of_a_run_that_left_them_and_of_one_that_did_not(
    specs, targeted, filled
):
    dataset, there = targeted
    alone = filled("alone")
    alone.get("data", dataset.sha, lambda path: write(dataset, path))
    full, pruned = specs("linear", signal="cld", settings=(), data_sha=dataset.sha)
    full = replace(full, data_sha=dataset.sha)
    run_baseline(full, there, marks=[one for one in loss_marks(pruned) if one.warmup])
    left, made = (Evidence(pruned, load_runs(pruned, cache)) for cache in (there, alone))
    one, other = (evidence.get("marked_losses", {}) for evidence in (left, made))
    assert (one.training == other.training).all() and (one.validation == other.validation).all()
    # Seven passes over the training rows and seven over those held out, and no warm-up of its own.
    passes = 7 * (len(dataset.train) + len(dataset.validation))
    assert left.used.examples == made.used.examples == passes


def test_a_signal_with_a_target_asks_for_a_validation_split(specs, filled):
    _, pruned = specs("linear", signal="tracin", settings=())
    with pytest.raises(ValueError, match="hold one out with --validation-fraction"):
        run_trial(pruned, filled())


def test_never_learnt_samples_are_marked_in_the_score_file(specs, filled):
    _, pruned = specs("linear", signal="forgetting", settings=(), warmup=0.7)
    cache = filled()
    make_scores(pruned, cache)
    table = pq.read_table(cache.root / f"scores-{pruned.score_key}")
    never = table["never_learnt"].to_numpy()
    assert (table["score"].to_numpy()[never] == table["score"].to_numpy().max()).all()


def test_a_signal_of_ones_own_is_run_and_its_file_is_part_of_the_key(
    specs, filled, tmp_path, monkeypatch
):
    (tmp_path / "mine_signal.py").write_text(
        "import numpy as np\n\ndef longest(texts, *, power=1):\n"
        "    return np.array([len(t) ** power for t in texts], dtype=np.float32)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    name = "mine_signal:longest"
    _, pruned = specs("linear", signal=name, settings=(("power", 1),), signal_sha=sha_of(name))
    cache = filled()
    assert sum(run_trial(pruned, cache).kept_counts) == 168
    assert len(sha_of(name)) == 64
    with (tmp_path / "mine_signal.py").open("a") as file:
        file.write("# another\n")
    with pytest.raises(DataError, match=r"mine_signal.py has changed since it was imported"):
        run_trial(pruned, cache)


def test_a_loss_that_is_not_finite_is_named_with_its_rows(specs, filled):
    full, _ = specs("linear")
    wild = replace(full, training=replace(full.training, lr=1e38, clip_norm=1e30))
    with pytest.raises(FloatingPointError, match=r"epoch \d+, step \d+, training rows \d"):
        run_baseline(wild, filled())


def test_data_that_are_not_in_the_cache_are_asked_for(specs, cache):
    with pytest.raises(FileNotFoundError, match="start the sweep again"):
        load_runs(specs("linear")[0], cache)


def test_a_warm_up_that_leaves_nothing_is_refused_before_training(specs, filled):
    full, pruned = specs("linear", warmup=0.99)
    with pytest.raises(ValueError, match="45 of 45 steps"):
        run_baseline(full, filled(), marks=[pruned])


def test_two_signals_of_one_pass_and_search_have_these_steps_in_common(specs, filled):
    _, pruned = specs("linear", signal="redundancy", settings=(("k", 10),))
    cache = filled()
    others = replace(pruned, signal="keep_one"), replace(pruned, seed=pruned.seed + 1)
    one, two, seed = (run_trial(spec, cache).scoring_steps for spec in (pruned, *others))
    common = {*one} & {*two}
    assert all(one[step] == two[step] for step in common)
    assert sum(one[step].examples for step in common) == 240
    assert any("neighbours" in step for step in common)
    assert len(common) == len(one) - 1 == len(two) - 1
    # Training does not move these: they are one for all seeds.
    assert {*one} & {*seed} == common


@learners
def test_a_list_scored_by_its_own_seed_is_what_the_pruned_trial_trains_on_afresh(
    specs, filled, learner
):
    _, pruned = specs(learner, protocol="restart")
    cache = filled()
    own, listed = (run_trial(spec, cache) for spec in (pruned, replace(pruned, scored_by=(3,))))
    assert (own.kept_sha, own.weights_sha) == (listed.kept_sha, listed.weights_sha)
    used = [
        {name: replace(p, seconds=0, joules=None) for name, p in row.phases.items()}
        for row in (own, listed)
    ]
    assert used[0] == used[1]


@pytest.mark.parametrize(("signal", "settings"), ARMS)
def test_fresh_seeds_train_on_one_list_that_the_scores_of_others_made(
    specs, filled, signal, settings
):
    _, pruned = specs("linear", protocol="restart", signal=signal, settings=settings)
    fixed, cache = replace(pruned, scored_by=(3, 4, 5)), filled()
    one, two = (run_trial(replace(fixed, seed=seed), cache) for seed in (901, 902))
    assert one.kept_sha == two.kept_sha and one.weights_sha != two.weights_sha
    assert sum(one.kept_counts) == n_keep(240, 0.3)
    assert cache.made["survivors"] == 1
    # What the list cost is what the three seeds that made it cost.
    made = [run_trial(replace(pruned, seed=seed), cache) for seed in (3, 4, 5)]
    warmups = sum(row.phases["warmup"].examples for row in made)
    steps = {name: took for row in made for name, took in row.scoring_steps.items()}
    scored = sum(took.examples for took in steps.values())
    assert [one.phases[phase].examples for phase in ("warmup", "scoring")] == [warmups, scored]


def test_a_fixed_list_names_every_row_and_what_made_it(specs, filled, small):
    _, pruned = specs("linear", protocol="restart", selector="stratified")
    fixed, cache = replace(pruned, scored_by=(3, 4), seed=901), filled()
    row = run_trial(fixed, cache)
    table = pq.read_table(cache.root / f"survivors-{fixed.survivors_key}")
    assert table["sample_id"].to_pylist() == small.train.ids.tolist()
    keep = table["keep"].to_numpy()
    assert hashlib.sha256(np.packbits(keep).tobytes()).hexdigest() == row.kept_sha
    assert json.loads(table.schema.metadata[b"about"])["scored_by"] == [3, 4]
    # Cut by hand, from the scores of both seeds.
    both = np.stack([scores_of(one, cache) for one in fixed.scorers])
    ties = uniform_draws(small.train.ids, 3, "ties")
    cut = SELECTORS["stratified"].cut
    expected = cut(join_scores(both, is_set=False), small.train.labels, 0.3, ties)
    assert (keep == expected).all()


def test_scores_may_be_those_of_the_finished_run_where_training_starts_afresh(specs, filled):
    full, pruned = specs("linear", protocol="restart", warmup=0.999)
    shared, alone = filled("shared"), filled("alone")
    whole = run_baseline(full, shared, marks=[pruned])
    row = run_trial(pruned, shared)
    assert bytes_of(row) == bytes_of(run_trial(pruned, alone))
    assert row.phases["warmup"].examples == whole.phases["training"].examples


def test_a_class_that_loses_its_last_training_row_is_named(specs, cache, small):
    train = small.train
    one = Split(inputs=["a word of its own"], labels=[3], ids=[len(train)])
    whole = replace(
        small,
        class_names=(*small.class_names, "single"),
        train=Split(
            inputs=[*train.texts, *one.texts],
            labels=np.concatenate([train.labels, one.labels]),
            ids=np.concatenate([train.ids, one.ids]),
        ),
        truth={},
    )
    cache.get("data", whole.sha, lambda path: write(whole, path))
    lost = {}
    for seed in range(8):
        spec = specs(
            "linear", signal="random", settings=(), seed=seed, protocol="restart", warmup=0.0
        )[1]
        row = run_trial(replace(spec, data_sha=whole.sha), cache)
        said = "class 'single' has no training row left" in row.warnings
        assert said == (row.kept_counts[3] == 0)
        lost[said] = seed
    assert lost.keys() == {True, False}


def test_a_protected_class_keeps_every_row_and_what_goes_is_a_part_of_the_cut(specs, filled, small):
    _, pruned = specs("linear", protocol="restart")
    cache = filled()
    plain = replace(pruned, scored_by=(3, 4), seed=901)
    spared = replace(plain, protected=small.class_names[:1], min_per_class=2)
    keeps = []
    for spec in (plain, spared):
        run_trial(spec, cache)
        table = pq.read_table(cache.root / f"survivors-{spec.survivors_key}")
        keeps.append(table["keep"].to_numpy())
    assert keeps[1][keeps[0]].all() and keeps[1].sum() > keeps[0].sum()
    assert keeps[1][small.train.labels == 0].all()
