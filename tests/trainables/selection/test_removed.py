"""Removed rows of small real trials: who stays in their place, by which search, and what is said of it."""

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tests.caches import FolderCache
from trainables.data.copies import normal_form
from trainables.evidence.collector import Evidence
from trainables.evidence.requirements import settings_of
from trainables.run_context import RunContext
from trainables.selection.removed import removed_rows
from trainables.selection.scoring import score, select
from trainables.selection.surroundings import known_twins, surroundings
from trainables.signals import SIGNALS

COLUMNS = [
    "row", "id", "class", "score", "percentile", "rank", "survivor_row", "survivor_id", "similarity",
    "twin_survives", "reason",
]  # fmt: skip


@pytest.fixture(scope="module")
def runs(small, tmp_path_factory):
    """The small data set, its rows from a file of 1,000 and on, in a cache that trials fill."""
    train = replace(small.train, rows=np.arange(len(small.train)) + 1000)
    return RunContext(replace(small, train=train), FolderCache(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def cut(runs, specs):
    """Scores and cuts by a signal, as a trial does: spec, rows that stay, scores."""

    def of(signal, **fields):
        settings = tuple(settings_of(SIGNALS[signal].score).items())
        chosen = {"warmup": 0.8, "signal": signal, "settings": settings, "protocol": "restart"}
        _, spec = specs("linear", **{**chosen, **fields})
        keep, _ = select(spec, runs)
        first = spec.scorers[0]
        scores = score(first, runs)[0]
        if spec.scored_by:
            import pyarrow.parquet as pq

            path = runs.cache.root / f"survivors-{spec.survivors_key}"
            scores = pq.read_table(path)["score"].to_numpy()
        return spec, keep, scores

    return of


def embeddings(spec, runs):
    vectors = Evidence(spec.scorers[0], runs).get("embeddings", {}).astype(np.float64)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("signal", "fields"),
    [
        ("redundancy", {}),
        ("el2n", {"prune": "high"}),
        ("random", {"selector": "stratified"}),
        ("label_quality", {"scored_by": (3, 4)}),
    ],
)
def test_columns_are_what_a_slow_count_gives(signal, fields, runs, cut):
    spec, keep, scores = cut(signal, **fields)
    warmed = runs.cache.made["warm"]
    table = removed_rows(spec, runs, keep, scores)
    assert runs.cache.made["warm"] == warmed, "nothing is trained"
    assert table.column_names == COLUMNS
    rows = {name: table[name].to_numpy() for name in COLUMNS}
    gone = rows["row"] - 1000
    assert sorted(gone) == np.flatnonzero(~keep).tolist()
    assert rows["rank"].tolist() == list(range(1, len(gone) + 1))
    assert (rows["id"] == runs.dataset.train.ids[gone]).all()
    assert (rows["score"] == scores[gone]).all()
    assert rows["percentile"] == pytest.approx([(scores < scores[i]).mean() for i in gone])
    units = embeddings(spec, runs)
    likeness = np.where(keep, units[gone] @ units.T, -1)
    assert rows["similarity"] == pytest.approx(likeness.max(axis=1), abs=1e-4)
    survivor = rows["survivor_row"] - 1000
    assert keep[survivor].all()
    named = likeness[np.arange(len(gone)), survivor]
    assert named == pytest.approx(likeness.max(axis=1), abs=1e-4)
    assert (rows["survivor_id"] == runs.dataset.train.ids[survivor]).all()
    assert table.schema.metadata[b"nearest survivors"] == b"exact"


def forms(runs):
    return np.array(normal_form(runs.dataset.train.inputs).to_pylist())


def test_of_planted_copies_keep_one_leaves_a_twin_and_names_it(runs, cut):
    spec, keep, scores = cut("keep_one", rate=0.1)
    found = removed_rows(spec, runs, keep, scores).to_pylist()
    texts = forms(runs)
    copies = [one for one in found if (texts[keep] == texts[one["row"] - 1000]).any()]
    assert len(copies) >= 8
    for one in copies:
        assert one["twin_survives"]
        stays = int(re.search(r"a copy of it stays: row (\d+)$", one["reason"])[1]) - 1000
        assert keep[stays] and texts[stays] == texts[one["row"] - 1000]
        assert one["survivor_row"] == stays + 1000


def test_where_both_twins_go_the_reason_says_so(runs, cut):
    spec, keep, scores = cut("redundancy", rate=0.3)
    texts, gone = forms(runs), ~keep
    both = [i for i in np.flatnonzero(gone) if (texts[gone] == texts[i]).sum() > 1]
    lost = [i for i in both if not (texts[keep] == texts[i]).any()]
    assert len(lost) >= 4
    found = {one["row"] - 1000: one for one in removed_rows(spec, runs, keep, scores).to_pylist()}
    for row in lost:
        near = found[row]["twin_survives"]
        ending = r"; a near copy of it stays: row \d+$" if near else "; its copies go too$"
        assert re.search(ending, found[row]["reason"])
    assert any("its copies go too" in found[row]["reason"] for row in lost)


@pytest.mark.parametrize(
    ("signal", "evidence"), [("el2n", "probs"), ("label_quality", "cross_probs")]
)
def test_the_model_is_surer_of_another_class_where_its_probabilities_say_so(
    signal, evidence, runs, cut
):
    spec, keep, scores = cut(signal, prune="high" if signal == "el2n" else "low")
    surest = Evidence(spec, runs).get(evidence, dict(spec.settings)).argmax(axis=1)
    labels, names = runs.dataset.train.labels, runs.dataset.class_names
    found = removed_rows(spec, runs, keep, scores).to_pylist()
    said = {
        one["row"] - 1000: re.search(
            r"the model is surer of (.+?) than of its label", one["reason"]
        )
        for one in found
    }
    assert any(said.values()) and not all(said.values())
    for row, match in said.items():
        assert (match[1] if match else names[labels[row]]) == names[surest[row]]


def test_a_signal_without_labels_says_nothing_of_them(runs, cut):
    cut("el2n")  # probabilities are at hand
    spec, keep, scores = cut("redundancy")
    assert not any(
        "surer" in why for why in removed_rows(spec, runs, keep, scores)["reason"].to_pylist()
    )


def test_without_checkpoint_and_embeddings_only_copies_are_named_and_nothing_is_trained(
    small, tmp_path, specs
):
    runs = RunContext(small, FolderCache(tmp_path))
    _, spec = specs("linear", signal="random", settings=(), selector="global", protocol="restart")
    keep, _ = select(spec, runs)
    scores = score(spec, runs)[0]
    table = removed_rows(spec, runs, keep, scores)
    assert "warm" not in runs.cache.made and "evidence" not in runs.cache.made
    assert table["similarity"].null_count == len(table)
    assert table["survivor_row"].is_valid().to_pylist() == table["twin_survives"].to_pylist()
    assert 0 < sum(table["twin_survives"].to_pylist()) < len(table)
    assert table.schema.metadata[b"nearest survivors"] == b"none"
    assert not any("nearest" in why for why in table["reason"].to_pylist())


def test_a_pass_that_would_take_too_long_is_not_made(small, tmp_path, specs):
    runs = RunContext(small, FolderCache(tmp_path))
    _, spec = specs("linear", signal="el2n", settings=(), protocol="restart")
    runs.warm_learner(spec)
    assert surroundings(spec, runs, most_s=0).vectors is None
    assert not [kind for kind in runs.cache.made if kind == "evidence"]
    assert surroundings(spec, runs).vectors is not None


def test_vectors_that_came_with_the_data_serve_where_an_own_trainer_is_given_scores(
    small, tmp_path, specs
):
    vectors = np.random.default_rng(0).standard_normal((len(small.train), 6)).astype(np.float32)
    dataset = replace(
        small,
        train=replace(small.train, vectors=vectors),
        test=replace(small.test, vectors=vectors[:150]),
    )
    _, spec = specs("linear", signal="given", settings=(), protocol="restart")
    spec = replace(spec, learner="line.py:fit", learner_sha="l", warmup=0.0, signal_sha="s")
    scores = np.random.default_rng(1).random(len(small.train)).astype(np.float32)
    keep = scores >= np.sort(scores)[72]
    table = removed_rows(spec, RunContext(dataset, FolderCache(tmp_path)), keep, scores)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = np.where(keep, units[table["row"].to_numpy()] @ units.T, -1)
    assert table["similarity"].to_numpy() == pytest.approx(likeness.max(axis=1), abs=1e-5)
    assert (
        "among the 0.5% of all rows scored lowest in the file of scores"
        in table["reason"][0].as_py()
    )


def test_near_copies_are_searched_for_once(small, tmp_path):
    runs = RunContext(small, FolderCache(tmp_path))
    first, again = known_twins(runs), known_twins(runs)
    assert runs.cache.made == {"near": 1} and len(first.left) > 0 and first.is_complete
    assert all(
        np.array_equal(getattr(first, of), getattr(again, of)) for of in ("forms", "left", "right")
    )


def test_a_copy_that_no_file_has_is_named_by_its_id(small, tmp_path, specs):
    n = len(small.train)
    rows = np.where(np.arange(n) < n // 2, np.arange(n), -1)
    ids = np.array([f"id\n{i}" for i in range(n)], dtype=object)
    runs = RunContext(
        replace(small, train=replace(small.train, rows=rows, ids=ids)), FolderCache(tmp_path)
    )
    _, spec = specs("linear", signal="random", settings=(), protocol="restart")
    keep, _ = select(spec, runs)
    table = removed_rows(spec, runs, keep, score(spec, runs)[0])
    assert table["row"].null_count == (~keep[n // 2 :]).sum()
    added = [
        one for one in table.to_pylist() if one["twin_survives"] and one["survivor_row"] is None
    ]
    assert added
    assert all(
        one["reason"].endswith(f"stays: id {one['survivor_id'].replace(chr(10), '?')}")
        for one in added
    )


def test_without_classes_there_is_no_such_column(small, tmp_path, specs):
    train = replace(small.train, labels=np.zeros(len(small.train), dtype=np.int64))
    test = replace(small.test, labels=np.zeros(len(small.test), dtype=np.int64))
    bare = replace(small, class_names=(), train=train, test=test)
    _, spec = specs("linear", signal="random", settings=(), protocol="restart")
    runs = RunContext(bare, FolderCache(tmp_path))
    keep, _ = select(spec, runs)
    table = removed_rows(spec, runs, keep, score(spec, runs)[0])
    assert table.column_names == [name for name in COLUMNS if name != "class"]
    assert pa.types.is_string(table.schema.field("reason").type)
