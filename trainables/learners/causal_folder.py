"""What transformers makes of the folder of a causal language model: its settings, pieces and chat template."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from trainables.data.dataset import Dataset
from trainables.data.messages import turns_of
from trainables.errors import UsageError
from trainables.learners.checkpoint import read_json
from trainables.learners.documents import PieceCutter
from trainables.learners.encoder import (
    check_vocabulary,
    fast_tokenizer,
    longest_text,
    padding_piece,
    skeleton,
)
from trainables.learners.model_config import POSITIONS, be_quiet, in_one_line, load_config
from trainables.learners.scored_texts import Turns, conversation_text

# Types that have a class of this kind in transformers and look at pieces on both sides all the same.
_BOTH_SIDES = ("bert-generation", "cpmant", "reformer", "xlm", "xlnet", "xmod", "flaubert")
_REMEDY = "use a causal language model such as GPT-2, Llama, Qwen or SmolLM"


@dataclass(frozen=True, kw_only=True)
class CausalFolder:
    """A causal language model as its folder describes it; no weights.

    Attributes:
        config: Its settings.
        kind: The class of transformers that reads it.
        cutter: Its pieces.
        longest: Pieces that it can read; 0 where there is no limit.
    """

    config: Any
    kind: Any
    cutter: PieceCutter
    longest: int


def read_causal(folder: Path) -> CausalFolder:
    """Read a folder's settings and tokenizer, and hold them against the shapes of its weights.

    Args:
        folder: Looked at by `checkpoint.check_files`.

    Raises:
        DataError: If its files do not belong together.
        UsageError: If it is no causal language model of texts.
    """
    be_quiet()
    config = load_config(folder)
    kind = _causal_class(folder, config)
    wrapped = fast_tokenizer(folder, config)
    network = skeleton(folder, config, kind, whole=True)
    tables = [part for name, part in network.named_modules() if POSITIONS.search(name)]
    tables = [part for part in tables if getattr(part, "weight", None) is not None]
    rows = int(network.get_input_embeddings().weight.shape[0])
    check_vocabulary(folder, wrapped, rows)
    tokenizer = wrapped.backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    template = partial(_rendered, folder, wrapped) if wrapped.chat_template else None
    # What fills up is never looked at, so any piece will do.
    pad = padding_piece(wrapped, config, tables, rows) or 0
    cutter = PieceCutter(
        tokenizer=tokenizer,
        pad=pad,
        begin=wrapped.bos_token_id,
        end=wrapped.eos_token_id,
        template=template,
    )
    longest = longest_text(folder, config, tables)
    return CausalFolder(config=config, kind=kind, cutter=cutter, longest=longest)


def _causal_class(folder: Path, config: Any) -> Any:
    """The class of transformers that reads a folder and says each piece from those before it."""
    import transformers as hf

    kind = type(config)
    why = ""
    if config.is_encoder_decoder or kind().is_encoder_decoder:
        why = "an encoder-decoder"
    elif kind not in hf.MODEL_FOR_CAUSAL_LM_MAPPING:
        why = "transformers has no causal language model of it"
    elif config.get_text_config() is not config:
        why = "it reads more than texts"
    elif config.model_type in _BOTH_SIDES or kind in hf.MODEL_FOR_MASKED_LM_MAPPING:
        # As a decoder such a type is told so by its own settings.
        is_told = read_json(folder / "config.json").get("is_decoder")
        why = "" if is_told else "it looks at the pieces on both sides of the one it says"
    if why:
        raise UsageError(f"{folder} is of type {config.model_type}: {why}; {_REMEDY}")
    found = hf.MODEL_FOR_CAUSAL_LM_MAPPING[kind]
    return found[0] if isinstance(found, tuple) else found


def _rendered(folder: Path, wrapped: Any, turns: Turns, answers: bool) -> str:
    """Turns by the tokenizer's own chat template.

    Raises:
        UsageError: If the template does not take them.
    """
    from jinja2 import TemplateError

    try:
        text: str = wrapped.apply_chat_template(
            [dict(one) for one in turns], add_generation_prompt=answers, tokenize=False
        )
    except TemplateError as error:
        roles = ", ".join(one["role"] for one in turns)
        raise UsageError(
            f"{folder}: its chat template does not take turns of {roles}: {in_one_line(error)}; leave those "
            "turns out of the data, or use a model whose template takes them"
        ) from error
    return text


def check_template(folder: Path, dataset: Dataset, cutter: PieceCutter) -> None:
    """Refuse conversations that a model's chat template does not take, by one of each order of roles.

    Raises:
        UsageError: If it takes some of them not, or there is none.
    """
    if cutter.template is None:
        raise UsageError(
            f"{folder}: its tokenizer has no chat template, by which conversations become text; use a model "
            "that was tuned for instructions, or give texts by --prompt-column and --response-column"
        )
    orders: dict[tuple[str, ...], Turns] = {}
    for split in dataset.splits.values():
        for one in split.inputs:
            turns = turns_of(one.as_py())
            orders.setdefault(tuple(turn["role"] for turn in turns), turns)
    for each in orders.values():
        conversation_text(each, cutter.template)
