"""Code of the user's own is known by the bytes that are run, wherever they were imported from."""

import os
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from trainables.errors import DataError, UsageError
from trainables.own_code import is_own, source_sha
from trainables.selection.lookup import own_code, sha_of, signal_of
from trainables.spec import TrialSpec
from trainables.trainers.content import with_imported

SPEC = TrialSpec(
    dataset="d", data_sha="d", model="linear", model_sha="linear", learner="linear", seed=1, warmup=0.15,
    signal="random", selector="global", rate=0.1,
)  # fmt: skip
SCORE = "def score(texts):\n    return len(texts)\n"
NUMBERS = count()


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Writes a signal under a module's name that no other test has; gives its folder and its name."""
    monkeypatch.syspath_prepend(tmp_path)
    module = f"own_code_{next(NUMBERS)}"

    def write(top="", inside=SCORE):
        (tmp_path / f"{module}.py").write_text(top + inside)
        return f"{module}:score"

    write.folder, write.module = tmp_path, module
    return write


def forget(module):
    for name in [one for one in sys.modules if one.split(".")[0] == module]:
        del sys.modules[name]


def sha_now(name, *others):
    """A signal's content as another process would find it."""
    for module in (name.partition(":")[0].partition(".")[0], *others):
        forget(module)
    return sha_of(name)


def test_a_signal_that_imports_nothing_is_known_by_its_file_alone(mine):
    name = mine()
    assert sha_of(name) == source_sha(mine.folder / f"{mine.module}.py")


IMPORTS = {
    "at the top": "import {other}\n",
    "of a name": "from {other} import x\n",
    "in a function": "def later():\n    import {other}\n",
}


@pytest.mark.parametrize("how", IMPORTS.values(), ids=IMPORTS)
def test_what_a_signal_imports_from_beside_it_is_in_its_key(how, mine):
    other = f"{mine.module}_other"
    (mine.folder / f"{other}.py").write_text("x = 1\n")
    name = mine(how.format(other=other))
    before = sha_of(name)
    (mine.folder / f"{other}.py").write_text("x = 2\n")
    assert sha_now(name, other) != before


def test_what_a_package_runs_around_a_signal_is_in_its_key(mine):
    package = mine.folder / mine.module
    package.mkdir()
    for file, content in {"__init__": "", "far": "x = 1\n", "near": "from .far import x\n"}.items():
        (package / f"{file}.py").write_text(content)
    (package / "signals.py").write_text("from . import near\n" + SCORE)
    name, seen = f"{mine.module}.signals:score", set()
    for file in ("__init__", "far", "near", "signals"):
        seen.add(sha_now(name))
        with (package / f"{file}.py").open("a") as end:
            end.write("# another\n")
    assert len(seen | {sha_now(name)}) == 5


def test_what_is_installed_or_ours_or_pythons_is_not_followed():
    paths = [Path(sys.modules[one].__file__) for one in ("json", "numpy", "trainables.keys")]
    assert not any(map(is_own, paths))
    # Seen from the repository, our packages stand beside this file.
    here = Path(__file__)
    found = with_imported([here], here.parents[2], counts=is_own)
    assert here.parents[1] / "caches.py" in found
    assert all("tests" in path.parts for path in found)


def test_a_compiled_file_of_other_code_is_not_run(mine):
    """Python takes it where length and second of writing are the same, as after an edit by a script."""
    import py_compile

    path = mine.folder / f"{mine.module}.py"
    name = mine(inside="def score(texts, *, power=1):\n    return 1\n")
    os.utime(path, (1_000_000, 1_000_000))
    py_compile.compile(str(path))
    mine(inside="def score(texts, *, power=2):\n    return 2\n")
    os.utime(path, (1_000_000, 1_000_000))
    assert signal_of(name).score([]) == 2


def test_a_file_that_changed_after_it_was_imported_is_named(mine):
    name = mine()
    sha_of(name)
    mine("# another\n")
    with pytest.raises(DataError, match=rf"{mine.module}\.py has changed since it was imported"):
        sha_of(name)


def test_other_code_than_that_of_the_plan_is_not_run(mine):
    name = mine()
    spec = replace(SPEC, signal=name, signal_sha="0" * 64)
    with (
        pytest.raises(DataError, match=r"content 000000000000, here .*give the same command again"),
        own_code(spec),
    ):
        pytest.fail("it was run")


@pytest.mark.parametrize("which", ["itself", "what it imports"])
def test_code_that_changes_while_it_runs_is_refused_afterwards(which, mine):
    other = f"{mine.module}_other"
    (mine.folder / f"{other}.py").write_text("x = 1\n")
    name = mine(f"import {other}\n")
    spec = replace(SPEC, selector=name, selector_sha=sha_of(name))
    with pytest.raises(DataError, match="has changed since it was imported"), own_code(spec):
        changed = mine.module if which == "itself" else other
        (mine.folder / f"{changed}.py").write_text("# another\n")


def test_scores_of_a_signal_that_was_edited_meanwhile_are_not_kept(mine, tmp_path):
    from tests.caches import FolderCache
    from trainables.data.catalog import load
    from trainables.data.dataset_file import write
    from trainables.stages import make_scores

    name = mine(
        "import numpy as np\nfrom pathlib import Path\n",
        "def score(texts):\n    Path(__file__).write_text('# another')\n"
        "    return np.ones(len(texts), dtype=np.float32)\n",
    )
    data = load("synthetic:200")
    spec = replace(
        SPEC, data_sha=data.sha, signal=name, signal_sha=sha_of(name), protocol="restart"
    )
    spec = replace(spec, warmup=0.0)
    (tmp_path / "cache").mkdir()
    cache = FolderCache(tmp_path / "cache")
    cache.get("data", data.sha, lambda path: write(data, path))
    with pytest.raises(DataError, match="has changed since it was imported"):
        make_scores(spec, cache)
    assert not cache.has("scores", spec.score_key)


BROKEN = {
    "it does not parse": ("def score(:\n", r"SyntaxError: .* \(own_code_\d+\.py, line 1\)"),
    "it raises": ("1 / 0\n", r"ZeroDivisionError: division by zero \(own_code_\d+\.py, line 1\)"),
    "it imports what is not there": ("import nonesuch\n", "No module named 'nonesuch'"),
}


@pytest.mark.parametrize(("top", "says"), BROKEN.values(), ids=BROKEN)
def test_a_module_that_cannot_be_imported_is_told_in_one_line(top, says, mine):
    with pytest.raises(UsageError, match=says) as caught:
        sha_of(mine(top))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../evil:f", ".evil:f", "..evil:f", "/etc/passwd:f", ":f", "a b:f"]
)
def test_a_name_that_is_no_modules_is_told_in_one_line(name):
    with pytest.raises(UsageError, match="write module:function"):
        sha_of(name)


def test_a_metric_is_run_from_its_source(tmp_path):
    import py_compile

    from analysis.own_functions import own_function

    path = tmp_path / "mine.py"
    for value in "12":
        path.write_text(f"def of(y, columns):\n    return {value}\n")
        os.utime(path, (1_000_000, 1_000_000))
        if value == "1":
            py_compile.compile(str(path))
    assert own_function(str(path), "of", "mine")(np.zeros(1), {}) == 2
