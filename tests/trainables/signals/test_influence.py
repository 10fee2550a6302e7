import sys

import numpy as np
import pytest
import torch
from scipy import stats

from trainables.evidence.ensembles import Checkpoint
from trainables.signals.influence import _adam, less, tracin, tracin_self, trak

N, V, C, H = 120, 40, 3, 5
every_aim = pytest.mark.parametrize("aim", ["tracin", "less", "trak"])


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def mark(seed=0, *, weights=None, features=None, moments=None):
    """A checkpoint of a linear classifier; drawn at random where not given."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((C, H + 1)) if weights is None else weights
    train, validation = features or (rng.standard_normal((N, H)), rng.standard_normal((V, H)))
    if moments is None:
        moments = np.stack([rng.normal(0, 0.1, (C, H + 1)), rng.random((C, H + 1)) ** 2], axis=1)
    return Checkpoint(
        lr=0.1 * (seed + 1),
        probs=softmax(train @ weights[:, :-1].T + weights[:, -1]),
        features=train,
        validation_probs=softmax(validation @ weights[:, :-1].T + weights[:, -1]),
        validation_features=validation,
        moments=moments,
    )


def classes(seed=0):
    rng = np.random.default_rng([seed, 1])
    return rng.integers(0, C, N), rng.integers(0, C, V)


def gradients(seed, output):
    """Each row's gradient of an output by the classifier of `mark(seed)`, by autograd."""
    rng = np.random.default_rng(seed)
    weights = torch.tensor(rng.standard_normal((C, H + 1)), requires_grad=True)
    found = []
    for features, labels in zip(
        (rng.standard_normal((N, H)), rng.standard_normal((V, H))), classes(), strict=True
    ):
        extended = torch.tensor(np.concatenate([features, np.ones((len(features), 1))], axis=1))
        rows = [
            torch.autograd.grad(output(weights @ row, int(label)), weights)[0].numpy().ravel()
            for row, label in zip(extended, labels, strict=True)
        ]
        found.append(np.array(rows))
    return found


def loss(logits, label):
    return torch.logsumexp(logits, 0) - logits[label]


def log_odds(logits, label):
    chance = torch.softmax(logits, 0)[label]
    return torch.log(chance / (1 - chance))


def adam(mark, gradient):
    """The step that torch's AdamW takes on a gradient, far into training."""
    weights = torch.zeros(C, H + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.AdamW([weights], lr=1.0, weight_decay=0.0)
    mean, square = (torch.tensor(mark.moments[:, i]) for i in (0, 1))
    optimizer.state[weights] = {
        "step": torch.tensor(1e6), "exp_avg": mean, "exp_avg_sq": square
    }  # fmt: skip
    weights.grad = torch.tensor(gradient.reshape(C, H + 1))
    optimizer.step()
    return -weights.detach().numpy().ravel()


def units(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_tracin_is_the_sum_of_gradient_products_by_autograd():
    slow = 0
    for seed in (0, 1):
        train, validation = gradients(seed, loss)
        slow += mark(seed).lr * (train @ validation.T).mean(axis=1)
    assert tracin([mark(0), mark(1)], *classes()) == pytest.approx(slow, rel=1e-5, abs=1e-6)


def test_tracin_of_a_row_on_itself_is_its_squared_gradient_by_autograd():
    slow = sum(mark(seed).lr * (gradients(seed, loss)[0] ** 2).sum(axis=1) for seed in (0, 1))
    assert tracin_self([mark(0), mark(1)], classes()[0]) == pytest.approx(-slow, rel=1e-5)


def test_less_is_the_cosine_of_torchs_adam_steps_and_validation_gradients():
    slow, rates = 0, 0
    for seed in (0, 1):
        train, validation = gradients(seed, loss)
        steps = np.array([adam(mark(seed), gradient) for gradient in train])
        slow += mark(seed).lr * (units(steps) @ units(validation).T).mean(axis=1)
        rates += mark(seed).lr
    assert less([mark(0), mark(1)], *classes()) == pytest.approx(slow / rates, rel=1e-5, abs=1e-6)


def test_the_small_number_is_outside_the_root_where_weights_have_hardly_moved_too():
    still = mark(moments=np.full((C, 2, H + 1), 1e-14))
    train = 1e-8 * gradients(0, loss)[0]
    steps = np.array([adam(still, gradient) for gradient in train])
    assert _adam(train, still.moments) == pytest.approx(steps, rel=1e-4)
    # Inside the root, as in the source's code, it would make steps a hundredth as long.
    assert np.abs(steps).max() > 50 * np.abs(1e-15 + 0.1 * train).max() / 1e-4


def test_less_is_what_the_sources_random_projections_estimate():
    train, validation = gradients(0, loss)
    steps = _adam(train, mark().moments)
    signs = np.random.default_rng(1).choice([-1.0, 1.0], (C * (H + 1), 8192))
    estimate = (units(steps @ signs) @ units(validation @ signs).T).mean(axis=1)
    assert less([mark()], *classes()) == pytest.approx(estimate, abs=0.03)


def of_trak(mark, labels, validation_labels, **options):
    return trak(
        mark.probs, mark.features, labels,
        mark.validation_probs, mark.validation_features, validation_labels, **options,
    )  # fmt: skip


def test_trak_is_the_regression_on_gradients_of_the_log_odds_by_autograd():
    train, validation = gradients(0, log_odds)
    gram = train.T @ train
    gram += 1e-3 * np.trace(gram) / len(gram) * np.eye(len(gram))
    doubt = 1 - mark().probs[np.arange(N), classes()[0]]
    slow = train @ np.linalg.inv(gram) @ validation.mean(axis=0) * doubt
    assert of_trak(mark(), *classes()) == pytest.approx(slow, rel=1e-5, abs=1e-7)


def test_trak_by_projections_ranks_as_trak_without():
    exact, projected = of_trak(mark(), *classes()), of_trak(mark(), *classes(), dim=16)
    assert stats.spearmanr(exact, projected).statistic > 0.8


def test_trak_is_finite_and_zero_where_the_label_is_certain():
    certain = mark(weights=200 * np.random.default_rng(0).standard_normal((C, H + 1)))
    labels = certain.probs.argmax(axis=1)
    scores = of_trak(certain, labels, classes()[1])
    assert np.isfinite(scores).all()
    assert np.abs(scores[certain.probs.max(axis=1) == 1]).max() == pytest.approx(0, abs=1e-6)


def fitted(features, labels, penalty=1.0):
    """Weights of a logistic regression, (C, H + 1)."""
    extended = torch.tensor(np.concatenate([features, np.ones((len(features), 1))], axis=1))
    weights = torch.zeros(C, H + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        logits = extended @ weights.T
        value = torch.nn.functional.cross_entropy(logits, torch.tensor(labels), reduction="sum")
        value = value + penalty * weights.square().sum()
        value.backward()
        return value

    optimizer.step(closure)
    return weights.detach().numpy()


def planted():
    """A fitted classifier of three clouds, 12 of whose training labels are wrong."""
    rng = np.random.default_rng(0)
    labels, validation_labels = rng.integers(0, C, N), rng.integers(0, C, V)
    train = rng.standard_normal((N, H)) + 4 * np.eye(C, H)[labels]
    validation = rng.standard_normal((V, H)) + 4 * np.eye(C, H)[validation_labels]
    wrong = np.arange(N) < 12
    labels[wrong] = (labels[wrong] + 1) % C
    found = mark(weights=fitted(train, labels), features=(train, validation))
    return found, labels, validation_labels, wrong


def scored(aim, found, labels, validation_labels):
    if aim == "trak":
        return of_trak(found, labels, validation_labels)
    return {"tracin": tracin, "less": less}[aim]([found], labels, validation_labels)


@every_aim
def test_rows_planted_with_a_wrong_label_rank_lowest(aim):
    found, labels, validation_labels, wrong = planted()
    scores = scored(aim, found, labels, validation_labels)
    pairs = scores[wrong][:, None] < scores[~wrong]
    assert pairs.mean() > 0.9


def test_self_influence_sends_rows_planted_with_a_wrong_label_first():
    found, labels, _, wrong = planted()
    scores = tracin_self([found], labels)
    assert (scores[wrong][:, None] < scores[~wrong]).mean() > 0.9


def test_trak_ranks_rows_as_leaving_each_out_and_fitting_anew_does():
    found, labels, validation_labels, _ = planted()
    validation = np.concatenate([found.validation_features, np.ones((V, 1))], axis=1)

    def lead(weights):
        chance = softmax(validation @ weights.T)[np.arange(V), validation_labels]
        return np.log(chance / (1 - chance)).mean()

    whole = lead(fitted(found.features, labels))
    lost = [
        whole - lead(fitted(np.delete(found.features, row, 0), np.delete(labels, row)))
        for row in range(40)
    ]
    scores = of_trak(found, labels, validation_labels)[:40]
    assert stats.spearmanr(scores, lost).statistic > 0.7


@every_aim
def test_rows_scored_a_few_at_a_time_score_the_same(aim, monkeypatch):
    together = scored(aim, mark(), *classes())
    monkeypatch.setattr(sys.modules[less.__module__], "_BLOCK", 100)
    assert scored(aim, mark(), *classes()) == pytest.approx(together, rel=1e-5, abs=1e-7)


@every_aim
def test_without_a_validation_split_there_is_nothing_to_aim_at(aim):
    found = mark(features=(np.ones((N, H)), np.ones((0, H))), weights=np.ones((C, H + 1)))
    with pytest.raises(ValueError, match="the validation split is empty"):
        scored(aim, found, classes()[0], np.zeros(0, dtype=np.int64))


@every_aim
def test_a_validation_row_that_is_certain_and_right_pulls_nowhere(aim):
    certain = mark()
    certain.validation_probs[:] = np.eye(C)[classes()[1]]
    scores = scored(aim, certain, *classes())
    assert np.isfinite(scores).all()
    assert aim == "trak" or (scores == 0).all()
