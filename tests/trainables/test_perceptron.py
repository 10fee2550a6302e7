import numpy as np
import pytest
from scipy.optimize import minimize

from orchestrator.theory.grid import ACCEPTED
from trainables import perceptron
from trainables.perceptron import (
    StudentData,
    asymptotic_error,
    crossover_alpha,
    max_margin,
    simulate,
)

ALPHAS = (1, 2, 4, 8, 16, 32, 64)
# Independently computed to four decimals, by alpha.
EXACT = {
    ("random", 1.0): (0.2657, 0.1885, 0.1137, 0.0609, 0.0311, 0.0156, 0.0078),
    ("hard", 0.1): (0.4933, 0.4900, 0.4839, 0.4690, 0.3700, 0.0161, 0.0078),
    ("hard", 0.4): (0.4360, 0.3826, 0.2053, 0.0620, 0.0311, 0.0156, 0.0078),
    ("easy", 0.2): (0.2791, 0.2165, 0.1535, 0.0987, 0.0581, 0.0319, 0.0168),
    ("easy", 0.6): (0.2488, 0.1787, 0.1131, 0.0641, 0.0341, 0.0175, 0.0089),
}


def mean_error(n, repeats, **arm):
    return simulate(StudentData(**arm), n=n, repeats=repeats).mean()


def labelled(k, n):
    rng = np.random.default_rng(2)
    examples = rng.standard_normal((k, n))
    return examples * np.sign(examples[:, :1])


@pytest.mark.parametrize(("k", "n"), [(5, 40), (60, 40), (800, 40)])
def test_the_student_stands_at_its_margin(k, n):
    examples = labelled(k, n)
    assert (examples @ max_margin(examples)).min() == pytest.approx(1, abs=1e-9)


def test_the_student_is_the_one_a_general_solver_finds():
    examples = labelled(30, 4)
    constraint = {"type": "ineq", "fun": lambda w: examples @ w - 1}
    slow = minimize(lambda w: w @ w, 100 * np.eye(4)[0], constraints=constraint, tol=1e-12)
    assert np.allclose(max_margin(examples), slow.x, atol=1e-5)


@pytest.mark.parametrize(("keep", "kept"), EXACT)
def test_the_theory_gives_the_known_errors(keep, kept):
    errors = [asymptotic_error(StudentData(alpha=alpha, kept=kept, keep=keep)) for alpha in ALPHAS]
    assert errors == pytest.approx(EXACT[keep, kept], abs=1e-4)


def test_without_pruning_the_error_falls_as_one_over_the_examples():
    errors = [asymptotic_error(StudentData(alpha=alpha)) for alpha in (16, 64)]
    assert np.log(errors[1] / errors[0]) / np.log(4) == pytest.approx(-1, abs=0.05)


@pytest.mark.parametrize(("kept", "alpha"), [(0.1, 20.1), (0.3, 7.21), (0.5, 5.05), (0.7, 6.14)])
def test_hard_examples_are_the_better_ones_from_the_known_alpha_on(kept, alpha):
    def hard_minus_easy(alpha):
        hard, easy = (StudentData(alpha=alpha, kept=kept, keep=keep) for keep in ("hard", "easy"))
        return asymptotic_error(hard) - asymptotic_error(easy)

    assert hard_minus_easy(0.98 * alpha) > 0 > hard_minus_easy(1.02 * alpha)
    assert crossover_alpha(kept) == pytest.approx(alpha, rel=2e-3)


def test_a_perfect_probe_beats_the_power_law_by_keeping_few_of_many():
    hard = asymptotic_error(StudentData(alpha=30, kept=0.1, keep="hard"))
    assert hard < asymptotic_error(StudentData(alpha=30, kept=0.1)) / 8


def test_a_probe_that_errs_forbids_to_prune_as_much():
    few, more = (StudentData(alpha=20, kept=f, keep="hard", theta_deg=20) for f in (0.2, 0.4))
    gains = [
        asymptotic_error(StudentData(alpha=20 * a.kept)) - asymptotic_error(a) for a in (few, more)
    ]
    assert gains[0] < 0 < gains[1]


@pytest.mark.parametrize("margin", ["abs", "signed"])
@pytest.mark.parametrize("keep", ["hard", "easy", "random"])
def test_simulation_and_theory_agree_for_a_probe_that_errs(keep, margin):
    arm = StudentData(alpha=4, kept=0.5, keep=keep, theta_deg=40, margin=margin)
    assert simulate(arm).mean() == pytest.approx(asymptotic_error(arm), rel=0.05)


def test_simulation_and_theory_agree_where_one_of_a_thousand_is_kept():
    arm = StudentData(alpha=3000, kept=0.001, keep="hard")
    assert simulate(arm, n=60).mean() == pytest.approx(asymptotic_error(arm), rel=0.1)


def test_a_set_drawn_only_where_it_is_kept_is_as_good(monkeypatch):
    arm = StudentData(alpha=4, kept=0.5, keep="hard", theta_deg=20)
    whole = simulate(arm, n=100)
    monkeypatch.setattr(perceptron, "LARGE", 0)
    assert simulate(arm, n=100).mean() == pytest.approx(whole.mean(), rel=0.05)


def test_of_scarce_data_the_hard_half_is_worse_than_any():
    everything = mean_error(100, 10, alpha=2)
    half, hard = (mean_error(100, 10, alpha=2, kept=0.5, keep=k) for k in ("random", "hard"))
    assert everything < half < hard


def test_of_the_fifth_that_leaves_too_few_easy_beats_random_beats_hard():
    keeps = ("easy", "random", "hard")
    easy, half, hard = (mean_error(100, 10, alpha=8, kept=0.2, keep=k) for k in keeps)
    assert mean_error(100, 10, alpha=8) < easy < half < hard


def test_arms_of_one_alpha_see_the_same_examples():
    everything = simulate(StudentData(alpha=10), n=50)
    pruned = simulate(StudentData(alpha=10, kept=0.7, keep="hard"), n=50)
    assert np.corrcoef(everything, pruned)[0, 1] > 0.9


def test_what_keeps_all_is_no_pruning():
    arms = [StudentData(alpha=3, keep=keep, theta_deg=30) for keep in ("hard", "easy", "random")]
    first, *others = (simulate(arm, n=30, repeats=3) for arm in arms)
    assert all(np.allclose(first, other) for other in others)


def test_a_perfect_probe_never_errs_so_that_both_margins_are_one():
    absolute, signed = (
        StudentData(alpha=3, kept=0.4, keep="hard", margin=m) for m in ("abs", "signed")
    )
    assert (simulate(absolute, n=30) == simulate(signed, n=30)).all()


@pytest.mark.parametrize(
    "wrong",
    [{"alpha": 0}, {"kept": 0}, {"kept": 1.1}, {"theta_deg": 90}, {"keep": "all"}, {"margin": ""}],
)
def test_an_arm_without_meaning_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StudentData(**{"alpha": 2} | wrong)


@pytest.mark.parametrize("n", [2, 40])
def test_too_few_dimensions_or_examples_are_refused(n):
    with pytest.raises(ValueError, match="alpha \\* n >= 1"):
        simulate(StudentData(alpha=0.02), n=n)


@pytest.mark.slow
def test_of_scarce_data_the_easy_half_is_better_than_all():
    assert mean_error(200, 20, alpha=2, kept=0.5, keep="easy") < mean_error(200, 20, alpha=2)


@pytest.mark.slow
def test_of_plenty_the_hard_fifth_is_as_good_as_all():
    assert mean_error(200, 5, alpha=20, kept=0.2, keep="hard") < 1.06 * mean_error(200, 5, alpha=20)


# All of alpha 20 takes as long as the others together: `prune-envelope theory` holds it to its interval.
QUICK = [one for one in ACCEPTED if one[0].alpha * one[0].kept <= 10]


@pytest.mark.slow
@pytest.mark.parametrize(("arm", "interval"), QUICK, ids=[str(arm) for arm, _ in QUICK])
def test_the_simulation_lands_where_it_is_accepted(arm, interval):
    assert interval[0] <= simulate(arm).mean() <= interval[1]
