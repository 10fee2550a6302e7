"""What was seen in a data set, as text: in full for `inspect`, short before a plan."""

from collections.abc import Callable, Iterable

from rich.console import Console

from orchestrator.planning.data_words import data_size, data_warnings, share_of
from orchestrator.terminal.whole_table import WholeTable
from trainables.data.columns import excerpt
from trainables.data.inspection_facts import CopyCounts, Inspection, SplitFacts
from trainables.data.near_copies import FEWEST_WORDS

_SHOWN_CLASSES = 30
_SHOWN_PAIRS = 3
_NOT_LOOKED_FOR = {
    "none": "near copies are looked for in texts alone",
    "size": "near copies were not looked for in so many words; `prune-envelope inspect` does",
}


def print_data(inspections: Iterable[Inspection], console: Console) -> None:
    """Print the size of each data set, its copies, and its warnings."""
    for seen in inspections:
        train = seen.splits["train"]
        console.print(f"{_name(seen)}: {data_size(seen)}", highlight=False)
        said = f"copies in training: {_counted(train.copies.rows, train.rows)}"
        if train.near is not None:
            said += f"; near copies: {_least(seen)}{_counted(train.near.rows, train.rows)}"
        console.print(f"  {said}", highlight=False)
        if seen.near_search == "size":
            console.print(f"  {_NOT_LOOKED_FOR['size']}", highlight=False)
        _print_warnings(seen, console)


def print_inspection(seen: Inspection, console: Console) -> None:
    """Print all that was seen, facts first, and the warnings."""
    console.print(f"{_name(seen)}: {data_size(seen)}", highlight=False)
    console.print(_table(seen))
    if seen.near_search in _NOT_LOOKED_FOR:
        console.print(_NOT_LOOKED_FOR[seen.near_search])
    _print_classes(seen, console)
    for split in seen.leaks:
        _print_pairs(seen, split, console)
    if "test" not in seen.splits:
        console.print(
            "no test split: whether test rows occur in training, and which classes lack them, is not "
            "known; --test FILE or --test-fraction 0.2 gives one",
            highlight=False,
        )
    _print_warnings(seen, console)


def _print_warnings(seen: Inspection, console: Console) -> None:
    for one in data_warnings(seen):
        console.print(f"  warning: {one}", highlight=False, style="yellow")


def _table(seen: Inspection) -> WholeTable:
    """A line a fact, a column a split."""
    table = WholeTable("", *seen.splits, box=None, padding=(0, 2, 0, 0))
    for column in table.columns[1:]:
        column.justify = "right"

    def line(label: str, value: Callable[[SplitFacts], str]) -> None:
        table.add_row(label, *(value(split) for split in seen.splits.values()))

    noun = f"{seen.noun}s"
    line("rows", lambda split: f"{split.rows:,}")
    line(f"{noun} with an identical copy", lambda split: _counted(split.identical.rows, split.rows))
    if seen.kind == "text":
        words = "texts with a copy, but for case, space and signs"
        line(words, lambda split: _counted(split.copies.rows, split.rows))
    line("  of these, rows to spare", lambda split: f"{split.copies.repeats:,}")
    if seen.class_names:
        line("  groups of copies, those of several labels", lambda split: _groups(split.copies))
    else:
        line("  groups of copies", lambda split: f"{split.copies.groups:,}")
    if seen.near_search in ("all", "part"):
        line(
            f"{seen.noun}s with a near copy ({FEWEST_WORDS} words or more)",
            lambda split: (
                f"{_least(seen)}{_counted(split.near.rows, split.rows)}" if split.near else ""
            ),
        )
        if seen.class_names:
            line(
                "  of these, one with another label",
                lambda s: f"{s.near.other_label:,}" if s.near else "",
            )
    if seen.leaks:
        _add_leaks(table, seen)
    line(f"empty {noun}", lambda split: f"{split.empty:,}")
    if seen.kind == "text":
        line("texts of one word", lambda split: _counted(split.one_word, split.rows))
    return table


def _add_leaks(table: WholeTable, seen: Inspection) -> None:
    counts: dict[str, tuple[str, str]] = {}
    for name, leak in seen.leaks.items():
        total = seen.splits[name].rows
        near = "" if leak.near is None else _least(seen) + _counted(leak.near.rows, total)
        counts[name] = (_counted(leak.rows, total), near)
    blank = ("", "")
    table.add_row("with a copy in training", *(counts.get(name, blank)[0] for name in seen.splits))
    if seen.near_search in ("all", "part"):
        label = "with a near copy alone in training"
        table.add_row(label, *(counts.get(name, blank)[1] for name in seen.splits))


def _print_classes(seen: Inspection, console: Console) -> None:
    """The classes and their rows by split, the largest first."""
    if not seen.class_names:
        return
    table = WholeTable(
        "class", *(f"{name} rows" for name in seen.splits), box=None, padding=(0, 2, 0, 0)
    )
    for column in table.columns[1:]:
        column.justify = "right"
    rows = seen.splits["train"].class_rows
    order = sorted(range(len(rows)), key=lambda k: -rows[k])
    shown = order if len(order) <= _SHOWN_CLASSES else [*order[:10], *order[-10:]]
    for position, k in enumerate(shown):
        if position == 10 and len(shown) < len(order):
            table.add_row(f"… {len(order) - len(shown):,} more, in --json")
        counts = (split.class_rows[k] for split in seen.splits.values())
        table.add_row(excerpt(seen.class_names[k]), *(f"{count:,}" for count in counts))
    console.print(table)


def _print_pairs(seen: Inspection, split: str, console: Console) -> None:
    """The first rows of a split that training has seen."""
    pairs = seen.leaks[split].pairs
    if not pairs:
        return
    shown = ", ".join(
        f"{_id(pair.id)} {'is near' if pair.is_near else 'copies'} {_id(pair.train_id)}"
        for pair in pairs[:_SHOWN_PAIRS]
    )
    more = ", and more in --json" if len(pairs) > _SHOWN_PAIRS else ""
    console.print(f"{split} row and training row, by id: {shown}{more}", highlight=False)


def _id(value: int | str) -> str:
    return str(value) if isinstance(value, int) else excerpt(value)


def _groups(copies: CopyCounts) -> str:
    return f"{copies.groups:,}, {copies.conflicting_groups:,}"


def _counted(count: int, total: int) -> str:
    return f"{count:,} ({share_of(count, total)})" if count else "0"


def _least(seen: Inspection) -> str:
    return "at least " if seen.near_search == "part" else ""


def _name(seen: Inspection) -> str:
    return seen.name if seen.name.isprintable() else excerpt(seen.name)
