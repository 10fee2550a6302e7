"""What a page costs by the number of its trials: its bytes, the making of it, and a reader's first seconds.

    python -m benchmarks.page [--size 39 --size 1000 --size 10000] [--turns 3]

The trials are made up: 3 seeds, 4 methods and 3 rates of one data set; 8 seeds, 31 methods and 4 rates;
10 seeds of the same on 8 data sets. Made is wall time from judged rows in memory to the page's text,
peak the most memory that its process held beyond what it held before. Then Debian's chromium opens
the file: DOMContentLoaded, and the time to the first figure that is drawn, after navigation began,
the median of `--turns`; without JavaScript the time to DOMContentLoaded alone.
"""

import multiprocessing
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import typer
from playwright.sync_api import Browser, sync_playwright

from analysis.page.render import render
from analysis.study import study
from benchmarks.paired_runs import World, ladders, rows
from trainables.result import TrialResult

_WORLD = World(n=1000, run_sd=0.002, likeness=0.9)
# By the number of trials: data sets, seeds, methods, rates.
_RUNS = {
    39: (1, 3, 4, (0.1, 0.2, 0.3)),
    1_000: (1, 8, 31, (0.1, 0.2, 0.3, 0.5)),
    10_000: (8, 10, 31, (0.1, 0.2, 0.3, 0.5)),
}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_LOADED = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def trials(size: int) -> Iterator[TrialResult]:
    """The rows of a made-up run of so many trials."""
    sets, seeds, methods, rates = _RUNS[size]
    for number in range(sets):
        rng = np.random.default_rng([size, number])
        steps = ladders(methods, rates, control=True)
        true = [(spec, -0.02 * spec.rate) for ladder in steps for spec in ladder]
        for row in rows(rng, _WORLD, true, range(seeds)):
            named = replace(row.spec, dataset=f"set_{number}", data_sha=f"{number:064x}")
            yield replace(row, spec=named, finished="2026-01-01T00:00:00+00:00")


def _peak_kb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]


def _make(size: int, path: Path, told: Any) -> None:
    seen = study(trials(size), name=f"{size:,} trials")
    # ru_maxrss of a spawned process begins at its parent's: the kernel's own mark can be set anew.
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak_kb()
    started = time.perf_counter()
    text = render(seen)
    took = time.perf_counter() - started
    path.write_text(text, encoding="utf-8")
    told.put((took, (_peak_kb() - before) / 1024))


def _opened(browser: Browser, path: Path, *, script: bool) -> tuple[float, float]:
    """Milliseconds to DOMContentLoaded, and to the first figure; the same without JavaScript."""
    page = browser.new_page(viewport={"width": 1300, "height": 900}, java_script_enabled=script)
    started = time.perf_counter()
    page.goto(path.as_uri(), wait_until="domcontentloaded", timeout=300_000)
    loaded = 1e3 * (time.perf_counter() - started)
    if not script:
        page.close()
        return loaded, loaded
    page.wait_for_selector("html[data-ready]", state="attached", timeout=120_000)
    page.evaluate("document.querySelector('.figure').scrollIntoView()")
    page.wait_for_selector(".figure svg.main-svg", timeout=120_000)
    figure = 1e3 * (time.perf_counter() - started)
    loaded = float(page.evaluate(_LOADED))
    page.close()
    return loaded, figure


def main(
    size: Annotated[list[int] | None, typer.Option(help="39, 1000 or 10000. Repeat.")] = None,
    turns: Annotated[int, typer.Option(help="How often each page is opened.")] = 3,
) -> None:
    """Print a line for each size."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    start = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=_FLAGS)
        for many in size or [*_RUNS]:
            path, told = Path(folder) / "report.html", start.Queue()
            process = start.Process(target=_make, args=(many, path, told))
            process.start()
            took, peak = told.get()
            process.join()
            seen = [_opened(browser, path, script=True) for _ in range(turns)]
            bare = [_opened(browser, path, script=False)[0] for _ in range(turns)]
            loaded, figure = (median(side) for side in zip(*seen, strict=True))
            print(
                f"{many:>7,} trials: {path.stat().st_size / 1e6:.2f} MB, made in {took:.1f} s, peak {peak:.0f} MB; "
                f"DOMContentLoaded {loaded:,.0f} ms, first figure {figure:,.0f} ms; without JavaScript {median(bare):,.0f} ms"
            )
        browser.close()


if __name__ == "__main__":
    typer.run(main)
