"""What transformers makes of a model's folder: its settings, word pieces and length, and whether they fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainables.data.columns import excerpt
from trainables.errors import DataError, UsageError
from trainables.learners.checkpoint import read_json, tensor_shapes
from trainables.learners.model_config import (
    POSITIONS,
    be_quiet,
    in_one_line,
    load_config,
    network_class,
    unfit_model,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Left random in many a checkpoint, and drawn from the seed as the head is, or not used at all.
_MAY_LACK = ("pooler", "contact_head")


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A pretrained encoder as its folder describes it; no weights.

    Attributes:
        tokenizer: Its fast tokenizer, which neither cuts nor pads.
        pad: The piece that fills up.
        unknown: The piece of what the tokenizer has no piece for, or None if it has one for all.
        longest: Word pieces that it can read; 0 where there is no limit.
    """

    tokenizer: "Tokenizer"
    pad: int
    unknown: int | None
    longest: int


def read_encoder(folder: Path, *, has_head: bool) -> Encoder:
    """Read a folder's settings and tokenizer, and hold them against the shapes of its weights.

    Args:
        folder: Looked at by `checkpoint.check_files`.
        has_head: Whether a classifier is trained, or its encoder alone is used.

    Raises:
        DataError: If its files do not belong together.
        UsageError: If it is no encoder of texts.
    """
    be_quiet()
    config = load_config(folder)
    kind = network_class(folder, config, has_head=has_head)
    wrapped = fast_tokenizer(folder, config)
    network = skeleton(folder, config, kind)
    if "attention_mask" not in signature(network.forward).parameters:
        raise unfit_model(
            folder, config, "it has no attention mask, so it would read padding as text"
        )
    tables = [part for name, part in network.named_modules() if POSITIONS.search(name)]
    tables = [part for part in tables if getattr(part, "weight", None) is not None]
    rows = int(network.get_input_embeddings().weight.shape[0])
    pad = padding_piece(wrapped, config, tables, rows)
    if pad is None:
        raise UsageError(
            f"{folder}: its tokenizer has no padding piece and no end piece to take for one; add one "
            "(tokenizer.pad_token = ..., resize_token_embeddings, save both)"
        )
    tokenizer: Tokenizer = wrapped.backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    check_vocabulary(folder, wrapped, rows)
    return Encoder(
        tokenizer=tokenizer,
        pad=pad,
        unknown=wrapped.unk_token_id,
        longest=longest_text(folder, config, tables),
    )


def fast_tokenizer(folder: Path, config: Any) -> Any:
    """A folder's fast tokenizer, as transformers wraps it."""
    from transformers import AutoTokenizer

    try:
        wrapped = AutoTokenizer.from_pretrained(
            folder, config=config, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # each tokenizer reads its own files, with errors of its own
        raise DataError(
            f"{folder}: its tokenizer cannot be read: {in_one_line(error)}; fetch its files again, or "
            "save them by tokenizer.save_pretrained"
        ) from error
    if not wrapped.is_fast:
        raise UsageError(
            f"{folder}: its tokenizer, {type(wrapped).__name__}, has no fast version; use a model "
            "with a tokenizer.json"
        )
    if not set(wrapped.get_vocab()) - set(wrapped.all_special_tokens):
        files = excerpt(", ".join(type(wrapped).vocab_files_names.values()))
        raise DataError(
            f"{folder}: its tokenizer, {type(wrapped).__name__}, knows no word piece; it reads "
            f"{files}: copy those from the model's source"
        )
    return wrapped


def skeleton(folder: Path, config: Any, kind: Any, *, whole: bool = False) -> Any:
    """The network as it will be loaded, of tensors that have the weights' shapes and no content.

    Args:
        folder: The model's.
        config: Its settings.
        kind: The class of transformers that reads it.
        whole: Whether its head is trained on, too, and not drawn anew.

    Raises:
        DataError: If config.json asks for other tensors than the weights hold.
    """
    import torch

    # One number seen as a whole tensor: transformers goes its own way, and nothing is read.
    state = {
        name: torch.zeros(1).expand(shape) if shape else torch.zeros(())
        for name, shape in tensor_shapes(folder).items()
    }
    try:
        with torch.random.fork_rng():
            network, told = kind.from_pretrained(
                None, config=config, state_dict=state, output_loading_info=True,
                ignore_mismatched_sizes=True, dtype="float32",
            )  # fmt: skip
    except Exception as error:  # each type of model is built by code of its own
        raise DataError(
            f"{folder}: transformers cannot build a {kind.__name__} of it: {in_one_line(error)}"
        ) from error
    # Without a head the network is the encoder itself.
    has_head = hasattr(network, network.base_model_prefix)
    inside = f"{network.base_model_prefix}." if has_head and not whole else ""
    trained = {name for name, _ in network.named_parameters()}
    _check_tensors(folder, told, inside, trained)
    return network


def _check_tensors(folder: Path, told: Mapping[str, Any], inside: str, trained: set[str]) -> None:
    """Refuse weights that lack what config.json asks for: it would be drawn at random, unsaid.

    Args:
        folder: The model's.
        told: What transformers says of loading it.
        inside: How names of the encoder's tensors begin; those of the head are drawn anew anyway.
        trained: Names of the network's parameters.
    """
    for name, found, asked in sorted(told["mismatched_keys"]):
        if name.startswith(inside):
            raise DataError(
                f"{folder}: config.json asks for a {name} of {list(asked)}, the weights hold "
                f"{list(found)}; config.json and weights must be of one model"
            )
    lacking = sorted(
        name
        for name in told["missing_keys"] & trained
        if name.startswith(inside) and not any(part in name for part in _MAY_LACK)
    )
    if lacking:
        raise DataError(
            f"{folder}: its weights lack {len(lacking):,} of the encoder's {len(trained):,} tensors "
            f"that config.json asks for, such as {lacking[0]}; fetch the model again"
        )


def padding_piece(wrapped: Any, config: Any, tables: list[Any], rows: int) -> int | None:
    """The piece that fills up: what positions are counted from, the tokenizer's own, or its end piece.

    An end piece will do: masks tell what is padding, and a decoder's head reads the last other piece.
    """
    counted = [getattr(table, "padding_idx", None) for table in tables]
    stated = getattr(config.get_text_config(), "pad_token_id", None)
    choices = [*counted, wrapped.pad_token_id, stated, wrapped.eos_token_id]
    return next((c for c in choices if isinstance(c, int) and 0 <= c < rows), None)


def check_vocabulary(folder: Path, wrapped: Any, rows: int) -> None:
    """Refuse a tokenizer that numbers more pieces than the embedding has rows."""
    # Some types add these two where a tokenizer has none; no text is made of them.
    idle = {wrapped.pad_token, wrapped.mask_token}
    beyond = {name: n for name, n in wrapped.get_vocab().items() if n >= rows and name not in idle}
    if beyond:
        name = max(beyond, key=lambda name: beyond[name])
        raise DataError(
            f"{folder}: its tokenizer numbers pieces up to {beyond[name]:,} ({excerpt(name)}), but "
            f"the weights' embedding has {rows:,} rows, 0 to {rows - 1:,}; use the tokenizer that "
            "it was trained with"
        )


def longest_text(folder: Path, config: Any, tables: list[Any]) -> int:
    """Word pieces that a text may have: what config.json states, and what its positions have rows for."""
    raw, inner = read_json(folder / "config.json"), config.get_text_config()
    stated = 0
    for name in ("max_position_embeddings", "max_seq_len"):
        if raw.get(inner.attribute_map.get(name, name), 0) is not None:
            stated = stated or getattr(inner, name, None) or 0
    limits = [stated] if stated else []
    for table in tables:
        # Where padding has a position of its own, as in RoBERTa, the first piece's comes behind it.
        behind = getattr(table, "padding_idx", None)
        skipped = getattr(table, "offset", 0) if behind is None else behind + 1
        limits.append(int(table.weight.shape[0]) - skipped)
    return min(limits, default=0)
