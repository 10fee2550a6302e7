"""What is said of the training: whether its full-data run is at its best, and why a cut may improve it."""

import numpy as np
from scipy.special import ndtri

from analysis.envelope import JudgedCell
from analysis.metrics import ACCURACY, Metric
from analysis.study import Study
from analysis.training_curves import Ending
from analysis.verdicts import ALPHA
from analysis.wording import points, whole_percent
from trainables.result import MOST_LOOKED_AT


def careful_text(ending: Ending | None, *, is_tuned: bool, metric: Metric = ACCURACY) -> str:
    """The warning of a training that is not at its best; empty where none is shown.

    Args:
        ending: How it ends, or None where no run was looked at.
        is_tuned: Whether it was searched: another search would find it again.
        metric: What the run is judged by: a training is looked at by its accuracy.
    """
    of = "" if metric.name == ACCURACY.name else " of accuracy"
    if ending is None or ending.state == "settled":
        return ""
    epochs = ending.curve.spec.training.epochs
    if ending.state == "past its best":
        again = "--tune"
        if is_tuned:
            # Fewer than now, as the training is; what else was searched is searched for them again.
            fewer = min(epochs - 1, max(1, int(ending.epoch)))
            again = f"--tune --epochs {fewer}" if fewer else "a lower --lr"
        return (
            f"Careful: with all rows the model ends {points(ending.points)}{of} below its own best (epoch "
            f"{round(ending.epoch, 1):g} of {epochs}). Cuts look safer than they are. Run again with {again}."
        )
    again = f"--tune --epochs {2 * epochs}" if is_tuned else f"--epochs {2 * epochs}"
    return (
        f"Careful: with all rows the model was still learning when it stopped (+{points(ending.points)}{of} "
        f"in the last third). Run again with {again if is_tuned else f'--tune or {again}'}."
    )


def careful_of(study: Study, row: JudgedCell) -> str:
    """The warning of a condition's training; empty where none is shown."""
    condition = row.cell.condition
    is_tuned = condition.source.data_sha in study.plan.tuned
    ending = study.endings.get(condition.question)
    return careful_text(ending, is_tuned=is_tuned, metric=study.metric)


def rise_text(study: Study, row: JudgedCell) -> str:
    """Why a cut may have improved the model: the two usual causes, and which of them the rows point to."""
    return (
        f"Two usual causes: wrong labels ({labels_seen(row)[0]}), or training past its best "
        f"({_training(study, row)})."
    )


def labels_seen(row: JudgedCell) -> tuple[str, str]:
    """Whether a model that never saw the removed rows says that their labels are wrong, and what it says.

    Were the training rows labelled as well as the test rows, it would be as often sure of another class
    in all of them as in the test rows. So the removed ones alone may not be more, of all.
    """
    pairs = [pair.pruned for pair in row.cell.pairs]
    shares = [
        (one.removed_sure_other, one.test_sure_other)
        for one in pairs
        if one.removed_sure_other is not None and one.test_sure_other is not None
    ]
    if not shares:
        return "not looked for", ""
    removed, test = np.mean(shares, axis=0)
    rate, n_test = row.cell.condition.rate, pairs[0].n_test
    asked = min(rate * sum(pairs[0].class_counts), MOST_LOOKED_AT)
    spread = np.sqrt(test * (1 - test) / n_test + rate**2 * removed * (1 - removed) / asked)
    is_shown = rate * removed - test > -ndtri(ALPHA) * spread
    return (
        "likely" if is_shown else "not shown",
        "trained without the removed rows, the model is sure "
        f"{whole_percent(rate * removed)} of the data, all removed, belong elsewhere, and "
        f"{whole_percent(test)} of test rows",
    )


def _training(study: Study, row: JudgedCell) -> str:
    ending = study.endings.get(row.cell.condition.question)
    if ending is None:
        return "not looked for"
    return "likely" if ending.state == "past its best" else "not shown"
