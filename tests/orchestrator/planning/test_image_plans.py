"""Images are planned for what reads them, and what could only fail later is refused."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.quick_paces import quick_paces
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from tests.image_models import save_image_model
from tests.image_sets import encoded
from trainables.data.columns import Columns
from trainables.errors import DataError, UsageError

OWN = Request(
    model="image", test_fraction=0.3, rates=(0.3,), signals=("random",), tune=False,
    columns=Columns(text=("image",)),
)  # fmt: skip


@pytest.fixture
def planned(tmp_path):
    """Plans a sweep of a file of 60 images, or of what is given."""

    def make(request=OWN, *, files=None):
        rng = np.random.default_rng(0)
        made = [encoded(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)) for _ in range(60)]
        images = [{"bytes": one, "path": None} for one in [*(files or []), *made][:60]]
        table = pa.table(
            {"image": images, "text": [f"text {i}" for i in range(60)], "label": [0, 1] * 30}
        )
        pq.write_table(table, tmp_path / "mine.parquet")
        request = replace(request, datasets=(str(tmp_path / "mine.parquet"),))
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
        return plan_sweep(request, resources, run=None, command="python", tolerance=1.0)

    return make


def test_images_are_planned_for_the_learner_of_images(planned):
    assert {spec.learner for spec in planned().specs} == {"image"}


def test_the_folder_of_an_image_classifier_is_told_by_its_settings(planned, tmp_path):
    folder = save_image_model(tmp_path / "vit")
    assert {spec.learner for spec in planned(replace(OWN, model=str(folder))).specs} == {"image"}


def test_texts_for_a_learner_of_images_are_refused_with_what_reads_them(planned):
    request = replace(OWN, columns=Columns(text=("text",)))
    with pytest.raises(UsageError, match="holds texts, and image reads images; use --model linear"):
        planned(request)


def test_images_for_a_learner_of_texts_are_refused_with_what_reads_them(planned):
    with pytest.raises(UsageError, match="holds images, and tiny reads texts; use --model image"):
        planned(replace(OWN, model="tiny"))


def test_a_torn_image_is_refused_at_the_plan_by_its_row(planned):
    torn = encoded(np.random.default_rng(1).integers(0, 255, (16, 16, 3), dtype=np.uint8))[:300]
    with pytest.raises(
        DataError, match=r"mine: the image of (train|test) row \d+ .* cannot be read"
    ):
        planned(files=[torn])


def test_a_length_in_word_pieces_is_refused_for_images(planned):
    request = replace(OWN, training=(("max_length", 32),))
    with pytest.raises(UsageError, match="--max-length is in word pieces, and image reads images"):
        planned(request)


def test_a_signal_that_needs_dropout_is_refused_by_name_for_images(planned):
    request = replace(OWN, signals=("stability_under_dropout",))
    with pytest.raises(
        UsageError, match="stability_under_dropout needs dropout_probs, which learner image"
    ):
        planned(request)


def test_a_signal_that_reads_words_is_refused_for_images(planned):
    with pytest.raises(UsageError, match="tfidf reads words, and mine holds images"):
        planned(replace(OWN, signals=("tfidf",)))


def test_a_few_steps_tell_the_pace_of_images_and_how_long_decoding_takes(planned):
    sweep = planned()
    (pace,) = quick_paces(sweep, sweep.wholes).values()
    assert pace.first_s > 0 < pace.low < pace.high
