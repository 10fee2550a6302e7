"""What a prune card does not say: what was not measured, and of what else it must not be read."""

from collections.abc import Iterator

from analysis.markdown import code, literal
from analysis.pruned_files import PruneRecord
from analysis.warrants import Warrant
from analysis.wording import model_label, percent


def is_in_run(record: PruneRecord) -> bool:
    """Whether the run itself has trained on exactly these rows."""
    return has_one_list(record) and not (record.protected or record.min_per_class)


def has_one_list(record: PruneRecord) -> bool:
    """Whether what the run says of the cut is of one list, on which fresh seeds have trained."""
    return record.is_answer and record.state in ("confirmed", "refuted", "confirming")


def model_words(record: PruneRecord) -> str:
    """The model that was trained, as the page calls it."""
    return code(model_label(record.spec.model) if record.spec.model else record.spec.learner)


def limits(record: PruneRecord, warrant: Warrant | None) -> list[str]:
    """What the card does not say, as a section of it."""
    return ["## What it does not say", "", *(f"- {one}" for one in _limit_lines(record, warrant))]


def _limit_lines(record: PruneRecord, warrant: Warrant | None) -> Iterator[str]:
    if warrant is None and is_in_run(record):
        yield f"What was measured of exactly these rows stands in the report of its run, {code(record.run)}."
    elif warrant is None:
        yield "Nothing here was measured of exactly these rows: train on them and on all rows before you rely on it."
    else:
        yield (
            f"It is measured with {model_words(record)} and the training of its run; another model may lose more. It is "
            "of this training set: of another sample of the same task nothing was measured."
        )
    if warrant and warrant.n_candidates > 1:
        yield (
            f"The test rows were looked at when the cut was chosen among {warrant.n_candidates}; only the seeds "
            "are fresh."
        )
    shares = [(one.kept / one.rows, one) for one in record.classes if one.rows]
    if shares:
        (low, least), (high, most) = (
            min(shares, key=lambda pair: pair[0]),
            max(shares, key=lambda pair: pair[0]),
        )
        if high - low >= 0.005:
            yield (
                f"Classes are not cut alike: {percent(round(low, 3))} of {literal(least.name)} stays and "
                f"{percent(round(high, 3))} of {literal(most.name)}. What is rare inside a class may be gone."
            )
    yield (
        "Test rows that are also among the training rows make every cut look safer: `prune-envelope inspect` "
        "counts them."
    )
