"""The command line as a user meets it: helps, messages, exit codes."""

import errno
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from analysis.report import app as report_app
from analysis.table import app as table_app
from orchestrator.__main__ import app
from orchestrator.cli.options import SweepOptions
from orchestrator.planning.estimate import warm_up_bytes
from orchestrator.planning.grids import GRIDS
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.store_checks import check_room, check_writable
from orchestrator.store.atomic import StoreError
from orchestrator.sweep import app as sweep_app


def words_of_commands():
    commands = typer.main.get_command(app).commands
    inner = [[name, one] for name, c in commands.items() for one in getattr(c, "commands", {})]
    return [[], *([name] for name in commands), *inner]


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.mark.parametrize("words", words_of_commands(), ids=" ".join)
def test_every_command_has_a_help(invoke, words):
    found = invoke(*words, "--help")
    assert found.exit_code == 0 and "Usage:" in found.output


def test_no_help_loads_a_heavy_library():
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from orchestrator.__main__ import app\n"
        f"for words in {words_of_commands()!r}:\n"
        "    assert CliRunner().invoke(app, [*words, '--help']).exit_code == 0\n"
        "heavy = {'torch', 'ray', 'transformers', 'datasets', 'plotly', 'faiss', 'pandas', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_the_installed_one(invoke):
    found = invoke("--version")
    assert (found.exit_code, found.output) == (0, "prune-envelope 0.1.0\n")


def test_a_command_that_is_not_there_gets_the_nearest(invoke):
    found = invoke("swep")
    assert found.exit_code == 2 and "Did you mean 'sweep'?" in found.output


@pytest.mark.parametrize("grid", [name for name, grid in GRIDS.items() if grid.needs_gpu])
def test_a_grid_for_gpus_is_refused_where_there_is_none(invoke, monkeypatch, grid):
    monkeypatch.setattr("orchestrator.planning.resources.has_gpu", lambda: False)
    found = invoke("sweep", "--grid", grid)
    assert found.exit_code == 4
    assert found.stderr.startswith(f"error: no GPU found, and --grid {grid} would take days")
    assert "doctor" in found.stderr


def test_one_seed_is_warned_of(invoke):
    shown = invoke("sweep", "--grid", "demo", "--seeds", "1", "--dry-run")
    assert shown.exit_code == 0
    assert "1 seed gives no interval" in shown.output


def test_a_disk_too_full_for_the_warm_ups_is_told_before_the_start(tmp_path):
    request = Request(grid="demo", datasets=("synthetic:300",), model="linear", seeds=(1,))
    resources = Resources(cache=tmp_path / "cache")
    sweep = plan_sweep(request, resources, run=None, command="", tolerance=1.0)
    check_room(sweep.store.root, warm_up_bytes(sweep, sweep.left))
    with pytest.raises(StoreError, match=r"needs about .* GB for its warm-ups; give --cache"):
        check_room(sweep.store.root, 10**18)


def test_a_store_that_can_only_be_read_is_told_before_the_start(tmp_path, monkeypatch):
    def refused(**_):
        raise OSError(errno.EROFS, "Read-only file system")

    check_writable(tmp_path / "cache", 7)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("orchestrator.planning.store_checks.TemporaryFile", refused)
    with pytest.raises(StoreError, match=r"cache cannot be written to .* 7 pieces .* --cache"):
        check_writable(tmp_path / "cache", 7)


def test_the_demo_is_the_demo_grid(invoke, monkeypatch):
    asked = []
    monkeypatch.setattr("orchestrator.sweep.main", lambda options: asked.append(options) or 0)
    assert invoke("demo", "--seeds", "2", "--run", "here").exit_code == 0
    assert asked == [SweepOptions(grid="demo", seeds="2", run="here")]


@pytest.mark.parametrize(
    "words",
    ["{}", "sweep --{}", "signals {}", "cache {}", "cache ls --{}", "table R --what {}", "cache gc --older-than {}"],
)  # fmt: skip
def test_what_was_typed_wrong_is_said_again_printable_and_without_secrets(invoke, words):
    text = "hf_abcdefghijklmnopqrst/\x1b]0;t\x07\x9b31ma\u202eb"
    told = invoke(*words.format(text).split()).output
    assert "hf_a" not in told and all(c.isprintable() or c == "\n" for c in told)


@pytest.mark.parametrize(
    "alone", [sweep_app, report_app, table_app], ids=["sweep", "report", "table"]
)
def test_a_command_alone_says_what_was_typed_wrong_printable(alone):
    told = CliRunner().invoke(alone, ["--\x9b31m\u202e"]).output
    assert "No such option" in told and "\x9b" not in told and "\u202e" not in told
