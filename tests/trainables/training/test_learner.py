import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch

from tests.faults import corrupt
from trainables.evidence.forward_passes import collect, predict
from trainables.learners import LEARNERS
from trainables.progress import told_to
from trainables.training.learner import Learner
from trainables.training.saved_states import OneBeside, load_progress, save_progress
from trainables.training.schedule import Schedule
from trainables.training.tensor_files import write_tensors

pytestmark = pytest.mark.slow

learners = pytest.mark.parametrize("name", ["linear", "tiny"])


@pytest.fixture
def opened(specs, filled, small):
    """Makes a learner and its full schedule."""
    cache = filled()

    def make(name, **training):
        full, _ = specs(name)
        full = replace(full, training=replace(full.training, **training))
        network = LEARNERS[name].open(full, small, cache)
        learner = Learner(network, small.train.labels, full.training, full.seed)
        keep = np.ones(len(small.train), dtype=bool)
        lengths = network.lengths["train"]
        return learner, Schedule(lengths=lengths, seed=3, training=full.training, keep=keep)

    return make


def tensors_of(path):
    return safetensors.torch.load(path.read_bytes())


def run(learner, schedule, until=None):
    return list(learner.train(schedule, until))


@learners
def test_training_lowers_the_loss(opened, name):
    learner, schedule = opened(name, epochs=6)
    run(learner, schedule)
    losses = learner.visits()["losses"]
    assert np.nanmean(losses[:, -1]) < 0.9 * np.nanmean(losses[:, 0])


@learners
def test_looking_at_a_learner_in_mid_training_changes_nothing(opened, name):
    calm, schedule = opened(name)
    watched, _ = opened(name)
    run(calm, schedule)
    for _ in watched.train(schedule):
        if watched.steps in (5, 20):
            collect(watched, ("embeddings", "probs"))
            predict(watched, "test")
    assert watched.weights_sha() == calm.weights_sha()


@learners
def test_training_tells_its_epochs_to_who_listens_and_ends_the_same(opened, name):
    calm, schedule = opened(name)
    run(calm, schedule)
    heard = []
    with told_to(heard.append):
        watched, _ = opened(name)
        run(watched, schedule)
    told = [one for one in heard if one.stage == "training"]
    assert [one.done for one in told] == [step.epoch + 1 for step in schedule.steps()]
    assert 0 < told[0].share < told[-1].share <= 1
    assert watched.weights_sha() == calm.weights_sha()


@learners
def test_a_learner_put_down_and_taken_up_ends_the_same(opened, name, tmp_path):
    whole, schedule = opened(name)
    run(whole, schedule)
    first, _ = opened(name)
    run(first, schedule, until=17)
    first.save(tmp_path / "state")
    second, _ = opened(name)
    second.load(tmp_path / "state")
    assert second.steps == 17
    run(second, schedule)
    assert second.weights_sha() == whole.weights_sha()
    assert (
        np.nan_to_num(second.visits()["losses"]) == np.nan_to_num(whole.visits()["losses"])
    ).all()


@pytest.mark.parametrize("left_out", ["exp_avg", "exp_avg_sq", "step", "weights"])
def test_every_part_of_a_checkpoint_counts(opened, tmp_path, left_out):
    """The negative control of the test above: without any one part the end is another."""
    whole, schedule = opened("linear")
    run(whole, schedule)
    first, _ = opened("linear")
    run(first, schedule, until=17)
    first.save(tmp_path / "state")
    second, _ = opened("linear")
    fresh = {name: tensor.clone() for name, tensor in second.network.module.state_dict().items()}
    second.load(tmp_path / "state")
    if left_out == "weights":
        second.network.module.load_state_dict(fresh)
    else:
        for moments in second._optimizer.state.values():
            moments[left_out].zero_()
    run(second, schedule)
    assert second.weights_sha() != whole.weights_sha()


@pytest.mark.parametrize("ask", [Learner.visits, Learner.state, lambda one: one.last_losses(1)])
def test_what_is_waited_for_between_steps_is_counted(opened, monkeypatch, ask):
    learner, schedule = opened("linear")
    next(learner.train(schedule))
    before = learner.used.seconds
    ticks = SimpleNamespace(perf_counter=itertools.count().__next__)
    monkeypatch.setattr("trainables.training.learner.time", ticks)
    ask(learner)
    ask(learner)
    assert learner.used.seconds == before + 1


def test_visits_tell_what_training_saw_and_nothing_more(opened, small):
    learner, schedule = opened("linear")
    run(learner, schedule, until=5)
    visits = learner.visits()
    seen = np.concatenate([step.rows for step, _ in zip(schedule.steps(), range(5), strict=False)])
    known = np.isfinite(visits["losses"][:, 0])
    assert sorted(np.flatnonzero(known)) == sorted(seen.tolist())
    assert set(visits["correct"][known, 0]) <= {0.0, 1.0}
    assert ((visits["margins"][known, 0] > 0) == (visits["correct"][known, 0] == 1)).all()


def test_observed_probabilities_are_those_of_the_network(opened, small):
    learner, schedule = opened("linear")
    run(learner, schedule, until=10)
    arrays, used = collect(learner, ("embeddings", "probs"))
    rows = np.array([5, 100, 3])
    batch = learner.network.batch("train", rows)
    expected = torch.softmax(learner.network.forward(batch)[0], 1).detach().numpy()
    assert np.allclose(arrays["probs"][rows], expected, atol=1e-6)
    assert arrays["embeddings"].shape == (240, 128)
    assert used.examples == 240


def test_a_text_learners_embeddings_are_the_masked_mean_whatever_the_padding(opened):
    learner, _ = opened("tiny")
    arrays, _ = collect(learner, ("embeddings",))
    module = learner.network.module.eval()
    pieces = learner.network._tokens.splits["train"]
    ids = torch.from_numpy(pieces.values[pieces.offsets[7] : pieces.offsets[8]].astype(np.int64))
    with torch.inference_mode():
        hidden = module(ids[None], output_hidden_states=True).hidden_states[-1]
    assert np.allclose(arrays["embeddings"][7], hidden[0].mean(0).numpy(), atol=1e-5)


def test_a_checkpoint_of_another_network_is_refused(opened, tmp_path):
    learner, _ = opened("linear")
    learner.save(tmp_path / "state")
    learner.network.module = torch.nn.Linear(3, 2)
    with pytest.raises(ValueError, match="not a checkpoint of this network"):
        learner.load(tmp_path / "state")


def test_of_unfinished_states_the_newest_whole_one_is_taken_up(opened, tmp_path):
    learner, schedule = opened("linear")
    run(learner, schedule, until=4)
    save_progress(learner, tmp_path)
    run(learner, schedule, until=9)
    save_progress(learner, tmp_path)
    (only,) = tmp_path.glob("*.safetensors")
    assert only.name.startswith("0000000009-")
    run(learner, schedule, until=12)
    (tmp_path / "later").mkdir()
    save_progress(learner, tmp_path / "later")
    (later,) = (tmp_path / "later").glob("*.safetensors")
    (tmp_path / f"0000000012-{'0' * 16}.safetensors").write_bytes(later.read_bytes())
    again, _ = opened("linear")
    assert load_progress(again, tmp_path)
    assert again.steps == 9


@pytest.mark.parametrize("how", ["flipped", "truncated", "emptied", "a-folder"])
def test_a_spoilt_state_is_removed_and_written_again(opened, tmp_path, how):
    (folder := tmp_path / "states").mkdir()
    learner, schedule = opened("linear")
    run(learner, schedule, until=4)
    save_progress(learner, folder)
    (state,) = folder.iterdir()
    written = state.read_bytes()
    corrupt(state, how, at=800)
    again, _ = opened("linear")
    assert not load_progress(again, folder) and not [*folder.iterdir()]
    save_progress(learner, folder)
    assert state.read_bytes() == written
    corrupt(state, how, at=800)
    save_progress(learner, folder)  # over what was spoilt since
    assert state.read_bytes() == written and [*folder.iterdir()] == [state]


def test_without_unfinished_state_training_starts_at_its_beginning(opened, tmp_path):
    learner, _ = opened("linear")
    assert not load_progress(learner, tmp_path)
    assert learner.steps == 0


def test_weights_of_matrices_decay_and_biases_do_not(opened):
    learner, _ = opened("linear", weight_decay=0.5)
    decays = {
        group["weight_decay"]: len(group["params"]) for group in learner._optimizer.param_groups
    }
    assert decays == {0.5: 1, 0.0: 1}


def test_bf16_is_another_run_that_learns_as_well(opened):
    whole, schedule = opened("tiny")
    half, same = opened("tiny", precision="bf16")
    run(whole, schedule)
    run(half, replace(same, training=half.training))
    assert half.weights_sha() != whole.weights_sha()
    assert np.nanmean(half.visits()["losses"]) == pytest.approx(
        np.nanmean(whole.visits()["losses"]), rel=0.05
    )


def test_only_what_is_not_an_embedding_table_counts_in_the_flop_model(opened):
    learner, _ = opened("tiny")
    module = learner.network.module
    tables = module.distilbert.embeddings
    inside = tables.word_embeddings.weight.numel() + tables.position_embeddings.weight.numel()
    assert learner.parameters == sum(p.numel() for p in module.parameters()) - inside


def test_a_state_written_beside_training_is_the_one_of_its_step(opened, tmp_path):
    learner, schedule = opened("tiny")
    with OneBeside() as beside:
        for steps in learner.train(schedule, 6):
            if steps == 4:
                learner.save(tmp_path / "now")
                save_progress(learner, tmp_path, beside=beside)
    (state,) = tmp_path.glob("*.safetensors")
    now, beside = (tensors_of(path) for path in (tmp_path / "now", state))
    assert now.keys() == beside.keys()
    assert all(torch.equal(now[name].nan_to_num(), beside[name].nan_to_num()) for name in now)


@pytest.mark.parametrize("at", ["the next state", "the end"])
def test_training_fails_where_a_state_could_not_be_written_beside_it(opened, tmp_path, at):
    learner, _ = opened("linear")
    with pytest.raises(FileNotFoundError), OneBeside() as beside:
        save_progress(learner, tmp_path / "absent", beside=beside)
        if at == "the next state":
            save_progress(learner, tmp_path, beside=beside)
            pytest.fail("it went on")


def test_a_file_of_tensors_is_read_as_those_of_its_library(tmp_path):
    kinds = (torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.bool)
    tensors = {f"{i} of 3": torch.arange(3).to(kind) for i, kind in enumerate(kinds)}
    tensors |= {
        "number": torch.tensor(2.5),
        "empty": torch.empty(0, 4),
        "turned": torch.rand(2, 3).T,
    }
    write_tensors(tmp_path / "ours", tensors, "told")
    found = tensors_of(tmp_path / "ours")
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
