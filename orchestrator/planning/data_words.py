"""What was seen in a data set, in sentences: the same in `inspect`, in the plan and in the report."""

from collections.abc import Iterator, Sequence

from trainables.data.columns import excerpt
from trainables.data.inspection_facts import Inspection, SplitFacts
from trainables.written_numbers import many

# Texts of one word below this share are not worth a warning.
FEW = 0.01
_SHOWN_CLASSES = 5
_SPLITS = {"train": "training", "test": "test", "validation": "validation"}


def rows_of(count: int, total: int) -> str:
    """A count, what it is of, and its share: 5 of 1,000 (0.5%)."""
    return f"{count:,} of {total:,} ({share_of(count, total)})"


def share_of(count: int, total: int) -> str:
    """A share in percent, with one decimal; what is not nothing, or not all, does not read so."""
    percent = 100 * count / total
    if 0 < percent < 0.05:
        return "below 0.1%"
    if 99.95 <= percent < 100:
        return "above 99.9%"
    return f"{percent:.1f}%"


def data_size(seen: Inspection) -> str:
    """Rows of each split, and the classes."""
    rows = ", ".join(f"{split.rows:,} {name}" for name, split in seen.splits.items())
    if not seen.class_names:
        return f"{rows}; no classes"
    return (
        f"{rows}; {len(seen.class_names):,} classes, the largest {seen.imbalance:.1f} times the "
        "smallest"
    )


def data_notes(seen: Inspection) -> tuple[str, ...]:
    """Sentences for the plan and the report: copies in the training split, and all warnings."""
    train = seen.splits["train"]
    told = [_copies(seen, train)] if train.copies.rows or (train.near and train.near.rows) else []
    return (*told, *data_warnings(seen))


def _copies(seen: Inspection, train: SplitFacts) -> str:
    copies, noun = train.copies, seen.noun
    said = (
        f"{_some(copies.rows, train.rows, 'training', noun)} {_verb(copies.rows, 'has', 'have')} a copy: "
        f"{many(copies.groups, 'group')}, {many(copies.repeats, 'row')} to spare"
    )
    if train.near is not None:
        said += f"; {_least(seen)}{rows_of(train.near.rows, train.rows)} a near copy"
    return said


def data_warnings(seen: Inspection) -> tuple[str, ...]:
    """What may spoil a result, each with what to do."""
    return (
        *_of_labels(seen),
        *_of_leaks(seen),
        *_of_contents(seen),
        *_of_classes(seen),
    )


def _of_labels(seen: Inspection) -> Iterator[str]:
    train = seen.splits["train"]
    if count := train.copies.conflicting_rows:
        yield (
            f"{_some(count, train.rows, 'training', seen.noun)} {_verb(count, 'has', 'have')} a copy with "
            f"another label ({train.copies.conflicting_groups:,} of "
            f"{many(train.copies.groups, 'group')} of copies): no model can learn both; correct the "
            "labels, or remove the groups"
        )
    for spelling in seen.spellings:
        names = [excerpt(name) for name in spelling.names]
        yield (
            f"labels {_listed(names)} differ only by {_listed(spelling.differ_by)}: they are "
            f"{len(names)} classes; write them alike if they are one"
        )


def _of_leaks(seen: Inspection) -> Iterator[str]:
    for name, leak in seen.leaks.items():
        total = seen.splits[name].rows
        if leak.rows:
            yield (
                f"{_some(leak.rows, total, name, seen.noun)} {_verb(leak.rows, 'occurs', 'occur')} in "
                f"the training split{_other(leak.other_label)}: {_remedy(name, seen)}"
            )
        if leak.near is not None and (count := leak.near.rows):
            yield (
                f"{'another ' * bool(leak.rows)}{_least(seen)}{_some(count, total, name, seen.noun)} "
                f"{_verb(count, 'is a near copy', 'are near copies')} of training {seen.noun}s"
                f"{_other(leak.near.other_label)}: `prune-envelope inspect` with the flags of these "
                "data and --json names them"
            )


def _other(count: int) -> str:
    return f", {count:,} with another label there" if count else ""


def _remedy(name: str, seen: Inspection) -> str:
    if name == "test" and not seen.class_names:
        return "what is measured on them is memory; give a clean one (--test FILE)"
    if name == "test":
        return (
            "accuracy on them is memory; give a clean one (--test FILE), or see the two accuracies "
            "in the report"
        )
    return "what is measured on them is memory; give a clean one"


def _of_contents(seen: Inspection) -> Iterator[str]:
    for name, split in seen.splits.items():
        if count := split.empty:
            yield (
                f"{_some(count, split.rows, _SPLITS[name], seen.noun)} {_verb(count, 'is', 'are')} empty: "
                "fill or remove the rows"
            )
    short = {n: split for n, split in seen.splits.items() if split.one_word > FEW * split.rows}
    if short:
        counts = [
            f"{split.one_word:,} of {split.rows:,} {_SPLITS[name]} texts "
            f"({share_of(split.one_word, split.rows)})"
            for name, split in short.items()
        ]
        yield f"one word alone: {_listed(counts)}; check that --text-column names the right column"


def _of_classes(seen: Inspection) -> Iterator[str]:
    if not seen.class_names:
        return
    trained = dict(zip(seen.class_names, seen.splits["train"].class_rows, strict=True))
    if none := [name for name, count in trained.items() if not count]:
        yield f"{_classes(none, 'no training row')}: nothing can be learned of it"
    if one := [name for name, count in trained.items() if count == 1]:
        yield f"{_classes(one, 'one training row')}: dropped, the class is gone; add rows"
    if "test" in seen.splits:
        tested = zip(seen.class_names, seen.splits["test"].class_rows, strict=True)
        if untested := [name for name, count in tested if not count]:
            yield (
                f"{_classes(untested, 'no test row')}: what pruning costs there cannot be seen; add "
                "test rows"
            )


def _classes(names: Sequence[str], what: str) -> str:
    shown = [excerpt(name) for name in names[:_SHOWN_CLASSES]]
    if more := len(names) - len(shown):
        return f"{len(names):,} classes have {what} ({', '.join(shown)} and {more:,} more)"
    if len(names) == 1:
        return f"class {shown[0]} has {what}"
    return f"classes {_listed(shown)} have {what} each"


def _some(count: int, total: int, split: str, noun: str) -> str:
    return f"{count:,} of {total:,} {split} {noun}s ({share_of(count, total)})"


def _verb(count: int, one: str, several: str) -> str:
    return one if count == 1 else several


def _least(seen: Inspection) -> str:
    return "at least " if seen.near_search == "part" else ""


def _listed(items: Sequence[str]) -> str:
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last
