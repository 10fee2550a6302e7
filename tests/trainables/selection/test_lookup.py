from dataclasses import replace

import pytest

from trainables.selection.lookup import resolve
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import TrialSpec

SPEC = TrialSpec(
    dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1, warmup=0.15,
    signal="keep_one", settings=(("probes", 4),), selector="floor",
    selector_settings=(("share", 0.3),), rate=0.1,
)  # fmt: skip


def test_a_spec_is_resolved_to_the_rows_and_settings_it_names():
    found = resolve(SPEC)
    assert (found.signal, found.selector) == (SIGNALS["keep_one"], SELECTORS["floor"].cut)
    assert (found.settings, found.selector_settings) == ({"probes": 4}, {"share": 0.3})


def test_the_evidence_is_that_of_signal_and_selector_and_what_lies_under_it():
    found = resolve(replace(SPEC, selector="class_error", selector_settings=()))
    assert {"neighbours", "vectors", "embeddings"} <= found.evidence  # of the signal
    assert {"class_recall", "validation_probs", "validation_labels"} <= found.evidence


def test_another_row_in_the_table_is_seen_at_once(monkeypatch):
    resolve(SPEC)
    monkeypatch.setitem(SIGNALS, "keep_one", SIGNALS["el2n"])
    assert resolve(SPEC).signal is SIGNALS["el2n"]
    assert "neighbours" not in resolve(SPEC).evidence


def test_what_scores_no_rows_has_no_selection():
    with pytest.raises(AssertionError, match="a full trial scores no rows"):
        resolve(SPEC.baseline)
