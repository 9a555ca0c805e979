"""Error rates of a threshold, by group: counts first, rates beside their intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chiso.core.decisions import GroupCount
from chiso.evaluate.comparisons import Comparisons
from chiso.evaluate.intervals import wilson_by_people

EVERYONE = "everyone"


def error_counts(comparisons: Comparisons, threshold: float) -> tuple[GroupCount, ...]:
    """Counts for everyone together, then for each reported group within itself, by name."""
    everyone = np.ones(len(comparisons.scores), dtype=bool)
    counted = [_counted(EVERYONE, comparisons, everyone, len(comparisons.groups), threshold)]
    for group in sorted({label for label in comparisons.groups if label}):
        people = sum(1 for label in comparisons.groups if label == group)
        counted.append(_counted(group, comparisons, comparisons.within(group), people, threshold))
    return tuple(counted)


def _counted(
    group: str,
    comparisons: Comparisons,
    rows: NDArray[np.bool_],
    people: int,
    threshold: float,
) -> GroupCount:
    accepted = comparisons.scores >= threshold
    nonmated, mated = rows & ~comparisons.mated, rows & comparisons.mated
    false_matches = int(np.count_nonzero(nonmated & accepted))
    false_nonmatches = int(np.count_nonzero(mated & ~accepted))
    nonmated_count, mated_count = int(np.count_nonzero(nonmated)), int(np.count_nonzero(mated))
    return GroupCount(
        group=group,
        people=people,
        nonmated=nonmated_count,
        false_matches=false_matches,
        fmr_interval=_interval(comparisons, nonmated, false_matches),
        mated=mated_count,
        false_nonmatches=false_nonmatches,
        fnmr_interval=_interval(comparisons, mated, false_nonmatches),
    )


def _interval(
    comparisons: Comparisons, trials: NDArray[np.bool_], errors: int
) -> tuple[float, float]:
    """Interval of a rate, with the people who gave these trials as its sample size."""
    if not trials.any():
        return 0.0, 1.0
    people = np.union1d(comparisons.one[trials], comparisons.other[trials])
    return wilson_by_people(errors / int(np.count_nonzero(trials)), len(people))
