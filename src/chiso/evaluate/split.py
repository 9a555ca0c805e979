"""People in calibration, threshold and test: each person in one, with all her comparisons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.evidence import Crowd, Mask
from chiso.evaluate.findings import SplitCounts

_TEST, _THRESHOLD, _CALIBRATION = 0, 1, 2
_FILLED_FIRST = 2


@dataclass(frozen=True, slots=True)
class Split:
    """Who is in which part: masks, shape (people,), that are disjoint and leave nobody out."""

    calibration: Mask
    threshold: Mask
    test: Mask


def split_people(crowd: Crowd, plan: AuditPlan) -> Split:
    """Divides each group by the plan's shares and seed.

    Each group is shuffled by a generator seeded with the plan's seed and the group's name, so that
    who is where depends on the order of the people (that of their names) in their own group alone.
    False matches need two people, so the test gets a group's first two people and the threshold the
    next two, whatever the shares (unless a share is 0); everyone else goes where most are missing
    from the share, the test before the threshold and that before calibration where equally many
    are. With a given threshold, the threshold's share is the test's.
    """
    part = np.full(crowd.people, _TEST)
    shares = _shares(plan)
    for index, group in enumerate(crowd.groups):
        members = np.flatnonzero(crowd.group_of == index)
        generator = np.random.default_rng([plan.seed, *group.encode()])
        part[generator.permutation(members)] = _seats(len(members), shares)
    return Split(part == _CALIBRATION, part == _THRESHOLD, part == _TEST)


def split_counts(crowd: Crowd, split: Split) -> tuple[SplitCounts, ...]:
    """How many people of each group are in each part, by name of the group."""
    return tuple(
        SplitCounts(
            group,
            int(np.count_nonzero(split.calibration & crowd.members(group))),
            int(np.count_nonzero(split.threshold & crowd.members(group))),
            int(np.count_nonzero(split.test & crowd.members(group))),
        )
        for group in crowd.groups
    )


def _shares(plan: AuditPlan) -> tuple[float, float, float]:
    """Of the test, the threshold and calibration, in this order; they sum to 1."""
    calibration, threshold, test = plan.shares
    if min(plan.shares) < 0 or test <= 0 or not np.isclose(sum(plan.shares), 1):
        raise ValueError(f"shares of people are 0 or more, sum to 1, and test some: {plan.shares}")
    if plan.given_threshold is not None:
        return test + threshold, 0.0, calibration
    if threshold <= 0:
        raise ValueError("a threshold is fixed on people: give them a share, or give a threshold")
    return test, threshold, calibration


def _seats(people: int, shares: tuple[float, float, float]) -> list[int]:
    """The part of each of so many people, in the order in which parts are filled."""
    seats: list[int] = []
    filled = [0, 0, 0]
    for _ in range(people):
        part = _next_part(people, shares, filled)
        filled[part] += 1
        seats.append(part)
    return seats


def _next_part(people: int, shares: tuple[float, float, float], filled: list[int]) -> int:
    for part in (_TEST, _THRESHOLD):
        if shares[part] > 0 and filled[part] < _FILLED_FIRST:
            return part
    missing = [share * people - got for share, got in zip(shares, filled, strict=True)]
    return missing.index(max(missing))
