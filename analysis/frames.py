"""Tidy pandas frames of a run, for notebooks.

    from analysis.frames import envelope, load_run, verdicts
    envelope("runs/demo-f94449").query("rate == 0.1")

Each takes the folder of a run, several folders, or a Study. Every frame names the condition of a
row in the same columns (`dataset`, `method`, `warmup`, `rate` ...), and means the same by a column
as every other; docs/files.md lists all. Rates and shares are fractions; differences and their
bounds are in `unit`; what is not known is NaN or None.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.study import Study, read_runs
from analysis.table_rows import COLUMNS, TABLES

Frame = Any  # pandas.DataFrame; pandas is imported where a frame is made
Run = Study | Path | str | Sequence[Path | str]


def load_run(run: Run) -> Frame:
    """One row a trial, full-data runs first: what trials.parquet holds, but for `row`.

    Columns: `result_key`, the condition, `seed`, `status`, `error`, `warnings`, `accuracy`,
    `delta` to its full-data run, what was counted, and what each phase took.
    """
    return _frame("trials", run)


def envelope(run: Run) -> Frame:
    """One row a condition: its pairs, mean difference, intervals and verdict; envelope.csv.

    Columns: the condition; `verdict`; mean difference `delta` with `low` and `high` for the task,
    `test_low` and `test_high` for this very test set; `sd` of its own, `run_sd` as used with `df`
    and `pooled`; one-sided p of "not within", `p_not_within`; `more_seeds` that would settle it,
    or `more_reason` why none would; `random_delta` and its siblings, the difference to random
    pruning. Conditions of `kind` "null" pruned nothing; they come last.
    """
    return _frame("envelope", run)


def verdicts(run: Run) -> Frame:
    """One row a data set, method and warm-up: how much can go, and what that saves.

    Columns: `tested_rate`, the largest one within going up; `crossing_rate` and `low_rate`, where
    the mean and the lower bounds meet the line between rates; `is_beyond` where the mean never
    does; `p_none_within` and `p_none_within_holm` of "not even the smallest rate is within"; at
    the rate tested `against_random` and `saved_gross`, `saved_net_1`, `_5` and `_20`.
    """
    return _frame("verdicts", run)


def signals(run: Run) -> Frame:
    """One row a condition held against random pruning of the same rate, warm-up and seeds.

    Columns: the condition, `control_selector`, `n_shared_seeds`, `random_delta` (above 0 the
    signal does better), `random_low`, `random_high`, one-sided `random_p`, `random_p_holm` over
    the data set, `against_random`.
    """
    return _frame("signals", run)


def bias(run: Run) -> Frame:
    """One row a condition and class: kept against its share, and what its recall does.

    Columns: the condition, `class`, `class_count`, `kept_count` (mean over seeds), `likeness` (mean
    cosine of its rows to their nearest rows, where the sweep recorded it), `bias`, `z` against random pruning, `recall_delta` with `recall_low` and `recall_high`.
    """
    return _frame("bias", run)


def leaks(run: Run) -> Frame:
    """Two rows a condition: its clean test rows, and its leaked ones, which occur in the training split.

    Of data sets that have such rows, no others. Columns: the condition, `side` ("clean" or "leaked"),
    `n_test` rows of it, `full_accuracy` of the full-data runs there, `verdict`, `delta`, `low` and
    `high` on these rows alone, at the error `alpha` of the condition's own verdict.
    """
    return _frame("leaks", run)


def cost(run: Run) -> Frame:
    """One row a condition: what it used of a full run, and what it saves.

    Columns: the condition; `examples_share`, `tokens_share` and `seconds_share` trained on, of
    the full run of the same seed; `scoring_share` counted by `measure`, and
    `scoring_seconds_share`, with the search for neighbours and all else that is no pass over
    samples; `saved_gross` and `saved_net_1`, `_5`, `_20` (per run, when so many train on the same
    survivors) by `measure`; `pays_from_runs`; and `pays_from_epochs`, below which one scoring
    pass eats what a single run saves: 0 where nothing was passed over. With the study itself counted,
    by the clock: `pays_from_runs_with_sweep`; `dollars_full`, `dollars_pruned`, `dollars_scoring` and
    `dollars_sweep` where a price was said (`analysis.study.read_runs(..., gpu_price=2.5)`); `joules_full` and its siblings where the
    device's own counter was read.
    """
    return _frame("cost", run)


def transfer(run: Run) -> Frame:
    """One row a pair of models, basis and kind of decision: whether the small one's holds for the large.

    Columns: `basis`, `decision`, the models `small` and `big`; `n` decisions of the small one, of which
    `holds`, `contradicts` and `open` for the large; the `share` that holds with `share_low` and
    `share_high`, over `n_datasets`; `small_seconds` and `big_seconds`. docs/verdicts.md says what
    each basis holds against what. Empty where all trials are of one model.
    """
    return _frame("transfer", run)


def average(run: Run) -> Frame:
    """Several data sets together: of each average one row a data set, and one of their mean.

    Columns: `average`, how it is called; `is_matched`, whether each data set has the selector that its
    training classes ask for; `warmup`, `rate`; of a data set's own row `dataset`, `data_sha` and its
    `method`, empty in the row of the mean; `n_datasets`, 1 or how many; `verdict`, `delta` with `low`
    and `high`. Empty where the run has one data set, or none of its methods is on all.
    """
    return _frame("average", run)


def causes(run: Run) -> Frame:
    """One row a condition: what goes with the kept share of its classes.

    Columns: the condition, `n_classes`; of the bias with the logarithm of a class's size, and with how alike
    its rows are, Spearman's `size_rank` with its two-sided `size_rank_p`, Pearson's `size_linear` with
    `size_linear_low` and `size_linear_high` (`likeness_...` likewise); `size_likeness_rank` of the two
    with each other; `why_none` where there are no such numbers.
    """
    return _frame("causes", run)


def overlap(run: Run) -> Frame:
    """One row a condition that several seeds cut: how many of the rows they remove are the same.

    Columns: the condition, `n_pairs` of seeds, `shared_share` of what one removes that the other removes
    too, beside `chance_share` of rows drawn by lot; `jaccard` with `jaccard_least` and `jaccard_most`,
    beside `chance_jaccard`.
    """
    return _frame("overlap", run)


def slopes(run: Run) -> Frame:
    """One row a data set, method and warm-up: what each further 10 % of the rows costs.

    Columns: `rates`, `n_seeds`; `slope` for 10 % through 0 at rate 0 with `slope_low` and `slope_high`;
    `bend`, how much more 10 % add at the largest rate than at the smallest, with `bend_low`, `bend_high`
    and the two-sided `bend_p`; `is_bent` where that is at most `alpha`.
    """
    return _frame("slopes", run)


def contrasts(run: Run) -> Frame:
    """One row a contrast: two conditions that differ in one thing, the left minus the right; contrasts.csv.

    Columns: `kind` (a row of `analysis.contrasts.CONTRASTS`, or "random"), what both share in `shared`,
    `left` and `right` in words, `rates` that the difference is a mean over; `mean` with `low` and `high`,
    the two-sided `p` and `p_corrected` over all contrasts of its kind in the data set, `finding`.
    """
    return _frame("contrasts", run)


def leaders(run: Run) -> Frame:
    """One row an arm at each warm-up and rate and over the rates: whether it may be the best.

    Columns: the place; `method`; `may_lead`, and behind which arms it is shown to be, `behind`; its `delta`
    to the full-data run with `low` and `high`; `confidence` that the truly best arm may lead.
    """
    return _frame("leaders", run)


trials = load_run


def _frame(what: str, run: Run) -> Frame:
    import pandas as pd

    if not isinstance(run, Study):
        folders = [run] if isinstance(run, (str, Path)) else run
        run = read_runs([Path(folder) for folder in folders])
    return pd.DataFrame(list(TABLES[what](run)), columns=list(COLUMNS[what]))
