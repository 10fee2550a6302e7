"""The plan of a sweep as text."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console

from analysis.criteria import points_worth_telling
from analysis.interim_looks import LOOKS
from analysis.metric_words import metric_words
from analysis.metrics import metric_of
from analysis.page.training_words import careful_text
from analysis.training_curves import endings
from analysis.wording import model_label, percent, training_label
from orchestrator.planning.data_words import data_notes
from orchestrator.planning.estimate import unchosen
from orchestrator.planning.plan import Sweep, curve_in
from orchestrator.planning.seeds import FRESH_SEEDS
from orchestrator.terminal.data_text import print_data
from orchestrator.terminal.size_text import size_lines
from orchestrator.trial_names import arm_text, title
from trainables.spec import VECTORS, TrialSpec
from trainables.written_numbers import many

_PROTOCOLS = {
    "restart": "each pruned run trains afresh on what is left",
    "continue": "the run goes on from its warm-up with what is left, which says nothing of training "
    "afresh on it",
}
_MOST_SEEDS = 20  # that are named one by one


def print_plan(sweep: Sweep, console: Console) -> None:
    """Print what was seen in the data, and the plan: trials, what they share, what is done."""
    print_data(sweep.inspections.values(), console)
    grid = {*sweep.grid_specs}
    specs = [spec for spec in sweep.specs if spec in grid]
    pruned = [spec for spec in specs if not spec.is_baseline]
    more = len(sweep.specs) - len(specs)
    done = sum(sweep.is_done(spec) for spec in sweep.specs)
    console.print(
        f"{sweep.plan.grid}  {many(len(specs), 'trial')}: {many(len(specs) - len(pruned), 'full-data run')} "
        f"+ {len(pruned)} pruned" + (f"; and {more} that confirm" if more else "")
    )
    whole = [spec for spec in specs if spec.data_sha not in sweep.plan.subsets]
    console.print(f"  {conditions(whole)}")
    for line in (*size_lines(sweep), *protocols(whole)):
        console.print(f"  {line}", highlight=False)
    console.print(
        f"  {done} already done, {len(sweep.specs) - done} to run; run folder {sweep.run.folder}"
    )
    marked = [spec for spec in pruned if spec.warmup]
    warmed = {spec.warm_key for spec in marked}
    scored = {spec.score_key for spec in pruned if spec.kind == "pruned"}
    counts = (warmed, marked, "warm-up"), (scored, pruned, "score set")
    less = [f"{many(len(a), what)} instead of {len(b)}" for a, b, what in counts if len(a) < len(b)]
    if less:
        console.print(f"  shared: {', '.join(less)}")
    if sweep.plan.adaptive:
        console.print(
            f"  adaptive: {LOOKS[0]} seeds each, then {', '.join(map(str, LOOKS[1:]))} only where a "
            "verdict needs them, the smallest rate first; all "
            f"{LOOKS[-1]} seeds of all rates would be {many(len(sweep.grid_specs), 'trial')}"
        )
    for line in _confirmation(sweep):
        console.print(f"  {line}", highlight=False)
    print_trainings(sweep, console)
    print_purchases(sweep, console)
    for sha, (short, _) in sweep.plan.altered.items():
        console.print(
            f"  stress test: {sweep.datasets[sha].name} is altered on purpose, {short}; no answer of this "
            "run is about the data as they came",
            highlight=False,
            style="yellow",
        )
    told = {
        f"{seen.name}: {one}" for seen in sweep.inspections.values() for one in data_notes(seen)
    }
    for note in sweep.plan.notes:
        if note not in told:
            console.print(f"  note: {note}", highlight=False)


def _confirmation(sweep: Sweep) -> list[str]:
    """What is confirmed by fresh seeds, or will be."""
    lines = []
    for sha, count in sweep.plan.candidates.items():
        name = sweep.datasets[sha].name
        own = [s for s in sweep.specs if s.kind == "fixed" and s.data_sha == sha]
        if more := unchosen(sweep, sha).trials:
            lines.append(
                f"confirmation of {name}: of {many(count, 'cut')} one is chosen when all have run, its rows "
                f"are fixed, and {len(FRESH_SEEDS)} fresh seeds train afresh on them: at most {more} "
                "more trials"
            )
        elif listed := [spec for spec in own if spec.shares_list]:
            one = listed[0]
            lines.append(
                f"confirming {name}: {percent(one.rate)} by {arm_text(one)}, one list scored by seeds "
                f"{_seeds(one.scored_by)}, trained on afresh by seeds "
                f"{_seeds(spec.seed for spec in listed)}"
                f"{' and beside it on random lists' * (len(own) > len(listed))}"
            )
        else:
            lines.append(
                f"nothing of {name} is confirmed: its search leaves no cut to put to the test"
            )
    return lines


def print_trainings(sweep: Sweep, console: Console) -> None:
    """Print what each data set's full-data run is trained by, or how that is searched, and how it ends."""
    open_ = {search.start.data_sha: search for search in sweep.searches}
    for spec in sweep.curves:
        name, t = sweep.datasets[spec.data_sha].name, spec.training
        search = open_.get(spec.data_sha)
        if search:
            console.print(
                f"  training of {name}: searched before the first trial, {many(search.count(), 'run')} of "
                f"{many(len(search.settings), 'setting')} and {_either(search.rounds)} epochs, which take "
                f"{search.cost():.1f} full runs at most. They hold training rows out; all trials then "
                f"train on all rows. --no-tune leaves it at {training_label(t)}",
                highlight=False,
            )
            continue
        how = "searched" if spec.data_sha in sweep.plan.tuned else "as set"
        console.print(f"  training of {name}: {training_label(t)} ({how})", highlight=False)
        curve = curve_in(sweep.store, spec)
        ending = endings([curve] if curve else [], tolerance=points_worth_telling(sweep.judging.by))
        for one in ending.values():
            if careful := careful_text(
                one, is_tuned=spec.data_sha in sweep.plan.tuned, metric=metric_of(sweep.plan.metric)
            ):
                console.print(f"  {careful}", highlight=False, style="yellow")


def _either(values: Sequence[int]) -> str:
    *most, last = map(str, values)
    return f"{', '.join(most)} or {last}" if most else last


def _seeds(seeds: Iterable[int]) -> str:
    every = [*map(str, seeds)]
    if len(every) > _MOST_SEEDS:
        every[_MOST_SEEDS - 1 : -1] = ["..."]
    return " ".join(every)


def print_growth(sweep: Sweep, console: Console) -> None:
    """Print what is bought beyond the first plan: seeds, and the confirmation."""
    print_purchases(sweep, console)
    if any(spec.kind == "fixed" for spec in sweep.specs):
        for line in _confirmation(sweep):
            console.print(f"  {line}", highlight=False)


def print_purchases(sweep: Sweep, console: Console) -> None:
    """Print which seeds are bought beyond the first look, and what for."""
    for bought in sweep.purchases:
        v = bought.verdict
        shown = "no interval"
        if v is not None and v.low is not None and v.high is not None:
            words = metric_words(metric_of(sweep.plan.metric), [v])
            shown = f"{words.short(v.mean)} {words.interval(v.low, v.high)}"
        console.print(
            f"  buying {many(bought.more, 'more seed')} for {title(bought.specs[0]).rsplit(' ', 1)[0]}: "
            f"{shown} is not decided",
            highlight=False,
        )


def protocols(specs: Sequence[TrialSpec]) -> list[str]:
    """What is trained on the survivors, and when the scores are taken."""
    lines = []
    for protocol, words in _PROTOCOLS.items():
        own = [s for s in specs if s.kind in ("pruned", "null") and s.protocol == protocol]
        late = [spec for spec in own if spec.warmup]
        marks = sorted({(spec.warmup, spec.twin.training.epochs) for spec in late})
        when = " and ".join(
            f"{percent(warmup)} of its steps ({warmup * epochs:.3g} of {many(epochs, 'epoch')})"
            for warmup, epochs in marks
        )
        if own:
            whose = " and ".join(dict.fromkeys(map(_whose, late)))
            lines.append(
                f"{protocol}: {words}{f'; scores from {whose} after {when}' * bool(when)}"
                f"{'; scores from the vectors that came with the data' * any(one.twin.model == VECTORS for one in own)}"
            )
    return lines


def _whose(spec: TrialSpec) -> str:
    """The full-data run that scores a trial's rows."""
    by = f" of {model_label(spec.scorer.model)}" if spec.scorer else ""
    return f"the full-data run{by}"


def conditions(specs: Sequence[TrialSpec]) -> str:
    """Data sets, marks, rates, methods and seeds of some trials."""

    def values(name: str) -> list[Any]:
        found = [getattr(spec, name) for spec in specs if getattr(spec, name) or name == "seed"]
        return list(dict.fromkeys(found))

    arms = dict.fromkeys(arm_text(spec) for spec in specs if not spec.is_baseline)
    return (
        f"data {', '.join(values('dataset'))}; warm-up {_percent(values('warmup')) if values('warmup') else 'none'}; "
        f"pruned {_percent(values('rate'))}; "
        f"{', '.join(arms)}; "
        f"seeds {_seeds(values('seed'))}"
    )


def _percent(values: list[float]) -> str:
    return "/".join(percent(value).removesuffix("%") for value in values) + "%"
