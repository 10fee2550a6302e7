"""Bad flags, YAML files and grids: rows B1 to B29 of the matrix."""

from tests.bad_inputs.matrix import BadInput, asked, sweep

ROWS = [
    BadInput(
        id="B1",
        what="grid that is not there",
        argv=asked("--grid", "dmo"),
        says=("unknown grid 'dmo'", "demo", "Did you mean 'demo'?"),
    ),
    BadInput(
        id="B2",
        what="unknown key",
        files={"sweep.yaml": "grid: demo\nrtae: 0.1\n"},
        argv=asked("sweep.yaml"),
        says=("sweep.yaml:2", "rtae", "Did you mean 'rate'?"),
    ),
    BadInput(
        id="B29",
        what="tolerance below 0",
        argv=sweep("--tolerance", "-1"),
        says=("tolerance", "-1", "0"),
    ),
]
