import numpy as np
import pyarrow as pa
import pytest

from trainables.data import dataset_file, spooled_bytes
from trainables.data.dataset import Dataset, Split
from trainables.data.spooled_bytes import BytesSpool, joined_arrays, taken

ROWS = [b"one", b"", b"three", b"4" * 40, None, b"six"]


@pytest.fixture(params=[2**28, 8], ids=["in memory", "in a file"])
def most(request, monkeypatch):
    monkeypatch.setattr(spooled_bytes, "MOST", request.param)


def spooled(blocks):
    spool = BytesSpool()
    for block in blocks:
        spool.append(pa.array(block, pa.binary()))
    return spool.array()


@pytest.mark.usefixtures("most")
def test_rows_come_back_as_they_were_given():
    assert spooled([ROWS[:2], [], ROWS[2:]]).to_pylist() == ROWS


@pytest.mark.usefixtures("most")
def test_rows_are_taken_in_the_order_asked_for():
    rows = np.array([3, 0, 5, 3])
    assert taken(spooled([ROWS]), rows).to_pylist() == [ROWS[row] for row in rows]


@pytest.mark.usefixtures("most")
def test_arrays_are_joined_also_where_one_is_a_slice():
    assert joined_arrays([spooled([ROWS]).slice(1, 3), spooled([ROWS])]).to_pylist() == [
        *ROWS[1:4],
        *ROWS,
    ]


def test_many_bytes_are_mapped_and_not_held(monkeypatch):
    monkeypatch.setattr(spooled_bytes, "MOST", 2**20)
    before = pa.total_allocated_bytes()
    array = spooled([[b"x" * 2**18] * 40])
    assert pa.total_allocated_bytes() - before < 2**20
    assert len(array) == 40


@pytest.mark.usefixtures("most")
def test_a_data_set_of_images_reads_back_as_it_was_written(tmp_path):
    def split(*images):
        return Split(
            inputs=pa.array(images, pa.large_binary()),
            labels=np.arange(len(images)) % 2,
            ids=np.array([f"i{k}" for k in range(len(images))], dtype=object),
        )

    dataset = Dataset(
        name="x", kind="image", class_names=("a", "b"), train=split(b"one", b"two", b"three"),
        test=split(b"four", b"five"),
    )  # fmt: skip
    dataset_file.write(dataset, tmp_path / "data")
    assert dataset_file.read(tmp_path / "data").sha == dataset.sha
    assert dataset_file.read_names(tmp_path / "data").ids.to_pylist() == ["i0", "i1", "i2"]
