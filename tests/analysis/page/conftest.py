"""A browser, and runs whose answer is confirmed on one list of rows."""

import importlib.util
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analysis.pruned_files import PruneRecord
from analysis.run_files import Plan
from analysis.study import study
from analysis.warrants import Warrant
from benchmarks.paired_runs import FULL, World, ladders, rows

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
CALM = World(n=4000, run_sd=0.001, likeness=0.95)
SEEDS, FRESH = range(5), range(901, 906)


@pytest.fixture(scope="session")
def axe():
    """The text of axe-core."""
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None:
        pytest.skip("axe-playwright-python is not installed")
    return (Path(package.submodule_search_locations[0]) / "axe.min.js").read_text()


@pytest.fixture(scope="session")
def chromium():
    """Debian's chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium):
    """Opens a page; every request and every complaint of the console is in its `log`."""
    contexts = []

    def open_page(path, link="", **more):
        context = chromium.new_context(**{"viewport": {"width": 1300, "height": 900}, **more})
        contexts.append(context)
        page = context.new_page()
        page.log = []
        page.on("request", lambda request: page.log.append(request.url))
        page.on("console", lambda said: page.log.append(said.text))
        page.on("pageerror", lambda error: page.log.append(str(error)))
        page.goto(path.as_uri() + link)
        if more.get("java_script_enabled", True):
            page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()


@cache
def _confirmed(true_pp=0.0, *, is_random=False, names=("made",)):
    """A run of random and one method at 30 %, each data set's answer confirmed on one list of rows."""
    (random,), (method,) = ladders(2, (0.3,), control=True)
    listed = replace(random if is_random else method, protocol="restart", scored_by=tuple(SEEDS))
    found = []
    for name in names:
        own = {"dataset": name, "data_sha": FULL.data_sha if name == "made" else name * 9}
        rng = np.random.default_rng(5)
        pairs = [(random, -0.06), (method, 0.0)]
        search = rows(rng, CALM, pairs, SEEDS)
        fresh = rows(rng, CALM, [(listed, true_pp / 100)], FRESH)
        found += [replace(row, spec=replace(row.spec, **own)) for row in search]
        found += [
            replace(
                row,
                spec=replace(row.spec, **own),
                kept_sha="" if row.spec.is_baseline else "ab" * 32,
            )
            for row in fresh
        ]
    shas = {row.spec.data_sha for row in found}
    return study(found, Plan(tolerance=1.0, candidates=dict.fromkeys(shas, 2)), name="a-run")


@pytest.fixture(scope="session")
def confirmed():
    """Makes a run whose answer fresh seeds confirm, or by another true difference do not."""
    return _confirmed


@pytest.fixture
def written(tmp_path):
    """Makes the record of a pruned data set of the confirmed list, and its folder."""

    def write(seen, place=0, *, state="passed", **fields):
        one = [*seen.confirmed.values()][place]
        spec = one.row.cell.pairs[0].pruned.spec
        out = tmp_path / "out folder"
        out.mkdir(exist_ok=True)
        (out / "README.md").write_text("# made")
        warrant = Warrant(
            list_sha="ab" * 6, dataset=spec.dataset, state=state, verdict="within", level=0.04,
            n_candidates=2,
        )  # fmt: skip
        asked = {
            "version": "1", "made": "2026-11-30T03:04:05+00:00", "run": seen.name,
            "command": f"prune-envelope prune runs/a {out}", "dataset": spec.dataset,
            "data_sha": spec.data_sha, "read_from": "made.csv", "spec": spec,
            "words": "made, 30% removed", "list_sha": "ab" * 32, "n_train": 1000, "n_kept": 700,
            "state": "confirmed", "warrant": warrant.to_dict(), "out": str(out),
        }  # fmt: skip
        return PruneRecord(**(asked | fields))

    return write
