"""The shapes of sweeps over data of one's own, and which model such a sweep trains."""

from orchestrator.planning.grids import KEEP_ONE, REDUNDANCY, WITHIN_CLASS, Arm, Grid, GridBlock
from orchestrator.planning.seeds import first_seeds
from trainables.errors import UsageError
from trainables.learners import LEARNERS
from trainables.learners.pretrained import BUILT_IN, learner_of, named_model

# The learner of texts themselves.
LANGUAGE = "causal_lm"
OWN = Grid(
    about="Your data: three rates, three signals, 5 seeds; trained afresh on what is left.",
    model="distilbert/distilbert-base-uncased",
    seeds=first_seeds(5),
    blocks=(
        GridBlock(
            datasets=(),
            warmups=(),
            rates=(0.1, 0.2, 0.3),
            arms=(REDUNDANCY, WITHIN_CLASS, KEEP_ONE),
        ),
    ),
)
# Without classes: copies go, then what is said of the loss, from either end, as studies of pretraining
# disagree on which is worth more (Marion et al., "When less is more", 2023), and rows with least to learn.
_OWN_TEXTS = (
    KEEP_ONE,
    Arm(signal="perplexity"),
    Arm(signal="perplexity", prune="high"),
    Arm(signal="length"),
)


def learns_classes(learner: str) -> bool:
    """Whether a learner learns the classes of rows; of a trainer of the user's own that is its own affair."""
    return learner not in LEARNERS or LEARNERS[learner].learns_classes


def metric_of_learner(learner: str) -> str:
    """What a learner's trials are judged by unless asked otherwise; empty for what any are."""
    return LEARNERS[learner].metric if learner in LEARNERS else ""


def usual_arms(grid: Grid, learner: str) -> tuple[Arm, ...]:
    """What is compared where no signal was named; empty for what the grid says."""
    return _OWN_TEXTS if grid is OWN and not learns_classes(learner) else ()


def check_without_classes(model: str, label: str, *, flip_labels: float, imbalance: float) -> None:
    """Refuse what is of classes where a model learns none.

    Raises:
        UsageError: If something is.
    """
    flags = {
        f"--label-column {label}": bool(label),
        f"--flip-labels {flip_labels:g}": flip_labels > 0,
        f"--imbalance {imbalance:g}": imbalance > 1,
    }
    if given := [flag for flag, is_given in flags.items() if is_given]:
        raise UsageError(
            f"{given[0]} is of classes, and {model} is a language model, which learns the texts and no classes: "
            "leave it out"
        )


def here_instead(name: str) -> str:
    """A built-in model for the same data as one that is not here: it learns in minutes, from the data alone."""
    return LANGUAGE if named_model(name).learner == LANGUAGE else "linear"


def chosen_model(asked: str, grid: Grid, *, of_texts: bool, has_vectors: bool) -> str:
    """The model to train, by the name that says which learner it is for.

    Args:
        asked: As --model has it, or empty.
        grid: What was asked for.
        of_texts: Whether the texts themselves are to be learned: a folder is then a language model's.
        has_vectors: Whether the data come with embeddings.
    """
    if not asked:
        usual = LANGUAGE if of_texts and grid is OWN else grid.model
        return "linear" if has_vectors else usual
    is_plain = asked not in BUILT_IN and not learner_of(asked)
    return f"{LANGUAGE}:{asked}" if of_texts and is_plain else asked
