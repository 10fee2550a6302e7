"""Every setting of a sweep by its value and where that comes from, for `config show`."""

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.cli.options import SweepOptions
from orchestrator.planning.resolved import ResolvedSetting
from trainables.errors import EnvelopeError

# Of settings that nobody set: what a sweep does without.
_WITHOUT = {
    "run": "runs/NAME-KEY, by what was asked for",
    "gpus_per_trial": "auto where this machine has an accelerator, 1 on a cluster, else 0",
    "text_column": "text, or the one column that could be meant",
    "messages": "the one column of conversations, for a language model",
    "prompt_column": "prompt, or a usual name of it, for a language model",
    "response_column": "response, or a usual name of it, for a language model",
    "label_column": "label, or the one column that could be meant",
    "id_column": "the rows' numbers",
    "delimiter": "found in the first lines of a CSV",
    "quotes": "yes, checked",
    "data_dir": "what PRUNE_ENVELOPE_DATA says",
    "test": "the split called test",
    "name": "the file's name",
    "validation_fraction": "the grid's",
    "probe": "yes, of a trainer of your own",
    "size": "all rows",
    "limit": "all rows",
    "limit_test": "all rows",
    "test_fraction": "none is held out",
    "imbalance": "none is made",
    "flip_labels": "none",
    "inject_copies": "none",
    "tune_budget": "8 full runs",
    "max_trials_at_once": "all that fit",
    "max_trials": "no limit",
    "max_gpu_hours": "no limit",
    "trial_timeout": "no limit",
}
# In other words than the table of what a sweep will do has them.
_SAME = {"seeds": "seed"}


def shown_settings(
    options: SweepOptions, origins: Mapping[str, str]
) -> tuple[list[ResolvedSetting], str]:
    """Every setting as a sweep will have it, and why those of the grid are not known, or empty.

    No data are read and no model is looked for: what depends on them is told as a rule.
    """
    known, why = _resolved(options, origins)
    found = []
    for name, value in options:
        resolved = known.get(_SAME.get(name, name))
        if name in origins:
            told = _WITHOUT.get(name, "none") if value is None else _text(value)
            found.append(ResolvedSetting(name=name, value=told, origin=origins[name]))
        elif resolved:
            found.append(replace(resolved, name=name))
        else:
            default = _WITHOUT.get(name) or _text(value)
            found.append(ResolvedSetting(name=name, value=default, origin="default"))
    return found, why


def _resolved(
    options: SweepOptions, origins: Mapping[str, str]
) -> tuple[dict[str, ResolvedSetting], str]:
    from orchestrator.planning.resolved import resolved_settings
    from orchestrator.planning.resources import has_gpu
    from trainables.learners.pretrained import named_model

    try:
        request = options.request()
        by = request.criterion(options.tolerance or None)
        model = named_model(request.model_name())
        gpu = has_gpu() if options.gpus_per_trial is None else options.gpus_per_trial > 0
        grid = request.resolved(model, gpu=gpu)
        settings = resolved_settings(request, grid, model, by, origins)
    except EnvelopeError as error:
        return {}, str(error)
    return {one.name: one for one in settings}, ""


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "none" if value in (None, "") else str(value)
