"""What decides a trial's result, the keys that name it, and what it gives back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

from trainables.errors import DataError, ReleaseError, UsageError
from trainables.keys import key_of
from trainables.training_settings import Scorer, Training

# Raised by every change that changes a result: old artifacts are then simply not found.
SPEC_VERSION = 8

# The same for what is held out of a run to see how far its training has come, and when it is looked at.
CURVE_VERSION = 2

Setting = bool | int | float | str
PROTOCOLS = ("continue", "restart")
BUDGETS = ("epochs", "steps")
ENDS = ("low", "high")
NULL = "null"  # the signal of a trial that prunes nothing
VECTORS = "vectors"  # the model of a scorer that gives the vectors that came with the data
EACH_EPOCH = "each_epoch"  # the selector of a trial whose rows are chosen anew each epoch
# Fields of (name, value) pairs, and those that are written, and in a key, only where they are set.
_PAIRS = ("settings", "selector_settings", "learner_settings")
_ONLY_IF_SET = (
    "learner_settings", "learner_sha", "columns_sha", "scorer", "protected", "min_per_class",
)  # fmt: skip
_PROTECTION = ("protected", "min_per_class")
Kind = Literal["full", "null", "dynamic", "pruned", "fixed"]


@dataclass(frozen=True, kw_only=True)
class TrialSpec:
    """Everything that decides one trial's result, and nothing about where it runs.

    `dataset` and `model` are what a person calls them, and where to find the model; the keys
    hold `data_sha` and `model_sha` instead, so that data may be moved or renamed.

    Attributes:
        dataset: Name shown to the reader; not in any key.
        data_sha: sha256 of the data's content (texts, labels, ids, class names, all splits).
        model: Hub id, folder, or the name of a built-in; not in any key.
        model_sha: Content of the model: a hash of its files, or a built-in's own name.
        learner: Row of LEARNERS, or a trainer of the user's own: module:function, or "command".
        learner_settings: The own trainer's settings as sorted (name, value) pairs.
        learner_sha: Content of an own trainer: its files, its words, its version; empty for ours.
        columns_sha: Content of the user's own columns, where an own trainer sees them; else empty.
        scorer: Who scores the rows, where that is not the learner itself; warm-up, signal and settings
            are then the scorer's, and the keys of its scores are those that it has as a learner.
        seed: Decides initial weights, data order, dropout, random scores and ties; in [0, 2^32).
        training: How the learner is trained.
        warmup: Share of the full run's optimizer steps done on all data before scoring, in [0, 1);
            above 0 where training goes on from there.
        signal: Row of SIGNALS, of POLICIES, or module:function; "null" where nothing is pruned;
            empty for the baseline.
        settings: The signal's settings as sorted (name, value) pairs.
        signal_sha: Content of the file a module:function is in; empty for our own.
        prune: Which end of the scores goes: "low", or "high" for the signal turned around.
        selector: Row of SELECTORS, "each_epoch" for a policy, module:function; empty for a baseline.
        selector_settings: As settings.
        selector_sha: As signal_sha.
        rate: Share of the training set removed, in [0, 1); 0 for the baseline and where nothing is pruned.
        protocol: "continue" (the warm run goes on with the survivors) or "restart".
        budget: "epochs" (pruned runs take fewer steps) or "steps" (as many as the full run).
        scored_by: Seeds whose scores are joined into one fixed list of survivors, on which the
            trial trains afresh; empty where a trial is cut by the scores of its own run.
        protected: Names of classes of which no row goes: what the cut removes of them is put back.
        min_per_class: Rows of each class that stay at least, or all it has; 0 asks for none.
        version: SPEC_VERSION of the release that made it, whose keys it has.
    """

    dataset: str
    data_sha: str
    model: str
    model_sha: str
    learner: str
    learner_settings: tuple[tuple[str, Setting], ...] = ()
    learner_sha: str = ""
    columns_sha: str = ""
    scorer: Scorer | None = None
    seed: int
    training: Training = field(default_factory=Training)
    warmup: float = 0.0
    signal: str = ""
    settings: tuple[tuple[str, Setting], ...] = ()
    signal_sha: str = ""
    prune: str = "low"
    selector: str = ""
    selector_settings: tuple[tuple[str, Setting], ...] = ()
    selector_sha: str = ""
    rate: float = 0.0
    protocol: str = "continue"
    budget: str = "epochs"
    scored_by: tuple[int, ...] = ()
    protected: tuple[str, ...] = ()
    min_per_class: int = 0
    version: int = SPEC_VERSION

    def __post_init__(self) -> None:
        """Refuse what could not be run, and write equal specs alike."""
        for name in _PAIRS:
            object.__setattr__(self, name, tuple(sorted((k, v) for k, v in getattr(self, name))))
        for name in ("scored_by", "protected"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))
        for name in ("warmup", "rate"):
            value = float(getattr(self, name)) + 0.0  # -0.0 becomes 0.0
            object.__setattr__(self, name, value)
            if not 0 <= value < 1:
                raise UsageError(
                    f"{name} is {value:g}; it is a fraction in [0, 1)"
                    + (f": did you mean {value / 100:g}?" if 1 <= value < 100 else "")
                )
        if isinstance(self.seed, bool) or not 0 <= self.seed < 2**32:
            raise UsageError(f"seed is {self.seed}; use a whole number in [0, 2^32)")
        for name, allowed in (("protocol", PROTOCOLS), ("budget", BUDGETS), ("prune", ENDS)):
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} is {getattr(self, name)!r}; it is one of {allowed}")
        chosen = {bool(self.signal), bool(self.selector), bool(self.rate) or self.kind == "null"}
        bare = {"full": self.warmup, "null": self.rate}.get(self.kind)
        if len(chosen) > 1 or bare:
            raise UsageError(
                f"rate {self.rate:g}, warmup {self.warmup:g}, signal {self.signal!r}, selector "
                f"{self.selector!r}; a baseline has none of them, a pruned trial all four"
            )
        if self.signal and not self.warmup and self.protocol == "continue":
            raise UsageError("warmup is 0; to go on after scoring it must be above 0")
        if (self.scorer or self.is_own) and self.protocol != "restart" and not self.is_baseline:
            raise UsageError(
                "protocol is continue; only a learner of ours that scores for itself goes on from its "
                "warm-up: use --protocol restart"
            )
        if self.scored_by and (self.kind != "fixed" or self.protocol != "restart"):
            raise UsageError(
                f"scored_by is {self.scored_by} of a {self.kind} trial, protocol {self.protocol}; "
                "a fixed list is one of pruned rows, and training on it starts afresh"
            )
        is_cut = self.kind in ("pruned", "fixed")
        if self.min_per_class < 0 or ((self.protected or self.min_per_class) and not is_cut):
            raise UsageError(
                f"protected {list(self.protected)}, min_per_class {self.min_per_class} of a {self.kind} "
                "trial; of what a selector cuts rows can be put back: class names, and 0 or more rows"
            )

    def __hash__(self) -> int:
        """Equal specs have one key, which is computed once."""
        return hash(self.result_key)

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone travel to other processes: keys are those of the release that asks."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @cached_property
    def kind(self) -> Kind:
        """What the trial trains on after its warm-up.

        full: all data, the run that others are held against. null: all data, in another order and
        with other dropout. dynamic: rows chosen anew each epoch. pruned: the rows that scores of
        its own run and a selector leave. fixed: a list of rows that other seeds' scores made.
        """
        if not self.signal:
            return "full"
        if self.signal == NULL:
            return "null"
        if self.selector == EACH_EPOCH:
            return "dynamic"
        return "fixed" if self.scored_by else "pruned"

    @property
    def is_own(self) -> bool:
        """Whether a trainer of the user's own trains, and not a row of LEARNERS."""
        return bool(self.learner_sha)

    @cached_property
    def twin(self) -> "TrialSpec":
        """The same trial with its scorer as its learner: it has the same scores, under the same keys."""
        if self.scorer is None:
            return self
        return replace(
            self, **vars(self.scorer), scorer=None, learner_settings=(), learner_sha="", columns_sha="",
        )  # fmt: skip

    @property
    def is_baseline(self) -> bool:
        """Whether this is a full-data run, the baseline of every other trial of its seed."""
        return self.kind == "full"

    @cached_property
    def baseline(self) -> "TrialSpec":
        """The full-data run of the same data set, model and seed."""
        return replace(
            self, warmup=0.0, signal="", settings=(), signal_sha="", prune="low", selector="",
            selector_settings=(), selector_sha="", rate=0.0, protocol="continue", budget="epochs",
            scored_by=(), scorer=None, protected=(), min_per_class=0,
        )  # fmt: skip

    @property
    def shares_list(self) -> bool:
        """Whether other seeds train on the very same list of rows."""
        return self.kind == "fixed" and self.scored_by != (self.seed,)

    @property
    def scorers(self) -> tuple["TrialSpec", ...]:
        """The trials whose scores choose the rows: itself, or one a seed of `scored_by`."""
        each = (replace(self, seed=seed, scored_by=()) for seed in self.scored_by)
        return tuple(each) if self.scored_by else (self,)

    def _run(self) -> dict[str, Any]:
        run = {
            "version": self.version, "data": self.data_sha, "learner": self.learner, "seed": self.seed,
        }  # fmt: skip
        if not self.is_own:
            return run | {"model": self.model_sha, "training": vars(self.training)}
        return run | {
            "learner_settings": dict(self.learner_settings),
            "learner_sha": self.learner_sha,
            "columns": self.columns_sha,
        }

    def _warm(self) -> dict[str, Any]:
        return {**self._run(), "warmup": self.warmup}

    def _signal(self) -> dict[str, Any]:
        own = {"signal": self.signal, "signal_sha": self.signal_sha}
        return own | {"settings": dict(self.settings)}

    def _score(self) -> dict[str, Any]:
        return {**self.twin._warm(), **self._signal()}

    @cached_property
    def run_key(self) -> str:
        """Names the full-data run."""
        return key_of(self._run())

    @cached_property
    def warm_key(self) -> str:
        """Names the full-data run that scores, as it stands at the warm-up mark."""
        return key_of(self.twin._warm())

    @cached_property
    def score_key(self) -> str:
        """Names the scores: shared by all rates, selectors, protocols and budgets."""
        return key_of(self._score())

    @cached_property
    def curve_key(self) -> str:
        """Names the full-data run that is looked at on held-out training rows."""
        return key_of({**self._run(), "curve": CURVE_VERSION})

    @cached_property
    def result_key(self) -> str:
        """Names the trial and its row."""
        if self.is_baseline:
            return key_of({**self._run(), "rate": 0.0})
        cut = {**self._cut(), "protocol": self.protocol, "budget": self.budget}
        whose = {"scorer": self.twin._run()} if self.scorer else {}
        return key_of({**self._warm(), **self._signal(), **cut, **whose})

    @cached_property
    def survivors_key(self) -> str:
        """Names the fixed list of rows: shared by the seeds that train on it, and by budgets."""
        return key_of({**self._score(), **self._cut(), "seed": None})

    def _cut(self) -> dict[str, Any]:
        names = ("prune", "selector", "selector_sha", "rate")
        listed = {"scored_by": list(self.scored_by)} if self.scored_by else {}
        cut = {name: getattr(self, name) for name in names}
        back = {name: getattr(self, name) for name in _PROTECTION if getattr(self, name)}
        return {**cut, "selector_settings": dict(self.selector_settings), **listed, **back}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` reads them back."""
        plain = {name: dict(getattr(self, name)) for name in _PAIRS}
        lists = {name: list(getattr(self, name)) for name in ("scored_by", "protected")}
        every = {**asdict(self), **plain, **lists}
        del every["version"]  # Whoever writes specs says once of which release they are.
        return {name: value for name, value in every.items() if value or name not in _ONLY_IF_SET}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, version: int = SPEC_VERSION) -> "TrialSpec":
        """The spec that `to_dict` wrote in a release.

        Raises:
            ValueError: If a field is missing, out of range or, a ReleaseError, unknown.
        """
        if unknown := set(values) - {f.name for f in fields(cls)} | {"version"} & set(values):
            raise ReleaseError(
                f"a spec has no {sorted(unknown)}; it was written by another release"
            )
        try:
            nested: dict[str, Any] = {
                name: tuple(dict(values.get(name, {})).items()) for name in _PAIRS
            }
            if scorer := values.get("scorer"):
                nested["scorer"] = Scorer(**{**scorer, "training": Training(**scorer["training"])})
            nested |= {"training": Training(**values["training"]), "version": version}
            return cls(**{**values, **nested})
        except (KeyError, TypeError) as error:
            raise DataError(f"not a spec: {error}") from error
