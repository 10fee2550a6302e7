"""config.json as transformers reads it, and which of its classes reads texts by it."""

import re
from pathlib import Path
from typing import Any

from trainables.data.columns import excerpt
from trainables.errors import DataError, UsageError
from trainables.learners.checkpoint import read_json, tensor_shapes

# Types that transformers has a classifier for, which cannot read texts as we hand them over: pieces,
# padded on the right, with a mask.
_UNFIT = {
    "canine": "it reads letters and no word pieces",
    "convbert": "its convolutions read padding as text",
    "funnel": "it gives fewer vectors than it is given word pieces",
    "layoutlmv2": "it reads pages, not texts",
    "layoutlmv3": "it reads pages, not texts",
    "nystromformer": "its attention is a mean over padding, too",
    "perceiver": "it gives vectors of its own in place of one for each word piece",
    "reformer": "it reads texts of one length alone",
    "tapas": "it reads tables, not texts",
    "xlnet": "it takes the class from the last piece, which is padding",
    "xmod": "it must be told the language of each text",
    "yoso": "it draws its attention at random, padding included",
}
# The table of positions, by the names that transformers gives it.
POSITIONS = re.compile(r"(^|\.)(position_embeddings|embed_positions|positions_embed|wpe)$")


def be_quiet() -> None:
    """Have transformers say nothing of what it draws anew: we say what matters."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def load_config(folder: Path) -> Any:
    """The settings in config.json, with what is null there set to what the type has without it.

    Raises:
        DataError: If transformers cannot read them.
        UsageError: If it does not know their type.
    """
    import transformers

    raw = read_json(folder / "config.json")
    kind = raw.get("model_type")
    if kind not in transformers.CONFIG_MAPPING:
        raise UsageError(
            f"{folder} is of type {excerpt(kind)}, which transformers {transformers.__version__} "
            "does not know; use another model, or a release of transformers that knows it"
        )
    for name in [name for name in ("max_position_embeddings", "n_positions") if name in raw]:
        if raw[name] is None:
            del raw[name]
            sizes = [
                shape[0]
                for tensor, shape in tensor_shapes(folder).items()
                if POSITIONS.search(tensor.removesuffix(".weight"))
            ]
            if sizes:
                raw[name] = sizes[0]
    try:
        config = transformers.CONFIG_MAPPING[kind].from_dict(raw)
        if raw.get("pad_token_id", 0) is None:
            config.pad_token_id = type(config)().pad_token_id
        # Of the part that reads text; of most models the whole.
        if not isinstance(config.get_text_config(), transformers.PreTrainedConfig):
            raise TypeError("text_config holds no settings")
    except Exception as error:  # each type of model checks its own, by errors of its own
        raise DataError(
            f"{folder / 'config.json'} cannot be read as the settings of a {excerpt(kind)}: "
            f"{in_one_line(error)}; fetch the model again"
        ) from error
    # Of no use where whole texts are read at once, and costs memory.
    config.use_cache = False
    return config


def in_one_line(error: Exception) -> str:
    """An error of a library, as it may stand in a message of ours."""
    return excerpt(" ".join(str(error).split()) or type(error).__name__)


def unfit_model(folder: Path, config: Any, why: str) -> UsageError:
    """The error that a model is not of a type that can be trained here."""
    return UsageError(
        f"{folder} is of type {config.model_type}: {why}; use an encoder such as BERT, DistilBERT, "
        "RoBERTa, DeBERTa, MPNet or ELECTRA, or a decoder such as GPT-2 or Llama"
    )


def network_class(folder: Path, config: Any, *, has_head: bool) -> Any:
    """The class of transformers that reads a folder.

    Raises:
        UsageError: If it has none that reads texts, or that reads them and writes others.
    """
    import transformers as hf

    if config.is_encoder_decoder or type(config)().is_encoder_decoder:
        raise unfit_model(folder, config, "an encoder-decoder")
    if config.model_type in _UNFIT:
        raise unfit_model(folder, config, _UNFIT[config.model_type])
    kind = type(config)
    classifiers = hf.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
    of_text = [classifiers, hf.MODEL_FOR_MASKED_LM_MAPPING, hf.MODEL_FOR_CAUSAL_LM_MAPPING]
    if not any(kind in mapping for mapping in of_text):
        raise unfit_model(folder, config, "transformers has no class by which it reads texts")
    if has_head and kind not in classifiers:
        raise unfit_model(
            folder, config,
            f"transformers has no text classifier of it; linear:{folder} uses it as it is",
        )  # fmt: skip
    found = (classifiers if has_head else hf.MODEL_MAPPING)[kind]
    return found[0] if isinstance(found, tuple) else found
