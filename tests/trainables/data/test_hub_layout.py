"""The files of a hub repository become configs and splits as its card or their names say."""

import pytest

from trainables.data.hub_layout import layout_of, split_files
from trainables.errors import DataError, UsageError


def splits(*paths, card="", config=""):
    return {
        name: list(files) for name, files in layout_of(paths, card, config, "o/n").splits.items()
    }


def card(*configs, **rest):
    import yaml

    return f"---\n{yaml.safe_dump({'configs': list(configs)} | rest)}---\nwords\n"


@pytest.mark.parametrize(("paths", "found"), [
    (["train.csv", "test.csv"], {"train": ["train.csv"], "test": ["test.csv"]}),
    (["data/train.jsonl", "data/dev.jsonl"],
     {"train": ["data/train.jsonl"], "validation": ["data/dev.jsonl"]}),
    (["data/train-00001-of-00002.parquet", "data/train-00000-of-00002.parquet",
      "data/unsupervised-00000-of-00001.parquet"],
     {"train": ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
      "unsupervised": ["data/unsupervised-00000-of-00001.parquet"]}),
    (["train/a.parquet", "train/b.parquet", "test/a.parquet"],
     {"train": ["train/a.parquet", "train/b.parquet"], "test": ["test/a.parquet"]}),
    (["my_train_part.csv", "my-eval.csv"], {"train": ["my_train_part.csv"], "test": ["my-eval.csv"]}),
    (["Train.csv", "Test.csv"], {"train": ["Train.csv"], "test": ["Test.csv"]}),
    (["constrained.csv", "train.csv"], {"train": ["train.csv"]}),
    (["rows.csv", "README.md", ".gitattributes"], {"train": ["rows.csv"]}),
    (["train.parquet", ".cache/test.parquet", "__old__/test.parquet"], {"train": ["train.parquet"]}),
    (["train.csv", "a_train.parquet", "b_train.parquet"],
     {"train": ["a_train.parquet", "b_train.parquet"]}),
])  # fmt: skip
def test_names_of_files_tell_splits(paths, found):
    assert splits(*paths) == found


PATHS = ("en/a.csv", "en/b.csv", "en/deep/c.csv", "de/a.csv", "de/[x].csv", "test.csv")


@pytest.mark.parametrize(("config", "found"), [
    ({"data_files": "en/a.csv"}, {"train": ["en/a.csv"]}),
    ({"data_files": "./en/*.csv"}, {"train": ["en/a.csv", "en/b.csv"]}),
    ({"data_files": ["en/b.csv", "en/a.csv"]}, {"train": ["en/b.csv", "en/a.csv"]}),
    ({"data_files": "en/**"}, {"train": ["en/a.csv", "en/b.csv", "en/deep/c.csv"]}),
    ({"data_files": "**/a.csv"}, {"train": ["de/a.csv", "en/a.csv"]}),
    ({"data_files": "en/[!a].csv"}, {"train": ["en/b.csv"]}),
    ({"data_files": "en/?.csv"}, {"train": ["en/a.csv", "en/b.csv"]}),
    ({"data_files": [{"split": "train", "path": ["en/*.csv", "en/a.csv"]},
                     {"split": "test", "path": "test.csv"}]},
     {"train": ["en/a.csv", "en/b.csv"], "test": ["test.csv"]}),
    ({"data_dir": "de"}, {"train": ["de/[x].csv", "de/a.csv"]}),
    ({"data_dir": "de", "data_files": "a.csv"}, {"train": ["de/a.csv"]}),
])  # fmt: skip
def test_a_card_tells_splits_by_patterns(config, found):
    assert splits(*PATHS, card=card({"config_name": "x", **config})) == found


def test_the_hub_library_finds_the_same_files(tmp_path):
    from datasets.data_files import get_data_patterns

    for paths in (["train.csv", "test.csv"], ["a/train/x.csv", "a/test/y.csv"], ["x.csv", "y.csv"],
                  ["data/train-00000-of-00001.csv", "data/odd-00000-of-00001.csv"],
                  ["my.train.csv", "my.val.csv"], ["2train.csv", "retest.csv", "test_1.csv"]):  # fmt: skip
        folder = tmp_path / str(abs(hash(tuple(paths))))
        for path in paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).touch()
        theirs = {
            str(split): sorted(
                {
                    found.removeprefix(f"{folder}/")
                    for one in patterns
                    for found in _resolved(one, folder)
                }
            )
            for split, patterns in get_data_patterns(str(folder)).items()
        }
        assert splits(*paths) == theirs


def _resolved(pattern, folder):
    from datasets.data_files import resolve_pattern

    try:
        return resolve_pattern(pattern, str(folder))
    except FileNotFoundError:
        return []


TWO = [
    {"config_name": "en", "data_files": "en/a.csv"},
    {"config_name": "de", "data_files": "de/a.csv"},
]


def test_several_configs_and_none_named_are_listed():
    with pytest.raises(UsageError, match="it has 2 configs, en, de; name one, as in o/n:en"):
        splits(*PATHS, card=card(*TWO))


def test_a_config_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(
        UsageError, match=r"no config 'dee'; its configs are en, de\. Did you mean 'de'"
    ):
        splits(*PATHS, card=card(*TWO), config="dee")
    with pytest.raises(UsageError, match="it has none: ask for o/n"):
        splits(*PATHS, config="dee")


def test_the_default_of_a_card_is_taken_and_told():
    text = card(TWO[0], TWO[1] | {"default": True})
    layout = layout_of(PATHS, text, "", "o/n")
    assert layout.splits == {"train": ("de/a.csv",)}
    assert layout.config == "de"
    assert layout.notes == ("config de of en, de is read, the default of its card",)


def test_the_parquet_copy_of_the_hub_has_its_configs_in_folders():
    paths = ["en/train/0000.parquet", "en/train/0001.parquet", "de/test/0000.parquet"]
    assert splits(*paths, config="en") == {"train": paths[:2]}
    with pytest.raises(UsageError, match="en, de"):
        splits(*paths)


def test_files_of_no_split_are_read_as_train_and_that_is_told():
    assert "2 files are read as train" in layout_of(["a.csv", "b.csv"], "", "", "o/n").notes[0]


def test_a_second_format_of_a_split_is_left_aside_and_that_is_told():
    layout = layout_of(["train.csv", "train.parquet"], "", "", "o/n")
    assert layout.splits["train"] == ("train.parquet",)
    assert layout.notes == ("train: the .parquet files are read; 1 of another format left aside",)


def test_what_a_card_says_and_we_do_not_follow_is_told():
    text = card({"config_name": "x", "data_files": "test.csv", "sep": "\t"})
    assert layout_of(PATHS, text, "", "o/n").notes == (
        "its card also gives 'sep', which is not used here",
    )


@pytest.mark.parametrize("paths", [["a.py", "b.tar"], [], ["README.md"]])
def test_a_repository_of_other_files_is_refused_with_what_it_holds(paths):
    with pytest.raises(DataError, match=r"o/n@refs/convert/parquet"):
        splits(*paths)


def test_a_split_is_refused_only_when_it_is_asked_for():
    text = card({"config_name": "x", "data_files": [
        {"split": "train", "path": "test.csv"}, {"split": "odd", "path": "odd.tar"},
        {"split": "gone", "path": "gone.csv"},
    ]})  # fmt: skip
    layout = layout_of([*PATHS, "odd.tar"], text, "", "o/n")
    assert split_files(layout, "train", "o/n") == ("test.csv",)
    with pytest.raises(DataError, match=r"odd is there as 'odd\.tar'"):
        split_files(layout, "odd", "o/n")
    with pytest.raises(DataError, match="gone that are not in the repository"):
        split_files(layout, "gone", "o/n")


@pytest.mark.parametrize("text", ["---\nconfigs: [1]\n---\n", "---\nconfigs: {a: 1}\n---\n",
                                  "---\n: : {\n---\n"])  # fmt: skip
def test_a_card_that_cannot_be_read_is_refused(text):
    with pytest.raises(DataError, match=r"README\.md"):
        splits("train.csv", card=text)


@pytest.mark.parametrize("names", [["neg", "pos"], {"0": "neg", "1": "pos"}, {1: "pos", 0: "neg"}])
@pytest.mark.parametrize("many", [True, False])
def test_class_names_of_a_card_go_by_column(names, many):
    info = {"features": [{"name": "text", "dtype": "string"},
                         {"name": "y", "dtype": {"class_label": {"names": names}}}]}  # fmt: skip
    others = [info | {"config_name": "x"}, {"config_name": "z", "features": []}]
    text = card(
        {"config_name": "x", "data_files": "test.csv"}, dataset_info=others if many else info
    )
    assert layout_of(PATHS, text, "", "o/n").class_names == {"y": ("neg", "pos")}
