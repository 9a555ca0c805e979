"""Errors at a threshold, summed by person and by unit; a score at the threshold is a match."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.error_sums import ErrorSums, mated_sums
from chiso.evaluate.evidence import Evidence, Mask, Scores


def nonmated_errors(evidence: Evidence, threshold: float, left: Mask, right: Mask) -> ErrorSums:
    """False matches of a population (`left` and `right` as in `PairCounts`).

    Raises ValueError where the threshold is below the floor, since such errors were not kept.
    """
    require_kept(evidence, threshold, left, right)
    found = evidence.nonmated
    rows = found.scores >= threshold
    rows &= population(evidence, left, right)
    one, other = found.one[rows], found.other[rows]
    people = evidence.crowd.people
    low, high = np.minimum(one, other).astype(np.int64), np.maximum(one, other)
    pairs, errors = np.unique(low * people + high, return_counts=True)
    trials = found.counts.of_pairs(
        (pairs // people).astype(np.int32), (pairs % people).astype(np.int32)
    )
    person_trials = found.counts.by_person(left, right)
    person_errors = np.bincount(one, minlength=people) + np.bincount(other, minlength=people)
    met = person_trials > 0
    return ErrorSums(
        errors=len(one),
        trials=found.counts.total(left, right),
        person_errors=person_errors[met].astype(np.float64),
        person_trials=person_trials[met],
        unit_errors_squared=float(np.sum(errors.astype(np.float64) ** 2)),
        unit_errors_times_trials=float(errors @ trials),
        unit_trials_squared=found.counts.sum_of_squares(left, right),
        independent_units=found.counts.independent_pairs(left, right),
        is_mated=False,
    )


def mated_errors(evidence: Evidence, threshold: float, members: Mask) -> ErrorSums:
    """False non-matches of these people; only those with two samples or more are counted."""
    mated, people = evidence.mated, evidence.crowd.people
    mine = members[mated.person]
    missed = mine & (mated.scores < threshold)
    trials = np.bincount(mated.person[mine], minlength=people).astype(np.float64)
    errors = np.bincount(mated.person[missed], minlength=people).astype(np.float64)
    return mated_sums(errors[trials > 0], trials[trials > 0])


def at_least(evidence: Evidence, floor: float) -> Evidence:
    """The same evidence with non-mated comparisons below `floor` only counted; faster to read."""
    found = evidence.nonmated
    rows = found.scores >= floor
    kept = replace(
        found,
        scores=found.scores[rows],
        one=found.one[rows],
        other=found.other[rows],
        floor=max(floor, found.floor),
        floors_within=None
        if found.floors_within is None
        else np.maximum(floor, found.floors_within),
    )
    return replace(evidence, nonmated=kept)


def population(evidence: Evidence, left: Mask, right: Mask) -> Mask:
    """Shape (non-mated comparisons kept,): which of them are of the population."""
    one, other = evidence.nonmated.one, evidence.nonmated.other
    if np.array_equal(left, right):
        rows: Mask = left[one] & left[other]
        return rows
    across: Mask = (left[one] & right[other]) | (right[one] & left[other])
    return across


def highest_scores(evidence: Evidence, members: Mask, count: int) -> Scores:
    """The `count` highest non-mated scores among these people, descending.

    Fewer where fewer were kept of all pairs alike: those within a group below everyone's floor are
    left out, since of pairs across groups they were not.
    """
    rows = population(evidence, members, members)
    rows &= evidence.nonmated.scores >= floor_of(evidence, members, members)
    scores = evidence.nonmated.scores[rows]
    if count < len(scores):
        scores = np.partition(scores, len(scores) - count)[len(scores) - count :]
    return np.sort(scores)[::-1]


def floor_of(evidence: Evidence, left: Mask, right: Mask) -> float:
    """From where on every non-mated comparison of the population was kept."""
    found = evidence.nonmated
    groups: NDArray[np.int32] = np.unique(evidence.crowd.group_of[left | right])
    if found.floors_within is not None and len(groups) == 1:
        return float(found.floors_within[groups[0]])
    return found.floor


def require_kept(evidence: Evidence, threshold: float, left: Mask, right: Mask) -> None:
    """Raises ValueError where false matches at this threshold were not all kept."""
    floor = floor_of(evidence, left, right)
    if threshold < floor:
        raise ValueError(
            f"scores below {floor:.6g} were only counted, so that false matches at {threshold:.6g} "
            "are not known; form the comparisons again with this threshold named"
        )
