"""What an audit is asked to do: the split, the threshold's policy, and what is required of it."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.evaluate.fit import MIN_PEOPLE_IN_GROUP, Policy

TARGET_FMR = 0.001
"""Of a threshold, where no other is asked for: one false match in a thousand comparisons."""
OWN_FMRS = (0.01, 0.001)
"""Where separability is read: FNMR at the group's own FMR of 1 % and of 0.1 %."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """The policy that verdicts are given against; every limit is the operator's to state.

    `max_fmr`: for every group, within itself; None for the target of the threshold's policy.
    `max_fnmr`: for every group. `max_fmr_ratio`: of the higher to the lower FMR of two groups.
    `max_fnmr_difference`: between two groups, absolute.
    """

    max_fmr: float | None = None
    max_fnmr: float = 0.05
    max_fmr_ratio: float = 3.0
    max_fnmr_difference: float = 0.02


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """How people are split and the threshold is fixed. People are split, never comparisons.

    `shares`: of people in calibration, threshold and test, by group. With a `given_threshold`
    (a similarity) nothing is fitted and everyone is in the test, but for the people that a
    normaliser is calibrated on. `min_people`: below it, a group sets no threshold.
    """

    seed: int
    policy: Policy = Policy.WORST_GROUP
    target_fmr: float = TARGET_FMR
    given_threshold: float | None = None
    given_by: str = ""
    shares: tuple[float, float, float] = (0.0, 0.5, 0.5)
    min_people: int = MIN_PEOPLE_IN_GROUP
    requirements: Requirements = Requirements()
