"""Dropout by 16-bit numbers: what torch's does, cheaper."""

import pytest
import torch

from trainables.learners.dropout import SixteenBitDropout, with_cheap_dropout


def dropped(p, numbers, seed=3):
    torch.manual_seed(seed)
    return SixteenBitDropout(p)(numbers)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_as_many_are_dropped_as_asked_for_and_the_others_scaled_up(dtype):
    out = dropped(0.1, torch.ones(1001, 999, dtype=dtype))
    assert abs((out == 0).float().mean() - 0.1) < 0.001
    assert torch.allclose(out[out != 0], torch.tensor(1 / 0.9, dtype=dtype), rtol=1e-4)


def test_gradients_pass_where_numbers_passed():
    numbers = torch.randn(7, 5, requires_grad=True)
    out = dropped(0.5, numbers)
    out.backward(torch.ones(7, 5))
    assert torch.equal(numbers.grad, (out != 0) * 2.0)


def test_one_seed_drops_the_same_and_another_others():
    numbers = torch.ones(64, 3)
    assert torch.equal(dropped(0.3, numbers), dropped(0.3, numbers))
    assert not torch.equal(dropped(0.3, numbers), dropped(0.3, numbers, seed=4))


@pytest.mark.parametrize(("p", "left"), [(0.0, 1.0), (1.0, 0.0)])
def test_nothing_or_all_is_dropped_at_the_ends(p, left):
    assert torch.all(dropped(p, torch.ones(9)) == left)


def test_in_evaluation_nothing_is_dropped():
    assert torch.all(SixteenBitDropout(0.5).eval()(torch.ones(99)) == 1)


def test_every_dropout_layer_of_a_network_is_replaced():
    module = torch.nn.Sequential(torch.nn.Dropout(0.2), torch.nn.Sequential(torch.nn.Dropout(0.3)))
    with_cheap_dropout(module)
    found = [m.p for m in module.modules() if type(m) is SixteenBitDropout]
    assert found == [0.2, 0.3]


def test_a_network_in_evaluation_stays_so():
    module = torch.nn.Sequential(torch.nn.Dropout(0.5)).eval()
    with_cheap_dropout(module)
    assert torch.all(module(torch.ones(99)) == 1)
