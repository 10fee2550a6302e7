import pytest
import torch

from orchestrator.execution.here import explain_error
from trainables.spec import TrialSpec
from trainables.training_settings import Training

SPEC = TrialSpec(
    dataset="imdb", data_sha="d", model="tiny", model_sha="m", learner="text", seed=1,
    training=Training(batch_size=64, max_length=256),
)  # fmt: skip


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), MemoryError()]
)
def test_a_lack_of_memory_says_what_to_make_smaller(error):
    text = explain_error(error, SPEC)
    assert text.startswith("out of memory at batch size 64 and 256 word pieces")
    assert "--batch-size 32" in text


def test_other_errors_are_one_line_of_their_own_words():
    assert explain_error(ValueError("two\n  lines"), SPEC) == "two lines"
    assert explain_error(KeyError(), SPEC) == "KeyError"
