"""A model's folder: what its files say before any library has opened them, and what names it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainables.data.columns import excerpt
from trainables.data.unchanged import file_stamp
from trainables.errors import DataError, UnavailableError, UnsafeError, UsageError

# All that transformers reads of a folder, by kind and not by name: a list of names forgets one that
# decides tokens. Pickled weights and code are not among them.
READ = (
    "*.json", "*.safetensors", "*.txt", "*.model", "*.codes", "*.spm", "*.tiktoken", "*.bpe", "vocab*",
    "*.jinja", "additional_chat_templates/*",
)  # fmt: skip
# Weights that can run code as they are opened.
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack", ".npz")
# Where settings name another attention, transformers fetches its code from the hub.
_OF_ATTENTION = ("attn_implementation", "_attn_implementation")
_BUILT_IN_ATTENTION = (None, "eager", "sdpa", "flex_attention")
_TOKENIZERS = ("tokenizer.json", "vocab*", "*.model", "*.tiktoken", "tekken.json")
_TOKENIZER_CONFIG = "tokenizer_config.json"
_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
# How an image is brought to what the model was trained on.
PROCESSOR = "preprocessor_config.json"
_ADAPTER = "adapter_config.json"
_LFS = b"version https://git-lfs"


def content_of(folder: Path) -> str:
    """The sha256 of all files of a folder that a model is read from; its place does not count.

    Files are read once a process, and again where their size, time or number has changed.
    """
    return _digest(folder, tuple((path, file_stamp(path)) for path in _files(folder)))


def _files(folder: Path) -> list[Path]:
    found = {path for pattern in READ for path in folder.glob(pattern)}
    files = sorted(path for path in found if not path.is_dir())
    if others := [path for path in files if not path.is_file()]:
        raise DataError(
            f"{others[0]} is no regular file, or a link to none; put the model's own file there"
        )
    return files


def last_written(folder: Path) -> Path:
    """The file of a model that was written last."""
    return max(_files(folder), key=lambda path: path.stat().st_mtime_ns, default=folder)


@lru_cache(maxsize=16)
def _digest(folder: Path, files: tuple[tuple[Any, ...], ...]) -> str:
    digest = hashlib.sha256()
    for path, *_ in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()


def weights_size(folder: Path) -> int:
    """Bytes of the files that hold the weights."""
    return sum(path.stat().st_size for path in _weights(folder))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a model's folder.

    Raises:
        DataError: If the file is not there or holds no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            f"{path.parent} holds no {path.name}; give the folder that save_pretrained wrote"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON ({error}); fetch the model again") from error
    if not isinstance(content, dict):
        raise DataError(
            f"{path} holds a JSON {type(content).__name__}, not an object; fetch the model again"
        )
    return content


def check_files(folder: Path) -> None:
    """Look at a model's files, without importing what would open them.

    Raises:
        UnsafeError: If it brings code of its own.
        DataError: If files are missing or torn.
        UsageError: If what they hold cannot be trained.
        UnavailableError: If a library that its tokenizer needs is not installed.
    """
    for path in _files(folder):
        with path.open("rb") as file:
            if file.read(len(_LFS)) == _LFS:
                raise DataError(
                    f"{path} is a pointer of Git LFS in place of the file; run git lfs pull"
                )
    config = read_json(folder / "config.json")
    for check in (_check_code, _check_kind, _check_weights, _check_tokenizer):
        check(folder, config)


def _check_code(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuse settings that name code: of the model, of its tokenizer, and of what hands it images or sounds."""
    for path in sorted(folder.glob("*config*.json")):
        content = config if path.name == "config.json" else _settings_in(path)
        for entry, value in _entries(content):
            if entry == "auto_map" and value:
                raise UnsafeError(
                    f"{path} names code of its own (auto_map: {excerpt(value)}), "
                    "which is not run; use a model whose class comes with transformers"
                )
            if entry in _OF_ATTENTION and value not in _BUILT_IN_ATTENTION:
                raise UnsafeError(
                    f"{path} asks for code beside transformers' own ({entry}: {excerpt(value)}), which may be "
                    "fetched from the hub and is not run; take the entry out"
                )


def _settings_in(path: Path) -> object:
    """A JSON file of settings; nothing where it is torn and not read by us, either."""
    if path.name == _TOKENIZER_CONFIG:
        return read_json(path)
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None


def _entries(content: object) -> Iterator[tuple[str, Any]]:
    """All entries of settings, those inside others included."""
    left = [content]
    while left:
        inner = left.pop()
        if isinstance(inner, dict):
            yield from inner.items()
            left += inner.values()
        elif isinstance(inner, list):
            left += inner


def _check_kind(folder: Path, config: Mapping[str, Any]) -> None:
    if not isinstance(config.get("model_type"), str):
        raise DataError(
            f"{folder / 'config.json'}: model_type is {excerpt(config.get('model_type'))}; it must "
            "name a type that transformers knows, such as bert"
        )
    if config.get("quantization_config"):
        method = _method(config["quantization_config"])
        raise UsageError(
            f"{folder} holds quantised weights ({method}), which cannot be trained; use the model "
            "that they were made from"
        )
    if (folder / _ADAPTER).exists():
        raise UsageError(
            f"{folder} holds an adapter ({_ADAPTER}), not a whole model; merge it into its base "
            "(merge_and_unload of peft) and save that"
        )


def _method(quantised: object) -> str:
    method = quantised.get("quant_method") if isinstance(quantised, dict) else None
    return excerpt(method or "quantization_config")


def _check_weights(folder: Path, config: Mapping[str, Any]) -> None:
    there = any((folder / name).exists() for name in (_WEIGHTS, _INDEX))
    pickled = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in _PICKLED)
    if pickled and not there:
        raise UnsafeError(
            f"{folder} holds its weights as {excerpt(pickled[0])}, which can run code and is never opened; "
            f"convert them to {_WEIGHTS}"
        )
    if not any(folder.glob("*.safetensors")):
        raise DataError(f"{folder} holds no *.safetensors; save the model's weights there")
    if config.get("transformers_weights"):
        raise DataError(
            f"{folder / 'config.json'} takes its weights from "
            f"{excerpt(config['transformers_weights'])} (transformers_weights); name that file "
            f"{_WEIGHTS} and take the entry out"
        )
    for path in _weights(folder):
        if not path.exists():
            raise DataError(
                f"{folder} holds no {path.name}, which {_INDEX} names; fetch the model again"
            )
    # Opening a file checks its header against its length.
    tensor_shapes(folder)


def _weights(folder: Path) -> list[Path]:
    """The files that transformers takes the weights from: the one file, or the shards of an index.

    Raises:
        DataError: If neither is there.
    """
    if (folder / _WEIGHTS).exists():
        return [folder / _WEIGHTS]
    if not (folder / _INDEX).exists():
        others = sorted(path.name for path in folder.glob("*.safetensors"))
        raise DataError(
            f"{folder} holds {excerpt(', '.join(others))} and neither {_WEIGHTS} nor {_INDEX}; "
            "weights are read from those alone, so rename the file or fetch the index"
        )
    shards = read_json(folder / _INDEX).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise DataError(f"{folder / _INDEX} has no weight_map; fetch the model again")
    names = sorted({str(name) for name in shards.values()})
    if outside := [name for name in names if Path(name).name != name]:
        raise UnsafeError(
            f"{folder / _INDEX} names {excerpt(outside[0])}, a file outside its folder; fetch the "
            "model again"
        )
    return [folder / name for name in names]


def tensor_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of the weights, from the files' headers alone.

    Raises:
        DataError: If a file's header is broken, or promises more than the file holds.
    """
    from safetensors import SafetensorError, safe_open

    shapes: dict[str, tuple[int, ...]] = {}
    for path in _weights(folder):
        try:
            with safe_open(path, framework="np") as file:
                names = file.keys()
                shapes |= {name: tuple(file.get_slice(name).get_shape()) for name in names}
        except (SafetensorError, OSError) as error:
            raise DataError(
                f"{path} is torn or no safetensors file ({error}; {path.stat().st_size:,} bytes); "
                "fetch it again"
            ) from error
    return shapes


def classifies_images(folder: Path) -> bool:
    """Whether a model was saved as a classifier of images, or with settings for images and no tokenizer."""
    named = read_json(folder / "config.json").get("architectures")
    if isinstance(named, list) and any(
        isinstance(one, str) and one.endswith("ForImageClassification") for one in named
    ):
        return True
    return (folder / PROCESSOR).is_file() and not any(_tokenizer_files(folder))


def _check_tokenizer(folder: Path, config: Mapping[str, Any]) -> None:
    if classifies_images(folder):
        return
    found = list(_tokenizer_files(folder))
    if not found:
        # Without one an empty vocabulary is made up, and the model sees unknown words alone.
        raise DataError(
            f"{folder} holds no tokenizer (tokenizer.json, vocab.txt or *.model); save it beside the "
            "weights, such as by tokenizer.save_pretrained, or copy those files from its source"
        )
    lacking = [name for name in ("sentencepiece", "google.protobuf") if not _is_installed(name)]
    if lacking and all(path.suffix == ".model" for path in found):
        raise UnavailableError(
            f"{folder} holds its tokenizer as {found[0].name} alone; to read it, "
            "pip install sentencepiece protobuf"
        )


def _tokenizer_files(folder: Path) -> Iterator[Path]:
    found = (path for pattern in _TOKENIZERS for path in sorted(folder.glob(pattern)))
    return (path for path in found if path.is_file())


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package it lies in
        return False
