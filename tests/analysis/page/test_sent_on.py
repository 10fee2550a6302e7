"""A page that is sent on: no path, host, user or command line of the machine it was made on."""

import base64
import gzip
import re
from dataclasses import replace

import pytest

from analysis.cover import Cover
from analysis.page.render import render
from analysis.run_files import Plan
from analysis.study import study
from trainables.spec import Scorer

HOME = "/home/canary-user/canary-folder"
HOST = "canary-host"
TEXT = f"no {HOME}/data.csv on {HOST}; see file://{HOME}/log"


def told(page):
    """All that a page says: its text, and what is packed for its script."""
    (packed,) = re.findall(r'id="data">([^<]*)<', page)
    return page + gzip.decompress(base64.b64decode(packed)).decode()


@pytest.fixture
def seen(paired, confirmed, written, tmp_path):
    """A run whose every field that may hold a path, a host, a user or a command has one."""
    names = {
        "model": f"linear:{HOME}/encoder", "scorer": Scorer(model=f"linear:{HOME}/scorer", model_sha="b" * 64, learner="linear"),
        "settings": (("name", f"{HOME}/scores.parquet"),), "selector_settings": (("at", f"{HOME}/x"),),
    }  # fmt: skip
    rows = []
    for signal in (f"{HOME}/own.py:mine", "random"):
        for row in paired([-0.1, -0.4, 0.2], signal=signal, protocol="restart"):
            spec = row.spec if row.spec.is_baseline else replace(row.spec, **names)
            own = {"device": "cpu"}
            rows.append(replace(row, spec=spec, host=HOST, warnings=(TEXT,), environment=own))
    failed = replace(rows[-1], spec=replace(rows[-1].spec, seed=77), status="failed", error=TEXT)
    plan = Plan(
        grid=f"{HOME}/sweep.yaml", command=f"prune-envelope sweep --dataset {HOME}/data.csv",
        specs=tuple(row.spec for row in rows), notes=(TEXT,), metric="accuracy",
        environment={"device": "cpu"},
    )  # fmt: skip
    found = study([*rows, failed], plan, name="a-run")
    record = written(
        confirmed(), out=f"{HOME}/pruned", read_from=f"{HOME}/data.csv", command=f"prune {HOME}/x"
    )
    folder = tmp_path / "canary-folder" / "run"
    folder.mkdir(parents=True)
    (folder / "options.json").write_text("{}")
    return replace(found, pruned=(record,), folder=folder)


def test_a_page_names_no_path_host_user_or_command_line(seen):
    page = told(render(seen))
    assert re.findall(r".{0,40}canary-(?:user|folder|host).{0,40}", page) == []
    assert "data.csv" in page and "--dataset" not in page


def test_a_page_names_them_where_that_is_asked_for(seen):
    page = told(render(seen, cover=Cover(with_provenance=True)))
    assert f"--dataset {HOME}/data.csv" in page and f"{HOST} (" in page
