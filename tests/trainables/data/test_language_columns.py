import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.trainables.data.pruning import pruned, whole
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.messages import turns_of
from trainables.data.rewriting import check_written, write_splits
from trainables.errors import DataError

ASKED = [
    [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}],
    [{"role": "system", "content": "Be kind."}, {"role": "assistant", "content": "Hello."}],
    [{"role": "user", "content": "é?"}, {"role": "assistant", "content": "è"}],
]
PROMPTED = [
    {"prompt": "2 + 2?", "answer": "4", "label": 0},
    {"prompt": "", "answer": "Hello.", "label": 1},
    {"prompt": "a\nb", "answer": "c\nd", "label": 0},
]


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def language(path, **columns):
    """A data set of one file, as a language model reads it."""
    asked = Columns(**columns)
    return load(Source(name=str(path), columns=asked, target="none", test=str(path)))


def as_jsonl(folder):
    return jsonl(folder / "x.jsonl", [{"messages": turns} for turns in ASKED])


def as_json(folder):
    path = folder / "x.json"
    path.write_text(json.dumps([{"messages": turns} for turns in ASKED]))
    return path


def as_parquet(folder):
    pq.write_table(pa.table({"messages": ASKED}), folder / "x.parquet")
    return folder / "x.parquet"


def as_text(folder):
    pq.write_table(
        pa.table({"messages": [json.dumps(turns) for turns in ASKED]}), folder / "y.parquet"
    )
    return folder / "y.parquet"


@pytest.mark.parametrize("written", [as_jsonl, as_json, as_parquet, as_text])
def test_conversations_are_the_same_in_every_format(written, tmp_path):
    dataset = language(written(tmp_path), messages="messages")
    assert [turns_of(text) for text in dataset.train.texts] == ASKED


def test_turns_of_unlike_keys_are_read_side_by_side(tmp_path):
    other = [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4", "score": 1}]
    path = jsonl(tmp_path / "x.jsonl", [{"messages": ASKED[0]}, {"messages": other}])
    texts = language(path, messages="messages").train.texts
    assert texts[0] == texts[1]


def test_a_prompt_is_told_apart_from_its_response_by_its_characters(tmp_path):
    dataset = language(jsonl(tmp_path / "x.jsonl", PROMPTED), prompt="prompt", response="answer")
    ends = zip(dataset.train.texts, dataset.train.first.tolist(), strict=True)
    assert [(text[:end], text[end:].removeprefix("\n")) for text, end in ends] == [
        ("2 + 2?", "4"), ("", "Hello."), ("a\nb", "c\nd"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "noted"),
    [
        (
            [{"conversations": turns, "text": "as one"} for turns in ASKED],
            "conversations from 'conv",
        ),
        (PROMPTED, "prompts from 'prompt', responses from 'answer'"),
    ],
)
def test_a_language_model_finds_its_columns_and_says_so(rows, noted, tmp_path):
    dataset = language(jsonl(tmp_path / "x.jsonl", rows))
    assert noted in dataset.notes[0]
    assert dataset.class_names == ()


def test_a_named_text_is_read_beside_conversations(tmp_path):
    rows = [{"messages": turns, "text": f"text {k}"} for k, turns in enumerate(ASKED)]
    dataset = language(jsonl(tmp_path / "x.jsonl", rows), text=("text",))
    assert dataset.train.texts == ["text 0", "text 1", "text 2"]


def test_an_instruction_with_an_input_is_not_taken_for_the_whole_prompt(tmp_path):
    rows = [{"instruction": "Add", "input": f"{k}", "output": "x"} for k in range(3)]
    with pytest.raises(DataError, match="prompts stand in 'instruction' and 'input'"):
        language(jsonl(tmp_path / "x.jsonl", rows))


def test_a_text_for_a_language_model_is_one_document_also_of_a_pair(tmp_path):
    rows = [{"sentence1": "a", "sentence2": "b"}] * 2
    assert language(jsonl(tmp_path / "x.jsonl", rows)).train.first is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"messages": [{"role": "tool", "content": "x"}]},
            r"row 1 \(id 'b'\) .*turn 0 is of role 'tool'",
        ),
        ({"messages": "hello"}, r"row 1 \(id 'b'\) 'hello' is text and no JSON list of turns"),
        ({"messages": None}, r"row 1 \(id 'b'\) None .*it is null"),
        ({"messages": 5}, r"row 1 \(id 'b'\) '5' is no list of turns"),
        (
            {"messages": [{"role": "assistant", "content": "\ud800"}]},
            r"row 1 \(id 'b'\).*surrogate",
        ),
        ({"messages": "[" * 100_000}, r"row 1 \(id 'b'\).*no JSON list of turns"),
    ],
)
def test_a_row_that_is_no_conversation_is_named(row, message, tmp_path):
    rows = [
        {"id": "a", "messages": ASKED[0]},
        {"id": "b", **row},
        {"id": "c", "messages": ASKED[1]},
    ]
    with pytest.raises(DataError, match=message):
        language(jsonl(tmp_path / "x.jsonl", rows), messages="messages", id="id")


def test_an_empty_response_is_refused_by_its_row(tmp_path):
    path = jsonl(tmp_path / "x.jsonl", [*PROMPTED, {"prompt": "3?", "answer": " "}])
    with pytest.raises(DataError, match="column 'answer': 1 row is bad: row 3 ' '"):
        language(path, prompt="prompt", response="answer")


def test_a_column_of_conversations_that_is_not_there_is_told_with_its_like(tmp_path):
    with pytest.raises(DataError, match=r"no column 'mesages'.*'messages'"):
        language(as_jsonl(tmp_path), messages="mesages")


def test_pruned_conversations_are_the_lines_that_stay_byte_for_byte(tmp_path):
    path = tmp_path / "x.jsonl"
    lines = [
        f'{{"messages":   {json.dumps(turns)}, "more": {{"k": [1, {{}}]}}}}\n' for turns in ASKED
    ]
    path.write_text("".join(lines))
    pruned(tmp_path / "OUT", Source(name=str(path), target="none", test=str(path)), [0, 2])
    assert (tmp_path / "OUT/data/train.jsonl").read_text() == lines[0] + lines[2]


def test_pruned_conversations_keep_their_columns_types(tmp_path):
    path = as_parquet(tmp_path)
    pruned(tmp_path / "OUT", Source(name=str(path), target="none", test=str(path)), [0, 2])
    out = tmp_path / "OUT/data/train.parquet"
    assert pq.read_schema(out).equals(pq.read_schema(path), check_metadata=True)


@pytest.mark.parametrize("are_made", [True, False], ids=["messages", "prompts"])
def test_rows_that_are_in_no_file_are_written_as_a_language_model_reads_them(are_made, tmp_path):
    path = jsonl(tmp_path / "x.jsonl", PROMPTED * 10)
    altered = Source(name=str(path), target="none", test=str(path), inject_copies=0.1)
    source = Source(name="instructions:60", target="none") if are_made else altered
    dataset = load(source)
    marks = whole(dataset) | {"train": np.arange(len(dataset.train)) % 3 > 0}
    write_splits(source, dataset, marks, tmp_path / "OUT/data")
    assert check_written(source, dataset, marks, tmp_path / "OUT/data") == ()
