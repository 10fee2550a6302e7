"""Real predictions by quick models of hashed words, for checks that made-up runs cannot do."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import Ridge, SGDClassifier

from analysis.contributions import Columns, Truth

_WORDS = HashingVectorizer(n_features=2**14, alternate_sign=False, stop_words="english")
Words = Any  # a sparse matrix (rows, 16,384)


def read(folder: Path, name: str, split: str, limit: int) -> tuple[list[str], NDArray[np.int64]]:
    """Texts and labels of some rows of a data set, in an order of their own."""
    table = pq.read_table(folder / name / f"{split}.parquet", columns=["text", "label"])
    rows = np.random.default_rng(0).permutation(table.num_rows)[:limit]
    table = table.take(rows)
    return table["text"].to_pylist(), table["label"].to_numpy().astype(np.int64)


def hashed(texts: list[str]) -> Words:
    """Counts of hashed words, each row of length 1."""
    return _WORDS.transform(texts)


def said(words: Words, y: NDArray[np.int64], test: Words, test_y: NDArray[np.int64],
         seed: int) -> Columns:  # fmt: skip
    """Train on some rows and say what the model says of the test rows."""
    model = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=12, tol=None, random_state=seed)
    probs = np.zeros((test.shape[0], int(max(y.max(), test_y.max())) + 1))
    model.fit(words, y)
    probs[:, model.classes_] = model.predict_proba(test)
    loss = -np.log(np.maximum(probs[np.arange(len(test_y)), test_y], 1e-7))
    return {"predicted": probs.argmax(1), "loss": loss, "probs": probs}


def classified(
    folder: Path, name: str, *, train: int, test: int
) -> tuple[Truth, tuple[Columns, Columns]]:
    """What a full run and one on 70 % of its rows say of the test rows of a data set."""
    texts, y = read(folder, name, "train", train)
    test_texts, test_y = read(folder, name, "test", test)
    words, of_test, c = hashed(texts), hashed(test_texts), int(max(y.max(), test_y.max())) + 1
    kept = np.random.default_rng(1).permutation(len(y))[: round(0.7 * len(y))]
    prior = np.bincount(y, minlength=c) / len(y)
    truth = Truth(labels=test_y, class_names=tuple(map(str, range(c))), prior=prior)
    return truth, (
        said(words, y, of_test, test_y, 0),
        said(words[kept], y[kept], of_test, test_y, 0),
    )


def measured(
    folder: Path, name: str, *, train: int, test: int
) -> tuple[Truth, tuple[Columns, Columns]]:
    """The same of numbers: the logarithm of a text's length, told from its words."""
    texts, _ = read(folder, name, "train", train)
    test_texts, _ = read(folder, name, "test", test)
    y, test_y = (np.log1p([len(text) for text in part]) for part in (texts, test_texts))
    words, of_test = hashed(texts), hashed(test_texts)
    runs = [
        {"predicted": Ridge(alpha=0.1).fit(words[:n], y[:n]).predict(of_test)}
        for n in (train, round(0.7 * train))
    ]
    truth = Truth(targets=test_y, mean=float(y.mean()), median=float(np.median(y)))
    return truth, (runs[0], runs[1])


def documents(truth: Truth, columns: Columns, texts: list[str]) -> Columns:
    """Losses as if each word of a text were lost alike: a loss with a weight."""
    words = np.array([len(text.split()) for text in texts], dtype=np.float64)
    return {"loss": columns["loss"] * words, "weight": words}
