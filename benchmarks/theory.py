"""Pruning in theory and simulated: test errors measured beside the exact ones.

Run it as `python -m benchmarks.theory`; about a minute on one core.
"""

import time

from trainables.perceptron import StudentData, asymptotic_error, simulate

# Arms, and the interval in which the mean error of 20 repetitions at n = 200 is to lie.
ACCEPTED = [
    (StudentData(alpha=2), (0.178, 0.199)),
    (StudentData(alpha=20), (0.0228, 0.0270)),
    (StudentData(alpha=2, kept=0.5, keep="hard"), (0.305, 0.338)),
    (StudentData(alpha=2, kept=0.5, keep="easy"), (0.172, 0.192)),
    (StudentData(alpha=20, kept=0.2, keep="hard"), (0.0228, 0.0272)),
    (StudentData(alpha=20, kept=0.2, keep="easy"), (0.0440, 0.0515)),
    (StudentData(alpha=20, kept=0.2, keep="random"), (0.108, 0.121)),
    (StudentData(alpha=20, kept=0.5, keep="hard"), (0.0230, 0.0270)),
    (StudentData(alpha=20, kept=0.5, keep="random"), (0.0450, 0.0520)),
    (StudentData(alpha=20, kept=0.2, keep="hard", theta_deg=20), (0.11, 0.18)),
    (StudentData(alpha=20, kept=0.2, keep="hard", theta_deg=40), (0.19, 0.23)),
    (StudentData(alpha=20, kept=0.5, keep="hard", theta_deg=20), (0.0240, 0.0290)),
]


def main() -> None:
    """Print the table of arms in Markdown."""
    print(
        "| alpha | kept | keep | theta (deg) | measured ± standard error | theory | accepted | s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for arm, (low, high) in ACCEPTED:
        start = time.perf_counter()
        errors = simulate(arm)
        seconds = time.perf_counter() - start
        mean, standard_error = errors.mean(), errors.std(ddof=1) / len(errors) ** 0.5
        keep = arm.keep if arm.kept < 1 else "all"
        print(
            f"| {arm.alpha:g} | {arm.kept:g} | {keep} | {arm.theta_deg:g} "
            f"| {mean:.4f} ± {standard_error:.4f} | {asymptotic_error(arm):.4f} "
            f"| {low:g} to {high:g}{'' if low <= mean <= high else ' MISSED'} | {seconds:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
