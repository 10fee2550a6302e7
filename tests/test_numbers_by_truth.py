"""No number is asked for by its truth: 0 is a tolerance, a price of nothing and a share, and no missing value."""

import ast
from functools import cache

import pytest

from tests.test_house import ROOT, SOURCES

# Classes whose numbers a user sets, by file: of these a field that may be None is asked `is None`.
SET_BY_USERS = {
    "orchestrator/cli/options.py": "SweepOptions",
    "orchestrator/cli/compared_options.py": "ComparedOptions",
    "orchestrator/cli/data_options.py": "DataOptions",
    "orchestrator/cli/trained_options.py": "TrainedOptions",
    "orchestrator/planning/request.py": "Request",
    "analysis/run_files.py": "Plan",
    "analysis/criteria.py": "Asked",
}
# Where another number stands behind `or`: what is 0 there is not set by anyone, or said to mean that other.
NO_ZERO_IS_MEANT = {
    "analysis/confirmation.py": "a count that is divided by",
    "analysis/page/board.py": "the scale of changes that are all 0",
    "analysis/page/figures/contrasts.py": "the width of an axis",
    "analysis/page/figures/envelope.py": "the end of the colours",
    "analysis/verdicts.py": "the unit of differences that are all 0",
    "orchestrator/diagnostics/machine.py": "cores that the system does not tell",
    "orchestrator/cli/options.py": "a span of time, of which 0 is refused and an empty text is 0",
    "orchestrator/cli/theory.py": "a folder",
    "orchestrator/planning/named_plan.py": "how many sizes a list has",
    "orchestrator/pruning/rescoring.py": "an exit code: 0 is none",
    "orchestrator/terminal/estimate_text.py": "accelerators of a trial: on CPUs a price is of its cores",
    "orchestrator/sweep.py": "an exit code: 0 is none",
    "orchestrator/theory/run.py": "cores that the system does not tell",
    "trainables/data/arrow_files.py": "a step of rows",
    "trainables/data/rewriting_arrow.py": "rows of a group in a file without groups",
    "trainables/data/tickets.py": "a list of words",
    "trainables/energy.py": "cores that the system does not tell",
    "trainables/selection/selectors.py": "the spread of scores that are all alike",
    "trainables/signals/informativeness.py": "a mean that is divided by",
    "trainables/signals/zcore.py": "the largest score, where all are 0",
}
# Of other classes, where it is a number or a text without None.
NEVER_NONE = {"options.tolerance", "source.validation_fraction", "verdict.tolerance"}


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def numbers_of(path, name):
    """The fields of a class that may be a number or None; those that are text in another are no such."""
    (found,) = (n for n in tree(path).body if isinstance(n, ast.ClassDef) and n.name == name)
    for field in found.body:
        if isinstance(field, ast.AnnAssign):
            words = {n.id for n in ast.walk(field.annotation) if isinstance(n, ast.Name)}
            is_number = words & {"int", "float", "Real", "Whole"} and not words & {
                "tuple",
                "dict",
                "list",
                "Mapping",
            }
            if is_number and "None" in ast.unparse(field.annotation):
                yield field.target.id


# Names that are a plain number, or text, elsewhere: what has no None may be asked by its truth.
PLAIN = {"epochs", "seeds", "rate", "warmup"}
OPTIONAL = {
    name for path, one in SET_BY_USERS.items() for name in numbers_of(ROOT / path, one)
} - PLAIN


def asked_by_truth(node):
    """The expressions whose truth a piece of code asks for."""
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield node.test
    elif isinstance(node, ast.BoolOp):
        yield from node.values
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.comprehension):
        yield from node.ifs
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "bool":
        yield from node.args


def optional_numbers_in(code):
    """Lines on which a number of SET_BY_USERS that may be None is asked by its truth."""
    asked = (one for node in ast.walk(code) for one in asked_by_truth(node))
    found = (n for n in asked if isinstance(n, ast.Attribute) and n.attr in OPTIONAL)
    return sorted({n.lineno for n in found if ast.unparse(n) not in NEVER_NONE})


def numbers_behind_or(code):
    """Lines of `x or 5` and `x or SEEDS`: a number that takes the place of 0; by 0 itself none changes."""
    for node in ast.walk(code):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            last = node.values[-1]
            is_number = (
                isinstance(last, ast.Constant) and type(last.value) in (int, float) and last.value
            )
            is_constant = isinstance(last, ast.Name) and last.id.lstrip("_").isupper()
            if is_number or is_constant:
                yield node.lineno


def test_numbers_that_users_set_are_known():
    assert {"tolerance", "tune_budget", "lr", "weight_decay", "validation_fraction"} <= OPTIONAL


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES])
def test_no_number_is_asked_for_by_its_truth(path):
    allowed = str(path.relative_to(ROOT)) in NO_ZERO_IS_MEANT
    assert optional_numbers_in(tree(path)) == []
    assert allowed or list(numbers_behind_or(tree(path))) == []


@pytest.mark.parametrize("path", NO_ZERO_IS_MEANT)
def test_an_exception_is_still_one(path):
    assert list(numbers_behind_or(tree(ROOT / path)))


@pytest.mark.parametrize(
    "line",
    [
        "by = criterion(plan.tolerance or 1.0)",
        "x = 3 if asked.weight_decay else 2",
        "if not self.validation_fraction: pass",
        "points = own or _POINT",
        "y = [n for n in rows if plan.tolerance]",
    ],
)
def test_a_number_asked_by_its_truth_is_found(line):
    found = ast.parse(line)
    assert optional_numbers_in(found) or list(numbers_behind_or(found))
