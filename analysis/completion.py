"""What a shell completes of a run that is read again: its folder, and metrics."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

# As METRICS has them, which loads numpy and scipy: longer than a person waits for a TAB. A test holds the two together.
METRIC_NAMES = (
    "accuracy",
    "balanced_accuracy",
    "accuracy_by_training_shares",
    "macro_f1",
    "log_loss",
    "auroc",
    "mae",
    "rmse",
    "token_loss",
)
_RUNS = Path("runs")


def run_folders(typed: str) -> Iterable[str]:
    """Folders that hold a run: under runs/, and where the typed path leads."""
    folders = dict.fromkeys(
        [_RUNS, Path(typed.rpartition("/")[0] or "/")] if "/" in typed else [_RUNS]
    )
    found = (one for folder in folders if folder.is_dir() for one in sorted(folder.iterdir()))
    return dict.fromkeys(str(one) for one in found if (one / "plan.json").is_file())


_VALUES: Mapping[str, Callable[[str], Iterable[str]]] = {
    "run": run_folders,
    "metric": lambda _: METRIC_NAMES,
}


def completes(name: str) -> Callable[[str], list[str]]:
    """What typer calls for the values of a parameter: "run" or "metric"."""

    def values(incomplete: str) -> list[str]:
        return [one for one in _VALUES[name](incomplete) if one.startswith(incomplete)]

    return values
