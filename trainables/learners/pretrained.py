"""Which learner and weights a model's name means, and the content that names them in keys."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from trainables.errors import AbsentError, DataError

# Files of a model folder that decide what it computes.
_FILES = ("config.json", "*.safetensors", "tokenizer*.json", "vocab*", "merges.txt", "*.model")
_TOKENIZERS = ("tokenizer.json", "vocab*", "*.model")
_BUILT_IN = ("tiny", "linear")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model as a spec names it.

    Attributes:
        learner: Row of LEARNERS.
        name: What loads it: a built-in, hub id@commit or folder, with linear: before it for a
            head on frozen embeddings.
        sha: Its content.
        longest: Word pieces its position table is made for; 0 where there is no such limit.
        size: Bytes of the weights that are trained, as its files hold them; 0 where built in.
    """

    learner: str
    name: str
    sha: str
    longest: int = 0
    size: int = 0


def revision_of(name: str) -> tuple[str, str | None]:
    """The hub id or folder in a model's name, and the revision behind its @ if it has one."""
    plain = name.removeprefix("linear:")
    if Path(plain).is_absolute():
        return plain, None
    hub_id, _, revision = plain.partition("@")
    return hub_id, revision or None


def find_model(name: str) -> Model:
    """Find a model by name.

    Args:
        name: "tiny", "linear", a folder, a Hugging Face hub id (with @revision if wanted), or
            "linear:" and one of the latter two.

    Raises:
        AbsentError: If it is no folder here and the hub does not give it.
        DataError: If it has no safetensors weights, as others can carry code, or no tokenizer.
    """
    if name in _BUILT_IN:
        return Model(learner=name, name=name, sha=name)
    learner = "linear" if name.startswith("linear:") else "text"
    encoder = name.removeprefix("linear:")
    folder = Path(encoder).expanduser()
    if folder.is_dir():
        found = str(folder.resolve())
    else:
        folder, found = _snapshot(encoder)
    prefix = "linear:" if learner == "linear" else ""
    trained = [] if prefix else list(folder.glob("*.safetensors"))
    return Model(
        learner=learner,
        name=prefix + found,
        sha=_content(folder),
        longest=_longest(folder),
        size=sum(path.stat().st_size for path in trained),
    )


def _snapshot(encoder: str) -> tuple[Path, str]:
    from huggingface_hub import snapshot_download

    hub_id, revision = revision_of(encoder)
    try:
        folder = Path(snapshot_download(hub_id, revision=revision, allow_patterns=list(_FILES)))
    except Exception as error:  # the hub raises a family of its own, requests' and OS errors
        raise AbsentError(
            f"model {encoder!r} is no folder here and the Hugging Face hub does not give it "
            f"({type(error).__name__}); give --model a folder with config.json and "
            "model.safetensors, or tiny, or linear"
        ) from error
    return folder, f"{hub_id}@{folder.name}"


def _longest(folder: Path) -> int:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is not JSON ({error}); fetch the model again") from error
    # RoBERTa's first position comes after its padding piece's number.
    behind = config.get("pad_token_id", 1) + 1 if "roberta" in config.get("model_type", "") else 0
    return max(0, int(config.get("max_position_embeddings", 0)) - behind)


def _content(folder: Path) -> str:
    files = sorted({path for pattern in _FILES for path in folder.glob(pattern)})
    if not any(path.suffix == ".safetensors" for path in files):
        raise DataError(
            f"{folder} holds no *.safetensors; convert the weights, "
            "pickled ones can run code and are not read"
        )
    if not any(path.match(pattern) for path in files for pattern in _TOKENIZERS):
        # Without one an empty vocabulary is made up, and the model sees unknown words alone.
        raise DataError(
            f"{folder} holds no tokenizer (tokenizer.json, vocab.txt or *.model); save it beside the "
            "weights, such as by tokenizer.save_pretrained, or copy those files from its source"
        )
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name} {content}\n".encode())
    return digest.hexdigest()
