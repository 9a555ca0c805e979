"""Whose comparisons are counted together: everyone's, each group's, and whose set a threshold."""

from __future__ import annotations

import numpy as np

from chiso.evaluate.evidence import Evidence, Mask
from chiso.evaluate.findings import EVERYONE
from chiso.evaluate.fit import Policy

Population = tuple[str, Mask]
"""A name, and a mask of people, shape (people,)."""


def everyone_and_groups(evidence: Evidence) -> tuple[Population, ...]:
    """Everyone chosen, then who of them is in each group, by name; nobody, perhaps."""
    chosen, crowd = evidence.chosen, evidence.crowd
    return (EVERYONE, chosen), *((name, chosen & crowd.members(name)) for name in crowd.groups)


def setting_a_threshold(
    evidence: Evidence, policy: Policy, min_people: int
) -> tuple[Population, ...]:
    """Whose false matches may set a threshold: everyone, and by policy the groups.

    None that has no non-mated comparison, and no group of fewer than `min_people`.
    """
    everyone, *groups = everyone_and_groups(evidence)
    large = [each for each in groups if np.count_nonzero(each[1]) >= min_people]
    asked = [everyone, *large] if policy is Policy.WORST_GROUP else [everyone]
    counts = evidence.nonmated.counts
    return tuple((name, members) for name, members in asked if counts.total(members, members) > 0)
