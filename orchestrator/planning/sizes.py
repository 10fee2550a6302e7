"""Total size as an axis of a grid: the same trials again, on subsets of the training rows."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from analysis.run_files import PlannedSubset
from orchestrator.planning.grids import GIVEN, Grid
from trainables.data.columns import excerpt
from trainables.data.dataset import Dataset
from trainables.data.given_scores import GivenScores, scores_of_part
from trainables.data.subsets import Subset, subsets_of
from trainables.errors import UsageError
from trainables.spec import VECTORS, TrialSpec

ALL = "all"


def sizes_in(written: Iterable[str]) -> tuple[int, ...]:
    """Total sizes as a command writes them, ascending: rows, by commas or one by one; 0 for `all`, the last.

    Raises:
        UsageError: If one is no such number, or there twice.
    """
    found = []
    for whole, one in ((text, part.strip()) for text in written for part in text.split(",")):
        if one != ALL and not re.fullmatch(r"[1-9][0-9]*", one):
            raise UsageError(
                f"--size {excerpt(whole)}: {excerpt(one)} is no number of rows; give them without a comma inside, as in "
                f"--size 500,1000,2000, and {ALL} for all rows"
            )
        found.append(0 if one == ALL else int(one))
    if len(set(found)) < len(found):
        raise UsageError(f"--size has an entry twice: {', '.join(written)}; give each once")
    return tuple(sorted(found, key=lambda rows: rows or float("inf")))


def check_total_sizes(grid: Grid, *, adaptive: bool, is_own: bool) -> None:
    """Refuse total sizes beside what would not compare them.

    Args:
        grid: What was asked for.
        adaptive: Whether seeds are bought look by look.
        is_own: Whether a trainer of the user's own trains.

    Raises:
        UsageError: If there is such.
    """
    if len(grid.sizes) < 2:
        return
    if grid.protocol != "restart":
        raise UsageError(
            f"several total sizes (--size) with the protocol {grid.protocol}: a run that goes on has trained on all "
            "rows first, so that rows kept of a large and of a small set are not alike; give --protocol restart, or "
            "--size all for the data set alone"
        )
    if adaptive:
        raise UsageError(
            "several total sizes (--size) with --seeds adaptive: seeds are bought by verdicts, and a frontier needs "
            "all seeds at all sizes; give how many, as in --seeds 5, or --size all for the data set alone"
        )
    if is_own and grid.budget == "steps":
        raise UsageError(
            "several total sizes (--size) with --budget steps: the full-data run of your own trainer on fewer rows "
            "would take fewer steps; give --budget epochs, by which a row is passed over as often at every size"
        )


@dataclass(frozen=True, kw_only=True)
class Family:
    """The subsets of a sweep's data sets, and what its trials are there.

    Attributes:
        subsets: Of all data sets, all seeds, all smaller sizes.
        sizes: Training rows of the data sets themselves, by content hash.
        equal_steps: Whether all runs take as many steps as the full-data run of the largest size.
        columns: Content of the user's own columns by content hash, where an own trainer sees them.
        given: The user's own scores by name and content hash.
    """

    subsets: Sequence[Subset] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    equal_steps: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[tuple[str, str], GivenScores] = field(default_factory=dict)

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        """The subsets by content hash."""
        return {one.dataset.sha: one.dataset for one in self.subsets}

    @property
    def planned(self) -> dict[str, PlannedSubset]:
        """The subsets as plan.json records them, by content hash."""
        return {
            one.dataset.sha: PlannedSubset(
                whole=one.whole, rows=len(one.dataset.train), seed=one.seed
            )
            for one in self.subsets
        }

    @property
    def named_given(self) -> list[tuple[str, GivenScores]]:
        """The user's own scores of all subsets, under the names of their files."""
        return [(name, one) for (name, _), one in self.given.items()]

    def specs(self, wholes: Sequence[TrialSpec]) -> Iterator[TrialSpec]:
        """The trials of the data sets themselves, again on each subset of their seed.

        By equal steps every full-data run takes as many as that of the largest size, to half an epoch, and
        so does every pruned run: one curve then has one cause. Else every row is passed over as often at
        every size. All else of the training is the largest size's; scores are taken after the same share of it.
        """
        for one in self.subsets:
            sha, n, whole = one.dataset.sha, len(one.dataset.train), self.sizes[one.whole]
            for spec in wholes:
                if (spec.data_sha, spec.seed) != (one.whole, one.seed) or spec.kind == "null":
                    continue
                of_it = replace(
                    spec,
                    dataset=one.dataset.name,
                    data_sha=sha,
                    columns_sha=self.columns.get(sha, ""),
                )
                if spec.signal == GIVEN:
                    given = self.given[str(dict(spec.settings)["name"]), sha]
                    of_it = replace(of_it, signal_sha=given.sha)
                yield _of_equal_steps(of_it, n, whole) if self.equal_steps else of_it


def _of_equal_steps(spec: TrialSpec, n: int, whole: int) -> TrialSpec:
    training, scorer = spec.training.with_as_many_steps(n, whole), spec.scorer
    if scorer and scorer.model != VECTORS:
        scorer = replace(scorer, training=scorer.training.with_as_many_steps(n, whole))
    return replace(spec, training=training, scorer=scorer)


def family_of(grid: Grid, datasets: Iterable[Dataset], given: Mapping[str, GivenScores]) -> Family:
    """The subsets that a grid's sizes ask for; the largest size is the data set itself.

    Args:
        grid: With its sizes and seeds.
        datasets: The data sets themselves.
        given: The user's own scores, by the names of their files.

    Raises:
        UsageError: If a data set has fewer rows than a size, or a class would have none.
    """
    wholes = {one.sha: one for one in datasets}
    subsets = [part for one in wholes.values() for part in subsets_of(one, grid.sizes, grid.seeds)]
    return Family(
        subsets=subsets,
        sizes={sha: len(one.train) for sha, one in wholes.items()},
        equal_steps=grid.budget == "steps",
        given={
            (name, part.dataset.sha): scores_of_part(scores, part.dataset)
            for name, scores in given.items()
            for part in subsets
        },
    )
