"""Policies of a threshold, and the model that gives one where too few comparisons were seen."""

from __future__ import annotations

from enum import StrEnum
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

MIN_PEOPLE_IN_GROUP = 5


class Policy(StrEnum):
    """Whose false matches must meet the target."""

    POOLED = "pooled"
    WORST_GROUP = "worst-group"


def modelled_threshold(
    scores: NDArray[np.float64], weights: NDArray[np.float64], target_fmr: float
) -> float:
    """The score whose angle is the lower `target_fmr` quantile of a normal distribution.

    `scores`: cosines of non-mated comparisons, in [-1, 1], shape (n,); `weights`: shape (n,), not
    negative and not all zero (ones, or counts of a histogram). The normal distribution has the
    weighted mean and deviation of the scores' angles.
    """
    mean, deviation = angle_model(scores, weights)
    return float(np.cos(max(0.0, mean + NormalDist().inv_cdf(target_fmr) * deviation)))


def angle_model(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Weighted mean and deviation, in radians, of the angles (arc cosines) of cosines.

    Angles between templates are far closer to normal than cosines are, whose upper tail a normal
    distribution overstates. `weights` as in `modelled_threshold`, not all zero.
    """
    angles = np.arccos(np.clip(scores, -1.0, 1.0))
    total = weights.sum()
    mean = float(weights @ angles / total)
    return mean, float(np.sqrt(weights @ (angles - mean) ** 2 / total))
