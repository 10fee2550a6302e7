"""What is said of a warrant, the same on card, page and terminal: one table of its states."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from analysis.page.answer_facts import Fact
from analysis.page.warrant_facts import warrant_facts
from analysis.page.warrant_phrases import (
    afresh_text,
    capital,
    cut_of_warrant,
    gone_text,
    guard_change,
    harm_text,
    line_of_warrant,
    warranted_change,
    words_of_warrant,
)
from analysis.seeds_needed import few_decide
from analysis.warrants import Warrant
from analysis.wording import percent, seconds_text

# How a verdict of the sweep is called beside one of the warrant.
_SAID = {
    "within": "within the line",
    "outside": "beyond the line",
    "inconclusive": "not decided",
}


@dataclass(frozen=True, kw_only=True)
class WarrantWords:
    """A warrant in words.

    Attributes:
        mark: ✓, ✗, ? or –.
        pill: The state, in a word or two.
        headline: One sentence.
        sentences: How sure that is, against what it stands, and what would settle it.
        facts: Numbers, each with what it is of.
    """

    mark: str
    pill: str
    headline: str
    sentences: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """As a terminal prints it, line by line."""
        told = [f"{self.mark} {self.headline}", *(f"  {one}" for one in self.sentences)]
        for fact in self.facts:
            detail = f" ({fact.detail})" if fact.detail else ""
            told.append(f"  {fact.label}: {fact.value}{detail}")
        return tuple(told)


def warrant_words(warrant: Warrant | None, *, why_none: str = "") -> WarrantWords:
    """A warrant in words, or that there is none.

    Args:
        warrant: None where nothing was measured.
        why_none: Why there is none, in words.
    """
    if warrant is None:
        return WarrantWords(
            mark="–",
            pill="not measured",
            headline="Not measured: no model was trained on exactly these rows.",
            sentences=(f"{capital(why_none).rstrip('.')}.",) if why_none else (),
        )
    row = _ROWS[warrant.state]
    return WarrantWords(
        mark=row.mark,
        pill=row.pill,
        headline=row.headline(warrant),
        sentences=tuple(filter(None, row.sentences(warrant))),
        facts=tuple(warrant_facts(warrant)),
    )


@dataclass(frozen=True, kw_only=True)
class _Row:
    """What is said in one state; as `WarrantWords`."""

    mark: str
    pill: str
    headline: Callable[[Warrant], str]
    sentences: Callable[[Warrant], Sequence[str]]


def _passed_head(w: Warrant) -> str:
    return f"Confirmed: {cut_of_warrant(w)} trains as well, within {line_of_warrant(w)}."


def _passed(w: Warrant) -> Sequence[str]:
    holds = [one.text for one in w.guards]
    return (
        f"Sure to 19 in 20: {afresh_text(w)}, a model on average {harm_text(w, 'less than')}.",
        f"What is guarded holds as well: {', '.join(holds)}." if holds else "",
        _against_random(w),
        _against_sweep(w),
        _earlier(w),
    )


def _open_head(w: Warrant) -> str:
    return f"Not decided: whether {cut_of_warrant(w)} trains as well, within {line_of_warrant(w)}."


def _open(w: Warrant) -> Sequence[str]:
    return (
        _changed(w),
        *_broken(w, "inconclusive", "Not decided because of"),
        _fallen(w),
        f"{capital(few_decide(w.few))}: no verdict." if w.few is not None else "",
        _settles(w),
        _against_sweep(w),
        _earlier(w),
    )


def _lost_head(w: Warrant) -> str:
    high = w.change.high if w.change else None
    if high is not None and high < -w.tolerance:
        return (
            f"Keep all of {w.dataset}: without {gone_text(w)} a model {harm_text(w, 'more than')}."
        )
    return f"Keep all of {w.dataset}: without {gone_text(w)} what is guarded does not hold."


def _lost(w: Warrant) -> Sequence[str]:
    return (
        _changed(w),
        *_broken(w, "outside", "Not held:"),
        _against_random(w),
        _against_sweep(w),
        _earlier(w),
    )


def _partial_head(w: Warrant) -> str:
    return f"Not decided yet: {len(w.seeds)} of {w.n_planned} new seeds have trained on these rows."


def _partial(w: Warrant) -> Sequence[str]:
    whose = "the sweep's own command" if w.is_of_run else "the same command"
    failed = f"{w.n_failed} failed. " if w.n_failed else ""
    return (f"{failed}They decide, all together; {whose} goes on with them.",)


def _unlearned_head(w: Warrant) -> str:
    return f"No answer for {w.dataset}: its full-data runs have learned nothing to lose."


def _unlearned(w: Warrant) -> Sequence[str]:
    value = (
        ""
        if w.full is None
        else f" ({words_of_warrant(w).noun} {words_of_warrant(w).value(w.full)})"
    )
    other = words_of_warrant(w).metric.without_training
    return (
        f"With all rows they are not shown to beat {other}{value}: any list of rows would pass. More epochs, a higher learning rate or another model may learn something.",
    )


_ROWS: Mapping[str, _Row] = {
    "passed": _Row(mark="✓", pill="confirmed", headline=_passed_head, sentences=_passed),
    "loses more": _Row(mark="✗", pill="loses more", headline=_lost_head, sentences=_lost),
    "not decided": _Row(mark="?", pill="not decided", headline=_open_head, sentences=_open),
    "incomplete": _Row(
        mark="◐", pill="being confirmed", headline=_partial_head, sentences=_partial
    ),
    "no answer": _Row(mark="–", pill="no answer", headline=_unlearned_head, sentences=_unlearned),
}


def _changed(w: Warrant) -> str:
    """What the seeds show, and where the line is."""
    if w.change is None:
        return f"{capital(afresh_text(w))}: {words_of_warrant(w).noun} has no value on these test rows."
    words = words_of_warrant(w)
    whole = words.moves(w.change.mean, w.change.low, w.change.high)
    return f"{capital(afresh_text(w))}, {whole}; the line is {words.line(w.tolerance)}."


def _broken(w: Warrant, word: str, lead: str) -> Iterator[str]:
    """Guards of one word, a sentence each."""
    for one in w.guards:
        if one.verdict == word:
            yield f"{lead} the guard {one.text}: {guard_change(one)}."


def _fallen(w: Warrant) -> str:
    """Runs on the list that fell out below, for which it cannot be within."""
    if not w.diverged:
        return ""
    named = " and ".join(map(str, w.diverged))
    return f"Seed{'s' * (len(w.diverged) > 1)} {named} fell far below the others."


def _settles(w: Warrant) -> str:
    """What would settle a list that is not decided, and its price."""
    found = []
    if w.more_seeds and w.seeds:
        trials = w.n_trials / len(w.seeds) * w.more_seeds
        took = seconds_text(w.took_s / len(w.seeds) * w.more_seeds)
        found.append(
            f"another try, of {w.more_seeds} new seeds (--seeds {w.more_seeds}: {trials:.0f} trials, about "
            f"{took} of one worker), in 4 of 5 cases"
        )
    if w.more_rows:
        rounded = float(f"{w.more_rows:.2g}")
        rows = rounded if rounded > w.n_test else w.more_rows
        found.append(
            f"a sweep with some {rows:,.0f} test rows in place of {w.n_test:,}, in about 1 of 2"
        )
    if found:
        return f"What would settle it, if mean and spread stay: {', or '.join(found)}."
    return f"No number of seeds would settle it: {w.why_open}." if w.why_open else ""


def _against_random(w: Warrant) -> str:
    """What the list has earned beyond rows drawn by lot."""
    if w.is_random:
        return "The rows were drawn by lot, which costs nothing."
    if w.random is None:
        return "Random lists were not run beside it, so nobody knows whether the method earns this."
    words = words_of_warrant(w)
    if w.random_finding == "better":
        return f"It beats random lists of its size by {words.loss(w.random.mean)}."
    if w.random_finding == "worse":
        return f"Random lists of its size do better by {words.loss(-w.random.mean)}: draw by lot instead."
    return (
        f"Against random lists of its size it {words.does(w.random.mean)}: no "
        "difference is shown, and rows drawn by lot, which cost nothing, may do as well."
    )


def _against_sweep(w: Warrant) -> str:
    """That the sweep's word of the same cut is another one, and why that may be; else nothing."""
    if w.sweep is None or w.sweep.verdict == w.verdict:
        return ""
    said = f"{warranted_change(w, w.sweep.change)}, {_SAID[w.sweep.verdict]}"
    whys = "; ".join(_why_other(w))
    return f"The sweep's {w.sweep.seeds} seeds said of this cut: {said}. Why that is another word: {whys}."


def _why_other(w: Warrant) -> Iterator[str]:
    """What differs between a warrant and what the sweep said of the same cut."""
    s = w.sweep
    assert s is not None, "asked of a warrant that the sweep contradicts"
    if s.protocol == "continue":
        yield "there a run went on from its warm-up with the rows, here it starts afresh on them"
    if s.agreement is not None and round(s.agreement, 2) < 1:
        share = percent(round(s.agreement, 2))
        yield (
            "there each seed cut by scores of its own, here one list joins them: of the rows that it "
            f"removes, a seed's own cut removes {share}"
        )
    if w.n_train and round(1 - w.n_kept / w.n_train, 3) < round(s.rate, 3):
        yield "here fewer rows go, as some were put back to protect classes"
    if w.n_candidates > 1 and s.verdict == "within":
        yield (
            f"it is one of {w.n_candidates} cuts and lists that were looked at, and what is picked among them "
            "looks better than it is; here the test rows count as picked"
        )
    if w.earlier:
        yield "lists before it did not pass, so this one must be surer"
    yield "other seeds"


def _earlier(w: Warrant) -> str:
    """That lists before it have used up a part of the error that all share; else nothing."""
    if not w.earlier:
        return ""
    others = (
        "1 try that came before this one"
        if w.earlier == 1
        else f"{w.earlier} tries that came before"
    )
    return (
        f"All lists of {w.dataset} in this run share an error of 5%, and {others} did not pass, or the run keeps "
        f"it for its own confirmation: each bound here errs in {percent(round(w.level, 6))} of cases, in place of 4%."
    )
