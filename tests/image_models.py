"""Folders of small image classifiers, as save_pretrained leaves them."""

from pathlib import Path

# By type of model: numbers that make it small, its processor, and what that is told.
_WIDE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
_SQUARE = {"size": {"height": 32, "width": 32}}
FAMILIES = {
    "resnet": (
        {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]},
        "ConvNextImageProcessorPil",
        {"size": {"shortest_edge": 48}, "crop_pct": 0.875},
    ),
    "vit": ({**_WIDE, "image_size": 32, "patch_size": 8}, "ViTImageProcessorPil", _SQUARE),
    "bit": (
        {"embedding_size": 32, "hidden_sizes": [128, 128], "depths": [1, 1]},
        "BitImageProcessorPil",
        {"size": {"shortest_edge": 36}, "crop_size": {"height": 32, "width": 32}},
    ),
    "efficientnet": (
        {"width_coefficient": 0.2, "depth_coefficient": 0.1, "image_size": 32, "hidden_dim": 256},
        "EfficientNetImageProcessorPil",
        _SQUARE,
    ),
}


def save_image_model(folder, family="vit", *, classes=4, processor=True):
    """A small image classifier of random weights, with its processor beside it."""
    import torch
    import transformers as hf

    numbers, kind, told = FAMILIES[family]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = hf.CONFIG_MAPPING[family](**numbers, num_labels=classes)
        found = hf.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING[type(config)]
        model = found[0] if isinstance(found, tuple) else found
        model(config).save_pretrained(folder)
    if processor:
        getattr(hf, kind)(**told).save_pretrained(folder)
    return Path(folder)
