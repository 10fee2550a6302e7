"""The card of a pruned data set: what the hub, `datasets` and a person read of it."""

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from huggingface_hub import DatasetCard

from analysis.markdown import code, literal
from analysis.pruned_files import ClassCount, PrunedFile
from analysis.warrants import Warrant
from orchestrator.pruning.card import card_text
from orchestrator.pruning.source_card import SourceCard, licensed, source_card
from tests.hub_cards import faults_of, front_of
from tests.hub_server import HubServer
from tests.pruned_folders import CC, RECORD, WARRANT, rows_of, write_pruned
from trainables.errors import UsageError

ROOT = Path(__file__).parents[3]
FILE = PrunedFile(split="train", path="data/train.csv", rows=12, sha256="e" * 64)
HOSTILE = [
    "yes", "no", "null", "1.0", "1e3", "0x1F", "2026-11-30", "~", "- a", "a: b", "{x: y}", "[x", "*a", "&a", "!a",
    "#", "'", '"', "a\nlicense: mit\n---\n# Mine", "😀", "\u202eevil", "a|b", "`rm`", "``", "<script>x</script>",
    "![x](http://x/y.png)", "[a](javascript:x)", "https://x.example", "a@b.example", "__init__", "*b*", "---",
    "\\", "  ", "é" * 300, "\x1b[31m", "\u2028", "日本語",
]  # fmt: skip


def plain(lines, sep=","):
    """A CSV as `prune` writes it."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sep)
    writer.writerow(lines.column_names)
    writer.writerows(zip(*(lines[name].to_pylist() for name in lines.column_names), strict=True))
    return text.getvalue().encode()


def jsonl(table):
    return "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()


def arrow(table):
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue()


def feather(table, path):
    path.write_bytes(arrow(table))


# By format: how a table is written, the ending, and what a reader must be told.
FORMATS = {
    "csv": (lambda t, p: p.write_bytes(plain(t)), "csv", {}),
    "semicolons": (lambda t, p: p.write_bytes(plain(t, ";")), "csv", {"sep": ";"}),
    "tsv": (lambda t, p: p.write_bytes(plain(t, "\t")), "tsv", {"sep": "\t"}),
    "packed csv": (lambda t, p: p.write_bytes(gzip.compress(plain(t))), "csv.gz", {}),
    "jsonl": (lambda t, p: p.write_bytes(jsonl(t)), "jsonl", {}),
    "json": (lambda t, p: p.write_text(json.dumps(t.to_pylist())), "json", {}),
    "json below a key": (lambda t, p: p.write_text(json.dumps({"rows": t.to_pylist()})), "json", {"field": "rows"}),
    "parquet": (pq.write_table, "parquet", {}),
    "arrow": (lambda t, p: p.write_bytes(arrow(t)), "arrow", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_datasets_reads_exactly_the_splits_of_the_folder(name, tmp_path):
    write, ending, reading = FORMATS[name]
    splits = {
        split: [(f"{split}.{ending}", write, reading)] for split in ("train", "test", "validation")
    }
    write_pruned(tmp_path / "out", splits)
    read = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {split: part.to_list() for split, part in read.items()} == {
        "train": rows_of(12).to_pylist(),
        "test": rows_of(5).to_pylist(),
        "validation": rows_of(3).to_pylist(),
    }


def test_another_list_in_a_folder_of_that_name_is_not_taken_for_this_one(tmp_path):
    """`datasets` keeps what it read by the folder's last name, and not by its files."""
    for place, n in (("a", 12), ("b", 3), ("a", 12)):
        folder = tmp_path / place / "pruned"
        if not folder.exists():
            write_pruned(folder, {"train": [("train.jsonl", first_rows(n), {})]})
        read = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
        assert read["train"].to_list() == rows_of(n).to_pylist()


def first_rows(n):
    return lambda table, path: path.write_bytes(jsonl(table.slice(0, n)))


def test_shards_are_read_in_their_order(tmp_path):
    write, *_ = FORMATS["parquet"]
    shards = [(f"train-0000{k}-of-00003.parquet", write, {}) for k in range(3)]
    write_pruned(tmp_path / "out", {"train": shards, "test": [("test.parquet", write, {})]})
    read = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert read["train"].to_list() == rows_of(12).to_pylist()


def test_a_split_of_another_kind_is_read_as_its_line_says(tmp_path):
    """`datasets` takes one reader for all that a card lists: it would read the other kind by the wrong one."""
    (csv_, _, told), (json_, *_) = FORMATS["semicolons"], FORMATS["jsonl"]
    writers = {"train": [("train.csv", csv_, told)], "test": [("test.jsonl", json_, {})]}
    write_pruned(tmp_path / "out", writers)
    cache = {"cache_dir": str(tmp_path / "cache")}
    read = datasets.load_dataset(str(tmp_path / "out"), **cache)
    assert [*read] == ["train"] and read["train"].to_list() == rows_of(12).to_pylist()
    text = (tmp_path / "out" / "README.md").read_text()
    (kind, path) = re.findall(
        r'test is of another kind.*load_dataset\("(\w+)", data_files="FOLDER/(.*?)"', text
    )[0]
    read = datasets.load_dataset(
        kind, data_files=str(tmp_path / "out" / path), split="train", **cache
    )
    assert read.to_list() == rows_of(5).to_pylist()


def test_splits_of_one_kind_written_in_two_ways_are_configurations_of_their_own(tmp_path):
    (one, _, told), (other, *_) = FORMATS["tsv"], FORMATS["csv"]
    writers = {"train": [("train.tsv", one, told)], "test": [("test.csv", other, {})]}
    write_pruned(tmp_path / "out", writers)
    for config, n in (("train", 12), ("test", 5)):
        read = datasets.load_dataset(
            str(tmp_path / "out"), config, cache_dir=str(tmp_path / "cache")
        )
        assert [*read] == [config] and read[config].to_list() == rows_of(n).to_pylist()
    assert (
        'load_dataset("FOLDER", "train", split="train")'
        in (tmp_path / "out" / "README.md").read_text()
    )


def test_what_datasets_does_not_read_is_said_and_still_no_other_file_is_taken_for_it(tmp_path):
    made = write_pruned(tmp_path / "out", {"train": [("train.feather", feather, {})]})
    text = card_text(made, CC)
    assert "`datasets` reads no .feather files" in text and "load_dataset" not in text
    assert front_of(text)["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train.feather"}
    ]


def test_vectors_beside_a_table_are_no_split():
    vectors = replace(FILE, path="data/train.npy", is_table=False)
    text = card_text(replace(RECORD, files=(FILE, vectors)), CC)
    assert front_of(text)["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train.csv"}
    ]
    assert "`data/train.npy`" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_of_any_kind_stays_a_name(name):
    """In the YAML a text that is read back as it was, on the page shown and never run."""
    classes = tuple(replace(one, name=f"{name}{k}") for k, one in enumerate(RECORD.classes))
    record = replace(
        RECORD, dataset=name, run=name, read_from=name, command=f"prune {name}", said=name, words=name,
        classes=classes, protected=(name,), files=(FILE,), notes=(name,), warrant=None, no_warrant=name,
    )  # fmt: skip
    text = card_text(record, replace(CC, license_name=name, found=name))
    assert faults_of(text) == []
    about = front_of(text)
    assert about["license_name"] == name
    assert about["license"] == "cc-by-4.0" and isinstance(about["pretty_name"], str)
    # A reader by YAML 1.2 has other words for numbers and truth than PyYAML: all texts are quoted.
    keys = re.sub(r'"([^"\\]|\\.)*"', "", text.split("---\n")[1])
    assert set(re.sub(r"^[ -]*([a-z_]+:)?|#.*", "", keys, flags=re.MULTILINE).split()) == {
        "true",
        "false",
    }
    card = DatasetCard(text)
    assert card.data.license == "cc-by-4.0" and card.data.pretty_name == about["pretty_name"]
    body = text.split("\n---\n", 1)[1]
    outside = re.sub(
        r"(`+)(?!`).*?(?<!`)\1(?!`)", "", re.sub(r"```.*?```", "", body, flags=re.DOTALL)
    )
    assert "<script" not in outside and "\x1b" not in text and "\u202e" not in body
    assert not re.search(r"(?<!\\)\]\((?!\\)", outside) and "https://x" not in outside
    assert [line for line in body.splitlines() if line.startswith(("# ", "---"))] == [
        body.splitlines()[1]
    ]
    tables = [line for line in body.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 5) for line in tables)


def test_a_hub_of_our_own_finds_no_fault_in_the_card_and_one_in_a_bad_card(tmp_path):
    """By huggingface_hub's own validation, which asks the hub."""
    (tmp_path / "good.md").write_text(
        card_text(replace(RECORD, files=(FILE,)), CC), encoding="utf-8"
    )
    bad = card_text(replace(RECORD, files=(FILE,)), replace(CC, licenses=("no-such",)))
    (tmp_path / "bad.md").write_text(bad, encoding="utf-8")
    code_ = (
        "import sys; from huggingface_hub import DatasetCard\n"
        "for name in sys.argv[1:]:\n"
        "    try: DatasetCard.load(name).validate(); print('fine')\n"
        "    except ValueError as error: print(error)\n"
    )
    with HubServer() as hub:
        ended = subprocess.run(
            [sys.executable, "-c", code_, tmp_path / "good.md", tmp_path / "bad.md"],
            env={**os.environ, "HF_ENDPOINT": hub.endpoint}, capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert ended.stdout.startswith("fine\n") and 'license\\" must be one of' in ended.stdout


def test_no_training_text_is_in_the_card(tmp_path):
    write, *_ = FORMATS["jsonl"]
    write_pruned(tmp_path / "out", {"train": [("train.jsonl", write, {})]})
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    texts = {row["text"] for row in rows_of(12).to_pylist()} - {"NA"}
    assert [one for one in texts if one in text] == []


def test_what_was_measured_of_exactly_these_rows_stands_first():
    lines = card_text(replace(RECORD, files=(FILE,)), CC).split("# sms, pruned\n\n")[1].splitlines()
    assert lines[0].startswith("> **✓ Confirmed: ")
    text = "\n".join(lines)
    assert "−0.10 points, likely −0.50 to +0.30; the line is −1 point" in text
    assert "“spam”" in text and "| spam | 3 | 4 | 75% |" in text and "5 new ones" in text


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ("keep_one", "it is the list of one seed: of 1, 2, 3 that whose ranks lie nearest"),
        ("mine:own", "it is the list of one seed: of 1, 2, 3 that whose ranks lie nearest"),
        ("redundancy", "Ranks are joined over the seeds 1, 2, 3."),
    ],
)
def test_it_says_how_the_scores_of_several_seeds_became_one_list(signal, said):
    spec = replace(RECORD.spec, signal=signal, scored_by=(1, 2, 3), protocol="restart")
    assert said in card_text(replace(RECORD, files=(FILE,), spec=spec), CC)


def test_it_says_in_words_what_was_trained():
    spec = replace(RECORD.spec, protocol="restart", scored_by=(1, 2, 3))
    text = card_text(replace(RECORD, files=(FILE,), spec=spec), CC)
    assert f"{spec.training.epochs} epochs, afresh on the rows that stay" in text


def test_without_a_warrant_it_says_not_measured_and_what_the_run_says():
    record = replace(
        RECORD, files=(FILE,), warrant=None, no_warrant="it was left out by --no-warrant"
    )
    text = card_text(record, CC)
    assert "> **– Not measured: no model was trained on exactly these rows.**" in text
    assert "where each seed cut by scores of its own: Drop 25% of sms" in text
    assert "## What was measured" not in text and "before you rely on it" in text


def test_a_confirmed_list_of_which_rows_were_put_back_is_not_said_to_be_cuts_of_each_seed():
    record = replace(RECORD, files=(FILE,), warrant=None, state="confirmed", protected=("ham",))
    text = card_text(record, CC)
    assert "no model was trained on exactly these rows" in text
    assert "of this cut, before rows were put back: Drop 25%" in text and "each seed" not in text


def test_a_confirmed_list_whose_warrant_was_left_out_is_not_called_untrained():
    record = replace(RECORD, files=(FILE,), warrant=None, state="confirmed")
    text = card_text(record, CC)
    assert "Nothing here was measured" not in text and "in the report of its run, `sms`" in text
    assert "no model was trained" not in text.lower()
    assert "What was measured of exactly these rows is left out here." in text
    fewer = card_text(replace(record, protected=("spam",)), CC)
    assert "Not measured: no model was trained on exactly these rows." in fewer


@pytest.mark.parametrize("state", ["loses more", "not decided", "incomplete", "no answer"])
def test_what_did_not_pass_is_no_praise(state):
    warrant = replace(WARRANT, state=state, verdict="inconclusive").to_dict()
    record = replace(RECORD, files=(FILE,), warrant=warrant, anyway=True, is_shown=False)
    text = card_text(record, CC)
    assert "Confirmed:" not in text
    assert "Written all the same (`--anyway`)" in text
    assert Warrant.from_dict(warrant).state == state


def test_of_many_classes_those_that_lose_most_are_shown():
    classes = tuple(ClassCount(name=f"c{k}", kept=100 - k, rows=100) for k in range(30))
    text = card_text(replace(RECORD, files=(FILE,), classes=classes), CC)
    assert "| c29 | 71 | 100 | 71% |" in text and "| c0 |" not in text
    assert "And 18 more classes that lose less" in text
    assert "71% of c29 stays and 100% of c0" in text


def test_a_card_without_classes_has_no_table_of_them_and_no_task():
    text = card_text(replace(RECORD, files=(FILE,), classes=()), CC)
    assert "rows that stay | of" not in text and "task_categories" not in text


def test_a_trainer_of_ones_own_claims_no_task():
    spec = replace(RECORD.spec, learner="mine:fit", learner_sha="f" * 64, model="", model_sha="")
    text = card_text(replace(RECORD, files=(FILE,), spec=spec), CC)
    assert "task_categories" not in text and "measured with `mine:fit`" in text


@pytest.mark.parametrize(
    ("rows", "size"), [(999, "n<1K"), (1000, "1K<n<10K"), (5_000_000, "1M<n<10M"), (2 * 10**12, "n>1T")]
)  # fmt: skip
def test_a_size_is_that_of_all_its_rows(rows, size):
    text = card_text(replace(RECORD, files=(replace(FILE, rows=rows),)), CC)
    assert front_of(text)["size_categories"] == [size] and faults_of(text) == []


def test_without_a_licence_the_card_names_none_and_says_so():
    text = card_text(replace(RECORD, files=(FILE,)), SourceCard())
    assert "license" not in front_of(text) and faults_of(text) == []
    assert "# license: none is known" in text and "for private use" in text


def test_a_licence_is_copied_from_the_card_beside_the_data(tmp_path):
    (tmp_path / "sms.csv").write_text("text,label\n")
    assert source_card(tmp_path / "sms.csv", "") == SourceCard()
    front = "license: other\nlicense_name: house\nlicense_link: https://x.example/l\nlanguage: [no, en, Klingon]"
    (tmp_path / "README.md").write_text(f"---\n{front}\n---\n# Data\n", encoding="utf-8")
    found = source_card(tmp_path / "sms.csv", "")
    assert found == source_card(tmp_path, "")
    assert (found.licenses, found.license_name, found.languages) == (
        ("other",),
        "house",
        ("no", "en"),
    )
    about = front_of(card_text(replace(RECORD, files=(FILE,)), found))
    assert about["license"] == "other" and about["license_link"] == "https://x.example/l"
    assert about["language"] == ["no", "en"]


@pytest.mark.parametrize("text", ["", "# no front", "---\n[1\n---\n", "---\n- a\n---\n", "---\nlicense: {a: 1}\n---\n"])  # fmt: skip
def test_a_readme_that_says_nothing_gives_nothing(tmp_path, text):
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    assert source_card(tmp_path, "").licenses == ()


def test_the_licence_asked_for_counts_before_that_of_the_source():
    about = licensed("mit", CC)
    assert about.licenses == ("mit",) and licensed("", CC) is CC
    assert "| licence | mit |" in card_text(replace(RECORD, files=(FILE,)), about)
    with pytest.raises(UsageError, match="--license 'CC BY': write its short name"):
        licensed("CC BY", CC)


def test_a_licence_of_a_hub_data_set_is_that_of_the_commit_that_was_read(tmp_path):
    card = b"---\nlicense: cc-by-sa-4.0\nlanguage: en\n---\n"
    code_ = (
        "import sys; from orchestrator.pruning.source_card import source_card\n"
        "print(source_card(None, sys.argv[1]))"
    )
    with HubServer() as hub:
        sha = hub.commit("ann/sms", {"README.md": card})
        hub.commit("ann/sms", {"README.md": b"---\nlicense: mit\n---\n"})
        environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path)}
        for _ in range(2):  # the second time from the copy here
            ended = subprocess.run(
                [sys.executable, "-c", code_, f"ann/sms:plain@{sha}"], env=environment, cwd=ROOT,
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert "licenses=('cc-by-sa-4.0',)" in ended.stdout and "('en',)" in ended.stdout
            hub.close()


def test_the_source_on_the_hub_is_named():
    record = replace(RECORD, files=(FILE,), hub_source=f"ann/sms:plain@{'a' * 40}")
    text = card_text(record, CC)
    assert front_of(text)["source_datasets"] == ["ann/sms"] and f"ann/sms:plain@{'a' * 40}" in text


def test_yaml_is_the_same_by_the_library_that_the_hub_client_has():
    text = card_text(replace(RECORD, files=(FILE,)), CC)
    again = str(DatasetCard(text))
    assert front_of(again) == front_of(text) == yaml.safe_load(DatasetCard(text).data.to_yaml())


def test_names_are_shown_as_they_are():
    assert literal("SMS spam, 2026") == "SMS spam, 2026" and literal("ag_news") == "ag_news"
    assert literal("a*b") == "a\\*b" and literal("<b>") == "&lt;b&gt;"
    assert code("a`b|c") == "``a`b\\|c``"
