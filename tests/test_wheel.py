"""The wheel holds all that a report needs, and says that its packages are typed."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from trainables.records import to_json
from trainables.result import TrialResult
from trainables.spec import TrialSpec

ROOT = Path(__file__).parent.parent
SPEC = TrialSpec(
    dataset="imdb", data_sha="d" * 64, model="tiny", model_sha="m" * 64, learner="text", seed=1
)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("setuptools") is None, reason="needs setuptools")
def test_a_wheel_makes_a_report_far_from_its_sources(tmp_path):
    # A build leaves its notes beside the sources: it gets sources of its own.
    sources = tmp_path / "sources"
    listed = subprocess.run(
        ["git", "ls-files"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.split():
        if (ROOT / name).is_file():
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            (sources / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", tmp_path, sources], check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("prune_envelope-*.whl")
    home = tmp_path / "home"
    with zipfile.ZipFile(wheel) as held:
        held.extractall(home)
        typed = {name for name in held.namelist() if name.endswith("py.typed")}
        assert typed == {f"{p}/py.typed" for p in ("orchestrator", "trainables", "analysis")}
        assert "analysis/verdicts.schema.json" in held.namelist()
        assert not [name for name in held.namelist() if name.startswith(("tests", "benchmarks"))]
    run = tmp_path / "run"
    (run / "trials").mkdir(parents=True)
    text = to_json(TrialResult(spec=SPEC, accuracy=0.9, n_test=10, correct=b"\xff\xc0"))
    (run / "trials" / f"{SPEC.result_key}.json").write_text(text)
    # The wheel before anything that is installed; nothing of the checkout.
    code = (
        f"import sys; sys.path.insert(0, {str(home)!r}); import analysis.report as report; "
        f"assert report.__file__.startswith({str(home)!r}); "
        f"sys.argv = ['report', {str(run)!r}]; report.app()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    page = (run / "report.html").read_text()
    assert "<h1>Nothing measured of imdb yet.</h1>" in page and "connect-src" in page
