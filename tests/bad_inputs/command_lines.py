"""Bad flags, YAML files and grids: rows B1 to B29 of the matrix."""

from collections.abc import Sequence
from pathlib import Path

from tests.bad_inputs.matrix import BadInput, asked, good_rows, rows_csv, sweep

_WHOLE = "dataset: synthetic:200\nmodel: linear\ntune: false\nconfirm: false\n"  # lines 1 to 4


def _file(
    number: str, what: str, text: str | bytes, says: Sequence[str], *, code: int = 2
) -> BadInput:
    """A sweep's YAML file that is refused by its line."""
    return BadInput(
        id=number,
        what=what,
        files={"sweep.yaml": text},
        argv=asked("sweep.yaml"),
        exit=code,
        says=says,
    )


def _line(number: str, line: str, *says: str, code: int = 2) -> BadInput:
    """A fifth line of a sweep's YAML file that is refused."""
    return _file(number, line, f"{_WHOLE}{line}\n", ("sweep.yaml:5: ", *says), code=code)


def _planned(folder: Path) -> None:
    """A run's folder with the plan of another command."""
    from orchestrator.cli.options import SweepOptions
    from orchestrator.planning.plan import plan_sweep

    options = SweepOptions(
        dataset=["synthetic:200"], model="linear", tune=False, confirm=False, rate=[0.3],
        signal=["keep_one"], cache=folder / "cache",
    )  # fmt: skip
    planned = plan_sweep(options.request(), options.resources(), run=folder / "run", command="")
    with planned.run.locked():
        planned.run.write_plan(planned.plan)


def _linked(folder: Path) -> None:
    """A run's folder, begun, whose trials lie elsewhere."""
    _planned(folder)
    (folder / "elsewhere").mkdir()
    (folder / "run" / "trials").symlink_to(folder / "elsewhere")


def _taken(number: str, what: str, text: str | bytes, *fine: str) -> BadInput:
    """A sweep's YAML file that is taken."""
    return BadInput(
        id=number,
        what=what,
        files={"sweep.yaml": text},
        argv=asked("sweep.yaml"),
        exit=0,
        fine=fine,
    )


def _flags(number: str, flags: Sequence[str], *says: str, **more: object) -> BadInput:
    """Flags of a sweep on data that the package makes."""
    row = {"id": number, "what": " ".join(flags), "argv": sweep(*flags), "says": says}
    return BadInput(**{**row, **more})


_OTHER_NUMBERS = ("011", "0x10", "0o17", "0b11", "1_000", "1:30", "12:34:56")
_NAMES = ("a\0b", "../../etc/passwd", "CON", "a" * 300, "data ", "ԁata", "a/../b")
ROWS = [
    BadInput(
        id="B1",
        what="grid that is not there",
        argv=asked("--grid", "dmo"),
        says=("unknown grid 'dmo'", "demo", "Did you mean 'demo'?"),
    ),
    _line("B2", "rtae: 0.1", "rtae is not a setting", "Did you mean 'rate'?"),
    _line("B2", "Rate: 0.1", "Rate is not a setting", "Did you mean 'rate'?"),
    _line("B2", "1: 2", "1 is not a setting"),
    _line("B3", "model: tiny", "'model' stands in line 2, too; keep one of them"),
    _file(
        "B3",
        "a key twice by two spellings",
        "max-length: 32\nmax_length: 64\n",
        ("sweep.yaml:2", "max_length of sweep.yaml:1 again"),
    ),
    _file("B3", "a key twice in braces", "{rate: 0.1, rate: 0.2}", ("sweep.yaml:1", "'rate'")),
    _taken("B4", "1e-1 is 0.1", f"{_WHOLE}rate: 1e-1\n", "pruned 10%"),
    _flags("B4", ["--rate", "1e-1"], exit=0, fine=["pruned 10%"]),
    _line("B5", 'rate: "0.1"', "rate entry 1 is '0.1'", "in quotes", "without them"),
    _line("B5", "rate: 15%", "'15%'", "no number; write 0.15"),
    _line("B5", "seed: [true]", "seed entry 1 is true", "no number; give a whole number"),
    _line("B5", "epochs: 3.0", "epochs is 3.0", "no whole number"),
    _line("B5", "no_report: 1", "no_report is 1", "neither true nor false"),
    _flags("B5", ["--rate", "15%"], "--rate", "'15%'", "write 0.15"),
    *(_line("B6", f"seed: {one}", f"'{one}'", "plain decimals") for one in _OTHER_NUMBERS),
    *(_line("B6", f"name: {one}", f"a text in quotes: '{one}'") for one in ("011", "1:30")),
    _line("B7", "rate: no", "rate entry 1 is 'no'", "no number"),
    _line("B7", "no_report: off", "no_report is 'off'", "neither true nor false"),
    _line("B7", "signal: ~", "signal is empty", "leave it out"),
    _line("B7", "signal:", "signal is empty"),
    _line("B7", "seed: 2024-01-01", "seed entry 1 is '2024-01-01'", "no number"),
    _taken("B7", "a text that is no", f"{_WHOLE}name: no\n", "data no;"),
    _line("B8", "rate: .nan", "rate entry 1 is nan", "from 0 and below 1"),
    _line("B8", "rate: [0.1, -.inf]", "rate entry 2 is -inf", "from 0 and below 1"),
    _line("B8", "rate: -0.0", "rate 0 is the baseline"),
    _flags("B8", ["--rate", "nan"], "--rate", "'nan'", "no number"),
    _flags("B8", ["--rate", "1e400"], "--rate", "'1e400'", "out of range"),
    _line("B9", "rate: &a [0.1]", "'a' stands for what is written elsewhere"),
    _line("B9", "rate: &a [*a]", "'a' stands for what is written elsewhere"),
    _line("B9", "rate: *a", "'a' stands for what is written elsewhere"),
    _line("B9", "<<: {rate: 0.1}", "<< is not read"),
    _line("B9", "rate: !!float 0.1", "is a tag, which is not read"),
    _line("B9", f"rate: {'[' * 3000}{']' * 3000}", "lists, one within the other"),
    _file("B9", "more than 1 MB", f"{_WHOLE}#{'x' * 10**6}\n", ("sweep.yaml: 1,000,0", "at most")),
    _line("B10", "rate: !!python/object/apply:os.system [ls]", "would run code", code=6),
    _line("B11", "\trate: 0.1", "tabs"),
    _line("B11", "name: a\0b", r"'\x00'", "remove it"),
    _line("B11", "---\ngrid: demo", "a second document begins here"),
    _file("B11", "UTF-16", _WHOLE.encode("utf-16"), ("sweep.yaml:1: ", "not UTF-8; save")),
    _file("B11", "latin-1", b"grid: demo\nname: caf\xe9\n", ("sweep.yaml:2: ", "0xe9", "UTF-8")),
    _file("B11", "empty", "", ("sweep.yaml:1: holds no NAME: VALUE lines",)),
    _file("B11", "a list", "- grid: demo\n", ("sweep.yaml:1: holds no NAME: VALUE lines",)),
    _file("B11", "an open bracket", "grid: [demo\n", ("sweep.yaml:2: not YAML",)),
    _taken(
        "B11", "mark and CRLF", f"\ufeff{_WHOLE}rate: 0.2\n".replace("\n", "\r\n"), "pruned 20%"
    ),
    _flags("B12", ["--rate", "0"], "--rate: rate 0 is the baseline"),
    _flags("B13", ["--rate", "1"], "--rate", "1", "below 1", "did you mean 0.01?"),
    _flags("B13", ["--rate", "-0.1"], "--rate", "-0.1", "from 0"),
    _flags("B13", ["--rate", "30"], "--rate", "did you mean 0.3?"),
    _flags("B13", ["--rate", "0.9999999"], "keeps 1", "4 rows stay, one a class"),
    _flags("B13", ["--rate", "0.985"], "removes 197 and keeps 3", "to 0.9849"),
    _flags("B13", ["--rate", "0.001"], "removes 0 and keeps 200", "0.005 (1 row goes)"),
    _flags("B14", ["--rate", "0.29"], exit=0, fine=["pruned 29%"]),
    _flags("B15", ["--warmup", "0", "--signal", "el2n"], "el2n", "warm-up of 0", "learned nothing"),
    _flags("B15", ["--warmup", "0", "--protocol", "continue"], "warmup is 0", "above 0"),
    _flags("B15", ["--warmup", "0", "--signal", "random"], exit=0, fine=["warm-up none"]),
    _flags("B16", ["--warmup", "1"], "--warmup", "below 1"),
    _flags("B17", ["--warmup", "0.001"], "a warm-up of 0.001 is 0.08 of the 80 steps", "0.0125"),
    _line("B18", "rate: []", "rate is []", "one entry at least"),
    _line("B18", "seed: []", "seed is []", "one entry at least"),
    _line("B18", "rate: [0.1, 0.2, 0.1]", "rate has an entry twice: 0.1"),
    _flags("B18", ["--seed", "3", "--seed", "3"], "--seed", "twice: 3"),
    _flags("B18", ["--seeds", "100000"], "1,600,000 trials", "at most 100,000", "fewer"),
    _flags("B18", ["--seeds", "1" + "0" * 30], "--seeds is '1000", "up to 100,000"),
    _line("B19", "seed: -1", "seed entry 1 is -1", "from 0"),
    _line("B19", "seed: 4294967296", "4294967296", "up to 4,294,967,295"),
    _line("B19", "seed: 1.5", "seed entry 1 is 1.5", "no whole number"),
    _line("B19", "seed: true", "seed entry 1 is true", "no number"),
    _flags("B19", ["--seed", "1_0"], "--seed", "'1_0'", "no number"),
    _flags("B20", ["--signal", "redundncy"], "unknown signal 'redundncy'", "'redundancy'?"),
    _flags("B20", ["--signal", "el2n:globl"], "unknown selector 'globl'", "'global'?"),
    _flags("B20", ["--signal", "redundancy,kk=3"], "no setting 'kk'", "it has k"),
    BadInput(
        id="B20",
        what="data set that is not there",
        argv=sweep(data="imdbb"),
        says=("no data set 'imdbb'", "Did you mean 'imdb'?"),
    ),
    BadInput(
        id="B21",
        what="stratified, and no classes",
        files={"rows.csv": "text,note\n" + "a word,x\n" * 40},
        argv=sweep("--signal", "el2n:stratified", "--test-fraction", "0.2", data="rows.csv"),
        exit=4,
        says=("rows.csv", "label"),
    ),
    BadInput(
        id="B22",
        what="another plan in the same folder",
        make=_planned,
        argv=sweep("--rate", "0.1", "--signal", "keep_one"),
        says=("run holds", "rate 0.3 there, 0.1 here", "add to that plan, or give another --run"),
    ),
    _flags("B23", ["--batch-size", "0"], "--batch-size", "from 1"),
    _flags("B23", ["--lr", "0"], "--lr", "above 0"),
    _flags("B23", ["--lr", "nan"], "--lr", "'nan'"),
    _flags("B23", ["--epochs", "0"], "--epochs", "from 1"),
    _flags("B23", ["--max-length", "100000000000000"], "--max-length", "up to 1,000,000"),
    _flags("B23", ["--gpus-per-trial", "nan"], "--gpus-per-trial", "'nan'"),
    _flags("B23", ["--gpus-per-trial", "-1"], "--gpus-per-trial", "from 0"),
    _flags("B23", ["--gpus-per-trial", "1.5"], "--gpus-per-trial is 1.5", "whole number"),
    _flags("B24", ["--signal", "redundancy,k=200"], "200 neighbours", "k=1 to k=199"),
    _flags("B24", ["--signal", "redundancy,k=0"], "0 neighbours", "k=1 to k=199"),
    _flags("B24", ["--signal", "redundancy,k=-1"], "-1 neighbours", "k=1 to k=199"),
    _flags("B24", ["--signal", "redundancy,k=True"], "k is True", "int"),
    _flags("B24", ["--signal", "redundancy,k=1_0"], "k is '1_0'", "int"),
    _flags("B25", ["--signal", "ssl_prototypes,clusters=500"], "clusters is 500", "1 to 200"),
    _flags(
        "B25", ["--signal", "el2n_ensemble,members=1000000"], "members is 1,000,000", "1 to 100"
    ),
    _flags("B25", ["--signal", "label_quality,folds=1"], "folds is 1", "2 to 100"),
    _flags("B25", ["--signal", "el2n:coverage,bins=100000000000"], "bins is", "1 to 1,000,000"),
    *(
        BadInput(
            id="B26", what=f"data set {name[:9]!r}", argv=sweep(data=name), says=("no data set",)
        )
        for name in _NAMES
    ),
    BadInput(
        id="B26",
        what="a name that is not UTF-8",
        argv=sweep(data="caf\udce9.csv"),
        says=(r"dataset 'caf\udce9.csv' is not UTF-8",),
    ),
    BadInput(
        id="B26",
        what="300 letters that end like a file",
        argv=sweep(data="a" * 300 + ".csv"),
        exit=4,
        says=("File name too long",),
    ),
    BadInput(id="B26", what="no name", argv=sweep("--dataset", ""), says=("dataset is empty",)),
    *(
        BadInput(
            id="B27",
            what=f"--run {place}",
            files={"notes/own.txt": "mine", "file": "mine"},
            argv=["sweep", "--grid", "demo", "--cache", "cache", "--run", place],
            says=(f"--run {place}", "name a folder"),
        )
        for place in ("/", "notes", "file")
    ),
    BadInput(
        id="B28",
        what="a link below --run that leads out",
        make=_linked,
        argv=["sweep", "--grid", "demo", "--cache", "cache", "--run", "run"],
        exit=6,
        says=("run",),
    ),
    _flags("B29", ["--tolerance", "0"], exit=0, fine=["tolerance 0"]),
    _flags("B29", ["--tolerance", "-1"], "tolerance '-1'", "0 or more"),
    _flags("B29", ["--tolerance", "200"], "tolerance '200'", "in pp"),
    _flags("B29", ["--tolerance", "nan"], "tolerance 'nan'"),
    _flags("B29", ["--tolerance", ""], "tolerance is empty"),
    BadInput(
        id="B29",
        what="guard below 0",
        files={"rows.csv": rows_csv(good_rows())},
        argv=sweep("--guard", "worst_class:-1", data="rows.csv"),
        says=("worst_class:-1", "0 or more"),
    ),
]
