"""What the trials of an unfinished sweep come to so far: one line a data set, and no answer yet."""

from analysis.answers import Answer, answers
from analysis.page.phrases import by_text, words_of
from analysis.study import Study
from analysis.wording import percent, seeds_text


def so_far(study: Study) -> tuple[tuple[str, str], ...]:
    """Where each data set stands, in the words of its answer but for the verdict: what leads, and what it shows.

    An answer holds once all seeds of its search or its confirmation have run: looked at before, the
    best of many seems safe too often. So a line names what leads, by how many seeds, and no more.
    """
    return tuple(
        (f"{one.name}: {what}", shows)
        for one in answers(study)
        for what, shows in [_leads(study, one)]
    )


def _leads(study: Study, answer: Answer) -> tuple[str, str]:
    row = answer.row
    if row is None or (row.verdict is None and answer.state != "confirming"):
        return "no cut has a finished pair yet", ""
    cut = f"{percent(row.cell.condition.rate)} removed {by_text(row)}"
    if answer.state == "confirming":
        # Fresh seeds are looked at once, when all have run.
        return cut, f"being confirmed, {seeds_text(len(row.cell.pairs), row.cell.n_planned)}"
    if answer.state == "no answer":
        return "the model is not shown to have learned anything that could be lost", ""
    verdict = row.verdict
    assert verdict is not None, "only what is being confirmed may have none"
    seeds = seeds_text(verdict.n_seeds, row.cell.n_planned)
    return cut, f"{words_of(study).change(verdict.mean, answer.low, answer.high)}, {seeds}"
