"""What a person is shown of a sweep, of its flags."""

from typing import TYPE_CHECKING

from orchestrator.cli.durations import seconds_in
from orchestrator.cli.options import SweepOptions
from trainables.plain_text import redacted

if TYPE_CHECKING:
    from orchestrator.execution.callbacks import Shown


def check_shown(options: SweepOptions) -> None:
    """Refuse what cannot be shown, and a secret that rows and page would show.

    Raises:
        UnavailableError: If a tracker is not there.
        UsageError: If there is no such tracker, a price or span of time is none, or a flag holds a secret.
    """
    from analysis.pricing import price_of
    from orchestrator.execution.tracking import check_trackers
    from trainables.errors import UsageError

    check_trackers(options.track or ())
    if seconds_in(options.refresh_report, "--refresh-report") and options.no_report:
        raise UsageError("--refresh-report beside --no-report: leave one of them out")
    for name, value in options.model_dump(exclude_defaults=True, exclude={"storage"}).items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and redacted(text) != text:
                raise UsageError(
                    f"--{name.replace('_', '-')} {redacted(text)}: it holds a secret (***), which rows and page "
                    "would show; put it into a variable that your code reads"
                )
    if options.gpu_price:
        price_of(options.gpu_price)


def shown_of(options: SweepOptions) -> "Shown":
    """What a sweep with these flags shows beside its lines."""
    from orchestrator.execution.callbacks import Shown

    return Shown(
        track=tuple(options.track or ()),
        refresh_s=seconds_in(options.refresh_report, "--refresh-report"),
        examples=not options.no_examples,
    )
