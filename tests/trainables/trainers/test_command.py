"""A trainer that is a command: its words, its content, and one call of it."""

import shlex
import sys
from dataclasses import replace

import pyarrow as pa
import pytest

from trainables.errors import DataError, UsageError
from trainables.trainers.command import (
    PLACEHOLDERS,
    command_notes,
    command_of_spec,
    command_trainer,
    read_command,
)
from trainables.trainers.contract import Call, Place

REST = "--train {train.csv} --out {out.csv} --seed {seed}"
PYTHON = shlex.quote(sys.executable)
TRAIN = """
import argparse, csv, json, os, sys
p = argparse.ArgumentParser()
for name in ("train", "test", "out", "seed", "scratch", "threads", "device", "passes"):
    p.add_argument("--" + name)
a = p.parse_args()
with open(a.train, newline="") as file:
    rows = list(csv.DictReader(file))
print("trained on", len(rows))
"""
ANSWER = """
with open(a.test, newline="") as file, open(a.out, "w") as out:
    print("predicted", file=out)
    for row in csv.DictReader(file):
        print(len(rows), file=out)
"""
WHOLE = f"{PYTHON} train.py --test {{test.csv}} {REST}"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "here").mkdir()
    return Place(folder=tmp_path / "here")


@pytest.fixture
def call(tmp_path):
    train = pa.table({"id": range(5), "x": [1.0] * 5, "y": [2.0] * 5})
    return Call(
        folder=tmp_path / "call",
        scratch=tmp_path / "call" / "scratch",
        tables={"train": train, "test": train.drop_columns("y").slice(0, 2)},
        seed=7,
    )


def trained(code, place, call, text=WHOLE):
    (place.folder / "train.py").write_text(code)
    return command_trainer(text, place).train(call)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("python train.py", r"has no \{train\} and \{out\} and \{seed\}"),
        ("train {train} {out}", r"has no \{seed\} \(what everything random comes from\)"),
        (f"t {REST} {{trian}}", r"\{trian\} is no placeholder.*Did you mean 'train'\?"),
        (f"t {REST} {{sed}}", "Did you mean 'seed'"),
        (f"t\0 {REST} {{seed}}", "character of number 0"),
        (f"t {REST} {{labels}}", "no placeholder; there are"),
        (f"t {REST} {{test.cvs}}", r"its formats are .*Did you mean '\.csv'\?"),
        (f"t {REST} {{test.csv.gz}}", r"its formats are \.arrow, \.parquet, \.csv, \.jsonl"),
        (f"t {REST} {{test.npy}}", r"its formats are"),
        (f"t {REST} {{seed.csv}}", r"write \{seed\}"),
        (f"t {REST} {{out.npy}}", r"\{out\.csv\} and \{out\.npy\}; an answer is one file"),
        (f"t {REST} 'open", "No closing quotation"),
        ("", r"has no \{train\}"),
    ],
)
def test_a_command_that_cannot_be_is_refused(text, told):
    with pytest.raises(UsageError, match=told):
        read_command(text)


def test_braces_that_are_no_placeholder_stay(place, call):
    code = "import sys\nprint(sys.argv[4:])\n"
    text = (
        f"""{PYTHON} train.py {{train}} {{out}} {{seed}} '{{"lr": 1}}' '{{{{print}}}}' x={{seed}}"""
    )
    with pytest.raises(DataError, match="no answer"):
        trained(code, place, call, text)
    assert call.log.read_text() == """['{"lr": 1}', '{print}', 'x=7']\n"""


def test_no_shell_reads_the_words(place, call):
    code = "import sys\nprint(sys.argv[4:])\n"
    with pytest.raises(DataError, match="no answer"):
        trained(
            code, place, call, f"{PYTHON} train.py {{train}} {{out}} {{seed}} '; exit' '$HOME' '*'"
        )
    assert call.log.read_text() == "['; exit', '$HOME', '*']\n"


def test_a_command_is_given_all_it_names(place, call):
    code = "import sys, json\nprint(json.dumps(sys.argv[1:]))\nsys.exit(3)\n"
    words = " ".join(f"{{{name}}}" for name in PLACEHOLDERS if name != "validation")
    with pytest.raises(DataError, match="failed"):
        trained(code, place, replace(call, threads=2, passes=1.25), f"{PYTHON} train.py {words}")
    *files, seed, scratch, threads, device, passes = call.log.read_text()[2:-3].split('", "')
    assert [file.rpartition("/")[2] for file in files] == [
        "train.arrow",
        "test.arrow",
        "answer.arrow",
    ]
    assert (seed, threads, device, passes) == ("7", "2", "cpu", "1.25")
    assert scratch == str(call.scratch)


def test_its_answer_is_read_and_no_table_stays(place, call):
    answered = trained(TRAIN + ANSWER, place, call)
    assert answered.table.to_pydict() == {"predicted": [5, 5]}
    assert sorted(path.name for path in call.folder.iterdir()) == ["log.txt", "scratch"]
    assert answered.log.read_text() == "trained on 5\n"


def test_an_answer_beside_an_exit_code_is_not_read(place, call):
    with pytest.raises(DataError) as failed:
        trained(TRAIN + ANSWER + "sys.exit('sick at the end')\n", place, call)
    assert str(failed.value) == (
        f"the command failed (exit code 1); its log ends: sick at the end; log: {call.log}"
    )


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("sys.exit(0)", "the command wrote no answer"),
        ("open(a.out, 'w')", "the command wrote an empty answer"),
        ("os.mkdir(a.out)", "the command wrote a folder where its answer belongs"),
        (
            "open(a.out, 'wb').write(b'predicted\\n\\xe9\\n')",
            "answer.csv, whose line 2 is not UTF-8",
        ),
        ("open(a.out, 'w').write('predicted\\n1\\n2')", "has no end"),
        ("os.kill(os.getpid(), 9)", "was ended by SIGKILL"),
        ("rows[0]['price']", "its log ends: KeyError: 'price'"),
        ("import time; time.sleep(60)", "timed out after"),
    ],
)
def test_a_command_without_a_whole_answer_fails_in_one_line(code, told, place, call):
    with pytest.raises(DataError, match=told) as failed:
        trained(TRAIN + code, place, replace(call, hours=1 / 3600))
    assert str(failed.value).endswith(f"log: {call.log}")
    assert "\n" not in str(failed.value)


def test_the_answer_of_an_earlier_try_is_not_taken_for_its_own(place, call):
    call.folder.mkdir()
    (call.folder / "answer.csv").write_text("predicted\n1\n1\n")
    with pytest.raises(DataError, match="wrote no answer"):
        trained(TRAIN, place, call)


def test_scratch_is_in_the_next_try_what_it_was_in_the_last(place, call):
    code = TRAIN + "before = os.listdir(a.scratch)\nopen(a.scratch + '/step', 'w')\n"
    text = WHOLE + " --scratch {scratch}"
    with pytest.raises(DataError, match="SIGKILL"):
        trained(code + "os.kill(os.getpid(), 9)", place, call, text)
    trained(code + ANSWER + "print('found', before)", place, call, text)
    assert call.log.read_text().endswith("found ['step']\n")


def test_starting_is_told_apart_from_training(place, call):
    answered = trained("import time; time.sleep(0.4)\n" + TRAIN + ANSWER, place, call)
    assert answered.seconds_starting > 0.4 or answered.seconds_starting == 0
    assert answered.seconds_training > 0


def sha(place, text=WHOLE, **more):
    return command_trainer(text, place, **more).sha


@pytest.fixture
def made(place):
    """A command of several files, and one that is none of it."""
    for name, text in {
        "train.py": "import helper\nfrom pkg import part\nimport numpy\n",
        "helper.py": "import deeper",
        "deeper.py": "",
        "pkg/__init__.py": "",
        "pkg/part.py": "from . import sibling",
        "pkg/sibling.py": "",
        "pkg/alone.py": "",
        "conf/a.yaml": "lr: 1",
        "run.sh": "python train.py",
        "README.md": "about",
    }.items():
        (place.folder / name).parent.mkdir(exist_ok=True)
        (place.folder / name).write_text(text)
    return place


@pytest.mark.parametrize(
    "name",
    ["train.py", "helper.py", "deeper.py", "pkg/__init__.py", "pkg/part.py", "pkg/sibling.py"],
)
def test_an_edit_of_what_a_command_is_made_of_makes_its_trials_others(name, made):
    before = sha(made)
    (made.folder / name).write_text("edited = 1\n" + (made.folder / name).read_text())
    assert sha(made) != before


@pytest.mark.parametrize("name", ["README.md", "conf/a.yaml", "pkg/alone.py", "run.sh"])
def test_an_edit_beside_it_makes_no_other_trial(name, made):
    before = sha(made)
    (made.folder / name).write_text("edited")
    assert sha(made) == before


@pytest.mark.parametrize("files", ["conf/*.yaml", "conf", "**/*.yaml", "train.py conf/a.yaml"])
def test_named_files_are_part_of_it(files, made):
    before = sha(made, files=files)
    (made.folder / "conf/a.yaml").write_text("lr: 2")
    assert sha(made, files=files) != before


@pytest.mark.parametrize(
    ("words", "name"),
    [("./run.sh", "run.sh"), ("x --config=conf/a.yaml", "conf/a.yaml"), ("x -m pkg.part", "pkg/part.py"),
     ("x conf/a.yaml", "conf/a.yaml")],
)  # fmt: skip
def test_words_that_are_files_are_part_of_it(words, name, made):
    assert name in command_trainer(f"{words} {REST}", made).files


def test_version_and_words_are_part_of_it(made):
    shas = [sha(made), sha(made, version="cuda 12"), sha(made, text=WHOLE + " --depth 3")]
    assert len(set(shas)) == 3


def test_a_reader_knows_it_by_its_words_without_what_is_filled_in(made):
    text = f"conda run -n old python train.py --depth 3 --seed={{seed}} {REST}"
    assert command_trainer(text, made).title == "conda run -n old python train.py --depth 3"


def test_what_is_kept_of_it_is_what_was_written(made):
    text = f"""python train.py '{{"lr": 1}}' 'a b' {REST}"""
    assert dict(command_trainer(text, made).settings)["command"] == text


def test_blanks_between_words_are_no_part_of_it(made):
    assert sha(made, text=WHOLE.replace(" ", "   ")) == sha(made)


@pytest.mark.parametrize("pattern", ["conf/*.yml", "nothing.py", "train.py nothing"])
def test_a_pattern_that_matches_nothing_is_refused(pattern, made):
    with pytest.raises(UsageError, match=r"--trainer-files: '[\w/.*]+' matches no file"):
        command_trainer(WHOLE, made, files=pattern)


def test_a_spec_gives_back_its_command_unless_a_file_has_changed(made):
    planned = command_trainer(WHOLE, made, files="conf", version="image 7")
    assert command_of_spec(planned.settings, planned.sha, made).sha == planned.sha
    (made.folder / "helper.py").write_text("edited = 1")
    with pytest.raises(DataError, match="have changed since the sweep was planned"):
        command_of_spec(planned.settings, planned.sha, made)


def test_what_is_not_looked_at_is_said(made):
    told = " ".join(command_notes(command_trainer(f"x --model pkg {REST}", made), made))
    assert "no file of the command is known" in told
    assert "what is in pkg is not looked at" in told
    assert "--trainer-version" in told
