import json
import shutil

import pytest

from trainables.errors import DataError
from trainables.learners.pretrained import find_model, revision_of


@pytest.fixture
def encoder(tmp_path):
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "tokenizer.json").write_text("{}")
    (folder / "README.md").write_text("about")
    return folder


@pytest.mark.parametrize("name", ["tiny", "linear"])
def test_built_in_models_are_named_by_themselves(name):
    found = find_model(name)
    assert (found.learner, found.name, found.sha) == (name, name, name)


def test_a_folder_is_named_by_its_content_and_not_by_its_place(encoder, tmp_path):
    moved = shutil.copytree(encoder, tmp_path / "moved")
    assert find_model(str(encoder)).sha == find_model(str(moved)).sha
    assert find_model(str(encoder)).learner == "text"


def test_an_at_sign_in_a_folders_path_is_no_revision(encoder, tmp_path):
    odd = shutil.copytree(encoder, tmp_path / "m@v2")
    found = find_model(f"linear:{odd}")
    assert revision_of(found.name) == (str(odd), None)
    assert revision_of("owner/name@abc") == ("owner/name", "abc")


@pytest.mark.parametrize(
    ("config", "longest"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "t5"}, 0),
    ],
)
def test_a_model_says_how_long_a_text_it_can_read(encoder, config, longest):
    (encoder / "config.json").write_text(json.dumps(config))
    assert find_model(str(encoder)).longest == longest


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_change_to_any_file_that_counts_is_another_model(encoder, file):
    before = find_model(str(encoder)).sha
    (encoder / file).write_bytes(b'{"changed": 1}')
    assert find_model(str(encoder)).sha != before


def test_a_change_to_the_description_is_the_same_model(encoder):
    before = find_model(str(encoder)).sha
    (encoder / "README.md").write_text("changed")
    assert find_model(str(encoder)).sha == before


def test_a_head_on_frozen_embeddings_is_another_learner_on_the_same_content(encoder):
    head = find_model(f"linear:{encoder}")
    assert (head.learner, head.sha) == ("linear", find_model(str(encoder)).sha)


def test_weights_that_could_run_code_are_refused(encoder):
    (encoder / "model.safetensors").unlink()
    (encoder / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ValueError, match=r"no \*\.safetensors"):
        find_model(str(encoder))


@pytest.mark.parametrize("beside", [None, "tokenizer_config.json", "merges.txt"])
def test_a_model_without_a_tokenizer_is_refused_as_it_would_see_unknown_words_alone(
    encoder, beside
):
    (encoder / "tokenizer.json").unlink()
    if beside:
        (encoder / beside).write_text("{}")
    with pytest.raises(DataError, match=r"holds no tokenizer \(tokenizer\.json, vocab\.txt or"):
        find_model(str(encoder))


@pytest.mark.parametrize(
    "name", ["vocab.txt", "vocab.json", "spm.model", "sentencepiece.bpe.model"]
)
def test_any_form_of_a_tokenizer_will_do(encoder, name):
    (encoder / "tokenizer.json").rename(encoder / name)
    assert find_model(f"linear:{encoder}").learner == "linear"


def test_a_model_that_is_nowhere_is_said_so_at_once(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(FileNotFoundError, match="no folder here and the Hugging Face hub"):
        find_model("nobody/such-encoder")
