import json
import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from orchestrator.planning.edited import record_sources
from orchestrator.planning.plan import curve_in, plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.stored_inputs import store_data
from orchestrator.terminal.plan_text import print_plan
from tests.model_folders import save_bytes, save_model, save_tokenizer
from trainables.data.columns import Columns
from trainables.data.dataset_file import read
from trainables.errors import DataError, UsageError
from trainables.learners import LEARNERS
from trainables.own_folders import mark
from trainables.records import curve_to_json
from trainables.result import TrainingCurve
from trainables.signals import SIGNALS

SMALL = Request(
    grid="demo", datasets=("synthetic:300",), model="linear", seeds=(1, 2), rates=(0.1, 0.3), warmups=(0.05,),
    signals=("redundancy", "el2n", "random"), limit_test=100,
)  # fmt: skip


@pytest.fixture
def planned(tmp_path):
    """Plans a request over a store of its own."""

    def make(request=SMALL, run=None, **fields):
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs", **fields)
        return plan_sweep(request, resources, run=run, command="python", tolerance=1.0)

    return make


def finish(sweep, *artifacts):
    for kind, key in artifacts:
        sweep.store.put(kind, key, lambda path: path.write_text("{}"))


def test_planning_writes_nothing(planned, tmp_path):
    planned()
    assert list(tmp_path.iterdir()) == []


def test_what_a_data_set_says_of_itself_stands_first_of_its_notes(planned):
    """The page takes it for what was planted."""
    own = [
        note
        for note in planned(replace(SMALL, training=(("max_length", 8),))).plan.notes
        if note.startswith("synthetic:300: ")
    ]
    assert "the package made these texts" in own[0]
    assert any("more than 8 word pieces" in note for note in own[1:])


def test_everything_is_left_at_first_and_nothing_at_the_end(planned):
    sweep = planned()
    assert len(sweep.left) == len(sweep.tasks)
    finish(sweep, *(artifact for task in sweep.tasks for artifact in task.makes))
    assert sweep.left == []


def test_finished_trials_need_no_scores_though_these_were_thrown_away(planned):
    sweep = planned()
    finish(sweep, *(("result", spec.result_key) for spec in sweep.specs))
    assert {task.kind for task in sweep.left} == {"prepare", "curve"}
    finish(sweep, *(("curve", spec.curve_key) for spec in sweep.curves))
    assert sweep.left == []


def test_a_search_ends_in_trials_of_the_training_found_and_in_the_same_folder(planned):
    tuned = replace(SMALL, tune=True)
    sweep = planned(tuned)
    (search,) = sweep.searches
    assert {spec.training for spec in sweep.specs} == {search.start.training}

    def ends(lr):
        while lacking := search.lacking(lambda spec: curve_in(sweep.store, spec)):
            for spec in lacking:
                right = np.packbits(np.arange(20) < (19 if spec.training.lr == lr else 3)).tobytes()
                curve = TrainingCurve(spec=spec, epochs=(1.0,), right=right, n_held=20, n_train=80)
                text = curve_to_json(curve)
                sweep.store.put("curve", spec.curve_key, lambda p, t=text: p.write_text(t))

    other = search.settings[1].lr
    ends(other)
    found = planned(tuned)
    assert found.searches == [] and {spec.training.lr for spec in found.specs} == {other}
    assert found.run.folder == sweep.run.folder != planned().run.folder
    assert found.plan.tuned == {search.start.data_sha: 8.0}
    assert [task.kind for task in found.left if task.kind == "curve"] == []  # the search made it
    # What the folder was trained by stays, though the store has been emptied since.
    found.run.folder.mkdir(parents=True)
    found.run.write_plan(found.plan)
    shutil.rmtree(sweep.resources.cache)
    again = planned(tuned)
    assert again.searches == [] and again.specs == found.specs
    # But for what is asked for now: that is another plan, which the folder refuses.
    for field, value in (("lr", 0.5), ("batch_size", 7)):
        asked = planned(replace(tuned, training=((field, value),)), run=found.run.folder)
        assert {getattr(spec.training, field) for spec in asked.specs} == {value}
        with pytest.raises(UsageError, match="trials that this command does not ask for"):
            asked.run.write_plan(asked.plan)
    plain = planned(replace(SMALL, tune=False), run=found.run.folder)
    assert plain.plan.tuned == found.plan.tuned


def test_a_folder_whose_training_was_not_searched_is_refused_before_a_search(planned, tmp_path):
    plain = planned(run=tmp_path / "own")
    plain.run.folder.mkdir()
    plain.run.write_plan(plain.plan)
    tuned = planned(replace(SMALL, tune=True), run=tmp_path / "own")
    assert tuned.searches
    with pytest.raises(UsageError, match="whose training was not searched: give --no-tune"):
        tuned.run.begin(tuned.plan)


def test_of_two_sets_of_equal_content_one_is_searched(planned, tmp_path):
    text = "text,label\n" + "".join(f"word{i} again,{'ab'[i % 2]}\n" for i in range(60))
    names = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    for name in names:
        Path(name).write_text(text)
    own = Request(datasets=tuple(names), model="linear", test_fraction=0.3, rates=(0.3,))
    assert [search.start.dataset for search in planned(own).searches] == ["a"]


def test_a_run_that_goes_on_is_searched_so_that_its_signals_see_what_they_need(planned):
    own = replace(SMALL, grid="", protocol="continue", signals=("aum",), warmups=(), tune=True)
    (search,) = planned(own).searches
    assert min(search.rounds) == 14


def test_what_decays_follows_the_size_of_the_data_unless_it_was_asked_for(planned, monkeypatch):
    row = replace(LEARNERS["linear"], decay_rows=100)
    monkeypatch.setitem(LEARNERS, "linear", row)
    plain = replace(SMALL, grid="", tune=False)
    (decay,) = {spec.training.weight_decay for spec in planned(plain).specs}
    n = next(iter(planned(plain).sizes.values()))
    assert decay == pytest.approx(row.training.weight_decay * 100 / n, rel=0.01)
    asked = replace(plain, training=(("weight_decay", 0.01),))
    assert {spec.training.weight_decay for spec in planned(asked).specs} == {0.01}


def test_one_missing_trial_brings_back_only_what_it_needs(planned):
    sweep = planned()
    trial = next(task for task in sweep.tasks if task.kind == "trial")
    finish(sweep, *(a for task in sweep.tasks if task != trial for a in task.makes))
    assert [task.name for task in sweep.left] == [trial.name]


def test_another_count_of_threads_finds_nothing_done(planned):
    sweep = planned()
    finish(sweep, *(artifact for task in sweep.tasks for artifact in task.makes))
    assert len(planned(cpus=2).left) == len(sweep.tasks)


def test_the_run_folder_is_named_by_grid_and_content(planned):
    one, other = planned(), planned(replace(SMALL, rates=(0.1, 0.2)))
    assert one.run.folder.name.startswith("demo-")
    assert one.run.folder == planned().run.folder != other.run.folder


def test_data_reach_the_store_as_they_were_loaded(planned):
    sweep = planned()
    store_data(sweep.datasets, sweep.store)
    ((sha, dataset),) = sweep.datasets.items()
    found = read(sweep.store.find("data", sha))
    assert found.sha == dataset.sha == sha


def test_a_plan_in_which_no_two_trials_share_anything_claims_no_sharing(planned):
    out = StringIO()
    print_plan(
        planned(replace(SMALL, rates=(0.3,), signals=("random",))), Console(file=out, width=200)
    )
    assert "shared" not in out.getvalue()


def test_the_plan_says_what_is_shared_limited_and_to_be_read_with_care(planned):
    sweep = planned()
    out = StringIO()
    print_plan(sweep, Console(file=out, width=200))
    shown = out.getvalue()
    assert "14 trials: 2 full-data runs + 12 pruned" in shown
    assert "shared: 2 warm-ups instead of 12, 6 score sets instead of 12" in shown
    assert "el2n after 0.7 epochs of warm-up" in shown
    assert "limited to 100 of 2,000 test rows" in shown
    assert sweep.plan.limited


def test_the_plan_on_disk_holds_every_spec_and_no_secret(planned, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-5371")
    plan = planned().plan
    assert len(plan.specs) == 14
    assert "canary-5371" not in plan.to_json()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"warmups": (0.15, 0.999)}, "which leaves none for the survivors"),
        ({"warmups": (0.6,), "training": (("batch_size", 200), ("epochs", 1))}, "2 of 2 steps"),
    ],
)
def test_a_warm_up_that_leaves_no_step_is_refused_before_anything_runs(planned, change, message):
    with pytest.raises(ValueError, match=message):
        planned(replace(SMALL, **change, protocol="continue"))
    planned(replace(SMALL, **change))  # training afresh needs no steps after the mark


def test_texts_longer_than_the_model_reads_are_refused_before_anything_runs(planned, tmp_path):
    folder = save_model(tmp_path / "encoder", "mpnet", tokenizer=False, vocabulary=300)
    save_bytes(folder)
    request = replace(SMALL, model=str(folder), training=(("max_length", 40),))
    with pytest.raises(
        ValueError, match="reads at most 38 word pieces; use --max-length 38 or less"
    ):
        planned(request)
    planned(replace(request, training=(("max_length", 38),)))


def test_a_tokenizer_that_knows_less_than_half_of_the_texts_is_refused_with_the_share(
    planned, tmp_path
):
    """Half of all pieces unknown: texts are still told apart, by chance."""
    folder = save_model(tmp_path / "encoder")
    rows = "".join(f"c{i % 30} c1 x{i} y{i} z{i},{i % 2}\n" for i in range(100))
    (tmp_path / "d.csv").write_text("text,label\n" + rows)
    request = replace(
        SMALL, datasets=(str(tmp_path / "d.csv"),), test_fraction=0.2, limit_test=0,
        model=str(folder), training=(("max_length", 32),), warmups=(0.25,),
    )  # fmt: skip
    with pytest.raises(DataError, match=r"60% of the word pieces of 80 training texts are unknown"):
        planned(request)
    (tmp_path / "d.csv").write_text("text,label\n" + rows.replace("z", "c2 "))
    planned(request)


def test_texts_that_all_become_the_same_pieces_are_refused(planned, tmp_path):
    """Qwen2's tokenizer reads nothing of one that is no list of byte pairs: every text is empty."""
    folder = save_model(tmp_path / "encoder", "qwen2", tokenizer=False)
    save_tokenizer(folder)
    request = replace(SMALL, model=str(folder), training=(("max_length", 32),))
    with pytest.raises(DataError, match="makes the same word pieces of all 300 training texts"):
        planned(request)


@pytest.mark.parametrize("model", ["tiny", "linear"])
def test_images_are_refused_before_anything_runs(planned, tmp_path, model):
    import pyarrow as pa
    from pyarrow.parquet import write_table

    png = b"\x89PNG\r\n\x1a\n" + bytes(30)
    images = [{"bytes": png + bytes([i]), "path": None} for i in range(60)]
    for name in ("train", "test"):
        table = pa.table({"image": images, "label": [i % 2 for i in range(60)]})
        write_table(table, tmp_path / f"{name}.parquet")
    request = replace(
        SMALL, datasets=(str(tmp_path),), model=model, limit_test=0,
        columns=Columns(text=("image",)),
    )  # fmt: skip
    with pytest.raises(UsageError, match=f"holds images, and .*{model}.* reads text"):
        planned(request)


def test_brackets_in_names_are_shown_as_they_are(planned, tmp_path):
    rows = "".join(f"text {i} here,{'[bug]' if i % 2 else '[/b]'}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("text,label\n" + rows)
    mine = {"datasets": (str(tmp_path / "t.csv"),), "test_fraction": 0.5, "limit_test": 0}
    request = replace(SMALL, **mine, warmups=(0.25,))
    out = StringIO()
    print_plan(planned(request), Console(file=out, width=200, markup=False))
    assert "[bug]" in out.getvalue()


def test_a_wrong_name_is_refused_before_data_are_read(planned):
    request = replace(SMALL, datasets=("absent.csv",), signals=("redudancy",))
    with pytest.raises(ValueError, match="unknown signal"):
        planned(request)


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ("keep_one,clusters=5", "clusters=5 changes nothing in an exact search.*add probes=N"),
        (
            "keep_one,clusters=-5,probes=2",
            "clusters is -5; synthetic:300 of 300 rows can have 1 to",
        ),
        ("semdedup,clusters=301", "clusters is 301; synthetic:300 of 300 rows can have 1 to 300"),
    ],
)
def test_clusters_that_cannot_be_or_would_not_matter_are_refused(planned, signal, said):
    with pytest.raises(ValueError, match=said):
        planned(replace(SMALL, signals=(signal,)))


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ("redundancy,k=0", "redundancy looks at 0 neighbours.* give redundancy,k=1 to k=299"),
        ("knn_shapley,k=0", "knn_shapley looks at 0 neighbours"),
        (
            "knn_shapley,k=300",
            "knn_shapley looks at 300 neighbours.* give knn_shapley,k=1 to k=299",
        ),
        ("el2n:coverage,cutoff=1.5", r"coverage: cutoff is 1.5; it must lie in \[0, 1\)"),
        ("redundancy:window,top=2", r"window: top is 2; it must lie in \[0, 1\]"),
        ("label_quality,by=odd", "label_quality: by is 'odd'; it must be self_confidence"),
        ("mem_head,share=2", "mem_head: models is 200 and share 2; there must be"),
        ("redundancy:coverage,cutoff=0.2,cutoff_by=score", "no end of the scores of redundancy"),
    ],
)
def test_a_setting_that_could_only_fail_later_is_refused_at_the_plan(planned, signal, said):
    with pytest.raises(UsageError, match=said):
        planned(replace(SMALL, signals=(signal,)))


@pytest.mark.parametrize(
    ("signal", "most"),
    [
        ("redundancy,probes=18", 17),
        ("keep_one,probes=-1", 17),
        ("redundancy,probes=6,clusters=5", 5),
    ],
)
def test_more_clusters_than_there_are_cannot_be_looked_through(planned, signal, most):
    with pytest.raises(ValueError, match=f"synthetic:300 of 300 rows.* give 1 to {most}, or 0"):
        planned(replace(SMALL, signals=(signal,)))


def test_more_rows_than_a_signal_can_order_are_refused_with_signals_that_can(planned, monkeypatch):
    monkeypatch.setitem(SIGNALS, "k_centre", replace(SIGNALS["k_centre"], most_rows=299))
    said = "takes at most 299 of them, and synthetic:300 has 300; use facility_location or keep_one"
    with pytest.raises(UsageError, match=said):
        planned(replace(SMALL, signals=("k_centre",)))


def test_a_setting_that_means_nothing_is_refused_before_anything_is_scheduled(planned):
    with pytest.raises(UsageError, match="by is 'aum'; give one of el2n, loss"):
        planned(replace(SMALL, signals=("infomax,by=aum",)))


def csv_of(folder, name, n):
    """A table of n rows of two classes, and one to test on."""
    for path, count in ((folder / name, n), (folder / "test.csv", 20)):
        rows = "".join(f"word{i % 7} text {i},{'ab'[i % 2]}\n" for i in range(count))
        path.write_text("text,label\n" + rows)
    return str(folder / name)


@pytest.mark.parametrize(
    ("n", "rate", "removed", "kept", "possible"),
    [
        (84, 0.005, 0, 84, r"give rates from 0\.012 \(1 row goes\) to 0\.988 \(2 rows stay\)"),
        (300, 0.0001, 0, 300, r"give rates from 0\.0034 \(1 row goes\) to 0\.9966"),
        (300, 0.0033, 0, 300, r"give rates from 0\.0034"),
        (300, 1e-05, 0, 300, r"give rates from 0\.0034"),
        (300, 0.999, 299, 1, r"to 0\.9966 \(2 rows stay\)"),
        (300, 0.9967, 299, 1, r"to 0\.9966 \(2 rows stay\)"),
        (4, 0.75, 3, 1, r"give rates from 0\.25 \(1 row goes\) to 0\.74"),
        (2, 0.5, 1, 1, "of so few no rate removes one and keeps two"),
        (2, 0.4, 0, 2, "of so few no rate removes one and keeps two"),
    ],
)
def test_a_rate_that_removes_no_row_or_keeps_one_is_refused_with_the_counts(
    planned, tmp_path, n, rate, removed, kept, possible
):
    own = csv_of(tmp_path, "own.csv", n)
    request = replace(
        SMALL, datasets=(own,), test=str(tmp_path / "test.csv"), limit_test=0, rates=(rate,),
        training=(("epochs", 40),),
    )  # fmt: skip
    said = rf"of the {n} training rows of own removes {removed} and keeps {kept}; .*{possible}"
    with pytest.raises(UsageError, match=said):
        planned(request)


@pytest.mark.parametrize("rate", [0.0034, 0.5, 0.9899])
def test_the_rates_named_as_possible_are(planned, rate):
    assert planned(replace(SMALL, rates=(rate,))).specs


@pytest.mark.parametrize("rates", [(0.3, 0.001), (0.001, 0.3), (0.1, 0.9999)])
def test_one_bad_rate_among_good_ones_is_refused(planned, rates):
    with pytest.raises(UsageError, match="of the 300 training rows of synthetic:300 removes"):
        planned(replace(SMALL, rates=rates))


def test_of_two_data_sets_the_one_too_small_for_the_rate_is_named(planned):
    request = replace(SMALL, datasets=("synthetic:3000", "synthetic:300"), rates=(0.002,))
    with pytest.raises(UsageError, match="of the 300 training rows of synthetic:300 removes 0"):
        planned(request)


@pytest.mark.parametrize("cut", [{"limit": 300}, {"validation_fraction": 0.9}])
def test_the_rows_that_count_are_those_left_to_train_on(planned, cut):
    request = replace(SMALL, datasets=("synthetic:3000",), rates=(0.002,), **cut)
    with pytest.raises(UsageError, match="of the 300 training rows of synthetic:3000 removes 0"):
        planned(request)


@pytest.mark.parametrize("signal", ["random:each_epoch", "infobatch:each_epoch"])
def test_a_policy_that_could_leave_out_no_row_is_refused_alike(planned, signal):
    with pytest.raises(UsageError, match="removes 0 and keeps 300"):
        planned(replace(SMALL, signals=(signal,), rates=(0.001,)))


def test_what_prunes_nothing_is_no_rate_that_removes_nothing(planned):
    sweep = planned(replace(SMALL, null=True, seeds=(1, 2, 3), rates=(0.1,)))
    assert sum(spec.kind == "null" for spec in sweep.specs) == 3


def own_file(path, rows=60, extra=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "text,label\n" + "".join(f"word{i} again{extra},{'ab'[i % 2]}\n" for i in range(rows))
    )
    return path


OWN = Request(model="linear", test_fraction=0.3, rates=(0.3,), signals=("random",), tune=False)


def test_a_file_is_one_data_set_of_one_name_under_two_spellings_of_its_path(
    planned, tmp_path, monkeypatch
):
    path = own_file(tmp_path / "d" / "mine.csv")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.csv").symlink_to(path)
    spelled = (str(path), "d/mine.csv", "./d/../d/mine.csv")
    plans = [planned(replace(OWN, datasets=(name,))).plan for name in spelled]
    assert {spec.dataset for plan in plans for spec in plan.specs} == {"mine"}
    assert len({spec.result_key for plan in plans for spec in plan.specs}) == len(plans[0].specs)


def test_a_name_is_what_the_data_set_is_called_everywhere(planned, tmp_path):
    path = own_file(tmp_path / "mine.csv")
    plan = planned(replace(OWN, datasets=(str(path),), names=("support mail",))).plan
    assert {spec.dataset for spec in plan.specs} == {"support mail"}
    with pytest.raises(UsageError, match="2 --name for 1 data sets"):
        planned(replace(OWN, datasets=(str(path),), names=("a", "b")))


def test_files_of_one_name_and_other_content_are_told_apart_by_their_folders(planned, tmp_path):
    paths = [own_file(tmp_path / folder / "mine.csv", extra=folder) for folder in ("a", "b")]
    plan = planned(replace(OWN, datasets=tuple(map(str, paths)))).plan
    assert {spec.dataset for spec in plan.specs} == {"a/mine", "b/mine"}


def test_a_file_that_was_edited_since_a_run_was_planned_is_told_to_be(planned, tmp_path):
    path = own_file(tmp_path / "mine.csv")
    asked = replace(OWN, datasets=(str(path),))
    first = planned(asked)
    assert not any("edited" in note for note in first.plan.notes)
    record_sources(first.run.folder, first.loaded.sources, first.loaded.datasets)
    first.run.write_plan(first.plan)
    assert not any("edited" in note for note in planned(asked).plan.notes)
    own_file(path, rows=80)
    again = planned(replace(asked, datasets=(str(tmp_path / "." / "mine.csv"),)))
    assert "mine: its files were edited since" in again.plan.notes[0]
    assert "(42 training rows then, 56 at present)" in again.plan.notes[0]
    other = planned(replace(asked, test_fraction=0.5))
    assert not any("edited" in note for note in other.plan.notes)
    with pytest.raises(UsageError, match="mine as it was before its files were edited"):
        planned(asked, run=first.run.folder).run.write_plan(planned(asked).plan)


def recorded(sweep):
    record_sources(sweep.run.folder, sweep.loaded.sources, sweep.loaded.datasets)
    return (sweep.run.folder / "data_files.json").read_bytes()


def test_a_damaged_record_of_sources_costs_a_note_and_nothing_else(planned, tmp_path):
    path = own_file(tmp_path / "mine.csv")
    sweep = planned(replace(OWN, datasets=(str(path),)))
    key = next(iter(json.loads(recorded(sweep))))
    odd = json.dumps({key: {"rows": "many", "sha": "x", "planned": 5}}).encode()
    for content in (b"{", b"[1]", b'{"x": 3}', b"\xff", odd):
        mark(sweep.run.folder, "run")
        (sweep.run.folder / "data_files.json").write_bytes(content)
        assert planned(replace(OWN, datasets=(str(path),))).plan.specs == sweep.plan.specs


@pytest.mark.parametrize(
    ("columns", "model", "says"),
    [
        (
            {"image": "image"},
            "linear",
            "holds images, and linear reads texts; use --model image .*or name a column of text .*or vectors",
        ),
        (
            {"embedding": "vectors"},
            "tiny",
            "holds vectors, and tiny reads texts; use --model linear",
        ),
    ],
)
def test_what_a_learner_cannot_read_is_refused_at_the_plan(planned, tmp_path, columns, model, says):
    made = {
        "image": pa.array([{"bytes": b"x%d" % i, "path": ""} for i in range(60)]),
        "vectors": pa.array([[float(i), 1.0] for i in range(60)]),
        "text": pa.array([f"text {i}" for i in range(60)]),
    }
    table = {name: made[kind] for name, kind in columns.items()}
    pq.write_table(pa.table({**table, "label": [0, 1] * 30}), tmp_path / "mine.parquet")
    vectors = Columns(embedding="embedding" if "embedding" in columns else "")
    with pytest.raises(UsageError, match=says):
        planned(
            replace(OWN, datasets=(str(tmp_path / "mine.parquet"),), model=model, columns=vectors)
        )


def test_vectors_alone_are_trained_on_by_the_linear_model(planned, tmp_path):
    table = {"embedding": [[float(i), 1.0] for i in range(60)], "label": [0, 1] * 30}
    pq.write_table(pa.table(table), tmp_path / "mine.parquet")
    sweep = planned(replace(OWN, datasets=(str(tmp_path / "mine.parquet"),), model=""))
    assert {spec.model for spec in sweep.specs} == {"linear"}
    with pytest.raises(UsageError, match="tfidf reads words"):
        planned(replace(OWN, datasets=(str(tmp_path / "mine.parquet"),), signals=("tfidf",)))


def leaky(tmp_path):
    """Two classes; every fifth test text is one of the training split's, in other letters."""
    train = [f"{'good' if i % 2 else 'bad'} words of row {i}" for i in range(60)]
    test = [
        train[i].upper() if i % 5 == 0 else f"{'good' if i % 2 else 'bad'} test {i}"
        for i in range(40)
    ]
    folder = tmp_path / "leaky"
    folder.mkdir()
    for name, texts in (("train", train), ("test", test)):
        lines = [f"{text},{i % 2}" for i, text in enumerate(texts)]
        (folder / f"{name}.csv").write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    return Request(datasets=(str(folder),), model="linear", tune=False, rates=(0.1,))


def test_the_plan_knows_which_test_rows_leak_in_the_order_of_a_rows_bits(planned, tmp_path):
    sweep = planned(leaky(tmp_path))
    (dataset,), (packed,) = sweep.datasets.values(), sweep.plan.leaked.values()
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=40).astype(bool)
    by_class = np.argsort(dataset.test.labels, kind="stable")
    assert np.array_equal(bits, (np.arange(40) % 5 == 0)[by_class])
    assert planned().plan.leaked == {}


def test_what_is_altered_on_purpose_is_in_the_key_the_plan_and_its_text(planned, tmp_path):
    plain = planned(leaky(tmp_path))
    asked = replace(plain.loaded.request, flip_labels=0.1, inject_copies=0.2)
    sweep = planned(asked)
    assert {s.run_key for s in sweep.specs}.isdisjoint({s.run_key for s in plain.specs})
    ((sha, (short, full)),) = sweep.plan.altered.items()
    assert sha in sweep.datasets and plain.plan.altered == {}
    assert short == "10% of labels flipped, copies of 20% of rows added"
    assert full == sweep.datasets[sha].notes[0]
    text = StringIO()
    print_plan(sweep, Console(file=text, width=400))
    assert "stress test: leaky is altered on purpose, 10% of labels flipped" in text.getvalue()
