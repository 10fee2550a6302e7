"""A data set is found by its name, in a folder, in a file or on the hub, and says what it is."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainables.data import hub
from trainables.data.cards import DATASETS
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.dataset_file import read, write
from trainables.data.subsampling import by_name
from trainables.errors import DataError

COUNTS = {"imdb": 25_000, "ag_news": 46_105, "yahoo_health22": 145_481, "sst2": 67_349,
          "sms_spam": 4_460, "cifar10": 50_000}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch):
    monkeypatch.delenv("PRUNE_ENVELOPE_DATA", raising=False)


def table_of(n, classes=2, **columns):
    return pa.table({"text": [f"t{i}" for i in range(n)],
                     "label": [i % classes for i in range(n)], **columns})  # fmt: skip


def save(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def test_moving_and_renaming_a_file_does_not_change_the_data(tmp_path):
    paths = [save(tmp_path / name, table_of(40)) for name in ("a.parquet", "deep/b.parquet")]
    assert len({load(Source(name=str(p), test_fraction=0.25)).sha for p in paths}) == 1


def test_a_folder_under_data_dir_is_found_by_name_and_by_environment(tmp_path, monkeypatch):
    for split in ("train", "test", "validation"):
        save(tmp_path / "sst2" / f"{split}.parquet", table_of(10))
    by_argument = load(Source(name="sst2", data_dir=tmp_path))
    monkeypatch.setenv("PRUNE_ENVELOPE_DATA", str(tmp_path))
    assert load("sst2").sha == by_argument.sha
    assert by_argument.validation is not None


def test_shards_of_a_split_are_read_in_order(tmp_path):
    whole = table_of(10)
    for k in range(2):
        save(tmp_path / "set" / f"train-0000{k}-of-00002.parquet", whole.slice(5 * k, 5))
    save(tmp_path / "set" / "test.parquet", whole)
    assert load(str(tmp_path / "set")).train.texts == [f"t{i}" for i in range(10)]


def test_a_second_file_can_be_the_test_split(tmp_path):
    paths = [save(tmp_path / f"{name}.parquet", table_of(n)) for name, n in (("a", 10), ("b", 4))]
    dataset = load(Source(name=str(paths[0]), test=str(paths[1])))
    assert (len(dataset.train), len(dataset.test)) == (10, 4)


def test_class_names_of_the_hugging_face_feature_are_used(tmp_path):
    about = {"info": {"features": {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}}}
    table = table_of(20).replace_schema_metadata({"huggingface": json.dumps(about)})
    path = save(tmp_path / "x.parquet", table)
    assert load(Source(name=str(path), test_fraction=0.2)).class_names == ("no", "yes")


def test_labels_with_gaps_become_dense_and_the_mapping_is_noted(tmp_path):
    path = save(tmp_path / "x.parquet", table_of(20).set_column(1, "label", [[0, 7] * 10]))
    dataset = load(Source(name=str(path), test_fraction=0.2))
    assert set(dataset.train.labels) == {0, 1}
    assert "'7' is 1" in dataset.notes[0]


def test_the_users_own_ids_are_kept(tmp_path):
    path = save(tmp_path / "x.parquet", table_of(20, key=[f"k{i}" for i in range(20)]))
    dataset = load(Source(name=str(path), columns=Columns(id="key"), test_fraction=0.2))
    kept = dict(zip(dataset.train.ids, dataset.train.texts, strict=True))
    assert all(key[1:] == text[1:] for key, text in kept.items())


def test_rows_held_out_are_by_class_and_repeatable(tmp_path):
    path = save(tmp_path / "x.parquet", table_of(400, classes=4))
    first, second, third = (
        load(Source(name=str(path), test_fraction=0.25, seed=seed)) for seed in (0, 0, 1)
    )
    assert np.bincount(first.test.labels).tolist() == [25] * 4
    assert not set(first.test.ids) & set(first.train.ids)
    assert first.sha == second.sha != third.sha


@pytest.mark.parametrize("rows", [4, 7, 100, 1999])
def test_a_limit_takes_exactly_that_many_rows_and_all_classes(rows):
    whole, part = load("synthetic"), load(Source(name="synthetic", limit=rows))
    assert len(part.train) == rows
    assert len(part.test) == len(whole.test)
    assert set(part.train.labels) == {0, 1, 2, 3}
    assert part.limited
    assert f"limited to {rows:,} of 2,400 train rows" in part.notes


def test_a_limit_keeps_the_classes_shares():
    shares = [np.bincount(load(Source(name="synthetic", limit=n)).train.labels) for n in (0, 600)]
    assert np.abs(shares[0] / 4 - shares[1]).max() < 1


def test_the_truth_of_a_limited_set_names_its_own_rows():
    part = load(Source(name="synthetic", limit=800))
    source, texts = part.truth["duplicate_of"], part.train.texts
    for row in np.flatnonzero(source >= 0):
        shared = sum(a == b for a, b in zip(texts[row].split(), texts[source[row]].split()))  # noqa: B905
        assert shared >= len(texts[row].split()) - 2
    assert (part.truth["group"] < 800).all()


def test_a_limited_test_split_is_noted_and_marked():
    dataset = load(Source(name="synthetic", limit_test=50))
    assert len(dataset.test) == 50
    assert dataset.limited
    assert "limited to 50 of 2,000 test rows" in dataset.notes


YAHOO = DATASETS["yahoo_answers_imbalanced"]


@pytest.fixture
def imbalanced_yahoo(tmp_path):
    """Loads it from a folder whose topics are called so."""

    def make(names):
        columns = {
            "question_title": ["t"] * 4000,
            "question_content": [""] * 4000,
            "best_answer": [str(i) for i in range(4000)],
            "topic": [names[i % 10] for i in range(4000)],
        }
        for split in ("train", "test"):
            save(tmp_path / "yahoo_answers" / f"{split}.parquet", pa.table(columns))
        return load(Source(name="yahoo_answers_imbalanced", data_dir=tmp_path))

    return make


def test_the_imbalanced_yahoo_is_four_to_one_with_the_test_split_whole(imbalanced_yahoo):
    dataset = imbalanced_yahoo(list(range(10)))
    sizes = np.bincount(dataset.train.labels)
    assert (sizes.max(), sizes.min(), len(dataset.test)) == (400, 100, 4000)
    ratios = sorted(sizes)[1:] / np.array(sorted(sizes)[:-1])
    assert ratios == pytest.approx(4 ** (1 / 9), abs=0.01)
    assert dataset.train.texts[0].startswith("t\n")


@pytest.mark.parametrize("first", [None, 0, 1], ids=["names", "numbers from 0", "numbers from 1"])
def test_science_is_the_smallest_class_of_the_imbalanced_yahoo(imbalanced_yahoo, first):
    numbers = [] if first is None else [k + first for k in range(10)]
    dataset = imbalanced_yahoo(numbers or list(YAHOO.classes))
    sizes = np.bincount(dataset.train.labels).tolist()
    shown = [str(number) for number in numbers] or list(YAHOO.classes)
    of = {
        YAHOO.classes[shown.index(name)]: size
        for name, size in zip(dataset.class_names, sizes, strict=True)
    }
    assert sorted(of, key=lambda name: -of[name]) == list(YAHOO.order)
    assert (of["Society & Culture"], of["Science & Mathematics"]) == (400, 100)
    assert f"classes of 400 ({shown[0]!r}) to 100 ({shown[1]!r})" in dataset.notes[-1]


def test_a_class_of_the_order_that_the_data_lack_is_refused_with_its_nearest(imbalanced_yahoo):
    names = ["Science and Mathematics" if "Science" in name else name for name in YAHOO.classes]
    with pytest.raises(DataError, match=r"'Science & Mathematics' .*'Science and Mathematics'"):
        imbalanced_yahoo(names)


@pytest.mark.parametrize(("order", "says"), [
    (("a", "b", "d"), "class 'c' 0 times"), (("a", "b", "c", "d", "a"), "class 'a' 2 times"),
    (("a", "c", "d", "bb"), "'bb' .* not in the data.*Did you mean 'b'"),
])  # fmt: skip
def test_an_order_names_every_class_once(order, says):
    dataset = replace(load(Source(name="synthetic", limit=40)), class_names=("a", "b", "c", "d"))
    with pytest.raises(DataError, match=says):
        by_name(dataset, order)


def test_every_card_on_the_hub_has_a_pinned_commit():
    pinned = [card.hub.revision for card in DATASETS.values() if card.hub]
    assert all(re.fullmatch("[0-9a-f]{40}", revision) for revision in pinned)
    assert len(set(pinned)) == len(pinned) == 3


@pytest.mark.parametrize("name", [
    "imdb", "owner/name", "owner/name:config@dev", "owner/name@" + "0" * 40, "imdb@" + "1" * 40,
])  # fmt: skip
def test_without_a_network_a_hub_name_fails_at_once_and_says_what_to_do(
    monkeypatch, tmp_path, name
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "is_reachable", lambda: False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(DataError, match=r"--data-dir DIR with .*/train\.parquet"):
        load(name)


def test_an_unreachable_hub_is_noticed_at_once(monkeypatch):
    for name in hub.PROXIES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert not hub.is_reachable()


@pytest.mark.parametrize(("name", "says"), [
    ("imbd", "Did you mean 'imdb'"), ("name@main", r"owner/name\[:config\]\[@revision\]"),
    ("owner/name@../../x", "no data set"), ("../../nothing/here", "no data set"), ("", "no data set"),
    ("synthetic:many", "synthetic:4000"), ("tickets:0", "tickets:4000"), ("a\0b", "no data set"),
    ("tickts", "Did you mean 'tickets'"), ("imdb:4000", "no data set"),
])  # fmt: skip
def test_a_wrong_name_is_a_usage_error(name, says):
    with pytest.raises(ValueError, match=says) as caught:
        load(name)
    assert not isinstance(caught.value, DataError)


def test_a_card_without_a_hub_says_where_its_files_must_stand():
    with pytest.raises(DataError, match=r"sst2/train\.parquet"):
        load("sst2")


def test_a_file_without_a_test_split_says_how_to_get_one(tmp_path):
    path = save(tmp_path / "x.parquet", table_of(10))
    with pytest.raises(ValueError, match="--test-fraction"):
        load(str(path))


def test_a_test_class_that_training_lacks_is_refused(tmp_path):
    save(tmp_path / "train.parquet", table_of(10))
    save(tmp_path / "test.parquet", table_of(9, classes=3))
    with pytest.raises(DataError, match=r"test\.parquet: .*row 2 2, row 5 2"):
        load(str(tmp_path))


@pytest.mark.parametrize("wrong", [
    {"test_fraction": 1.0}, {"limit": -1}, {"limit": 2}, {"test": "x.csv", "test_fraction": 0.1},
])  # fmt: skip
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))[:5]):
        load(replace(Source(name="synthetic"), **wrong))


@pytest.mark.parametrize("name", COUNTS)
def test_a_real_set_is_loaded_whole_and_read_again_alike(real_data, tmp_path, name):
    dataset = load(Source(name=name, data_dir=real_data))
    write(dataset, tmp_path / "x.parquet")
    again = read(tmp_path / "x.parquet")
    assert len(again.train) == COUNTS[name]
    assert again.sha == dataset.sha


@pytest.mark.slow
def test_offline_mode_without_a_copy_fails_at_once(tmp_path):
    script = "from trainables.data.catalog import load; load('imdb')"
    about = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    found = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        env=about,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "offline mode is on (HF_HUB_OFFLINE)" in found.stderr
