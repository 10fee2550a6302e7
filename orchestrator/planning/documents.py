"""What a plan says of the rows of a language model: what is cut, what is scored, and what a step holds."""

from collections.abc import Iterable, Iterator, Mapping

from trainables.data.dataset import Dataset
from trainables.environment import memory_bytes
from trainables.errors import UsageError
from trainables.learners import LEARNERS
from trainables.learners.document_looks import DocumentsLook
from trainables.learners.pretrained import Model
from trainables.training_settings import Training
from trainables.written_numbers import many

Looks = Mapping[str, Mapping[str, DocumentsLook]]
# Of a step's logits there are the numbers themselves and their gradients, of four bytes each.
_BYTES, _COPIES = 4, 2
# Of a machine's memory, above which logits are told: the network, its states and Python want theirs.
_TOLD_FROM = 0.5


def check_documents(model: Model, datasets: Iterable[Dataset], max_length: int) -> Looks:
    """Refuse data of which cutting at a length leaves a language model nothing to predict.

    Args:
        model: That has been found; of a classifier nothing is looked at.
        datasets: What it is trained on.
        max_length: Word pieces that are kept of a row.

    Returns:
        What was seen of each split, by the data set's content hash.

    Raises:
        UsageError: If a split has no scored piece left, or the model takes no conversations.
    """
    if LEARNERS[model.learner].learns_classes:
        return {}
    from trainables.learners.causal_lm import look_at_documents

    found = {}
    for dataset in datasets:
        looks = look_at_documents(model, dataset, max_length)
        for split, look in looks.items():
            if look.unscored == look.rows:
                raise UsageError(
                    f"{dataset.name}: cut at {max_length} word pieces, no row of {split} keeps a piece to predict; "
                    f"half of its rows have {look.median_pieces:,.0f} or more: raise --max-length"
                )
        found[dataset.sha] = looks
    return found


def documents_notes(
    looks: Looks, datasets: Mapping[str, Dataset], max_length: int
) -> Iterator[str]:
    """Sentences on the rows of language models.

    Args:
        looks: As `check_documents` gives them.
        datasets: By content hash.
        max_length: Word pieces that are kept of a row.
    """
    for sha, splits in looks.items():
        name, train = datasets[sha].name, splits["train"]
        scored = "" if train.scored_share > 0.9 else f", {train.scored_share:.0%} of them predicted"
        yield (
            f"{name}: half of the rows have {train.median_pieces:,.0f} word pieces or more{scored}; rows are not packed: "
            "each is read by itself"
        )
        for split, look in splits.items():
            of = f"{look.rows:,} {split} rows" + " looked at" * (look.rows < look.of)
            if look.cut:
                yield (
                    f"{name}: {look.cut:,} of {of} {'has' if look.cut == 1 else 'have'} more than {max_length} word pieces; what comes after is "
                    "neither read nor predicted: --max-length reads more"
                )
            if look.last_only:
                yield (
                    f"{name}: of {look.last_only:,} of {of} the last answer alone is predicted, as the chat template writes "
                    "earlier ones otherwise once others follow, or the assistant begins; to learn from all, give each answer a row of its own"
                )
            if look.unscored:
                yield (
                    f"{name}: {look.unscored:,} of {of} {'has' if look.unscored == 1 else 'have'} no piece left to predict, so "
                    + (
                        "nothing is learned from them"
                        if split == "train"
                        else "they count for nothing"
                    )
                )


def memory_notes(model: Model, training: Training, *, gpu: bool, is_local: bool) -> Iterator[str]:
    """That what a step of a language model holds may not fit into memory, if so.

    Args:
        model: That has been found.
        training: Its batch size and length.
        gpu: Whether trials compute on an accelerator.
        is_local: Whether they run on this machine, whose memory is known.
    """
    logits = _BYTES * model.vocabulary * training.batch_size * training.max_length
    there = memory_bytes(gpu=gpu) if is_local and model.vocabulary else 0
    if there and _COPIES * logits > _TOLD_FROM * there:
        yield (
            f"{model.name}: the logits of a step take up to {logits / 2**30:.1f} GiB ({many(training.batch_size, 'row')} of "
            f"{training.max_length} pieces, {model.vocabulary:,} numbers each) and their gradients as much again, and "
            f"{'the device' if gpu else 'this machine'} has {there / 2**30:.0f} GiB: a smaller --batch-size or --max-length "
            "takes less"
        )
