"""Error rates of a threshold, by group: counts first, rates beside their intervals."""

from __future__ import annotations

import numpy as np

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
    group: str, comparisons: Comparisons, rows: np.ndarray, people: int, threshold: float
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
        fmr_interval=_interval(false_matches, nonmated_count, people),
        mated=mated_count,
        false_nonmatches=false_nonmatches,
        fnmr_interval=_interval(false_nonmatches, mated_count, people),
    )


def _interval(errors: int, trials: int, people: int) -> tuple[float, float]:
    return wilson_by_people(errors / trials, people) if trials else (0.0, 1.0)
