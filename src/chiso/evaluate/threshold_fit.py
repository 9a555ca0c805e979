"""A threshold that meets a target, with how far it would move if other people had come."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from chiso.evaluate.bootstrap import draw_people, drawn_thresholds, percentile_interval
from chiso.evaluate.counting import floor_of, nonmated_errors, population
from chiso.evaluate.evidence import Evidence, Mask, Scores
from chiso.evaluate.findings import EVERYONE
from chiso.evaluate.fit import MIN_PEOPLE_IN_GROUP, Policy
from chiso.evaluate.fixing import Candidate, Manner, candidate_thresholds

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
    candidates = candidate_thresholds(
        evidence,
        target_fmr,
        policy,
        MIN_PEOPLE_IN_GROUP,
        scores_are_cosines=scores_are_cosines,
    )
    fixed = candidates.strictest
    members = evidence.chosen
    if fixed.name != EVERYONE:
        members = members & evidence.crowd.members(fixed.name)
    generator = np.random.default_rng(seed)
    weights = draw_people(evidence.crowd, evidence.chosen, BOOTSTRAP_DRAWS, generator)
    interval = percentile_interval(_drawn(evidence, members, fixed, target_fmr, weights))
    if interval is None:
        raise ValueError("there are too few people for an interval")
    return FittedThreshold(fixed.threshold, interval, fixed.name, candidates.note)


def _drawn(
    evidence: Evidence, members: Mask, fixed: Candidate, target_fmr: float, weights: Scores
) -> Scores:
    """Shape (draws,): the threshold in each draw; NaN where it holds no two people.

    Where comparisons were only counted there is nothing to draw a model's angles from, and one that
    was modelled is drawn as the others are.
    """
    if fixed.manner is Manner.MODELLED and np.isneginf(floor_of(evidence, members, members)):
        modelled = _modelled_draws(evidence, members, weights, target_fmr)
        own = drawn_thresholds(evidence, target_fmr, members, weights)
        return np.where(np.isnan(own), np.nan, np.maximum(modelled, own))
    seen = nonmated_errors(evidence, fixed.threshold, members, members).rate
    return drawn_thresholds(evidence, max(seen, _NEXT_TO_NONE), members, weights)


def _modelled_draws(
    evidence: Evidence, members: Mask, weights: Scores, target_fmr: float
) -> Scores:
    """`modelled_threshold` in each draw, shape (draws,), a comparison weighing w_i · w_j.

    By sums over pairs of people, so that a draw costs no pass over the comparisons.
    """
    rows = population(evidence, members, members)
    found = evidence.nonmated
    scores, one, other = found.scores[rows], found.one[rows], found.other[rows]
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
