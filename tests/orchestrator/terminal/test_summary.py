from dataclasses import replace
from io import StringIO

import numpy as np
from rich.console import Console

from analysis.run_files import Plan
from analysis.study import study
from orchestrator.terminal.summary import _print_found, summarise
from trainables.result import TrialResult
from trainables.spec import TrialSpec

FULL = TrialSpec(
    dataset="imdb", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1
)
FOUND = {
    "duplicates": 0.5, "duplicates_recall": 0.1, "wrong_labels": 0.25, "wrong_labels_recall": 0.1,
}  # fmt: skip


def row(seed, right, **fields):
    spec = replace(FULL, seed=seed, **fields)
    bits = np.arange(10_000) < right
    return TrialResult(
        spec=spec, accuracy=right / 10_000, correct=np.packbits(bits).tobytes(), n_test=10_000,
        class_names=("a", "b"), class_counts=(60, 40), kept_counts=(60, 40),
        found={} if spec.is_baseline else FOUND,
    )  # fmt: skip


def pruned(seed, right, rate):
    return row(seed, right, warmup=0.15, signal="keep_one", selector="global", rate=rate)


def printed(results, plan=None):
    out = StringIO()
    console = Console(file=out, width=160)
    summarise(study(results, plan), console)
    return out.getvalue()


def test_each_condition_is_printed_with_mark_mean_and_interval():
    seeds = (1, 2, 3)
    results = [row(seed, 9000) for seed in seeds]
    results += [pruned(seed, 8995 + seed, 0.1) for seed in seeds]
    results += [pruned(seed, 8500 + seed, 0.3) for seed in seeds]
    text = printed(results)
    assert "✓ −0.03 [" in text
    assert "✗ −4.98 [" in text
    assert "imdb: 3 full-data runs, accuracy 0.9000" in text
    assert "largest class 0.60" in text
    assert "50% · 25%" in text
    assert "✓ Drop 10% of imdb by Keep one: accuracy holds." in text
    assert "Random was not run, so nobody knows whether the method earns this." in text
    assert "  Accuracy: 90.0% → 90.0% (−0.03 points, likely " in text


def test_a_safe_answer_ends_with_the_command_that_writes_its_files_in_one_line(tmp_path):
    seeds = (1, 2, 3)
    results = [row(seed, 9000) for seed in seeds] + [pruned(seed, 8999, 0.1) for seed in seeds]
    folder = tmp_path / ("a folder of a long name " * 9)
    folder.mkdir()
    (folder / "options.json").write_text("{}")
    out = StringIO()
    seen = replace(study(results), folder=folder)
    summarise(seen, Console(file=out, width=80, markup=False))
    lines = [line for line in out.getvalue().splitlines() if "prune-envelope prune" in line]
    assert lines == [
        f"  Write the files without these rows: prune-envelope prune '{folder}' imdb-pruned"
    ]
    assert "prune-envelope prune" not in printed(results)


def test_a_seed_that_is_missing_is_counted():
    results = [row(seed, 9000) for seed in (1, 2)] + [pruned(1, 9000, 0.1), pruned(2, 8990, 0.1)]
    results.append(replace(pruned(3, 0, 0.1), status="failed", accuracy=None, correct=b""))
    assert "n=2/3" in printed(results)


def test_one_seed_has_no_interval():
    assert "? +0.10 " in printed([row(1, 9000), pruned(1, 9010, 0.1)])


def test_nothing_is_printed_of_nothing():
    assert printed([]) == ""


def test_what_chance_alone_does_is_printed_beside_the_verdicts():
    results = [row(seed, 9000) for seed in (1, 2, 3)]
    results += [pruned(seed, 8990, 0.1) for seed in (1, 2, 3)]
    null = {"warmup": 0.15, "signal": "null", "selector": "each_epoch"}
    results += [replace(row(seed, 9000 + seed, **null), found={}) for seed in (1, 2, 3)]
    text = printed(results)
    assert "imdb: nothing pruned, only another order from 15% on: ✓ +0.02" in text
    assert "0.01 pp between seeds" in text
    assert "each epoch" not in text


def test_what_rows_warn_of_is_printed_once_with_how_many_they_are():
    full, cut = row(1, 9000), pruned(1, 9010, 0.1)
    results = [replace(full, warnings=("known before",)), replace(cut, warnings=("recall .9",))]
    results.append(replace(pruned(1, 9005, 0.3), warnings=("known before", "recall .9")))
    specs = tuple(one.spec for one in results)
    text = printed(results, Plan(specs=specs, notes=("known before",)))
    assert text.count("! recall .9 (2 trials)") == 1
    assert "known before" not in text


def test_a_terminal_is_not_flooded_with_warnings():
    rows = [row(1, 9000)]
    rows += [
        replace(pruned(1, 9000, rate), warnings=(f"recall {rate}",))
        for rate in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    ]
    text = printed(rows)
    assert text.count("! recall") == 5
    assert "! and 2 more in the report" in text


def test_what_was_found_is_printed_random_first_and_names_are_no_markup():
    fields = {"warmup": 0.15, "selector": "global", "rate": 0.1, "dataset": "[b]x[/i]"}
    rows = [row(1, 9000, dataset="[b]x[/i]"), row(1, 9000, **fields, signal="keep_one")]
    found = {**FOUND, "duplicates": 0.25}
    rows.append(replace(row(1, 9000, **fields, signal="random"), found=found))
    out = StringIO()
    _print_found(study(rows), Console(file=out, width=160, markup=False))  # as open_console's
    text = out.getvalue()
    assert text.index("25% · 25%") < text.index("50% · 25%")
    assert text.count("[b]x[/i]") == 2 and "\\" not in text


def test_nothing_is_said_of_a_truth_that_nobody_knows():
    rows = [replace(one, found={}) for one in (row(1, 9000), pruned(1, 9000, 0.1))]
    assert "spare copies" not in printed(rows)
