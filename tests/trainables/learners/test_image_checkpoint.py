"""Image classifiers of Hugging Face: told by their settings, seen through their own processor."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.image_models import FAMILIES, save_image_model
from tests.image_sets import encoded, image_set, image_spec
from tests.model_folders import change_json
from trainables.errors import DataError, UsageError
from trainables.learners import LEARNERS
from trainables.learners.image_checkpoint import read_image_checkpoint
from trainables.learners.pixels import decoded
from trainables.learners.pretrained import find_model
from trainables.trial import run_baseline

PROCESSOR = "preprocessor_config.json"


@pytest.fixture
def vit(tmp_path):
    return save_image_model(tmp_path / "vit")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_network_sees_what_its_own_processor_would_show_it(family, tmp_path):
    from PIL import Image
    from transformers import AutoImageProcessor

    folder = save_image_model(tmp_path / family, family)
    assert find_model(str(folder)).learner == "image"
    pixels = np.random.default_rng(0).integers(0, 255, (50, 71, 3), dtype=np.uint8)
    eyes = read_image_checkpoint(folder)
    own = AutoImageProcessor.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False, backend="pil"
    )
    shown = own(Image.fromarray(pixels), return_tensors="np")["pixel_values"][0]
    seen = decoded(encoded(pixels), eyes.frame) / 255
    seen = (seen - np.array(eyes.mean)) / np.array(eyes.spread)
    assert np.abs(seen.transpose(2, 0, 1) - shown).max() < 1e-5


def _opened(folder, cache, seed):
    found = find_model(str(folder))
    dataset = image_set()
    spec = image_spec(dataset, cache, model=found.name, sha=found.sha, seed=seed)
    return LEARNERS["image"].open(spec, dataset, cache).module.state_dict()


def test_its_head_is_drawn_from_the_seed_and_the_rest_is_what_was_saved(vit, cache):
    one, other = (_opened(vit, cache, seed) for seed in (1, 2))
    differing = {name for name in one if not torch.equal(one[name], other[name])}
    assert differing == {"body.classifier.weight"}
    assert one["body.classifier.weight"].shape == (3, 32)


def test_a_network_that_was_saved_without_a_head_is_given_one(vit, cache):
    import transformers as hf

    encoder = hf.ViTModel.from_pretrained(
        vit,
        add_pooling_layer=False,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
    )
    encoder.save_pretrained(vit)
    assert _opened(vit, cache, 1)["body.classifier.weight"].shape == (3, 32)


def test_a_pretrained_classifier_is_trained(vit, cache):
    found = find_model(str(vit))
    full = image_spec(image_set(), cache, model=found.name, sha=found.sha)
    row = run_baseline(replace(full, training=replace(full.training, epochs=1)), cache)
    assert 0 < row.accuracy <= 1


def test_one_without_its_processors_settings_is_refused(tmp_path):
    folder = save_image_model(tmp_path / "m", processor=False)
    with pytest.raises(DataError, match=f"holds no {PROCESSOR}, which says what size"):
        find_model(str(folder))


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"size": "large"}, "size is 'large'"),
        ({"size": {"height": 10**6, "width": 32}}, "sides of 8 to 1024 pixels"),
        ({"image_mean": [0.5]}, r"image_mean is \[0.5\]; it must be three numbers"),
        ({"image_std": [0.5, 0, 0.5]}, "each must be above 0"),
    ],
)
def test_settings_of_a_processor_that_cannot_be_are_refused_by_name(vit, entries, says):
    change_json(vit / PROCESSOR, **entries)
    with pytest.raises(DataError, match=f"{PROCESSOR}: {says}|{says}"):
        find_model(str(vit))


def test_a_size_that_the_network_cannot_take_is_refused_at_the_plan(vit):
    change_json(vit / PROCESSOR, size={"height": 48, "width": 48})
    with pytest.raises(UsageError, match="no image of 48 x 48 goes through it"):
        find_model(str(vit))


def test_weights_that_lack_a_layer_are_refused(vit):
    change_json(vit / "config.json", num_hidden_layers=3)
    with pytest.raises(DataError, match=r"lack .* tensors"):
        find_model(str(vit))


def test_files_that_changed_since_the_plan_are_refused(vit, cache):
    found = find_model(str(vit))
    spec = image_spec(image_set(), cache, model=found.name, sha=found.sha)
    change_json(vit / PROCESSOR, image_mean=[0.1, 0.1, 0.1])
    with pytest.raises(DataError, match="has changed since the sweep was planned"):
        run_baseline(spec, cache)


def test_a_frozen_encoder_of_texts_is_none_of_images(vit):
    with pytest.raises(UsageError, match="no class by which it reads texts"):
        find_model(f"linear:{vit}")
