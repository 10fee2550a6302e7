import numpy as np
import pytest
import torch

from trainables.signals.difficulty import el2n, el2n_ensemble, grand, grand_ensemble, grand_full


def learner(seed, n=40, h=6, c=4):
    """Features, and the classifier's probabilities and gradient lengths by autograd."""
    draw = torch.Generator().manual_seed(seed)
    layer = torch.nn.Linear(h, c).double()
    with torch.no_grad():
        for weights in layer.parameters():
            weights.copy_(torch.randn(weights.shape, generator=draw))
    features = torch.randn(n, h, generator=draw, dtype=torch.float32)
    labels = torch.randint(0, c, (n,), generator=draw)
    lengths = []
    for row in range(n):
        layer.zero_grad()
        torch.nn.functional.cross_entropy(
            layer(features[row : row + 1].double()), labels[row : row + 1]
        ).backward()
        squares = sum(weights.grad.square().sum() for weights in layer.parameters())
        lengths.append(squares.sqrt().item())
    probs = torch.softmax(layer(features.double()), 1).detach().numpy()
    return probs, features.numpy(), labels.numpy(), np.array(lengths)


@pytest.mark.parametrize("seed", range(3))
def test_grand_is_the_length_of_the_classifiers_gradient_by_autograd(seed):
    probs, features, labels, lengths = learner(seed)
    assert grand(probs, features, labels) == pytest.approx(lengths, rel=5e-7)


def test_grand_is_el2n_times_the_length_of_the_extended_features():
    probs = np.array([[0.5, 0.5]], dtype=np.float32)
    features = np.array([[2, 2]], dtype=np.float32)
    assert grand(probs, features, np.array([0]))[0] == pytest.approx(0.5**0.5 * 3)


def test_an_ensemble_is_the_mean_of_its_members():
    members = [learner(seed) for seed in range(3)]
    labels = members[0][2]
    probs = np.stack([m[0] for m in members], axis=1)
    features = np.stack([m[1] for m in members], axis=1)
    alone = [grand(m[0], m[1], labels) for m in members]
    assert grand_ensemble(probs, features, labels) == pytest.approx(np.mean(alone, 0), rel=1e-6)
    alone = [el2n(m[0], labels) for m in members]
    assert el2n_ensemble(probs, labels) == pytest.approx(np.mean(alone, 0), rel=1e-6)


def test_the_full_gradients_lengths_are_the_scores():
    assert grand_full(np.array([1.5, 0.25], dtype=np.float32)).tolist() == [1.5, 0.25]


def test_an_ensemble_refuses_probabilities_of_another_split():
    with pytest.raises(ValueError, match="probs holds 3 samples but labels holds 2"):
        el2n_ensemble(np.full((3, 2, 2), 0.5, dtype=np.float32), np.array([0, 1]))
