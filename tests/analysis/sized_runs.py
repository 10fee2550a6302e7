"""A run at four total sizes, made up: el2n and random pruning by equal steps."""

from analysis.run_files import Plan, PlannedSubset
from trainables.training_settings import Training

N, SMALLER, RATES, SEEDS = 8000, (1000, 2000, 4000), (0.5, 0.75), (1, 2, 3, 4, 5)
WHOLE, TRAINING = "d" * 64, Training(epochs=4, batch_size=32)


def error(signal, total, rate, seed):
    """A power law without pruning, random likewise; el2n the better, the larger the total."""
    kept = total * (1 - rate)
    better = (total / 500) ** -0.6 if signal == "el2n" and rate else 1.0
    return 4 * kept**-0.5 * better + 0.0003 * (seed - 3)


def made(result, pruned):
    """Its rows and its plan.

    Args:
        result: Makes a finished trial.
        pruned: Makes a pruned trial's spec.
    """
    rows, subsets = {}, {}
    for seed in SEEDS:
        for total in (*SMALLER, N):
            data, name = WHOLE, "imdb"
            if total != N:
                data, name = f"{total}-{seed}".ljust(64, "0"), f"imdb, {total:,} rows"
                subsets[data] = PlannedSubset(whole=WHOLE, rows=total, seed=seed)
            training, half = TRAINING.with_as_many_steps(total, N), total // 2
            for signal in ("el2n", "random"):
                for rate in (0.0, *RATES):
                    spec = pruned(
                        seed, rate or 0.5, signal=signal, protocol="restart", budget="steps", dataset=name,
                        data_sha=data, training=training,
                    )  # fmt: skip
                    spec = spec if rate else spec.baseline
                    kept = (round(half * (1 - rate)),) * 2 if rate else ()
                    rows[spec.result_key] = result(
                        spec, 1 - error(signal, total, rate, seed), n_test=20_000, class_counts=(half, half),
                        kept_counts=kept,
                    )  # fmt: skip
    found = list(rows.values())
    return found, Plan(specs=tuple(row.spec for row in found), subsets=subsets)
