"""What is printed of a list of rows."""

import numpy as np

from orchestrator.pruning.survivors import Survivors
from orchestrator.pruning.told import class_counts
from tests.pruned_folders import SPEC
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns


def test_numbers_to_predict_have_no_classes_to_count(tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("x,y\n" + "".join(f"{i},{i / 7}\n" for i in range(40)))
    source = Source(
        name=str(path),
        columns=Columns(label="y"),
        target="number",
        own_columns=True,
        test_fraction=0.5,
    )
    dataset = load(source)
    keep = np.arange(len(dataset.train)) % 4 > 0
    scores = keep.astype(np.float32)
    assert class_counts(dataset, Survivors(spec=SPEC, keep=keep, scores=scores)) == ()
