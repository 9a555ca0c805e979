"""A threshold that meets a target, with how far it would move if other people had come."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from chiso.evaluate.bootstrap import draw_people, drawn_thresholds, percentile_interval
from chiso.evaluate.counting import floor_of, nonmated_errors, population
from chiso.evaluate.evidence import Evidence, Index, Mask, Scores
from chiso.evaluate.findings import EVERYONE
from chiso.evaluate.fit import MIN_PEOPLE_IN_GROUP, Policy, modelled_threshold
from chiso.evaluate.fixing import fix_threshold

BOOTSTRAP_DRAWS = 1000
# A rate of 0 asks for nothing; this one, of fewer comparisons than anyone has, for the highest.
_NEXT_TO_NONE = 1e-15


@dataclass(frozen=True, slots=True)
class FittedThreshold:
    """A threshold, its 95 % interval, the population whose false scores set it, and how."""

    value: float
    interval: tuple[float, float]
    set_by: str
    note: str


def fit_threshold(
    evidence: Evidence,
    target_fmr: float,
    policy: Policy,
    seed: int,
    *,
    scores_are_cosines: bool = True,
) -> FittedThreshold:
    """As `fix_threshold`, with an interval from a bootstrap over people.

    The interval is of the population that set the value: in each draw the threshold is come by as
    the value was, by the model and the draw's own false scores, or as the lowest that lets no
    larger share of its false scores match than the value does. Raises ValueError where the target
    is not in (0, 1) or there are too few people.
    """
    fixed = fix_threshold(
        evidence,
        target_fmr,
        policy,
        MIN_PEOPLE_IN_GROUP,
        scores_are_cosines=scores_are_cosines,
    )
    members = evidence.chosen
    if fixed.set_by != EVERYONE:
        members = members & evidence.crowd.members(fixed.set_by)
    generator = np.random.default_rng(seed)
    weights = draw_people(evidence.crowd, evidence.chosen, BOOTSTRAP_DRAWS, generator)
    drawn = None
    if scores_are_cosines:
        drawn = _modelled(evidence, members, fixed.value, target_fmr, weights)
    if drawn is None:
        seen = nonmated_errors(evidence, fixed.value, members, members).rate
        drawn = drawn_thresholds(evidence, max(seen, _NEXT_TO_NONE), members, weights)
    interval = percentile_interval(drawn)
    if interval is None:
        raise ValueError("there are too few people for an interval")
    return FittedThreshold(fixed.value, interval, fixed.set_by, fixed.note)


def _modelled(
    evidence: Evidence, members: Mask, value: float, target_fmr: float, weights: Scores
) -> Scores | None:
    """Shape (draws,): the modelled threshold in each draw; NaN where it holds no two people.

    None where no model set the value.
    """
    if not np.isneginf(floor_of(evidence, members, members)):
        return None
    rows = population(evidence, members, members)
    found = evidence.nonmated
    scores, one, other = found.scores[rows], found.one[rows], found.other[rows]
    if not np.isclose(value, modelled_threshold(scores, np.ones(len(scores)), target_fmr)):
        return None
    modelled = _modelled_draws(scores, one, other, weights, target_fmr)
    own = drawn_thresholds(evidence, target_fmr, members, weights)
    return np.where(np.isnan(own), np.nan, np.maximum(modelled, own))


def _modelled_draws(
    scores: Scores, one: Index, other: Index, weights: Scores, target_fmr: float
) -> Scores:
    """`modelled_threshold` in each draw, shape (draws,), a comparison weighing w_i · w_j.

    By sums over pairs of people, so that a draw costs no pass over the comparisons.
    """
    people, at = np.unique(np.concatenate([one, other]), return_inverse=True)
    size, cells = len(people), at[: len(one)] * len(people) + at[len(one) :]
    some = weights[:, people]
    angles = np.arccos(np.clip(scores, -1.0, 1.0))

    def summed(values: Scores) -> Scores:
        pairs = np.bincount(cells, values, minlength=size**2).reshape(size, size)
        sums: Scores = np.einsum("dp,dp->d", some @ pairs, some)
        return sums

    totals = summed(np.ones(len(scores)))
    totals[totals == 0] = np.nan
    means = summed(angles) / totals
    # About the mean of all, so that no two large squares are subtracted.
    centre = float(angles.mean())
    squares = summed((angles - centre) ** 2) / totals - (means - centre) ** 2
    deviations = np.sqrt(np.maximum(squares, 0.0))
    drawn: Scores = np.cos(np.maximum(0.0, means + NormalDist().inv_cdf(target_fmr) * deviations))
    return drawn
