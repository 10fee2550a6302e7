"""A language model of ours, and the same by a trainer of one's own: one row."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.caches import FolderCache
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.dataset_file import write
from trainables.data.user_tables import user_tables
from trainables.learners import LEARNERS
from trainables.outcome import Outcome
from trainables.spec import TrialSpec
from trainables.trainers.contract import Place
from trainables.trainers.function import function_trainer
from trainables.trainers.server_process import close_servers
from trainables.trial import run_baseline, run_trial

pytestmark = pytest.mark.slow

TEXTS = [f"row {i}: {i % 7} times {i % 5} is {i % 7 * (i % 5)}" for i in range(150)]


@pytest.fixture
def both(tmp_path):
    """The spec of the built-in model, that of one's own, and a function that runs either to its outcome."""
    for name, texts in (("train", TEXTS[:100]), ("test", TEXTS[100:])):
        pq.write_table(pa.table({"text": texts}), tmp_path / f"{name}.parquet")
    shutil.copy(Path(__file__).parent / "own_language_model.py", tmp_path)
    data = load(
        Source(
            name=str(tmp_path / "train.parquet"), test=str(tmp_path / "test.parquet"), target="none",
            columns=Columns(text=("text",)), own_columns=True,
        )
    )  # fmt: skip
    cache, place = FolderCache(tmp_path), Place(folder=tmp_path, shows_answers=True)
    tables = user_tables(data)
    trainer = function_trainer("own_language_model.py:fit", place)
    cache.get("data", data.sha, lambda path: write(data, path))
    cache.get("columns", tables.sha, tables.write)
    training = replace(LEARNERS["causal_lm"].training, epochs=2, max_length=32)
    ours = TrialSpec(
        dataset="train", data_sha=data.sha, model="causal_lm", model_sha="causal_lm",
        learner="causal_lm", seed=11, training=training,
    )  # fmt: skip
    theirs = replace(
        ours, model=trainer.learner, model_sha="", learner=trainer.learner, columns_sha=tables.sha,
        learner_settings=trainer.settings, learner_sha=trainer.sha,
    )  # fmt: skip

    def said(spec):
        run = run_baseline if spec.is_baseline else run_trial
        run(spec, cache, place=place)
        return Outcome.read(cache.root / f"outcome-{spec.result_key}").columns

    yield ours, theirs, said
    close_servers()


def test_a_language_model_by_a_trainer_of_ones_own_gives_the_same_losses(both):
    ours, theirs, said = both
    cut = {"signal": "random", "selector": "global", "rate": 0.3, "protocol": "restart"}
    for fields in ({}, cut):
        one, other = (said(replace(spec, **fields)) for spec in (ours, theirs))
        for name in one:
            assert np.allclose(one[name], other[name], rtol=1e-4)
        assert one["loss"].sum() == pytest.approx(other["loss"].sum(), rel=1e-5)
