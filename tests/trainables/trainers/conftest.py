"""A function trainer called once, in a folder of its own."""

import pyarrow as pa
import pytest

from trainables.trainers.contract import Call, Place
from trainables.trainers.function import function_trainer
from trainables.trainers.server_process import close_servers

TABLES = {
    "train": pa.table({"id": [*range(6)], "x": [*range(6)], "y": [*range(6)]}),
    "test": pa.table({"id": [*range(4)], "x": [*range(4)]}),
}


@pytest.fixture(autouse=True)
def _no_server_stays():
    yield
    close_servers()


@pytest.fixture
def called(tmp_path):
    """Calls a function whose body is given, in a folder of its own."""
    home = tmp_path / "home"
    home.mkdir()

    def call(
        body, *, top="", hours=None, start="fork", name="train.py:fit", takes="", tables=TABLES
    ):
        lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
        signature = f"def fit(train, test, *, seed{takes}):"
        (home / "train.py").write_text(f"import os, sys, time\n{top}\n{signature}\n{lines}\n")
        place = Place(folder=home, start=start)
        folder = tmp_path / "call"
        (folder / "scratch").mkdir(parents=True, exist_ok=True)
        asked = Call(folder=folder, tables=tables, seed=7, scratch=folder / "scratch", hours=hours)
        return function_trainer(name, place).train(asked)

    return call
