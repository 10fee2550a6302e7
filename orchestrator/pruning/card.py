"""The card of a pruned data set: README.md, as a Hugging Face data set has it."""

from collections.abc import Sequence
from dataclasses import replace

from analysis.markdown import code, literal, markdown_table, sentence
from analysis.methods import condition_of
from analysis.page.warrant_words import WarrantWords, warrant_words
from analysis.pruned_files import ClassCount, PruneRecord
from analysis.warrants import Warrant
from analysis.wording import percent, whole_percent
from orchestrator.planning.own_grids import learns_classes
from orchestrator.pruning.card_data import (
    card_data,
    has_own_configs,
    read_apart,
    reader_of,
    tables_of,
)
from orchestrator.pruning.card_limits import has_one_list, is_in_run, limits, model_words
from orchestrator.pruning.source_card import SourceCard
from trainables.plain_text import forwarded
from trainables.written_numbers import many

# Classes in the table; of more, those that lose the largest share.
_CLASSES = 12


def card_text(record: PruneRecord, about: SourceCard) -> str:
    """The text of README.md; no training text is in it.

    Args:
        record: What prune.json holds, with its files.
        about: Licence and languages.
    """
    warrant = None if record.warrant is None else Warrant.from_dict(record.warrant)
    words = warrant_words(warrant, why_none=_sentence(record.no_warrant))
    if warrant is None and is_in_run(record):
        words = replace(words, headline="What was measured of exactly these rows is left out here.")
    blocks = [
        [f"# {literal(record.dataset)}, pruned"],
        _verdict(record, words),
        _removed(record),
        _classes(record.classes),
        _measured(words),
        _use(record),
        _made(record, about),
        limits(record, warrant),
        _files(record),
    ]
    body = "\n\n".join("\n".join(block) for block in blocks if block)
    return f"{card_data(record, about)}\n{body}\n"


def _verdict(record: PruneRecord, words: WarrantWords) -> list[str]:
    """What was measured of exactly these rows, first of all."""
    lines = [f"> **{words.mark} {sentence(words.headline)}**"]
    lines += [f"> {sentence(one)}" for one in words.sentences]
    if record.warrant is None:
        said = sentence(record.said.removeprefix(f"{record.dataset}: "))
        lines.append(f"> What its run says of this cut{_differs(record)}: {said}")
    if record.anyway and not record.is_shown:
        lines.append(
            "> **Written all the same (`--anyway`): the sweep does not show this cut to be within the margin.**"
        )
    return "\n>\n".join(lines).split("\n")


def _differs(record: PruneRecord) -> str:
    """In what the run's own cut is another than these rows."""
    if is_in_run(record):
        return ""
    is_list = has_one_list(record)
    return (
        ", before rows were put back" if is_list else ", where each seed cut by scores of its own"
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text and text[-1] not in ".!?" else text


def _removed(record: PruneRecord) -> list[str]:
    gone = record.n_train - record.n_kept
    told = f"**{record.n_kept:,} of {record.n_train:,} training rows stay; {gone:,} went "
    told += f"({percent(round(record.rate, 4))}).** The cut: {sentence(record.words)}. {_signal(record)}"
    if record.protected or record.min_per_class:
        told += f" {_protected(record)}"
    others = sorted({file.split for file in record.files} - {"train"})
    if others:
        told += f" Nothing was removed from {' and '.join(others)}."
    return ["## What was removed", "", told]


def _signal(record: PruneRecord) -> str:
    """How rows were scored and cut, in plain words."""
    from trainables.selection.selectors import SELECTORS
    from trainables.signals import SIGNALS

    spec, own = record.spec, "a function of the user's own."
    selector = SELECTORS[spec.selector].about if spec.selector in SELECTORS else own
    cut = f"Selector {code(spec.selector)}: {sentence(selector)}"
    if condition_of(spec).is_control:
        return f"Rows were drawn by lot; no row was looked at.{'' if spec.selector == 'global' else f' {cut}'}"
    signal = SIGNALS[spec.signal].about if spec.signal in SIGNALS else own
    end = "lowest" if spec.prune == "low" else "highest"
    told = f"Signal {code(spec.signal)}: {sentence(signal)} Rows with the {end} scores go. {cut}"
    return told + _joined(record)


def _joined(record: PruneRecord) -> str:
    """How the scores of several seeds became one list."""
    from trainables.selection.lookup import rests_on_others

    seeds = record.spec.scored_by
    if len(seeds) < 2:
        return ""
    if not rests_on_others(record.spec.signal):
        return f" Ranks are joined over the seeds {', '.join(map(str, seeds))}."
    return (
        " A row's score rests on which others go, so it is the list of one seed: of "
        f"{', '.join(map(str, seeds))} that whose ranks lie nearest to their mean."
    )


def _protected(record: PruneRecord) -> str:
    names = ", ".join(literal(name) for name in record.protected)
    parts = [f"no row of {names} goes"] if names else []
    if record.min_per_class:
        parts.append(f"of each class {many(record.min_per_class, 'row')} stay, or all that it has")
    return f"What the cut would have removed was put back so that {' and '.join(parts)}."


def _classes(classes: Sequence[ClassCount]) -> list[str]:
    """Kept and all rows by class."""
    known = [one for one in classes if one.rows]
    shown = known
    if len(known) > _CLASSES:
        worst = sorted(known, key=lambda one: one.kept / one.rows)[:_CLASSES]
        shown = [one for one in known if one in worst]
    rows = [
        (
            literal(one.name),
            f"{one.kept:,}",
            f"{one.rows:,}",
            percent(round(one.kept / one.rows, 4)),
        )
        for one in shown
    ]
    if not rows:
        return []
    more = len(known) - len(shown)
    told = (
        [
            "",
            f"And {many(more, 'more class')} that lose{'s' * (more == 1)} less: all are in `prune.json`.",
        ]
        if more
        else []
    )
    return [*markdown_table(("class", "rows that stay", "of", "share"), rows), *told]


def _measured(words: WarrantWords) -> list[str]:
    """Numbers of the warrant."""
    rows = [
        (sentence(fact.label), sentence(fact.value), sentence(fact.detail)) for fact in words.facts
    ]
    return ["## What was measured", "", *markdown_table(("", "", ""), rows)] if rows else []


def _use(record: PruneRecord) -> list[str]:
    """How to train on it, in a few lines that run."""
    train = next(file for file in tables_of(record) if file.split == "train")
    ours = "`prune-envelope sweep --dataset FOLDER` reads it"
    if not reader_of(train):
        ending = train.path.partition(".")[2]
        told = f"`datasets` reads no .{ending} files. {ours}, and pyarrow does."
        return ["## Train on it", "", told, *_notes(record)]
    name = ', "train"' if has_own_configs(record) else ""
    known = (
        "the same rows as numbers of the original file (`row`, from 0): `datasets`' `select` and "
    )
    known += "`torch.utils.data.Subset` take them"
    if reader_of(train) == "imagefolder":
        known = "the names of their files in the original folder (`id`)"
    load = (
        f'train = datasets.load_dataset("FOLDER"{name}, split="train")  # or OWNER/NAME on the hub'
    )
    batches = 'torch.utils.data.DataLoader(train.with_format("torch"), batch_size=32, shuffle=True)'
    if learns_classes(record.spec.learner):
        code_lines = ["import datasets, torch", "", load, f"loader = {batches}"]
    else:  # texts and turns of any number are batched by the trainer of a language model alone
        code_lines = ["import datasets", "", load]
    lines = [
        "```python",
        *code_lines,
        "```",
        "",
        f"{ours} as well. `kept.parquet` has {known}.",
    ]
    if name:
        lines += [
            "",
            "Its splits are written in different ways: each is a configuration of its own.",
        ]
    return ["## Train on it", "", *lines, *_apart(record), *_notes(record)]


def _apart(record: PruneRecord) -> list[str]:
    """How to read what is of another kind than the training split."""
    lines = []
    for file in read_apart(record):
        call = f'load_dataset("{reader_of(file)}", data_files="FOLDER/{file.path}", split="train")'
        how = f"`datasets.{call}`" if reader_of(file) else "pyarrow"
        lines.append(f"- {file.split} is of another kind; to read it: {how}")
    return ["", *lines] if lines else []


def _notes(record: PruneRecord) -> list[str]:
    notes = [*record.notes, *(file.note for file in record.files if file.note)]
    return ["", *(f"- {sentence(note)}" for note in dict.fromkeys(notes))] if notes else []


def _made(record: PruneRecord, about: SourceCard) -> list[str]:
    source = record.hub_source or record.read_from
    rows = [
        ("data", f"{code(source)}, content {code(record.data_sha[:12])}"),
        ("trained", f"{model_words(record)}, {_training(record)}"),
        ("command", code(forwarded(record.command))),
        ("run", code(record.run)),
        ("list", f"{code(record.hash)}{_agreement(record)}"),
        ("by", f"prune-envelope {literal(record.version)}, {code(record.made)}"),
        ("licence", _license(about)),
    ]
    return ["## How it was made", "", *markdown_table(("", ""), rows)]


def _training(record: PruneRecord) -> str:
    """What was trained on the survivors, and how long."""
    epochs = many(record.spec.training.epochs, "epoch")
    if record.spec.protocol == "restart":
        return f"{epochs}, afresh on the rows that stay"
    return f"{epochs}; its sweep went on with the rows that stay after {percent(record.spec.warmup)} of a run"


def _agreement(record: PruneRecord) -> str:
    """How far the cut of one seed alone is that of all together."""
    shares = sorted(record.agreement.values())
    if len(shares) < 2:
        return ""
    low, high = (whole_percent(share) for share in (shares[0], shares[-1]))
    between = low if low == high else f"{low} to {high}"
    return f"; of the rows that went, the cut by one seed's scores alone removes {between}"


def _license(about: SourceCard) -> str:
    if not about.licenses:
        return "none is known: for private use, until whoever owns the data says otherwise"
    names = ", ".join(about.licenses)
    return f"{names}, as {literal(about.found)} has it" if about.found else names


def _files(record: PruneRecord) -> list[str]:
    rows = [
        (
            code(file.path),
            f"{many(file.rows, 'row')} of {file.split}, sha256 {code(file.sha256[:12])}",
        )
        for file in record.files
    ]
    gone = record.n_train - record.n_kept
    answers = ", and the class or number to predict" * learns_classes(record.spec.learner)
    rows += [
        (
            "`kept.parquet`",
            f"the {record.n_kept:,} training rows that stay: row, id{answers}",
        ),
        (
            "`removed.parquet`",
            f"the {gone:,} that went, first gone first: score, rank, nearest row that stays, reason",
        ),
        ("`prune.json`", "all that decided it, with every hash"),
    ]
    return ["## Files", "", *markdown_table(("file", "what"), rows)]
