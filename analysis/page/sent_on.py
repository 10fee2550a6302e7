"""A run as its page tells it to those whom the page is sent to: nothing of the machine that made it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from analysis.short_paths import short_path
from analysis.study import Study
from trainables.plain_text import forwarded


def sent_on(study: Study) -> Study:
    """A study without command lines and names of machines."""
    tell = _without([row.host for row in study.results])
    return replace(
        study,
        results=tuple(
            replace(row, host="", error=tell(row.error), warnings=tuple(map(tell, row.warnings)))
            for row in study.results
        ),
        plan=replace(study.plan, command="", notes=tuple(map(tell, study.plan.notes))),
        pruned=tuple(replace(one, command="") for one in study.pruned),
    )


def _without(hosts: Iterable[str]) -> Callable[[str], str]:
    """How a message of a program is told: no machine in it has a name, and no path its folders."""
    named = sorted({host for host in hosts if host}, key=len, reverse=True)
    private = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, named))})(?![\w-])")
    return lambda text: forwarded(private.sub("…", text) if named else text)


def without_paths(study: Study) -> Callable[[str], str]:
    """How every text of a page is written: full paths that trials were named by are cut to their last name.

    Only those: a text of the data that has a path in it stays as it is.
    """
    read_from = (one.read_from for one in study.pruned)
    told = {path: forwarded(path) for path in {*_names(study), *read_from}}
    told = {path: cut for path, cut in told.items() if cut != path}
    if study.folder is not None and study.folder.is_absolute():
        told[str(study.folder)] = short_path(study.folder)
    told |= {one.out: short_path(one.out) for one in study.pruned if one.out.startswith("/")}
    if not told:
        return str
    private = re.compile("|".join(map(re.escape, sorted(told, key=len, reverse=True))))
    return lambda text: private.sub(lambda found: told[found[0]], text)


def _names(study: Study) -> Iterator[str]:
    """Every text that a trial, or what it is judged by, is named by."""
    yield from _texts([study.plan.grid, study.plan.metric, *study.plan.guards, study.metric.label])
    for spec in {*study.plan.specs, *(row.spec for row in study.results)}:
        # Names of classes are words of the data.
        own = (one.name for one in fields(spec) if one.name != "protected")
        yield from _texts(getattr(spec, name) for name in own)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple):
            yield from _texts(value)
        elif is_dataclass(value):
            yield from _texts(getattr(value, one.name) for one in fields(value))
