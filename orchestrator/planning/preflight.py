"""What is refused before anything is scheduled, because it could only fail later."""

from collections.abc import Iterable, Mapping, Sequence

from orchestrator.planning.grids import GRIDS
from orchestrator.planning.row_counts import check_neighbours, check_rates, check_rows
from orchestrator.planning.scorers import (
    NOUNS,
    check_scorable,
    check_vectors_read,
    remedy_of_inputs,
)
from orchestrator.planning.seeds import once_a_seed
from trainables.data.dataset import Dataset
from trainables.errors import DataError, UnavailableError, UsageError
from trainables.learners import LEARNERS
from trainables.learners.pixels import look_at_images
from trainables.learners.pretrained import Model
from trainables.learners.tokens import PiecesLook, even_rows, look_at_pieces
from trainables.selection.lookup import resolve
from trainables.spec import TrialSpec
from trainables.training.schedule import warm_steps

# Training texts that a tokenizer is tried on, and the share of its pieces that may be unknown: with more
# than every other one unknown, texts differ by chance.
_SAMPLE = 1_000
_MOST_UNKNOWN = 0.5


class NoGpuError(UnavailableError):
    """What was asked for needs an accelerator."""


def check_gpu(grid: str, gpus: float) -> None:
    """Refuse a grid made for accelerators where there is none.

    Args:
        grid: Row of GRIDS, or empty.
        gpus: That a trial would have.

    Raises:
        NoGpuError: If that is none.
    """
    if grid in GRIDS and GRIDS[grid].needs_gpu and not gpus:
        raise NoGpuError(
            f"no GPU found, and --grid {grid} would take days without one; try --grid demo, "
            "--address auto to use a Ray cluster, or --gpus-per-trial 0 to mean it. Check with: "
            "prune-envelope doctor"
        )


def check_trials(
    specs: Sequence[TrialSpec],
    model: Model,
    datasets: Mapping[str, Dataset],
    score_model: Model | None = None,
) -> None:
    """Refuse trials that could only fail, or say nothing, after hours.

    Args:
        specs: All there could be.
        model: What is trained.
        datasets: By content hash.
        score_model: What scores their rows, where that is another.

    Raises:
        UsageError: If there is one; the message says what to give instead.
    """
    specs = once_a_seed(specs)
    sizes = {sha: len(dataset.train) for sha, dataset in datasets.items()}
    check_rates(specs, sizes, {sha: len(one.class_names) for sha, one in datasets.items()})
    check_lengths(specs, model, sizes)
    if score_model:
        check_lengths([spec.twin for spec in specs if spec.scorer], score_model, sizes)
    check_probes(specs, sizes)
    check_neighbours(specs, sizes)
    check_rows(specs, sizes)
    check_targets(specs, datasets)
    check_texts(specs, datasets)


def check_lengths(specs: Sequence[TrialSpec], model: Model, sizes: Mapping[str, int]) -> None:
    """Refuse what could only fail after the data are cut and the full runs begun.

    Raises:
        UsageError: If a warm-up leaves no step, or texts are longer than the model can read.
    """
    for spec in specs:
        training = spec.training
        if 0 < model.longest < training.max_length:
            raise UsageError(
                f"max_length is {training.max_length}, but {model.name} reads at most "
                f"{model.longest} word pieces; use --max-length {model.longest} or less"
            )
        if spec.warmup:
            steps = -(-sizes[spec.data_sha] // training.batch_size) * training.epochs
            warm_steps(spec.warmup, steps, goes_on=spec.protocol == "continue")
            if not spec.scorer:  # of whose run it is a share
                _check_a_step(spec, steps)


def _check_a_step(spec: TrialSpec, steps: int) -> None:
    if round(spec.warmup * steps, 6) < 1:
        least = -(-(10**6) // steps) / 10**6
        of = "only step" if steps == 1 else f"{steps:,} steps"
        remedy = (
            f"give {least:g} (1 step) or more"
            if steps > 1
            else "raise --epochs or lower --batch-size"
        )
        raise UsageError(
            f"a warm-up of {spec.warmup:g} is {spec.warmup * steps:.2g} of the {of} of a run on "
            f"{spec.dataset}; {remedy}"
        )


def check_inputs(
    model: Model,
    datasets: Iterable[Dataset],
    score_model: Model | None = None,
    *,
    learns: bool = True,
) -> None:
    """Refuse data that the model does not read, such as images where it reads text.

    Args:
        model: What is trained.
        datasets: What it is trained on.
        score_model: What scores their rows, where that is another.
        learns: Whether it learns their classes; else it only embeds them.

    Raises:
        UsageError: If there are such, or they have no classes.
    """
    reads = LEARNERS[model.learner].reads
    for dataset in datasets:
        if score_model:
            check_scorable(score_model, dataset)
        _check_language(model, dataset, learns=learns)
        if learns and LEARNERS[model.learner].learns_classes and not dataset.class_names:
            raise UsageError(
                f"{dataset.name} has no classes, and {model.name} learns classes: name them with "
                "--label-column"
            )
        if model.reads_vectors and dataset.has_vectors:
            continue
        if dataset.kind not in reads:
            raise UsageError(
                f"{dataset.name} holds {NOUNS[dataset.kind]}, and {model.name} reads "
                f"{' or '.join(NOUNS[kind] for kind in reads)}; {remedy_of_inputs(dataset)}"
            )
        check_vectors_read(model, score_model, dataset)


def _check_language(model: Model, dataset: Dataset, *, learns: bool) -> None:
    """Refuse conversations, and responses to learn, where the model is none of language."""
    told = {"messages": "conversations", "text": "prompts with their responses"}.get(dataset.kind)
    is_answered = learns and dataset.train.first is not None and not dataset.class_names
    if (dataset.kind == "messages" or is_answered) and "messages" not in LEARNERS[
        model.learner
    ].reads:
        raise UsageError(
            f"{dataset.name} holds {told}, and {model.name} does not learn them; a language model does: --model "
            "causal_lm, or causal_lm:FOLDER"
        )


def check_pieces(
    model: Model, datasets: Iterable[Dataset], max_length: int
) -> dict[str, PiecesLook]:
    """Refuse a model whose tokenizer can make nothing of the texts, and torn images, by a sample of the rows.

    Args:
        model: That has been found.
        datasets: Of text or images; others are passed over.
        max_length: Word pieces that are kept of a text.

    Returns:
        What was seen of texts, by the data set's content hash.

    Raises:
        DataError: If more than half of all word pieces are unknown, all texts become the same, or an image
            that was looked at cannot be read.
    """
    looks = {}
    for dataset in datasets:
        if not LEARNERS[model.learner].learns_classes:  # `check_documents` looks at these
            continue
        if model.reads_vectors and dataset.has_vectors:
            continue
        if dataset.kind == "image":
            look_at_images(dataset)
        if dataset.kind != "text":
            continue
        texts = dataset.train.encodable(even_rows(len(dataset.train), _SAMPLE))
        look = look_at_pieces(model, texts, max_length)
        if look.unknown_share > _MOST_UNKNOWN:
            raise DataError(
                f"{dataset.name}: {look.unknown_share:.0%} of the word pieces of {look.texts:,} "
                f"training texts are unknown to the tokenizer of {model.name}; use a model of this "
                "language and script, or give the model its own tokenizer files"
            )
        if look.alike:
            raise DataError(
                f"{dataset.name}: the tokenizer of {model.name} makes the same word pieces of all "
                f"{look.texts:,} training texts that were looked at; use a model of this language and "
                "script, or give the model its own tokenizer files"
            )
        looks[dataset.sha] = look
    return looks


def check_probes(specs: Sequence[TrialSpec], sizes: Mapping[str, int]) -> None:
    """Refuse an approximate search through more clusters than there are, or than there are rows.

    Raises:
        UsageError: If one does.
    """
    for spec in specs:
        settings, n = dict(spec.settings), sizes[spec.data_sha]
        probes, clusters = int(settings.get("probes", 0)), int(settings.get("clusters", 0))
        if not 0 <= clusters <= n:
            raise UsageError(
                f"{spec.signal}: clusters is {clusters}; {spec.dataset} of {n:,} rows can have 1 to "
                f"{n:,}, or 0 for the root of that"
            )
        if clusters and not settings.get("probes", 1):
            raise UsageError(
                f"{spec.signal}: clusters={clusters} changes nothing in an exact search; leave it "
                "out, or add probes=N to look through the N nearest"
            )
        most = clusters or round(n**0.5)
        if "probes" in settings and not 0 <= probes <= most:
            raise UsageError(
                f"{spec.signal}: probes is {probes}, and {spec.dataset} of {n:,} rows has {most:,} "
                f"clusters; give 1 to {most:,}, or 0 for an exact search"
            )


def check_targets(specs: Sequence[TrialSpec], datasets: Mapping[str, Dataset]) -> None:
    """Refuse signals and selectors with a target where there is no validation split.

    Raises:
        UsageError: If there is none; the test set decides nothing.
    """
    for spec in specs:
        dataset = datasets[spec.data_sha]
        if spec.kind != "pruned" or dataset.validation is not None:
            continue
        if any(name.startswith("validation_") for name in resolve(spec).evidence):
            raise UsageError(
                f"{spec.signal} {spec.selector} aims at a validation split, and {dataset.name} has "
                "none; hold one out with --validation-fraction 0.1"
            )


def check_texts(specs: Sequence[TrialSpec], datasets: Mapping[str, Dataset]) -> None:
    """Refuse signals that read words where there are none.

    Raises:
        UsageError: If there is such a trial.
    """
    for spec in specs:
        kind = datasets[spec.data_sha].kind
        has_texts = kind in ("text", "messages")
        if spec.kind == "pruned" and not has_texts and "texts" in resolve(spec).evidence:
            raise UsageError(
                f"{spec.signal} reads words, and {spec.dataset} holds {NOUNS[kind]}: use another signal"
            )
