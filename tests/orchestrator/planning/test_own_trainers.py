"""A sweep of a trainer of one's own: what is refused before it is called, and what its keys hold."""

import pytest

from orchestrator.planning.own_asked import OwnAsked
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from trainables.data.columns import Columns
from trainables.errors import EnvelopeError
from trainables.trainers.server_process import close_servers

TEXTS = "text,label,length\n" + "".join(
    f"word{i % 7} other{i},{'ab'[i % 2]},{i}\n" for i in range(80)
)
TRAIN = "def fit(train, test, *, {must}seed, depth=3{more}): return ['a'] * test.num_rows\n"


@pytest.fixture(autouse=True)
def _no_server_stays():
    yield
    close_servers()


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Plans a sweep of a trainer over a file of texts, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def plan(trainer="train.py:fit", *, more="", must="", texts=TEXTS, tolerance=None, **asked):
        close_servers()
        (tmp_path / "train.py").write_text(TRAIN.format(more=more, must=must))
        (tmp_path / "texts.csv").write_text(texts)
        given = {
            "datasets": ("texts.csv",),
            "columns": Columns(text=("text",), label="label"),
            "test_fraction": 0.25,
            "signals": ("random",),
            "rates": (0.5,),
            "seeds": (11, 17),
            "own": OwnAsked(function=trainer, probe=False),
        }
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
        request = Request(**{**given, **asked})
        return plan_sweep(request, resources, run=None, command="", tolerance=tolerance)

    return plan


def keys(sweep):
    return {(spec.kind, spec.seed): spec.result_key for spec in sweep.specs}


def test_nothing_is_prepared_or_warmed_up_for_it(planned):
    sweep = planned()
    assert {task.kind for task in sweep.tasks} == {"baseline", "score", "trial"}
    assert not any(spec.warmup for spec in sweep.specs)
    assert not sweep.curves and not sweep.searches


def test_texts_are_scored_by_a_linear_head_where_nobody_was_named(planned):
    sweep = planned(signals=("redundancy",))
    scored = [spec for spec in sweep.specs if spec.signal == "redundancy"]
    assert {spec.scorer.model for spec in scored} == {"linear"}
    assert {"prepare", "warm_up"} <= {task.kind for task in sweep.tasks}


def test_its_files_settings_and_columns_are_in_the_key_of_its_trials_alone(planned):
    texts = planned(signals=("redundancy",))
    before, scores = keys(texts), {spec.score_key for spec in texts.specs if spec.scorer}
    assert keys(planned(signals=("redundancy",))) == before
    for change in (
        {"trainer": "train.py:fit,depth=4"},
        {"more": ", width=2"},
        {"texts": TEXTS.replace(",79\n", ",80\n")},
    ):
        after = planned(signals=("redundancy",), **change)
        assert not {*keys(after).values()} & {*before.values()}
        assert {spec.score_key for spec in after.specs if spec.scorer} == scores


def test_a_note_names_the_files_that_its_trials_are_known_by(planned):
    assert any("known by the content of train.py" in note for note in planned().plan.notes)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"model": "linear"}, "--model with --trainer: "),
        ({"training": (("lr", 0.1),)}, "--lr with --trainer: "),
        ({"tune": True}, "--tune with --trainer: "),
        ({"precision": "bf16"}, "--precision with --trainer: "),
        ({"protocol": "continue"}, "--protocol restart"),
        ({"budget": "steps"}, "does not take passes"),
        ({"signals": ("infobatch:each_epoch",)}, "chooses rows anew each epoch"),
        ({"warmups": (0.5,)}, "nothing of train.py:fit is trained before rows are scored"),
        ({"trainer": "train.py:fit,dpeth=3"}, "Did you mean 'depth'"),
        ({"trainer": "train.py:fti"}, "Did you mean 'fit'"),
        (
            {"own": OwnAsked(command="x {train} {seed} {out}"), "model": "linear"},
            "--model with --trainer-command: .*into the command$",
        ),
        ({"must": "validation, "}, r"takes validation, and texts has none.*--validation-fraction"),
        ({"flip_labels": 0.1}, "a stress test does not alter the columns"),
    ],
)
def test_what_means_nothing_to_it_is_refused(planned, asked, why):
    with pytest.raises(EnvelopeError, match=why) as caught:
        planned(**asked)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"start": "spawn"}, "--trainer-start means nothing without --trainer"),
        ({"probe": False}, "--no-probe means nothing without"),
        ({"function": "a.py:b", "start": "thread"}, "it is one of fork, spawn"),
    ],
)
def test_flags_of_a_trainer_that_is_not_there_are_refused(given, why):
    with pytest.raises(EnvelopeError, match=why):
        OwnAsked(**given).checked()
