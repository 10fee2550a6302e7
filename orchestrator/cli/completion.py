"""What a shell completes: the values of a sweep's flags, without loading what a sweep computes with."""

import io
import os
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextlib import redirect_stdout
from typing import Any

from analysis.completion import METRIC_NAMES, run_folders
from trainables.streams import CommandLine

# As the tables of these names have them, which load numpy, scipy and pyarrow: longer than a person waits for
# a TAB. A test holds the two together.
SIGNAL_NAMES = (
    "random",
    "given",
    "redundancy",
    "redundancy_within_class",
    "keep_one",
    "semdedup",
    "d4",
    "zcore",
    "k_centre",
    "facility_location",
    "ssl_prototypes",
    "supervised_prototypes",
    "moderate",
    "d2",
    "infomax",
    "el2n",
    "el2n_ensemble",
    "grand",
    "grand_ensemble",
    "grand_full",
    "loss",
    "perplexity",
    "delta_loss",
    "entropy",
    "margin",
    "least_confidence",
    "forgetting",
    "aum",
    "confidence",
    "variability",
    "correctness",
    "stability_over_visits",
    "dual",
    "stability_under_dropout",
    "stability_under_token_dropout",
    "tracin",
    "tracin_self",
    "less",
    "cld",
    "trak",
    "label_quality",
    "knn_shapley",
    "mem_head",
    "memorization",
    "influence",
    "tfidf",
    "length",
)
SELECTOR_NAMES = (
    "global",
    "stratified",
    "floor",
    "class_error",
    "coverage",
    "window",
    "beta",
)
POLICY_NAMES = (
    "random",
    "infobatch",
)
DATASET_NAMES = (
    "synthetic",
    "tickets",
    "instructions",
    "imdb",
    "ag_news",
    "yahoo_answers",
    "yahoo_answers_imbalanced",
    "yahoo_health22",
    "sst2",
    "sms_spam",
    "cifar10",
    "cifar100",
    "svhn",
)
GRID_NAMES = ("demo", "paper", "full", "signals", "scaling", "images", "sft", "theory")
TRACKER_NAMES = (
    "mlflow",
    "wandb",
    "tensorboard",
)
_MODELS = ("linear", "tiny", "image", "causal_lm", "distilbert/distilbert-base-uncased")
# Of lists by commas the last entry is completed.
_LISTS = frozenset({"signal", "dataset", "track"})
_ASKED = "_PRUNE_ENVELOPE_COMPLETE"


def _signals(typed: str) -> Iterable[str]:
    """Signals; behind a colon what cuts their scores."""
    name, colon, _ = typed.rpartition(":")
    if not colon:
        return dict.fromkeys((*SIGNAL_NAMES, *POLICY_NAMES))
    cuts = (*SELECTOR_NAMES, "high") * (name not in POLICY_NAMES or name in SIGNAL_NAMES)
    return (f"{name}:{one}" for one in (*cuts, *["each_epoch"] * (name in POLICY_NAMES)))


def _settings(typed: str) -> Iterable[str]:
    """Names of settings, each with its equals sign."""
    from orchestrator.cli.options import SweepOptions

    return () if "=" in typed else (f"{name}=" for name in SweepOptions.model_fields)


_VALUES: Mapping[str, Callable[[str], Iterable[str]]] = {
    "grid": lambda _: GRID_NAMES,
    "dataset": lambda _: DATASET_NAMES,
    "model": lambda _: _MODELS,
    "score_model": lambda _: _MODELS,
    "signal": _signals,
    "metric": lambda _: METRIC_NAMES,
    "guard": lambda _: METRIC_NAMES,
    "track": lambda _: TRACKER_NAMES,
    "seeds": lambda _: ("3", "5", "adaptive"),
    "protocol": lambda _: ("restart", "continue"),
    "budget": lambda _: ("epochs", "steps"),
    "precision": lambda _: ("auto", "bf16", "fp32"),
    "trainer_start": lambda _: ("fork", "spawn"),
    "address": lambda _: ("local", "auto"),
    "settings": _settings,
    "run": run_folders,
}


def completion(name: str) -> Callable[[str], list[str]] | None:
    """What typer calls for the values of a flag; None where files are, or nothing is."""
    if name not in _VALUES:
        return None

    def values(incomplete: str) -> list[str]:
        head, comma, typed = "", "", incomplete
        if name in _LISTS:
            head, comma, typed = incomplete.rpartition(",")
        return [head + comma + one for one in _VALUES[name](typed) if one.startswith(typed)]

    return values


def joined_words(environment: MutableMapping[str, str]) -> str:
    """Join the words that bash parts at colons and equals signs; what bash keeps of the last of them.

    Args:
        environment: COMP_WORDS and COMP_CWORD as bash gives them; changed.
    """
    words = environment["COMP_WORDS"].split("\n")[: int(environment["COMP_CWORD"]) + 1]
    joined, kept, is_open = words[:1], "", False
    for word in words[1:]:
        is_sign = word in (":", "=")
        if is_sign or is_open:
            kept = joined[-1] + (word if is_sign else "")
            joined[-1] += word
        else:
            kept = ""
            joined.append(word)
        is_open = is_sign
    environment["COMP_WORDS"] = "\n".join(joined)
    environment["COMP_CWORD"] = str(len(joined) - 1)
    return kept


class CompletedCommandLine(CommandLine):
    """A command line that shells complete."""

    def __init__(self, **options: Any) -> None:
        super().__init__(add_completion=True, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run what the command line says, or tell bash how it may go on."""
        if os.environ.get(_ASKED) != "complete_bash" or "COMP_WORDS" not in os.environ:
            return super().__call__(*args, **kwargs)
        kept = joined_words(os.environ)
        with redirect_stdout(io.StringIO()) as told:
            try:
                super().__call__(*args, **kwargs)
            except SystemExit as ended:
                code = ended.code
        # Of --signal=el2n:s bash keeps "--signal=el2n:", and completes what stands behind it.
        heads = [head for head in (kept, kept.partition("=")[2]) if head]
        for line in told.getvalue().splitlines():
            head = next((one for one in heads if line.startswith(one)), "")
            sys.stdout.write(f"{line.removeprefix(head)}\n")
        sys.exit(code)
