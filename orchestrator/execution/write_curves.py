"""The curves of a sweep's trainings, those of the search among them, as a file of the run."""

from collections.abc import Iterator

from analysis.run_files import curves_text, read_curves
from orchestrator.planning.plan import Sweep, curve_in
from orchestrator.store.atomic import atomic_write
from trainables.result import TrainingCurve


def write_curves(sweep: Sweep) -> None:
    """Write RUN/curves.jsonl: a line for each run that was looked at on held-out training rows."""
    before = read_curves(sweep.run.folder)  # the store may have been emptied since
    curves = {curve.spec.curve_key: curve for curve in _found(sweep)}
    curves |= {one.spec.curve_key: one for one in before if one.spec.curve_key not in curves}
    if curves:
        text = curves_text([*curves.values()])
        atomic_write(sweep.run.folder / "curves.jsonl", text.encode())


def _found(sweep: Sweep) -> Iterator[TrainingCurve]:
    """Those of the searches first, round by round, and then those of the trainings chosen."""
    for search in sweep.loaded.searches().values():
        for round_ in search.runs(lambda spec: curve_in(sweep.store, spec)):
            for spec in round_:
                if curve := curve_in(sweep.store, spec):
                    yield curve
    for spec in sweep.curves:
        if curve := curve_in(sweep.store, spec):
            yield curve
