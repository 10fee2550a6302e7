import numpy as np
import pytest

from analysis.page.figures.scaling import scaling_data, scaling_figure
from analysis.scaling_laws import curve
from analysis.study import study

SIZES = (1000, 800, 600, 400, 200, 100)


@pytest.fixture
def run(result, pruned):
    """Trials of 1,000 samples and 10,000 test ones whose error follows a law of size and seed."""

    def make(law, sizes=SIZES, seeds=(1, 2, 3), signal="random", protocol="restart"):
        rows = []
        for seed in seeds:
            for size in sizes:
                rate = round(1 - size / 1000, 6) or 0.5
                spec = pruned(seed, rate, signal=signal, protocol=protocol)
                spec = spec.baseline if size == 1000 else spec
                rows.append(
                    result(
                        spec,
                        1 - law(size, seed),
                        n_test=10_000,
                        kept_counts=() if size == 1000 else (size // 2, size // 2),
                        class_counts=(500, 500),
                    )
                )
        return rows

    return make


def power(exponent, factor=2.0):
    return lambda n, seed: factor * n ** -(exponent + 0.01 * (seed - 2))


def test_a_power_law_gives_back_its_exponent_with_an_interval_over_seeds(run):
    found = curve(study(run(power(0.5))).rows)
    assert found.sizes == tuple(sorted(SIZES))
    assert found.exponent == pytest.approx(0.5, abs=2e-3)
    # 0.49, 0.50, 0.51: t(0.95, 2) * 0.01 / sqrt(3) to each side.
    assert found.high - found.exponent == pytest.approx(2.91999 * 0.01 / 3**0.5, rel=0.05)
    assert found.finding == "a power law fits better"


def test_an_exponential_is_known_for_one(run):
    found = curve(study(run(lambda n, seed: 0.5 * np.exp(-n / 250))).rows)
    assert found.finding == "an exponential fits better" and found.delta_aic > 2


def test_three_sizes_tell_no_law_and_two_make_no_curve(run):
    three = curve(study(run(power(0.5), sizes=SIZES[:3])).rows)
    assert three.delta_aic is None and "too few sizes" in three.finding
    assert curve(study(run(power(0.5), sizes=SIZES[:2])).rows) is None


def test_one_seed_gives_no_interval(run):
    found = curve(study(run(power(0.5), seeds=(1,))).rows)
    assert (found.low, found.high) == (None, None)


def test_nothing_wrong_counts_as_half_a_test_sample(run):
    found = curve(study(run(lambda n, seed: 0.0 if n > 800 else 0.1)).rows)
    assert found.errors[:, -1] == pytest.approx(0.5 / 10_000)


def test_fewer_errors_than_random_at_equal_size_are_a_ratio_below_one(run):
    def half(n, seed):
        return power(0.5)(n, seed) * (1 if n == 1000 else 0.5 + 0.02 * (seed - 2))

    rows = run(power(0.5)) + run(half, signal="keep_one")
    rows = list({row.spec.result_key: row for row in rows}.values())
    (data,) = scaling_data(study(rows))
    ((method, ratio),) = data.ratios.items()
    assert not method.is_control
    assert ratio.mean == pytest.approx(0.5, rel=2e-3)
    # 0.48, 0.50, 0.52: t(0.95, 2) times the error of the mean of their logs.
    logs = np.log([0.48, 0.50, 0.52])
    half_width = 2.91999 * logs.std(ddof=1) / 3**0.5
    assert np.log(ratio.high / ratio.mean) == pytest.approx(half_width, rel=0.05)
    assert "0.50 [0.47, 0.53] times random's errors" in data.caption


def test_what_all_methods_share_is_said_once(run):
    (data,) = scaling_data(study(run(power(0.5))))
    assert data.label == "imdb · scored after 15% of the steps"
    assert list(data.labels.values()) == ["Random (global)"]


def test_trials_that_go_on_after_a_warm_up_on_all_data_make_no_curve(run):
    assert scaling_data(study(run(power(0.5), protocol="continue"))) == []


def test_the_figure_draws_means_the_fit_and_the_band_of_random(run):
    (data,) = scaling_data(study(run(power(0.5))))
    band, fit, dots = scaling_figure(data)["data"]
    assert band["fill"] == "toself" and len(band["x"]) == 12
    assert fit["y"] == pytest.approx([2 * n**-0.5 for n in sorted(SIZES)], rel=0.01)
    assert dots["y"] == pytest.approx(fit["y"], rel=0.02)
    assert "error falls as n to the −0.50" in data.caption
