"""EXPORTS: what of a run's store can be written so that everybody can read it; a row each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.run_files import Plan
from orchestrator.planning.arms import arm_of
from orchestrator.planning.shard_tasks import artifacts
from orchestrator.planning.tasks import Artifact
from orchestrator.store.readable import file_names
from orchestrator.store.replicated import Store
from orchestrator.trial_names import arm_text, signal_text, title
from trainables.errors import UsageError
from trainables.evidence.requirements import EVIDENCE, NEIGHBOUR_LISTS, options_of, variant_of
from trainables.evidence.whose import is_frozen
from trainables.selection.lookup import resolve
from trainables.spec import TrialSpec
from trainables.written_numbers import many


@dataclass(frozen=True, kw_only=True)
class ExportItem:
    """One thing that the store may have, and the trials it was made for.

    Attributes:
        piece: How it is written: row of `orchestrator.store.export_tables.WRITERS`.
        text: What it is called where a person reads of it.
        spec: A trial that names it.
        trials: All of the run that it was made for.
        artifacts: Its files in the store, in the order of the rows.
        about: What decided it beside the trial, plain JSON.
        frozen: Whether no training moves it: it is one for all seeds and marks.
    """

    piece: str
    text: str
    spec: TrialSpec
    trials: tuple[TrialSpec, ...]
    artifacts: tuple[Artifact, ...]
    about: Mapping[str, Any] = field(default_factory=dict)
    frozen: bool = False

    @property
    def key(self) -> str:
        """Differs between any two."""
        return ":".join(self.artifacts[0])

    def lacking(self, store: Store) -> str:
        """Why it cannot be had of a store, in words; empty where it can."""
        if all(store.has(*one) for one in self.artifacts):
            return ""
        of = title(self.trials[0])
        more = len(self.trials) - 1
        whose = f"{of} and {many(more, 'more trial')}" if more else of
        if not any(store.has("result", spec.result_key) for spec in self.trials):
            return f"{self.text}: not made yet, for {whose}"
        return (
            f"{self.text}: made for {whose}, and no more in {store.root}: cache gc may have removed it, or the "
            "trials ran with another --cache"
        )


def _scores(spec: TrialSpec, _: int) -> Iterator[ExportItem]:
    if spec.shares_list:
        yield ExportItem(
            piece="list",
            text=f"{spec.dataset}-{arm_text(spec)}-p{100 * spec.rate:02.0f}-list",
            spec=spec,
            trials=(spec,),
            artifacts=(("survivors", spec.survivors_key),),
        )
    for one in spec.scorers:
        yield ExportItem(
            piece="scores",
            text=f"{one.dataset}-{signal_text(one)}-{_mark(one)}",
            spec=one,
            trials=(spec,),
            artifacts=(("scores", one.score_key),),
        )


def _embeddings(spec: TrialSpec, n: int) -> Iterator[ExportItem]:
    for one in spec.scorers:
        if "embeddings" in resolve(one).evidence:
            yield ExportItem(
                piece="embeddings",
                text=f"{one.dataset}-embeddings-{_mark(one, 'embeddings')}",
                spec=one,
                trials=(spec,),
                artifacts=tuple(artifacts(one, "embeddings", {}, n)),
                frozen=is_frozen(one, "embeddings"),
            )


def _neighbours(spec: TrialSpec, n: int) -> Iterator[ExportItem]:
    for one in spec.scorers:
        selection = resolve(one)
        for near in sorted(selection.evidence & {*NEIGHBOUR_LISTS}):
            kind = variant_of(near, selection.settings)
            options, usual = options_of(kind, selection.settings), EVIDENCE[kind].options
            changed = [f"{name}={own}" for name, own in options.items() if usual[name] != own]
            yield ExportItem(
                piece="neighbours",
                text=f"{one.dataset}-{','.join([near, *changed])}-{_mark(one, kind)}",
                spec=one,
                trials=(spec,),
                artifacts=tuple(artifacts(one, kind, selection.settings, n)),
                about={"search": kind, "options": options},
                frozen=is_frozen(one, kind),
            )


def _mark(spec: TrialSpec, evidence: str = "") -> str:
    if evidence and is_frozen(spec, evidence):
        return "frozen"
    return f"w{100 * spec.warmup:02.0f}-s{spec.seed}"


EXPORTS: Mapping[str, Callable[[TrialSpec, int], Iterator[ExportItem]]] = {
    "scores": _scores,
    "embeddings": _embeddings,
    "neighbours": _neighbours,
}


def export_items(
    plan: Plan, what: str, sizes: Mapping[str, int], *, dataset: str = "", method: str = ""
) -> dict[str, ExportItem]:
    """What a run's trials were made with, each thing once, by the name of its file without ending.

    Args:
        plan: The run's.
        what: Row of EXPORTS.
        sizes: Training rows by content of the data set.
        dataset: Of this data set alone.
        method: Of this signal alone, as `--signal` takes it.

    Raises:
        UsageError: If there is no such data set or method in the run.
    """
    scored = [spec for spec in plan.specs if spec.kind in ("pruned", "fixed")]
    chosen = _of_method(_of_dataset(scored, dataset), method)
    by_key: dict[str, ExportItem] = {}
    for spec in chosen:
        for item in EXPORTS[what](spec, sizes.get(spec.data_sha, 1)):
            before = by_key[item.key].trials if item.key in by_key else ()
            by_key[item.key] = replace(item, trials=tuple(dict.fromkeys((*before, spec))))
    names = file_names({key: item.text for key, item in by_key.items()})
    return {names[key]: item for key, item in by_key.items()}


def _of_dataset(specs: list[TrialSpec], dataset: str) -> list[TrialSpec]:
    names = dict.fromkeys(spec.dataset for spec in specs)
    if dataset and dataset not in names:
        raise UsageError(f"--dataset {dataset}: the run has {', '.join(names)}")
    return [spec for spec in specs if dataset in ("", spec.dataset)]


def _of_method(specs: list[TrialSpec], method: str) -> list[TrialSpec]:
    if not method:
        return specs
    arm = arm_of(method)
    found = [
        spec for spec in specs if spec.signal == arm.signal and {*arm.settings} <= {*spec.settings}
    ]
    if not found:
        there = ", ".join(dict.fromkeys(map(signal_text, specs)))
        raise UsageError(f"--method {method}: the run has scores of {there}")
    return found


def data_files(plan: Plan, store: Store) -> dict[str, Path]:
    """The data sets of a run's trials as the store keeps them, by content; those that it has."""
    shas: Iterable[str] = dict.fromkeys(spec.data_sha for spec in plan.specs)
    found = {sha: store.find("data", sha) for sha in shas}
    return {sha: path for sha, path in found.items() if path is not None}
