"""Which learner and weights a model's name means, and the content that names them in keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from trainables.data.hub import why_not
from trainables.errors import AbsentError, DataError, UnreachedError
from trainables.learners.causal_folder import read_causal
from trainables.learners.checkpoint import (
    READ,
    check_files,
    classifies_images,
    content_of,
    last_written,
    weights_size,
)
from trainables.learners.encoder import read_encoder
from trainables.learners.image_checkpoint import read_image_checkpoint
from trainables.spec import VECTORS

# Models from random weights, named as the learner that trains them.
BUILT_IN = ("tiny", "linear", "image", "causal_lm")
# Learners that are asked for by their name and a colon before a folder or hub id.
PREFIXES = ("linear:", "causal_lm:")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model as a spec names it.

    Attributes:
        learner: Row of LEARNERS.
        name: What loads it: a built-in, hub id@commit or folder, with linear: before it for a
            head on frozen embeddings and causal_lm: for a language model.
        sha: Its content.
        longest: Word pieces its position table is made for; 0 where there is no such limit.
        vocabulary: Different word pieces of a language model that comes in files, else 0.
        size: Bytes of the weights that are trained, as its files hold them; 0 where built in.
    """

    learner: str
    name: str
    sha: str
    longest: int = 0
    vocabulary: int = 0
    size: int = 0

    @property
    def reads_vectors(self) -> bool:
        """Whether it is trained on embeddings that come with the data, where there are any."""
        return self.name in ("linear", VECTORS)


def named_model(name: str) -> Model:
    """A model by its name alone, which is looked for nowhere."""
    return Model(
        learner=name if name in BUILT_IN else learner_of(name) or "text", name=name, sha=name
    )


def learner_of(name: str) -> str:
    """The learner that a prefix in a model's name asks for, empty where there is none."""
    return next((prefix[:-1] for prefix in PREFIXES if name.startswith(prefix)), "")


def without_prefix(name: str) -> str:
    """The folder or hub id in a model's name."""
    return name[len(learner_of(name)) + 1 :] if learner_of(name) else name


def revision_of(name: str) -> tuple[str, str | None]:
    """The hub id or folder in a model's name, and the revision behind its @ if it has one."""
    plain = without_prefix(name)
    if Path(plain).is_absolute():
        return plain, None
    hub_id, _, revision = plain.partition("@")
    return hub_id, revision or None


def find_model(name: str) -> Model:
    """Find a model by name, and look at its files: whatever is wrong with them comes up here.

    Args:
        name: A row of BUILT_IN, a folder, a Hugging Face hub id (with @revision if wanted), or one of
            PREFIXES and one of the latter two.

    Raises:
        AbsentError: If it is no folder here and the hub does not give it.
        UnsafeError: If it brings code of its own.
        DataError: If its files are missing, torn or of different models.
        UsageError: If it reads neither texts nor images.
    """
    return fitted(locate_model(name))


def locate_model(name: str) -> Model:
    """The first half of `find_model`, which imports no torch: whether the files are there and whole."""
    if name in BUILT_IN:
        return Model(learner=name, name=name, sha=name)
    asked, plain = learner_of(name), without_prefix(name)
    folder = Path(plain).expanduser()
    if folder.is_dir():
        folder = folder.resolve()
        found = str(folder)
    else:
        folder, found = _snapshot(name)
    check_files(folder)
    whole = "image" if classifies_images(folder) else "text"
    return Model(
        learner=asked or whole,
        name=f"{asked}:{found}" if asked else found,
        sha=content_of(folder),
        size=0 if asked == "linear" else weights_size(folder),
    )


def fitted(model: Model) -> Model:
    """The second half: whether its files belong together and read texts or images, and how long ones."""
    if model.name in (*BUILT_IN, VECTORS):
        return model
    with opened(model.name, model.sha) as folder:
        if model.learner == "causal_lm":
            found = read_causal(folder)
            vocabulary = int(found.config.vocab_size)
            return replace(model, longest=found.longest, vocabulary=vocabulary)
        if model.learner == "image":
            read_image_checkpoint(folder)
            return model
        longest = read_encoder(folder, has_head=model.learner == "text").longest
    return replace(model, longest=longest)


@contextmanager
def opened(name: str, sha: str) -> Iterator[Path]:
    """The folder of a found model, while it is read: what is loaded is what the plan has named.

    Args:
        name: As `Model.name` has it.
        sha: Its content then.

    Raises:
        AbsentError: If it is not on this machine and the hub does not give it.
        DataError: If its content is another before it is read, or afterwards.
    """
    folder = _folder_of(name)
    _check_content(folder, sha)
    yield folder
    _check_content(folder, sha)


def _check_content(folder: Path, sha: str) -> None:
    if (found := content_of(folder)) != sha:
        raise DataError(
            f"model {folder} has changed since the sweep was planned (content {sha[:12]} then, {found[:12]} "
            f"now; {last_written(folder).name} was written last); give the same command again to plan with what is there, and write to "
            "another folder while a sweep reads this one"
        )


@lru_cache(maxsize=16)
def _folder_of(name: str) -> Path:
    encoder, revision = revision_of(name)
    if revision is not None:
        return _snapshot(name)[0]
    if not Path(encoder).is_dir():
        raise AbsentError(
            f"model {encoder} is no folder on this machine; put it there, or into a folder that "
            "all machines share"
        )
    return Path(encoder)


def _snapshot(name: str) -> tuple[Path, str]:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    hub_id, revision = revision_of(name)
    encoder = without_prefix(name)
    try:
        # Those of the top alone: subfolders hold the same model for other programs.
        folder = Path(
            snapshot_download(
                hub_id, revision=revision, allow_patterns=list(READ), ignore_patterns=["*/*"]
            )
        )
    except Exception as error:  # the hub raises a family of its own, requests' and OS errors
        here = "causal_lm" if learner_of(name) == "causal_lm" else "tiny, or linear"
        remedy = f"give --model a folder with config.json and model.safetensors, or {here}"
        if isinstance(error, LocalEntryNotFoundError) and (why := why_not()):
            raise UnreachedError(
                f"model {encoder} is no folder here, {why}, and no copy of it is here; {remedy}"
            ) from error
        raise AbsentError(
            f"model {encoder!r} is no folder here and the Hugging Face hub does not give it "
            f"({type(error).__name__}); {remedy}"
        ) from error
    return folder, f"{hub_id}@{folder.name}"
