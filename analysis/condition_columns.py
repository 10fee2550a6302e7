"""The condition of a row, in the columns by which every table names it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from analysis.methods import Condition, DatasetId, Method
from analysis.study import Study
from analysis.wording import method_labels

# Of lists that are made after a sweep, and of none of its conditions.
_OF_LISTS = ("protected", "min_per_class")
_OF_METHODS = tuple(name for name in Method._fields if name not in _OF_LISTS)
OF_METHOD = (*DatasetId._fields, "method", *_OF_METHODS, "warmup")
OF_CONDITION = (*OF_METHOD, "rate")


def condition_values(study: Study, condition: Condition) -> dict[str, Any]:
    """A condition by the columns of OF_CONDITION."""
    method = condition.method
    return {
        **condition.source._asdict(),
        "method": method_label(study, condition),
        **{name: getattr(method, name) for name in _OF_METHODS},
        "settings": _json(dict(method.settings)),
        "selector_settings": _json(dict(method.selector_settings)),
        "training": _json(asdict(method.training)),
        "learner_settings": _json(dict(method.learner_settings)),
        "scorer": _json(asdict(method.scorer)) if method.scorer else "",
        "warmup": condition.warmup,
        "rate": condition.rate,
    }


def _json(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)


def method_label(study: Study, condition: Condition) -> str:
    """What trials are cut by, in words also where it is by nothing."""
    (own,) = method_labels([condition.method]).values()
    if condition.kind == "fixed":
        return f"one list, {own}" if condition.scored_by else f"a list each, {own}"
    unpruned = {"full": "full data", "null": "nothing pruned, another order"}
    return unpruned.get(condition.kind) or study.methods.get(condition.method, own)
