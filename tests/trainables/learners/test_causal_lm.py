"""A language model's losses, by hand and by Hugging Face's own; and its trials, forked and alone."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from tests.caches import FolderCache
from trainables.data.dataset import Dataset, Split
from trainables.data.dataset_file import write
from trainables.evidence.forward_passes import collect
from trainables.evidence.requirements import rests_on
from trainables.learners import LEARNERS
from trainables.run_context import load_runs
from trainables.selection.scoring import score
from trainables.signals import SIGNALS
from trainables.spec import TrialSpec
from trainables.trial import run_baseline, run_trial

OF_LANGUAGE = (
    "random", "redundancy", "keep_one", "semdedup", "d4", "zcore", "k_centre", "facility_location",
    "ssl_prototypes", "loss", "perplexity", "delta_loss", "tfidf", "length",
)  # fmt: skip
PAIRS = [
    (f"What is {i} and {j}?", f"It is {i + j}." if i % 3 else f"{i + j}")
    for i in range(12)
    for j in range(8)
]


def split(pairs):
    return Split(
        inputs=["\n".join(pair) for pair in pairs],
        labels=np.zeros(len(pairs), int),
        ids=np.arange(len(pairs)),
        first=np.array([len(prompt) for prompt, _ in pairs]),
    )


@pytest.fixture(scope="module")
def asked():
    return Dataset(
        name="asked", kind="text", class_names=(), train=split(PAIRS), test=split(PAIRS[::5])
    )


@pytest.fixture(scope="module")
def filled(asked, tmp_path_factory):
    def fill():
        cache = FolderCache(tmp_path_factory.mktemp("cache"))
        cache.get("data", asked.sha, lambda path: write(asked, path))
        return cache

    return fill


@pytest.fixture(scope="module")
def shared(filled):
    return filled()


@pytest.fixture(scope="module")
def full(asked):
    training = replace(
        LEARNERS["causal_lm"].training, epochs=2, batch_size=16, max_length=32, lr=2e-3
    )
    return TrialSpec(
        dataset="asked", data_sha=asked.sha, model="causal_lm", model_sha="causal_lm",
        learner="causal_lm", seed=3, training=training,
    )  # fmt: skip


@pytest.fixture(scope="module")
def learner(full, shared):
    return load_runs(full, shared).new_learner(full)


def pruned(full, **fields):
    usual = {"warmup": 0.4, "signal": "loss", "selector": "global", "rate": 0.3}
    return replace(full, **{**usual, **fields})


def bytes_of(row):
    without_clock = [
        {name: replace(one, seconds=0, joules=None) for name, one in used.items()}
        for used in (row.phases, row.scoring_steps)
    ]
    phases, steps = without_clock
    return replace(row, phases=phases, scoring_steps=steps, finished="", host="")


def said_of(spec, cache):
    table = pq.read_table(cache.root / f"outcome-{spec.result_key}")
    return {name: table[name].to_numpy() for name in table.column_names}


def test_losses_are_hugging_faces_own_with_the_prompt_left_out(learner):
    network, rows = learner.network, np.arange(9)
    batch = network.batch("train", rows)
    one = network._documents.splits["train"]
    labels = np.where(
        one.padded_scored(rows, batch["input_ids"].shape[1]), batch["input_ids"].numpy(), -100
    )
    with torch.no_grad():
        losses, counts = network.losses(network.forward(batch)[0], batch, None)
        own = network.module(input_ids=batch["input_ids"], labels=torch.from_numpy(labels)).loss
    assert float(losses.sum()) == pytest.approx(float(own * counts.sum()), rel=1e-5)


def test_a_rows_loss_is_the_sum_over_its_responses_pieces_by_hand(learner):
    network = learner.network
    one = network._documents.splits["train"]
    found, _ = collect(learner, ("row_losses", "scored_pieces"), "train")
    for row in (0, 17, 95):
        start, end = one.pieces.offsets[row : row + 2]
        pieces = torch.from_numpy(one.pieces.values[start:end].astype(np.int64))
        with torch.no_grad():
            chances = network.module(input_ids=pieces[None]).logits[0].log_softmax(1)
        places = np.flatnonzero(one.scored[start:end])
        by_hand = -sum(float(chances[place - 1, pieces[place]]) for place in places)
        assert found["row_losses"][row] == pytest.approx(by_hand, rel=1e-4)
        assert found["scored_pieces"][row] == len(places)


def test_filling_up_changes_no_rows_loss(learner):
    rows = np.argsort(learner.network.lengths["train"], kind="stable")[[0, -1]]
    with torch.no_grad():
        alone, beside = (
            learner.network.losses(learner.network.forward(batch)[0], batch, None)[0][0]
            for batch in (
                learner.network.batch("train", rows[:1]),
                learner.network.batch("train", rows),
            )
        )
    assert float(beside) == pytest.approx(float(alone), rel=1e-5)


def test_a_batchs_loss_is_the_ratio_of_sums(full, shared, monkeypatch):
    learner = load_runs(full, shared).new_learner(full)
    schedule = load_runs(full, shared).schedule(full, learner, np.ones(len(PAIRS), bool))
    (first,) = [step for step, _ in zip(schedule.steps(), range(1), strict=False)]
    batch = learner.network.batch("train", first.rows)
    with torch.no_grad():
        losses, counts = learner.network.losses(learner.network.forward(batch)[0], batch, None)
    seen = []
    monkeypatch.setattr(torch.Tensor, "backward", lambda loss: seen.append(loss.item()))
    learner._step(first, full.seed)
    assert seen == [pytest.approx(float(losses.sum() / counts.sum()), rel=1e-6)]


def test_the_pieces_of_a_trial_do_not_rest_on_what_it_keeps(full, shared):
    runs = load_runs(full, shared)
    some = np.arange(len(PAIRS)) % 2 == 0
    whole, kept = runs.new_learner(full), runs.new_learner(full, some)
    assert whole.weights_sha() == kept.weights_sha()
    assert whole.network._documents.splits["train"].pieces.values.tobytes() == (
        kept.network._documents.splits["train"].pieces.values.tobytes()
    )


def test_a_full_run_says_loss_weight_and_the_loss_before_training(full, filled):
    cache = filled()
    row = run_baseline(full, cache)
    said = said_of(full, cache)
    assert set(row.outcome) == {"loss", "weight", "reference"}
    assert said["loss"].sum() < 0.8 * said["reference"].sum()
    assert said["reference"].sum() / said["weight"].sum() == pytest.approx(np.log(300), abs=1)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["continue", "restart"])
def test_a_trial_forked_from_the_baseline_equals_one_that_warmed_up_itself(full, filled, protocol):
    spec, shared, alone = pruned(full, protocol=protocol), filled(), filled()
    run_baseline(full, shared, marks=[spec])
    assert bytes_of(run_trial(spec, shared)) == bytes_of(run_trial(spec, alone))


def test_a_killed_trial_goes_on_to_the_same_weights(full, filled, tmp_path):
    runs = load_runs(full, filled())
    calm, killed, again = (runs.new_learner(full) for _ in range(3))
    schedule = runs.schedule(full, calm, runs.all_rows)
    for _ in calm.train(schedule):
        pass
    for _ in killed.train(schedule, 5):
        pass
    killed.save(tmp_path / "state")
    again.load(tmp_path / "state")
    for _ in again.train(schedule):
        pass
    assert again.weights_sha() == calm.weights_sha()


def test_rows_without_a_scored_piece_weigh_nothing(full, filled, asked):
    long = [("word " * 60, "never seen")] * 16
    data = replace(asked, train=split(long), test=split(long[:3] + PAIRS[:3]))
    cache = filled()
    cache.get("data", data.sha, lambda path: write(data, path))
    spec = replace(full, data_sha=data.sha)
    run_baseline(spec, cache)
    said = said_of(spec, cache)
    assert ((said["weight"] == 0) == (np.arange(6) < 3)).all()
    assert np.isfinite(said["loss"]).all()


def test_rows_may_be_chosen_anew_each_epoch_by_their_losses(full, filled):
    cache = filled()
    skips = run_trial(pruned(full, selector="each_epoch", signal="infobatch"), cache)
    assert skips.phases["training"].examples < run_baseline(full, cache).phases["training"].examples


@pytest.mark.parametrize("signal", OF_LANGUAGE)
def test_every_signal_of_a_language_model_scores_every_row(full, shared, signal):
    spec = pruned(full, signal=signal, protocol="restart")
    scores, _ = score(spec, load_runs(spec, shared))
    assert np.isfinite(scores).all() and len(scores) == len(PAIRS)
    assert len(np.unique(scores)) > 1


def test_the_other_signals_are_those_of_classes():
    assert set(SIGNALS) - {"given", *OF_LANGUAGE} == {
        name
        for name, row in SIGNALS.items()
        if rests_on(row.score) & set(LEARNERS["causal_lm"].lacks)
    }
