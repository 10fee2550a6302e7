"""Whether a frontier falls faster than no pruning between two sizes, over all shares and floors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.scaling.contrasts import LogContrast, log_contrast
from analysis.scaling.lines import Lines, LineValue

_MOST_P = 0.5
# A floor lies so many standard errors below every error, or the logarithm of what is left means nothing.
_CLEAR = 4.0


@dataclass(frozen=True, kw_only=True)
class StretchTest:
    """A method's lines at the two ends of a stretch, beside no pruning and random.

    Attributes:
        start: Its lines at the lower size, no pruning among them as the share 1.
        end: At the upper size.
        unpruned: Without pruning at both.
        control: Random's lines at both; None where it did not run.
        floors: At which the comparison has to hold.
    """

    start: Lines
    end: Lines
    unpruned: tuple[LineValue, LineValue]
    control: tuple[Lines, Lines] | None
    floors: Sequence[float]

    @property
    def shares(self) -> list[float]:
        """Kept shares below 1 at the upper end: where there is none, nothing could bend."""
        return [share for share in self.end if share < 1]

    @property
    def is_clear(self) -> bool:
        """Whether every error is so far above every floor that the logarithm has a meaning."""
        ends = [self.start, self.end, *(self.control or ())]
        values = [*self.unpruned, *(value for lines in ends for value in lines.values())]
        room = min(value.mean - _CLEAR * value.standard_error for value in values)
        return bool(max(self.floors) < room)

    def p(self) -> float:
        """One-sided p of "the frontier is no steeper than no pruning, or than random", in [0, 1].

        That the least error at the upper end lies low asks for one share; that the least at the lower
        end does not asks for all. So the largest p over the lower end's shares, floors and controls, and
        over the upper end's the least times their number.
        """
        found = [
            _largest_p(
                contrast
                for share in self.start
                for floor in self.floors
                for contrast in self._contrasts(share, upper, floor)
            )
            for upper in self.shares
        ]
        return min(1.0, len(found) * min(found))

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Bounds of the frontier's fall less that of no pruning, in logarithms of error.

        Each is wrong in a share alpha of studies at most, whichever shares are the best in truth: the
        fall is at most that of any upper share beside the best lower one, and at least that of the best
        upper share beside any lower one.
        """
        found = [self._bounds_at(floor, alpha) for floor in self.floors]
        return min(low for low, _ in found), max(high for _, high in found)

    def _bounds_at(self, floor: float, alpha: float) -> tuple[float, float]:
        falls = {
            (lower, upper): self._fall(lower, upper, floor)
            for lower in self.start
            for upper in self.end
        }

        def bound(side: int, of: int, lower: float, upper: float) -> float:
            return falls[lower, upper].bounds(alpha / of)[side]

        upper_ends, lower_ends = self.shares, [*self.start]
        low = max(
            min(bound(0, len(lower_ends), lower, upper) for upper in self.end)
            for lower in lower_ends
        )
        high = min(
            max(bound(1, len(upper_ends), lower, upper) for lower in lower_ends)
            for upper in upper_ends
        )
        return low, high

    def _fall(self, lower: float, upper: float, floor: float) -> LogContrast:
        terms = [(1, self.end[upper]), (-1, self.start[lower])]
        return log_contrast([*terms, (-1, self.unpruned[1]), (1, self.unpruned[0])], floor)

    def _contrasts(self, lower: float, upper: float, floor: float) -> Iterable[LogContrast | None]:
        """Against no pruning and, where it ran, random at the same two shares; None where that lacks one."""
        yield self._fall(lower, upper, floor)
        if self.control is not None:
            start, end = self.control
            if lower not in start or upper not in end:
                yield None
                return
            terms = [(1, self.end[upper]), (-1, self.start[lower])]
            yield log_contrast([*terms, (-1, end[upper]), (1, start[lower])], floor)


def _largest_p(contrasts: Iterable[LogContrast | None]) -> float:
    largest = 0.0
    for one in contrasts:
        # None of a test's parts may be left open: what is not below zero ends it.
        if one is None or one.mean >= 0:
            return _MOST_P
        largest = max(largest, one.p_not_below_zero())
    return largest
