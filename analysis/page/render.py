"""The page itself: what the template is given, and the data its script reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from analysis.changes import Changes
from analysis.cost import SweepCost, break_even_epochs, sweep_cost
from analysis.cover import Cover
from analysis.page.answer_cards import cards
from analysis.page.answer_notes import answer_notes
from analysis.page.average_words import average_texts
from analysis.page.board_words import board_of
from analysis.page.change_words import changes_panel
from analysis.page.dropped_rows import DroppedPanel, dropped_panel, training_data_text
from analysis.page.figures import FIGURES
from analysis.page.figures.style import DARK, PageTable
from analysis.page.figures.subjects import headlines, opens_on
from analysis.page.first_screen import first_screen
from analysis.page.frontier_answers import frontier_answers
from analysis.page.guard_words import COLUMNS as COLUMNS_OF_GUARDS
from analysis.page.guard_words import guard_rows
from analysis.page.leak_words import leak_columns, leak_lines, leak_texts
from analysis.page.money_words import study_sentences
from analysis.page.otherwise import otherwise
from analysis.page.page_parts import (
    FIGURE_SCRIPTS,
    as_island,
    in_groups,
    open_templates,
    packed_plotly,
    page_links,
    page_scripts,
    page_style,
    script_hash,
    style_without_script,
)
from analysis.page.phrases import gain_share, has_classes, line_key, margin_text, words_of
from analysis.page.prose import altered_texts, level_text, opening, tally
from analysis.page.provenance import provenance
from analysis.page.pruned_words import pruned_cards
from analysis.page.sent_on import sent_on, without_paths
from analysis.page.tables import (
    compute_table,
    confirmation_table,
    confirmation_text,
    counted_by,
    failure_rows,
    null_rows,
    planted_panels,
    unpaired_rows,
)
from analysis.page.trial_table import island_of_trials, trial_table
from analysis.study import Study
from analysis.table_rows import short_csv
from analysis.wording import removed_text
from trainables.written_numbers import many

_TITLES = {
    "envelope": "The operating envelope",
    "by_dataset": "Each data set on its own",
    "signals": "Does the signal beat throwing data away at random?",
    "contrasts": "What differs in one thing alone",
    "retention": "Who gets dropped",
    "causes": "Why classes are dropped unevenly",
    "pareto": "{metric} against compute",
    "breakeven": "When scoring pays for itself",
    "agree": "Do signals agree",
    "frontier": "Does a signal bend the frontier?",
    "training": "Is the full-data run at its best?",
}


def render(
    study: Study,
    beside: Path | None = None,
    *,
    changes: Changes | None = None,
    cover: Cover = Cover(),  # noqa: B008 - frozen
) -> str:
    """The page of a study as HTML that opens without a network and runs no script but ours.

    Args:
        study: The run.
        beside: The folder it is written to, from which it links files of the run; None links none.
        changes: What changed since an older run; None where none is compared.
        cover: What whoever sends it adds, and whether it names machines and command lines.
    """
    told = str if cover.with_provenance else without_paths(study)
    study = study if cover.with_provenance else sent_on(study)
    scripts = page_scripts(
        *FIGURE_SCRIPTS, "dropped.js", "copy.js", "board.js", "trials.js", "report.js"
    )
    plotly, plotly_hash = packed_plotly()
    dropped = dropped_panel(study, beside)
    headline = next(iter(headlines(study).values()), None)
    frames = {name: figure.data(study) for name, figure in FIGURES.items()}
    variants = {
        name: [_variant(data, FIGURES[name].draw(data)) for data in own]
        for name, own in frames.items()
    }
    groups = {name: in_groups(own) for name, own in variants.items()}
    # What a figure opens on is the first of its variants.
    for name, own in variants.items():
        if own:
            own.insert(0, own.pop(opens_on(frames[name], headline)))
    trials = _table(trial_table(study))
    template = open_templates(told, study.sources.values()).get_template("report.html.j2")
    # Our own files, Plotly's bundle and base64 are the only things marked as safe.
    return template.render(
        **_context(study),
        changes=changes and changes_panel(changes),
        cover=cover,
        links=page_links(),
        css_without_script=style_without_script(),
        trials=trials,
        dropped=dropped,
        figures=_figures(study, variants),
        groups=groups,
        css=page_style(),
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        plotly=plotly,
        hashes=[plotly_hash, *map(script_hash, scripts)],
        island=Markup(as_island({**_island(study, variants, dropped), "trials": trials}, told)),  # noqa: S704
    )


def _figures(study: Study, variants: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """Title and variants of each figure; without classes none of who gets dropped."""
    metric = words_of(study).title
    titles = {name: title.format(metric=metric) for name, title in _TITLES.items()}
    left_out = [] if has_classes(study) else ["retention", "causes"]
    # A run at several total sizes asks this before all else, and no other asks it.
    left_out += [] if variants["frontier"] else ["frontier"]
    names = [name for name in dict.fromkeys(("frontier", *FIGURES)) if name not in left_out]
    return {name: (titles[name], variants[name]) for name in names}


def _variant(data: Any, drawn: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": data.key,
        "label": data.label,
        "figure": drawn,
        "table": _table(data.table),
        "caption": getattr(data, "caption", ""),
        "group": getattr(data, "group", ""),
    }


def _table(table: PageTable) -> dict[str, Any]:
    return {"columns": table.columns, "rows": table.rows, "formats": table.formats}


def _island(
    study: Study, variants: Mapping[str, Any], dropped: DroppedPanel | None
) -> dict[str, Any]:
    return {
        "name": study.name,
        "figures": variants,
        "titles": {name: title for name, (title, _) in _figures(study, variants).items()},
        "dark": {light.lower(): dark for light, dark in DARK.items()},
        "dropped": dropped and dropped.view,
        **island_of_trials(study),
        "trials_csv": short_csv(study, "trials"),
        "envelope_csv": short_csv(study, "envelope"),
    }


def _context(study: Study) -> dict[str, Any]:
    found = cards(study)
    first = first_screen(study, found)
    has_control = any(method.is_control for method in study.methods)
    return {
        "study": study,
        "status": _status(study),
        "date": max((row.finished for row in study.results), default="")[:16].replace("T", " "),
        "cards": found,
        "board": board_of(study, found),
        "otherwise": otherwise(study),
        "first": first,
        "notes": answer_notes(study, first.warnings),
        "lead": [*opening(study, found), *filter(None, [level_text(found)])],
        "tally": tally(study),
        "planted": planted_panels(study),
        "altered": altered_texts(study),
        "averages": average_texts(study),
        "leaks": (leak_texts(study), leak_columns(study), leak_lines(study)),
        "words": words_of(study),
        "frontiers": frontier_answers(study),
        "margin": margin_text(study),
        "line": line_key(study),
        **_units(study),
        "gain": gain_share(study) is not None,
        "guards": [*guard_rows(study)],
        "guard_columns": COLUMNS_OF_GUARDS,
        "has_classes": has_classes(study),
        "confidence": study.confidence,
        "adaptive": study.plan.adaptive,
        "nulls": null_rows(study),
        "confirmation": confirmation_table(study),
        "confirmed_lists": confirmation_text(study),
        "sources": study.sources,
        "pruned": pruned_cards(study),
        "with_examples": study.dropped.with_examples,
        "is_outdated": study.dropped.is_outdated,
        "holds": training_data_text(study),
        "has_control": has_control,
        "n_cells": len(study.rows),
        "compute": compute_table(study),
        "counted_by": counted_by(study),
        "sweep": _sweep_text(study, sweep_cost(study.results)),
        "money": [*study_sentences(study)],
        "epochs": _epochs_text(study),
        "failures": failure_rows(study),
        "unpaired": unpaired_rows(study),
        "provenance": provenance(study),
    }


def _status(study: Study) -> dict[str, Any]:
    """Whether all that was planned is there."""
    done = {row.spec.result_key for row in study.results if row.is_ok}
    known = {spec.result_key for spec in study.plan.specs}
    known |= {row.spec.result_key for row in study.results}
    failed = sum(not row.is_ok for row in study.results)
    if not known:
        return {"is_complete": False, "text": "no trials yet", "failed": 0}
    is_complete = done == known
    text = (
        f"complete · {many(len(known), 'trial')}"
        if is_complete
        else (
            f"partial · {len(done)} of {many(len(known), 'trial')}"
            + (f", {failed} failed" if failed else "")
        )
    )
    return {"is_complete": is_complete, "text": text, "failed": failed}


def _sweep_text(study: Study, total: SweepCost) -> str:
    if not total.runs_alone:
        return ""
    looked = ""
    if study.curves:
        seconds = sum(curve.used.seconds for curve in study.curves)
        searched = " in the search for its training" if study.plan.tuned else ""
        looked = (
            f" Beside that {many(len(study.curves), 'run')} looked at held-out "
            f"rows{searched}, for {_duration(seconds)}."
        )
    return (
        f"The whole sweep computed for {_duration(total.seconds)}, {total.runs:.1f} full runs "
        f"counted in examples. Trial by trial, each with its own warm-up and scoring, it would have "
        f"been {total.runs_alone:.1f}: sharing them saved {100 * total.saved:.0f}%.{looked}"
    )


def _epochs_text(study: Study) -> str:
    """Below how many epochs one pass of scoring eats what one run saves."""
    asked = {
        (break_even_epochs(c.rate, c.warmup), c.rate, c.warmup, c.method.training.epochs)
        for c in (row.cell.condition for row in study.rows)
        if c.protocol == "continue"
    }
    if not asked:
        return ""
    parts = [
        f"{epochs:.1f} epochs at {removed_text(rate, warmup)}"
        for epochs, rate, warmup, _ in dict.fromkeys((min(asked), max(asked)))
    ]
    planned = ", ".join(str(epochs) for epochs in sorted({one[3] for one in asked}))
    return (
        f"One pass of scoring eats what a single run saves below {' and '.join(parts)}; here a run "
        f"has {planned}."
    )


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _units(study: Study) -> dict[str, str]:
    """The metric's unit as the end of two sentences; empty where it is that of the data."""
    unit = study.metric.unit
    full = "percentage points (pp)" if unit == "pp" else unit
    return {"unit": f", in {unit}" * bool(unit), "in_unit": f", in {full}" * bool(unit)}
