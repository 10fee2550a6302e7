"""Why rows go by each signal, in words: ENDS, a row a signal of SIGNALS."""

from dataclasses import dataclass

# Why a row goes where chance alone decides.
BY_LOT = "drawn by lot"


@dataclass(frozen=True)
class Ends:
    """What is said of the rows at both ends of a signal's scores, behind "among the 5% of all rows".

    Attributes:
        low: Of those with the lowest scores.
        high: Of those with the highest, where a cut takes these.
    """

    low: str
    high: str


ENDS: dict[str, Ends] = {
    "random": Ends(BY_LOT, BY_LOT),
    "given": Ends("scored lowest in the file of scores", "scored highest in the file of scores"),
    "redundancy": Ends("most like their nearest rows", "least like their nearest rows"),
    "redundancy_within_class": Ends(
        "most like their nearest rows of the same class",
        "least like their nearest rows of the same class",
    ),
    "keep_one": Ends("first to go where two rows are alike", "last to go where two rows are alike"),
    "semdedup": Ends(
        "most like a row farther out in their cluster",
        "least like a row farther out in their cluster",
    ),
    "d4": Ends(
        "first to go as copies or near cluster centres",
        "last to go as copies or near cluster centres",
    ),
    "zcore": Ends(
        "that cover least of the embeddings by themselves",
        "that cover most of the embeddings by themselves",
    ),
    "k_centre": Ends(
        "picked last as nearest to those picked", "picked first as farthest from those picked"
    ),
    "facility_location": Ends(
        "picked last as best represented by those picked", "picked first as representing most rows"
    ),
    "ssl_prototypes": Ends(
        "nearest to the centre of their cluster", "farthest from the centre of their cluster"
    ),
    "supervised_prototypes": Ends(
        "nearest to the centre of their class", "farthest from the centre of their class"
    ),
    "moderate": Ends(
        "nearest to or farthest from their class's middle",
        "at the most middling distance from their class's middle",
    ),
    "d2": Ends(
        "picked last as hard and unlike those picked",
        "picked first as hard and unlike those picked",
    ),
    "infomax": Ends(
        "easiest for the model and most like those kept",
        "hardest for the model and least like those kept",
    ),
    "el2n": Ends("the model finds easiest", "the model finds hardest"),
    "el2n_ensemble": Ends("the models find easiest", "the models find hardest"),
    "grand": Ends("with the shortest loss gradients", "with the longest loss gradients"),
    "grand_ensemble": Ends("with the shortest loss gradients", "with the longest loss gradients"),
    "grand_full": Ends("with the shortest loss gradients", "with the longest loss gradients"),
    "loss": Ends("with the lowest loss", "with the highest loss"),
    "perplexity": Ends("with the lowest loss a word piece", "with the highest loss a word piece"),
    "delta_loss": Ends(
        "whose loss per word piece training lowered least",
        "whose loss per word piece training lowered most",
    ),
    "entropy": Ends("the model is most certain about", "the model is least certain about"),
    "margin": Ends("with the widest lead of one class", "with the narrowest lead of one class"),
    "least_confidence": Ends(
        "with the most probable favourite class", "with the least probable favourite class"
    ),
    "forgetting": Ends(
        "learnt and forgotten least often in training",
        "forgotten most often or never learnt in training",
    ),
    "aum": Ends("whose label led least in training", "whose label led most in training"),
    "confidence": Ends(
        "whose label was most probable in training", "whose label was least probable in training"
    ),
    "variability": Ends(
        "whose label's probability varied least in training",
        "whose label's probability varied most in training",
    ),
    "correctness": Ends(
        "predicted right most often in training", "predicted right least often in training"
    ),
    "stability_over_visits": Ends(
        "whose label's probability moved least in training",
        "whose label's probability moved most in training",
    ),
    "dual": Ends(
        "whose label's probability was high or steady",
        "whose label's probability was low and unsteady",
    ),
    "stability_under_dropout": Ends(
        "whose prediction dropout changes least", "whose prediction dropout changes most"
    ),
    "stability_under_token_dropout": Ends(
        "whose prediction missing words or moves change least",
        "whose prediction missing words or moves change most",
    ),
    "tracin": Ends("that lower the validation loss least", "that lower the validation loss most"),
    "tracin_self": Ends(
        "whose training changes their own loss most", "whose training changes their own loss least"
    ),
    "less": Ends(
        "whose training steps suit the validation rows least",
        "whose training steps suit the validation rows most",
    ),
    "trak": Ends("that help the validation rows least", "that help the validation rows most"),
    "cld": Ends(
        "whose loss moves least with the validation loss",
        "whose loss moves most with the validation loss",
    ),
    "label_quality": Ends(
        "whose labels look least likely right", "whose labels look most likely right"
    ),
    "knn_shapley": Ends(
        "that help their neighbours' votes least", "that help their neighbours' votes most"
    ),
    "mem_head": Ends("the model memorizes least", "the model memorizes most"),
    "memorization": Ends("the model memorizes least", "the model memorizes most"),
    "influence": Ends(
        "that change validation predictions least", "that change validation predictions most"
    ),
    "tfidf": Ends("with the most usual words", "with the least usual words"),
    "length": Ends("with the fewest words", "with the most words"),
}


def ends_of(signal: str) -> Ends:
    """A row of ENDS, or one made for a function of the user's own."""
    return ENDS.get(signal) or Ends(f"scored lowest by {signal}", f"scored highest by {signal}")
