"""FNMR at a group's own FMR: how well it is told apart when the threshold suits it best."""

from __future__ import annotations

from dataclasses import replace

from chiso.evaluate.bootstrap import drawn_separability, percentile_interval
from chiso.evaluate.counting import mated_errors
from chiso.evaluate.evidence import Evidence, Mask, Scores
from chiso.evaluate.findings import IntervalMethod, Rate, Separability
from chiso.evaluate.fixing import lowest_threshold
from chiso.evaluate.intervals import rate_of

_NOT_DRAWN = (
    "the interval of the FNMR at the group's own FMR is of this threshold alone, since more than "
    "5 % of the draws of people hold nothing to compare"
)


def separability(
    evidence: Evidence, members: Mask, at_fmr: float, weights: Scores | None
) -> Separability:
    """FNMR of these people at the lowest threshold at which their own FMR is at most `at_fmr`.

    Ties are read against the recogniser: where several comparisons share the score at which one
    false match would be too many, the threshold lies above them all. The interval holds that of
    the FNMR at this threshold and, given `weights` of draws of people, shape (draws, people), that
    of draws each with its own threshold; where too many of them have nothing to compare it does
    not, and `why_not` says so. Not given where the people have fewer than 1 / `at_fmr` non-mated
    comparisons, or no mated ones.
    """
    trials = evidence.nonmated.counts.total(members, members)
    if trials * at_fmr < 1:
        return Separability(
            at_fmr,
            None,
            None,
            f"{trials:,} comparisons of different people; an FMR of {at_fmr:.4g} needs "
            f"{round(1 / at_fmr):,}",
        )
    threshold = lowest_threshold(evidence, members, at_fmr)
    rate = rate_of(mated_errors(evidence, threshold, members))
    if not rate.trials:
        return Separability(at_fmr, None, None, "nobody gave two samples to compare")
    if weights is None:
        return Separability(at_fmr, threshold, rate, "")
    drawn = percentile_interval(drawn_separability(evidence, at_fmr, members, weights))
    if drawn is None:
        return Separability(at_fmr, threshold, rate, _NOT_DRAWN)
    return Separability(at_fmr, threshold, _widened(rate, drawn), "")


def _widened(rate: Rate, drawn: tuple[float, float]) -> Rate:
    """The rate with an interval that holds both: draws alone see no uncertainty at no error."""
    low, high = min(rate.interval[0], drawn[0]), max(rate.interval[1], drawn[1])
    if (low, high) == rate.interval:
        return rate
    return replace(rate, interval=(low, high), method=IntervalMethod.BOOTSTRAP)
