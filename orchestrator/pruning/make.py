"""From a run to a pruned data set, step by step."""

import shlex
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from analysis.chosen_conditions import Chosen, chosen_condition
from analysis.pruned_files import PruneRecord
from analysis.report import write_report
from analysis.study import Study, read_runs
from analysis.warrants import Warrant
from orchestrator.execution.write_lists import write_list
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.pruning.card import card_text
from orchestrator.pruning.chosen import list_of
from orchestrator.pruning.folder import check_list, check_out, check_space, write_folder
from orchestrator.pruning.hub_target import HubTarget, check_target
from orchestrator.pruning.opened import OpenedRun, open_run
from orchestrator.pruning.overlay import Overlay
from orchestrator.pruning.push import push
from orchestrator.pruning.rescoring import rescore, scores_lacking
from orchestrator.pruning.source_card import SourceCard, licensed, source_card
from orchestrator.pruning.survivors import Survivors, survivors_of
from orchestrator.pruning.told import (
    class_counts,
    print_chosen,
    print_list,
    print_price,
    print_remaking,
    print_warrant,
    print_written,
    protection_text,
)
from orchestrator.pruning.warrant import measure, planned_warrant
from orchestrator.store.run_folder import Run
from trainables.arrays import rows_sha
from trainables.errors import DONE, GATE, INCOMPLETE, DataError, UsageError
from trainables.run_context import RunContext
from trainables.selection.protection import least_kept
from trainables.spec import TrialSpec


@dataclass(frozen=True, kw_only=True)
class PruneAsked:
    """What a pruned data set is asked for by.

    Attributes:
        run: Folder of the run, absolute.
        out: Folder to write, absolute.
        command: The command line.
        dataset: Which data set of the run; empty where there is one.
        method: As `named_curve` takes it; empty for the answer's.
        rate: Share removed; None for the answer's, or the method's largest.
        data: Where the data lie; empty for where they lay.
        protected: Classes of which no row goes.
        min_per_class: Rows of each class that stay at least.
        anyway: Write it though it is not shown to be within.
        warrant: Measure exactly this list where that was not done.
        seeds: Fresh seeds for that; None for the usual number.
        license: That the card names; empty for that of the source's own card.
        target: Where on the hub it is to go; None for nowhere.
        dry_run: Say what would be done, and do nothing.
    """

    run: Path
    out: Path
    command: str
    dataset: str = ""
    method: str = ""
    rate: float | None = None
    data: str = ""
    protected: tuple[str, ...] = ()
    min_per_class: int = 0
    anyway: bool = False
    warrant: bool = True
    seeds: int | None = None
    license: str = ""
    target: HubTarget | None = None
    dry_run: bool = False


def prune_run(
    asked: PruneAsked,
    request: Request,
    resources: Resources,
    console: Console,
    *,
    tolerance: str | None = None,
) -> int:
    """Make a pruned data set; the exit code.

    Args:
        asked: What is asked for.
        request: What the run was asked for.
        resources: Where trials run.
        console: Where lines go.
        tolerance: The margin that the run was asked for.
    """
    out = check_out(asked.out, own=(asked.run, resources.cache))
    by = request.criterion(tolerance)
    study = read_runs([asked.run], by=by)
    _check_one_dataset(study, asked)
    chosen = chosen_condition(
        study, dataset=asked.dataset, method=asked.method, rate=asked.rate, anyway=asked.anyway,
        hint="Nothing was written; --anyway writes it all the same.",
    )  # fmt: skip
    print_chosen(chosen, console)
    opened = open_run(asked.run, chosen, request, resources, moved_to=asked.data)
    spec = list_of(
        chosen, opened.plan, lambda one: opened.store.has("result", one.result_key),
        protected=asked.protected, min_per_class=asked.min_per_class,
    )  # fmt: skip
    if asked.protected or asked.min_per_class:
        least_kept(spec, opened.dataset)
    if asked.dry_run:
        return _dry_run(asked, chosen, opened, spec, out, console)
    with Run(asked.run).locked():
        return _make(asked, chosen, opened, spec, out, console)


def _check_one_dataset(study: Study, asked: PruneAsked) -> None:
    """Refuse a run of several data sets without a word on which, with the commands to choose from."""
    if asked.dataset or len(study.sources) < 2:
        return
    words = ["prune-envelope", "prune", str(asked.run), "--dataset"]
    commands = [
        f"  {shlex.join([*words, label, str(asked.out)])}" for label in study.sources.values()
    ]
    raise UsageError(
        f"{study.name} has {len(study.sources)} data sets, and one is pruned at a time:\n"
        + "\n".join(commands)
    )


def _make(
    asked: PruneAsked,
    chosen: Chosen,
    opened: OpenedRun,
    spec: TrialSpec,
    out: Path,
    console: Console,
) -> int:
    """Make the list, measure it, write it."""
    left = scores_lacking(opened, spec)
    if left:
        print_remaking(chosen, spec, left, opened.store.root, console)
        if stopped := rescore(opened, left, console):
            return stopped
    survivors = survivors_of(spec, opened.runs)
    _check_same(chosen, survivors)
    record = _record(asked, chosen, opened, survivors)
    print_list(chosen, survivors, record.classes, console)
    check_list(opened, survivors)
    check_space(out, opened, int((~survivors.keep).sum()))
    about = _about(asked, opened, record.list_sha)
    code = DONE
    if asked.warrant:
        planned = planned_warrant(opened.sweep, survivors, chosen.study, seeds=asked.seeds)
        print_price(planned, console)
        warrant, code = measure(
            opened.sweep, survivors, chosen.study, seeds=asked.seeds, console=console
        )
        print_warrant(warrant, console)
        record = replace(record, warrant=warrant.to_dict(), no_warrant="")
        is_stopped = code not in (DONE, GATE, INCOMPLETE)
        if is_stopped or (code != DONE and not asked.anyway):
            return _unwritten(asked, warrant, code, console)
    record = write_folder(out, opened, survivors, record, lambda one: card_text(one, about))
    write_list(asked.run, spec, opened.dataset, survivors.keep)
    print_written(out, record, console)
    report = write_report(asked.run, by=opened.by)
    console.print(f"report   {report}", highlight=False)
    opened.resources.upload_run(asked.run)
    if asked.target:
        pushed = push(out, record, asked.target)
        readers = "all" if pushed.is_public else "you and your organisation alone"
        console.print(f"pushed   {pushed.url} (to be read by {readers})", highlight=False)
    return INCOMPLETE if code == INCOMPLETE else DONE


def _about(asked: PruneAsked, opened: OpenedRun, list_sha: str) -> SourceCard:
    """What the card copies; what could only fail when it is pushed is refused here."""
    about = licensed(asked.license, source_card(opened.data_path, opened.dataset.source))
    if asked.target:
        check_target(asked.target, licensed=", ".join(about.licenses), list_sha=list_sha)
    return about


def _unwritten(asked: PruneAsked, warrant: Warrant, code: int, console: Console) -> int:
    """Say that nothing was written, and what to do."""
    if code not in (GATE, INCOMPLETE):
        console.print("stopped; the same command goes on from here", highlight=False)
    elif code == INCOMPLETE:
        console.print(
            f"{asked.out} was not written: its warrant has not all its trials; the same command goes on "
            "with them, --anyway writes it all the same",
            highlight=False,
        )
    else:
        more = f"give --seeds {warrant.more_seeds}, " if warrant.more_seeds else ""
        console.print(
            f"{asked.out} was not written: its warrant did not pass ({warrant.state}); name another --rate or "
            f"--method, {more}or give --anyway, which writes it all the same and says so",
            highlight=False,
        )
    return code


def _check_same(chosen: Chosen, survivors: Survivors) -> None:
    """Refuse a list that is not the one that fresh seeds have trained on.

    Raises:
        DataError: If scores made again are others than those of then.
    """
    cell, spec = chosen.row.cell, survivors.spec
    if not cell.condition.scored_by or spec.protected or spec.min_per_class or not cell.pairs:
        return
    confirmed, made = cell.pairs[0].pruned.kept_sha, rows_sha(survivors.keep)
    if confirmed and confirmed != made:
        raise DataError(
            f"the list of rows made here is {made[:12]}, and the fresh seeds of {chosen.study.name} trained "
            f"on {confirmed[:12]}: its scores were made on another machine or by other versions. Prune "
            "where its store has them, or sweep anew"
        )


def _record(
    asked: PruneAsked, chosen: Chosen, opened: OpenedRun, survivors: Survivors
) -> PruneRecord:
    """All that is known of a pruned data set before it is measured and written."""
    spec, name = survivors.spec, opened.source.name
    return PruneRecord(
        version=version("prune-envelope"),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        command=asked.command,
        run=asked.run.name,
        dataset=chosen.answer.name,
        data_sha=chosen.source.data_sha,
        # The way to a file of this machine tells nobody else anything.
        read_from=Path(name).name if Path(name).is_absolute() else name,
        hub_source=opened.dataset.source,
        spec=spec,
        words=f"{chosen.words}; put back: {back}"
        if (back := protection_text(spec))
        else chosen.words,
        list_sha=rows_sha(survivors.keep),
        n_train=len(survivors.keep),
        n_kept=int(survivors.keep.sum()),
        classes=class_counts(opened.dataset, survivors),
        protected=spec.protected,
        min_per_class=spec.min_per_class,
        agreement=dict(survivors.agreement),
        state=chosen.answer.state,
        is_answer=chosen.is_answer,
        is_shown=chosen.is_shown,
        said=chosen.said,
        anyway=asked.anyway,
        no_warrant="" if asked.warrant else "it was left out by --no-warrant",
    )


def _dry_run(
    asked: PruneAsked,
    chosen: Chosen,
    opened: OpenedRun,
    spec: TrialSpec,
    out: Path,
    console: Console,
) -> int:
    """Say what would be made and what it would take; nothing is written or run."""
    if left := scores_lacking(opened, spec):
        print_remaking(chosen, spec, left, opened.store.root, console)
    else:
        with ExitStack() as held:
            folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
            runs = RunContext(opened.dataset, Overlay(opened.store, folder))
            survivors = survivors_of(spec, runs)
        _check_same(chosen, survivors)
        print_list(chosen, survivors, class_counts(opened.dataset, survivors), console)
        check_list(opened, survivors)
        check_space(out, opened, int((~survivors.keep).sum()))
        if asked.warrant:
            planned = planned_warrant(opened.sweep, survivors, chosen.study, seeds=asked.seeds)
            print_price(planned, console)
    splits = ", ".join(opened.dataset.splits)
    console.print(
        f"Would write {out}: data ({splits}), kept.parquet, removed.parquet, prune.json, README.md",
        highlight=False,
    )
    console.print("Nothing was written or run. Run without --dry-run to do it.")
    return DONE
