"""What stays of a data set of the hub is written in the format of its files, and its classes keep their names."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from tests.hub_server import HubServer
from tests.trainables.data.test_hub import NAMES, parquet

# The client reads where the hub and its cache are when it is imported: a process of its own.
WRITE = """
import json, sys
from pathlib import Path
import numpy as np
from trainables.data.catalog import Source, load
from trainables.data.rewriting import check_written, write_splits
folder, source = Path(sys.argv[1]), Source(name="o/n", pinned=sys.argv[2])
dataset = load(source)
keep = {name: np.ones(len(split), dtype=bool) for name, split in dataset.splits.items()}
keep["train"][::3] = False
written = write_splits(source, dataset, keep, folder / "data")
told = check_written(source, dataset, keep, folder / "data")
print(json.dumps([[file.path for file in written], told]))
"""


def test_files_of_the_hub_are_written_and_the_names_on_its_card_told(tmp_path):
    with HubServer() as hub:
        files = {
            "README.md": NAMES,
            "data/train-00000-of-00002.parquet": parquet(12),
            "data/train-00001-of-00002.parquet": parquet(9, "u"),
            "data/test-00000-of-00001.parquet": parquet(8, "x"),
        }
        commit = hub.commit("o/n", files)
        about = {
            "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": str(tmp_path / "home"),
            "PATH": os.environ["PATH"],
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", WRITE, str(tmp_path / "OUT"), commit],
            check=False,
            env=about,
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    written, (told,) = json.loads(done.stdout)
    assert written == [
        "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002.parquet",
        "data/test.parquet",
    ]
    assert told.endswith("0 is 'neg', 1 is 'pos'")
    rows = [
        row for path in written[:2] for row in pq.read_table(tmp_path / "OUT" / path).to_pylist()
    ]
    texts = [*(f"t {i}" for i in range(12)), *(f"u {i}" for i in range(9))]
    assert [row["text"] for row in rows] == [text for k, text in enumerate(texts) if k % 3]
