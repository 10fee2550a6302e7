"""What is shown of a training row: texts cut short, turns line by line, pictures of images."""

import base64
import io

import numpy as np
import pyarrow as pa
import pytest

import orchestrator.execution.shown_samples as module
from analysis.dropped_samples import DroppedList, DroppedRow
from orchestrator.execution.shown_samples import shown_sample, with_pictures
from trainables.data.dataset import Dataset, Split
from trainables.data.messages import conversation
from trainables.spec import TrialSpec

SHA = "d" * 64


def made(inputs, kind="text", classes=(), **columns):
    kinds = {"image": pa.large_binary()}
    split = Split(
        inputs=pa.array(inputs, kinds.get(kind, pa.large_string())), labels=np.zeros(len(inputs)),
        ids=np.arange(len(inputs)), **columns,
    )  # fmt: skip
    return Dataset(name="made", kind=kind, class_names=classes, train=split, test=split)


def sample(*inputs, with_text=True, **how):
    return shown_sample(made(inputs, **how), 0, with_text=with_text)


def test_a_conversation_is_a_line_a_turn():
    talk = conversation([
        {"role": "user", "content": "How\nmany?"}, {"role": "assistant", "content": "Two."}
    ])  # fmt: skip
    shown = sample(talk, kind="messages")
    assert (shown.kind, shown.text) == ("messages", "user: How many?\nassistant: Two.")


def test_a_prompt_and_its_response_are_told_apart():
    shown = sample("add 1 and 2\n3", first=np.array([11]))
    assert (shown.kind, shown.text) == ("messages", "prompt: add 1 and 2\nresponse: 3")


def test_a_pair_of_texts_of_a_class_is_no_prompt():
    shown = sample("one\ntwo", classes=("a", "b"), first=np.array([3]))
    assert (shown.kind, shown.text) == ("text", "one\ntwo")


def test_a_long_prompt_leaves_room_for_the_response_and_says_that_it_is_cut():
    shown = sample("x" * 900 + "\nyes", first=np.array([900]))
    assert len(shown.text) < 400 and shown.text.endswith("…\nresponse: yes …")


@pytest.mark.parametrize("kind", ["text", "messages", "image"])
def test_nothing_of_a_row_is_shown_where_that_is_not_wanted(kind):
    rows = {
        "text": "words",
        "messages": conversation([{"role": "assistant", "content": "x"}]),
        "image": b"x",
    }
    shown = sample(rows[kind], kind=kind, with_text=False)
    assert shown.text == shown.picture == ""


def pictured(monkeypatch, *, most, lists=(("", 3), ("own.csv", 3)), torn=()):
    """Which rows have a picture, of as many lists, each of its own rows."""
    Image = pytest.importorskip("PIL.Image")  # noqa: N806
    Image.new("RGB", (8, 8), "red").save(file := io.BytesIO(), "png")
    monkeypatch.setattr(module, "_MOST_PICTURES", most)
    n = sum(count for _, count in lists)
    dataset = made([b"" if i in torn else file.getvalue() for i in range(n)], "image", ("a", "b"))
    spec = TrialSpec(
        dataset="made", data_sha=SHA, model="m", model_sha="m" * 64, learner="image", seed=1,
        signal="el2n", selector="global", warmup=0.15, rate=0.1, protocol="restart",
    )  # fmt: skip
    told, first = [], 0
    for name, count in lists:
        rows = [DroppedRow(i, None, None, 0.0, 0.0, "", False) for i in range(first, first + count)]
        told.append(
            DroppedList(
                spec=spec, dropped=9, survivor_kept=0, twin_survives=0, other_label=0, by_class={}, file=name,
                rows=tuple(rows),
            )
        )  # fmt: skip
        first += count
    samples = {SHA: {i: shown_sample(dataset, i, with_text=True) for i in range(n)}}
    return with_pictures(samples, told, {SHA: dataset})[SHA]


def test_an_image_has_a_picture(monkeypatch):
    found = pictured(monkeypatch, most=9)
    assert all(base64.b64decode(one.picture.partition(",")[2]) for one in found.values())
    assert {one.text for one in found.values()} == {""}


def test_a_torn_image_says_so_in_its_place(monkeypatch):
    found = pictured(monkeypatch, most=9, torn={1})
    assert (found[1].picture, found[1].text) == ("", "It cannot be read as a picture.")


def test_a_page_holds_so_many_pictures_those_of_the_headline_first(monkeypatch):
    found = pictured(monkeypatch, most=4)
    assert [i for i, one in found.items() if one.picture] == [0, 3, 4, 5]
    assert found[2].text.startswith("Not shown")


def test_every_other_list_has_a_picture_before_one_has_two(monkeypatch):
    found = pictured(monkeypatch, most=3, lists=(("", 4), ("", 4), ("", 4)))
    assert [i for i, one in found.items() if one.picture] == [0, 4, 8]
