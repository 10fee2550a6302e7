import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.trainables.data.pruning import pruned
from trainables.data.catalog import Source, load
from trainables.errors import DataError

HELD = ("train/owl/a.png", "train/cat/b.JPG", "train/cat/a.png", "test/owl/c.png", "test/cat/d.png")


def image_folder(root, names=HELD):
    """Files that are each of other bytes."""
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(f"image {number}".encode())
    return root


def of_one_folder(root):
    return image_folder(root, [f"{name}/{k}.png" for name in ("cat", "owl") for k in range(10)])


def test_images_are_known_by_their_paths_and_their_folders_are_their_classes(tmp_path):
    dataset = load(Source(name=str(image_folder(tmp_path))))
    named = [dataset.class_names[label] for label in dataset.train.labels]
    assert list(zip(dataset.train.ids, named, dataset.train.texts, strict=True)) == [
        ("train/cat/a.png", "cat", b"image 2"),
        ("train/cat/b.JPG", "cat", b"image 1"),
        ("train/owl/a.png", "owl", b"image 0"),
    ]


def test_test_images_are_held_out_of_a_single_folder_of_classes(tmp_path):
    dataset = load(Source(name=str(of_one_folder(tmp_path)), test_fraction=0.2))
    assert (len(dataset.train), len(dataset.test)) == (16, 4)


def test_a_folder_of_images_is_found_by_its_name_in_a_folder_of_data(tmp_path):
    image_folder(tmp_path / "animals")
    assert len(load(Source(name="animals", data_dir=tmp_path)).train) == 3


def test_what_is_no_image_and_a_class_without_one_are_told_and_hidden_files_are_not(tmp_path):
    image_folder(
        tmp_path, [*HELD, "train/owl/notes.txt", "train/owl/.hidden.txt", "train/ape/x.txt"]
    )
    notes = load(Source(name=str(tmp_path))).notes
    assert [note.removeprefix(f"{tmp_path}/") for note in notes[:2]] == [
        "train: 2 entries in folders of classes, such as 'train/ape/x.txt', are no image by the name, and not read",
        "train: no images in 'train/ape', so there is no such class",
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("train/loose.png", "1 image such as 'loose.png' in no folder of a class"),
        ("train/metadata.csv", "metadata.csv names labels of images, and is not read"),
    ],
)
def test_images_whose_class_no_folder_says_are_refused(name, message, tmp_path):
    image_folder(tmp_path, [*HELD, name])
    with pytest.raises(DataError, match=message):
        load(Source(name=str(tmp_path)))


def test_an_image_that_is_no_regular_file_is_refused(tmp_path):
    image_folder(tmp_path)
    os.mkfifo(tmp_path / "train/cat/c.png")
    with pytest.raises(DataError, match=r"train/cat/c\.png: not a regular file"):
        load(Source(name=str(tmp_path)))


def test_a_table_called_train_is_read_before_folders_of_images(tmp_path):
    image_folder(tmp_path)
    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text("text,label\na b,x\nc d,y\n")
    assert load(Source(name=str(tmp_path))).kind == "text"


@pytest.mark.parametrize("make", [image_folder, of_one_folder])
def test_a_pruned_folder_holds_the_images_that_stay_and_reads_as_them(make, tmp_path):
    share = 0.2 if make is of_one_folder else 0
    source = Source(name=str(make(tmp_path / "mine")), test_fraction=share)
    stays = [0, 2, 5, 11, 14, 17]
    pruned(tmp_path / "OUT", source, stays)
    train = load(source).train
    expected = train.take(np.isin(train.rows, stays)).texts
    assert load(Source(name=str(tmp_path / "OUT"))).train.texts == expected


def test_an_image_that_stays_is_the_same_file(tmp_path):
    image_folder(tmp_path / "mine")
    pruned(tmp_path / "OUT", Source(name=str(tmp_path / "mine")), [0, 2])
    assert (tmp_path / "OUT/data/train/cat/a.png").samefile(tmp_path / "mine/train/cat/a.png")


def test_where_the_disk_has_no_links_images_are_copied(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError

    image_folder(tmp_path / "mine")
    monkeypatch.setattr(os, "link", refuse)
    pruned(tmp_path / "OUT", Source(name=str(tmp_path / "mine")), [0, 2])
    assert (tmp_path / "OUT/data/train/cat/a.png").read_bytes() == b"image 2"


def test_images_of_the_hub_are_read_under_its_columns_names(tmp_path):
    images = [{"bytes": b"image", "path": None}] * 4
    table = pa.table({"img": images, "fine_label": [0, 1, 2, 0], "coarse_label": [0, 0, 1, 0]})
    (tmp_path / "cifar100").mkdir()
    for split in ("train", "test"):
        pq.write_table(table, tmp_path / "cifar100" / f"{split}.parquet")
    dataset = load(Source(name="cifar100", data_dir=tmp_path))
    assert (dataset.kind, dataset.class_names) == ("image", ("0", "1", "2"))
