"""The sentences above and below the answers: what the numbers are, and what they are not."""

from collections import Counter
from collections.abc import Sequence

from analysis.page.answer_cards import AnswerCard
from analysis.page.answer_table import common_cut
from analysis.page.phrases import all_of, line_size, words_of
from analysis.planted import PlantedCell, PlantedTable
from analysis.study import Study
from analysis.verdicts import LEAST_SEEDS
from analysis.wording import percent, whole_percent


def opening(study: Study, found: list[AnswerCard]) -> list[str]:
    """The sentences above the cards: what they hold for, and what goes for all data sets at once."""
    words = words_of(study)
    side = "below" if words.metric.higher else "above"
    sentences = [
        "Each answer is about this training set, this model and this grid; the line lies "
        f"{line_size(study, study.tolerance)} {side} the full-data {words.metric.label} of the same seeds."
    ]
    if not words.metric.higher:
        sentences[0] += (
            f" More {words.metric.label} is worse: its changes are counted so that below 0 is worse."
        )
    sentences += _experiments(study)
    sentences += _everywhere(study)
    if len(found) > 1:
        shrink = sum(card.answer.rate > 0 for card in found)
        sentences.append(f"{shrink} of {len(found)} data sets are shown to be able to shrink.")
    return sentences


def altered_texts(study: Study) -> list[str]:
    """That training rows were altered on purpose, of each data set where they were."""
    return [
        f"{label}: rows altered on purpose, {study.plan.altered[source.data_sha][0]}. This tests methods; its "
        "answer is about the altered rows and not about the data they were made from."
        for source, label in study.sources.items()
        if source.data_sha in study.plan.altered
    ]


def _experiments(study: Study) -> list[str]:
    """What was trained on the survivors, where it is not what a reader will do with them."""
    if all(row.cell.condition.protocol == "restart" for row in study.rows):
        return []
    answers = "The answer is of runs that trained afresh on one list of rows; the" * bool(
        study.confirmed
    )
    return [
        f"{answers or 'The'} runs below go on from their warm-up mark with what is left (continue), "
        "which says nothing of training afresh on it."
    ]


def _everywhere(study: Study) -> list[str]:
    """The method or matched selector and the warm-up found on every data set: each must pass there."""
    cut, many = common_cut(study), len(study.sources)
    if cut is None:
        return []
    if not cut.rate:
        return [f"No one cut is shown to be safe on {all_of(many)} data sets."]
    return [
        f"On {all_of(many)} data sets at once {percent(cut.rate)} can go {cut.by}, all methods counted."
    ]


def level_text(found: Sequence[AnswerCard]) -> str:
    """At which error the interval of the answer holds; nothing of several, whose cards have their own."""
    if len(found) != 1 or found[0].answer.low is None:
        return ""
    answer = found[0].answer
    shared = f": 5% for the {answer.n_tried} methods and warm-ups that were tried, together"
    shared = shared if answer.state == "found" and answer.n_tried > 1 else ""
    return (
        f"Of the answer's interval, “likely LO to HI”, each end is wrong in at most {percent(answer.level)} of "
        f"studies{shared}."
    )


def tally(study: Study) -> str:
    """How many conditions were tested, what came out, and what the intervals do not correct."""
    judged = [row.verdict for row in study.rows if row.verdict]
    # As on the board: fewer seeds decide nothing.
    decided = (verdict.verdict for verdict in judged if verdict.n_seeds >= LEAST_SEEDS)
    counts = Counter(decided)
    counts["inconclusive"] += len(judged) - counts.total()
    if not judged:
        return f"No condition could be judged yet (0 of {len(study.rows)})."
    seeds = sorted({verdict.n_seeds for verdict in judged})
    span = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    passed = " Means of conditions chosen because they passed are high: read their lower bounds."
    return (
        f"{len(judged)} of {len(study.rows)} conditions judged, {span} "
        f"seed{'' if span == '1' else 's'} each: {counts['within']} within, "
        f"{counts['outside']} outside, {counts['inconclusive']} inconclusive. Their intervals "
        f"are for other seeds and other test examples, and not corrected for looking at "
        f"{len(judged)} of them; the answer above is.{passed if counts['within'] else ''}"
    )


def planted_sentences(study: Study, table: PlantedTable) -> tuple[str, ...]:
    """What was planted in a data set, by its own note, and what a cut at random finds of it."""
    note = _own_note(study, table)
    control = [cell for row in table.rows if row.is_control for cell in row.cells.values()]
    told = (
        _by_luck(control, table.wrong)
        if control
        else "Random was not run: what luck finds is not known."
    )
    return (*([note] if note else []), told)


def _own_note(study: Study, table: PlantedTable) -> str:
    """What was altered, or the first note of the plan on this data set: a set's own stand first."""
    if altered := study.plan.altered.get(table.source.data_sha):
        return f"{altered[1][:1].upper()}{altered[1][1:]}."
    name = table.source.dataset
    # Two contents of one name: whose note it is, is unclear.
    if study.sources[table.source] != name:
        return ""
    notes = (
        note.removeprefix(f"{name}: ") for note in study.plan.notes if note.startswith(f"{name}: ")
    )
    note = next(notes, "").rstrip(".")
    return f"{note[:1].upper()}{note[1:]}." if note else ""


def _by_luck(cells: Sequence[PlantedCell], what: str) -> str:
    copies, wrong = (_span([getattr(cell, name) for cell in cells]) for name in ("copies", "wrong"))
    return (
        f"Of the rows that random removes, {copies} are spare copies and {wrong} have a wrong "
        f"{what}: a method has found something only where it has more than random has there."
    )


def _span(shares: Sequence[float]) -> str:
    low, high = whole_percent(min(shares)), whole_percent(max(shares))
    return low if low == high else f"{low} to {high}"
