"""The pruned data sets made from a run, as its page tells of them: each with what was measured of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from analysis.page.answer_cards import Tone
from analysis.page.answer_facts import Fact
from analysis.page.next_step import is_confirmed_list
from analysis.page.warrant_words import WarrantWords, warrant_words
from analysis.pruned_files import PruneRecord
from analysis.short_paths import short_path
from analysis.study import Study
from analysis.warrants import Warrant
from analysis.wording import whole_percent
from trainables.plain_text import forwarded, redacted

_TONES: dict[str, Tone] = {"✓": "in", "✗": "out"}
# Classes that are named: those of which the smallest share stays.
_CLASSES = 8


@dataclass(frozen=True, kw_only=True)
class PrunedCard:
    """One pruned data set.

    Attributes:
        name: The folder it was written to.
        mark: Of its warrant: ✓, ✗, ? or –.
        pill: The mark in words.
        tone: Which colour goes with it.
        headline: What was measured of exactly its rows, in one sentence.
        sentences: How sure that is, and what else must be known.
        facts: What it is, then the numbers of its warrant.
        warnings: In yellow.
    """

    name: str
    mark: str
    pill: str
    tone: Tone
    headline: str
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...]
    warnings: tuple[str, ...] = ()


def pruned_cards(study: Study) -> list[PrunedCard]:
    """Every pruned data set made from a run, the newest first."""
    return [_card(study, record) for record in reversed(study.pruned)]


def _card(study: Study, record: PruneRecord) -> PrunedCard:
    words = _words(study, record)
    anyway = (
        "It was written by --anyway: its run does not show this cut to be within the margin."
        if record.anyway and not record.is_shown
        else "It was written by --anyway, though its warrant did not pass."
        if record.anyway
        else ""
    )
    own = list(_facts(record))
    measured = [one for one in words.facts if one.label not in {fact.label for fact in own}]
    return PrunedCard(
        name=short_path(record.out) if record.out else record.run,
        mark=words.mark,
        pill=words.pill,
        tone=_TONES.get(words.mark, "unsure"),
        headline=words.headline,
        sentences=words.sentences,
        facts=(*own, *measured),
        warnings=(anyway,) if anyway else (),
    )


def _words(study: Study, record: PruneRecord) -> WarrantWords:
    """What was measured of exactly its rows; without a warrant that it was not, or where it stands."""
    if record.warrant is not None:
        return warrant_words(Warrant.from_dict(record.warrant))
    none = warrant_words(None, why_none=record.no_warrant)
    if not any(is_confirmed_list(record, one.row) for one in study.confirmed.values()):
        return none
    return replace(
        none,
        pill="no warrant",
        headline="It carries no warrant; what fresh seeds say of exactly its rows stands above.",
    )


def _facts(record: PruneRecord) -> Iterator[Fact]:
    gone = record.n_train - record.n_kept
    yield Fact(label="Data", value=record.dataset, detail=f"read from {record.read_from}")
    yield Fact(label="Cut", value=record.words, detail=_scores(record))
    yield Fact(
        label="Rows",
        value=f"{gone:,} of {record.n_train:,} go",
        detail=f"{record.n_kept:,} stay: list {record.hash}",
    )
    if kept_back := _kept_back(record):
        yield Fact(label="Kept back", value=kept_back)
    if any(one.rows for one in record.classes):
        yield _classes(record)
    yield Fact(
        label="Written",
        value=f"{record.made[:16].replace('T', ' ')} UTC",
        detail=forwarded(redacted(record.command)),
    )


def _scores(record: PruneRecord) -> str:
    """Whose scores made the list, and how far it is what each of them would cut."""
    seeds = [str(seed) for seed in record.spec.scored_by]
    if record.spec.signal == "random" or len(seeds) < 2:
        return ""
    made = f"made of the scores of seeds {', '.join(seeds)}"
    if not record.agreement:
        return made
    low, high = (whole_percent(at(record.agreement.values())) for at in (min, max))
    share = low if low == high else f"{low} to {high}"
    return f"{made}; the cut of a seed alone removes {share} of the rows that go here"


def _kept_back(record: PruneRecord) -> str:
    """What the cut was not to take."""
    parts = [f"no row of {', '.join(record.protected)} goes"] if record.protected else []
    if record.min_per_class:
        parts.append(f"of each class {record.min_per_class:,} rows stay, or all it has")
    return "; ".join(parts)


def _classes(record: PruneRecord) -> Fact:
    """How many rows of each class stay, first of the one of which the smallest share does."""
    known = sorted((one for one in record.classes if one.rows), key=lambda one: one.kept / one.rows)
    named = [f"{one.name} {one.kept:,} of {one.rows:,}" for one in known]
    more = len(named) - _CLASSES
    others = ", ".join(named[1:_CLASSES])
    return Fact(
        label="Classes",
        value=f"{named[0]} stay",
        detail=f"{others}; {more:,} more keep a larger share" if more > 0 else others,
    )
