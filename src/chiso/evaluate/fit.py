"""Where to put a threshold so that the rate of false matches meets a target, by a stated policy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.comparisons import Comparisons
from chiso.evaluate.rates import EVERYONE

BOOTSTRAP_DRAWS = 1000
MIN_PEOPLE_IN_GROUP = 5
_MIN_TELLING_RATIO = 0.95  # of draws that hold two people or more


class Policy(StrEnum):
    """Whose false matches must meet the target."""

    POOLED = "pooled"
    WORST_GROUP = "worst-group"


@dataclass(frozen=True, slots=True)
class FittedThreshold:
    """A threshold, its 95 % interval from a bootstrap over people, and whose scores set it."""

    value: float
    interval: tuple[float, float]
    set_by: str


def fit_threshold(
    comparisons: Comparisons, target_fmr: float, policy: Policy, seed: int
) -> FittedThreshold:
    """The lowest score at which the modelled FMR is at most `target_fmr`.

    The angle between two people's templates (the arc cosine of their score) is modelled by a normal
    distribution, each pair weighted by how often a draw holds its people, so that a target below
    one in the number of comparisons still has an answer; angles are far closer to normal than
    cosines are, whose upper tail a normal distribution overstates. The threshold is never below the
    highest false score seen. `pooled`: one population, all pairs. `worst-group`: the highest
    threshold over the pool and every group of at least `MIN_PEOPLE_IN_GROUP` people within itself.

    Raises ValueError where the target is not in (0, 1) or there are fewer than two people.
    """
    if not 0 < target_fmr < 1:
        raise ValueError(f"a target FMR lies between 0 and 1, not at {target_fmr}")
    people = len(comparisons.groups)
    if people < 2:
        raise ValueError("false matches need two people or more")
    populations = _populations(comparisons, policy)
    once = np.ones(people)
    values = {
        name: _quantile(comparisons, rows, once, target_fmr) for name, rows in populations.items()
    }
    set_by = max(values, key=values.__getitem__)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(people, once / people, size=BOOTSTRAP_DRAWS)
    draws = [
        max(
            max(_quantile(comparisons, rows, weights, target_fmr) for rows in populations.values()),
            _highest(comparisons, weights),
        )
        for weights in drawn.astype(np.float64)
    ]
    told = [draw for draw in draws if np.isfinite(draw)]
    if len(told) < _MIN_TELLING_RATIO * BOOTSTRAP_DRAWS:
        raise ValueError("there are too few people for an interval")
    low, high = np.quantile(told, [0.025, 0.975])
    value = max(values[set_by], float(np.nextafter(_highest(comparisons, once), np.inf)))
    return FittedThreshold(value, (float(low), float(high)), set_by)


def _highest(comparisons: Comparisons, weights: NDArray[np.float64]) -> float:
    """The highest false score among the people whom a draw holds; -inf if it holds one only."""
    drawn = (weights[comparisons.one] > 0) & (weights[comparisons.other] > 0) & ~comparisons.mated
    return float(comparisons.scores[drawn].max(initial=-np.inf))


def _populations(comparisons: Comparisons, policy: Policy) -> dict[str, NDArray[np.bool_]]:
    populations = {EVERYONE: ~comparisons.mated}
    if policy is Policy.WORST_GROUP:
        for group in sorted({label for label in comparisons.groups if label}):
            if comparisons.groups.count(group) >= MIN_PEOPLE_IN_GROUP:
                populations[group] = comparisons.within(group) & ~comparisons.mated
    return populations


def _quantile(
    comparisons: Comparisons,
    rows: NDArray[np.bool_],
    weights: NDArray[np.float64],
    target_fmr: float,
) -> float:
    """The modelled threshold of these rows; -inf where a draw holds no two people of them."""
    weight = weights[comparisons.one[rows]] * weights[comparisons.other[rows]]
    return modelled_threshold(comparisons.scores[rows], weight, target_fmr)


def modelled_threshold(
    scores: NDArray[np.float64], weights: NDArray[np.float64], target_fmr: float
) -> float:
    """The score whose angle is the lower `target_fmr` quantile of a normal distribution.

    `scores`: cosines of non-mated comparisons, in [-1, 1], shape (n,); `weights`: shape (n,), not
    negative (ones, counts of a histogram, or how often a bootstrap's draw holds each pair). The
    normal distribution has the weighted mean and deviation of the scores' angles. -inf where the
    weights are all zero: nothing is said then.
    """
    total = weights.sum()
    if total == 0:
        return float("-inf")
    angles = np.arccos(np.clip(scores, -1.0, 1.0))
    mean = float(weights @ angles / total)
    deviation = float(np.sqrt(weights @ (angles - mean) ** 2 / total))
    return float(np.cos(max(0.0, mean + NormalDist().inv_cdf(target_fmr) * deviation)))
