import ast
import shutil
from pathlib import Path

import pytest

from tests.model_folders import save_model
from trainables import learners
from trainables.learners.pretrained import find_model, revision_of


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = save_model(tmp_path_factory.mktemp("saved") / "encoder")
    (folder / "README.md").write_text("about")
    return folder


@pytest.fixture
def encoder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "encoder")


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


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_change_to_any_file_that_counts_is_another_model(encoder, file):
    before = find_model(str(encoder)).sha
    with (encoder / file).open("a") as end:
        end.write("\n")
    assert find_model(str(encoder)).sha != before


def test_a_change_to_the_description_is_the_same_model(encoder):
    before = find_model(str(encoder)).sha
    (encoder / "README.md").write_text("changed")
    assert find_model(str(encoder)).sha == before


def test_a_head_on_frozen_embeddings_is_another_learner_on_the_same_content(encoder):
    head = find_model(f"linear:{encoder}")
    assert (head.learner, head.sha) == ("linear", find_model(str(encoder)).sha)


def test_a_model_that_is_nowhere_is_said_so_at_once(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        FileNotFoundError,
        match=r"no folder here, offline mode is on .HF_HUB_OFFLINE., and no copy of it is here",
    ):
        find_model("nobody/such-encoder")


def test_weights_are_loaded_from_safetensors_alone():
    """A folder may hold a pickle beside them, which transformers would open where they cannot be read."""
    calls = [
        {word.arg: ast.unparse(word.value) for word in node.keywords}
        for path in Path(learners.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and any(ast.unparse(one).endswith("from_pretrained") for one in (node.func, *node.args))
    ]
    weights = [words for words in calls if "dtype" in words and "state_dict" not in words]
    assert len(weights) >= 3
    assert all(words.get("use_safetensors") == "True" for words in weights)
