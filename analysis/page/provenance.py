"""What a run was made of, as its page tells; what names its machines only where that is asked for."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.cost import flop
from analysis.page.phrases import margin_told, words_of
from analysis.study import Study
from trainables.plain_text import forwarded
from trainables.spec import TrialSpec
from trainables.written_numbers import many


def provenance(study: Study) -> list[tuple[str, Sequence[str]]]:
    """What a run was made of: data, models, seeds, margin and versions; a title each.

    Its command and its hosts, too, where they are known: `sent_on` takes them out.
    """
    specs = [row.spec for row in study.results] or list(study.plan.specs)
    models = sorted(
        {f"{forwarded(spec.model)} ({spec.model_sha[:12]})" for spec in specs if spec.model}
    )
    counted = [flop(row) for row in study.results]
    total_flop = sum(one for one in counted if one is not None)
    lacks = (
        "; without the trials whose rows another model scored"
        if any(row.spec.scorer for row in study.results)
        else ""
    )
    lines = [
        ("Made by", [release_text()]),
        ("Command", [study.plan.command]),
        ("Grid", [forwarded(study.plan.grid)]),
        ("Run", [_time_text(study)]),
        (
            "Data",
            [f"{label} (sha256 {source.data_sha[:12]})" for source, label in study.sources.items()],
        ),
        ("Model", models),
        ("Learner", sorted({_trainer(spec) for spec in specs})),
        (
            "Scores",
            sorted(
                {f"by {forwarded(s.scorer.model)} ({s.scorer.learner})" for s in specs if s.scorer}
            ),
        ),
        ("Training", _trainings(specs)),
        ("Seeds", [", ".join(str(seed) for seed in sorted({spec.seed for spec in specs}))]),
        ("Metric", [] if words_of(study).is_accuracy else [study.metric.label]),
        ("Tolerance", [f"{margin_told(study)}, 5% error on each side"]),
        ("Environment", [_environment_text(items) for items in _machines(study)]),
        ("Hosts", [_hosts_text(study)]),
        (
            "Compute",
            [f"{total_flop:.2e} FLOP (6 a parameter and token trained, 2 scored{lacks})"]
            if total_flop
            else [],
        ),
    ]
    return [(title, shown) for title, values in lines if (shown := [v for v in values if v])]


def _trainings(specs: Sequence[TrialSpec]) -> list[str]:
    """How learners of ours were trained; an image is not cut at a number of word pieces."""
    built_in = [spec for spec in specs if not spec.is_own]
    no_length = {"image": "max_length"}
    return sorted(
        {
            ", ".join(
                f"{k} {v}" for k, v in vars(s.training).items() if k != no_length.get(s.learner)
            )
            for s in built_in
        }
    )


def _trainer(spec: TrialSpec) -> str:
    """A learner of ours, or the user's own trainer with its settings and content."""
    if not spec.is_own:
        return spec.learner
    settings = "".join(f", {name} {value}" for name, value in spec.learner_settings)
    return f"{spec.learner}{settings} ({spec.learner_sha[:12]})"


def _hosts_text(study: Study) -> str:
    """Who ran how many trials."""
    counts = Counter(row.host for row in study.results if row.host)
    return ", ".join(f"{host} ({many(count, 'trial')})" for host, count in sorted(counts.items()))


def _environment_text(items: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(items.items()))


def environments(study: Study) -> list[dict[str, str]]:
    """The environments that trials ran in."""
    seen = {tuple(sorted(row.environment.items())): None for row in study.results}
    return [dict(items) for items in sorted(seen)]


def _machines(study: Study) -> list[dict[str, str]]:
    """The environments of the trials; of a run without trials the one it was planned in."""
    return environments(study) or [dict(study.plan.environment)]


def _time_text(study: Study) -> str:
    """When it began and ended. An earlier release dates a plan that grew by its last change."""
    ends = sorted(row.finished for row in study.results if row.finished)
    begun = min([one for one in (study.plan.created, *ends[:1]) if one], default="")
    started, ended = (text[:16].replace("T", " ") for text in (begun, ends[-1] if ends else ""))
    if not ended:
        return f"planned {started} UTC" if started else ""
    return f"{started} to {ended} UTC" if started != ended else f"{ended} UTC"


@cache
def release_text() -> str:
    """The version of prune-envelope that wrote the page, and in a checkout its commit."""
    told = f"prune-envelope {version('prune-envelope')}"
    root, git = Path(__file__).parents[2], shutil.which("git")
    if git is None or not (root / ".git").exists():
        return told
    asked = [git, "-C", str(root), "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    commit = done.stdout.strip()
    return f"{told}, commit {commit}" if done.returncode == 0 and commit else told
