"""A threshold that meets a target, with how far it would move if other people had come."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from chiso.evaluate.angles import own_models, populations, steadied, steady_variances
from chiso.evaluate.bootstrap import draw_people, drawn_thresholds, percentile_interval
from chiso.evaluate.counting import floor_of, nonmated_errors, population
from chiso.evaluate.evidence import Evidence, Mask, Scores
from chiso.evaluate.findings import EVERYONE, FrozenThreshold
from chiso.evaluate.fit import MIN_PEOPLE_IN_GROUP, Policy
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
    evidence: Evidence, target_fmr: float, policy: Policy, seed: int
) -> FittedThreshold:
    """As `fix_threshold`, of cosines, with an interval from a bootstrap over people.

    The interval is of the population that set the value: in each draw the threshold is come by as
    the value was, by the model and the draw's own false scores, or as the lowest that lets no
    larger share of its false scores match than the value does. Raises ValueError where the target
    is not in (0, 1) or there are too few people.
    """
    fixed = fix_threshold(
        evidence, target_fmr, policy, MIN_PEOPLE_IN_GROUP, scores_are_cosines=True
    )
    members = evidence.chosen
    if fixed.set_by != EVERYONE:
        members = members & evidence.crowd.members(fixed.set_by)
    generator = np.random.default_rng(seed)
    weights = draw_people(evidence.crowd, evidence.chosen, BOOTSTRAP_DRAWS, generator)
    drawn = _drawn(evidence, policy, fixed, members, weights)
    interval = percentile_interval(drawn)
    if interval is None:
        raise ValueError("there are too few people for an interval")
    return FittedThreshold(fixed.value, interval, fixed.set_by, fixed.note)


def _drawn(
    evidence: Evidence, policy: Policy, fixed: FrozenThreshold, members: Mask, weights: Scores
) -> Scores:
    """Shape (draws,): the threshold in each draw; NaN where it holds no two people."""
    target_fmr = fixed.target_fmr
    if target_fmr is not None and np.isneginf(floor_of(evidence, members, members)):
        model = steadied(own_models(evidence, policy, MIN_PEOPLE_IN_GROUP))[fixed.set_by]
        if np.isclose(fixed.value, model.threshold(target_fmr)):
            modelled = _modelled_draws(evidence, policy, fixed.set_by, target_fmr, weights)
            own = drawn_thresholds(evidence, target_fmr, members, weights)
            return np.where(np.isnan(own), np.nan, np.maximum(modelled, own))
    seen = nonmated_errors(evidence, fixed.value, members, members).rate
    return drawn_thresholds(evidence, max(seen, _NEXT_TO_NONE), members, weights)


def _modelled_draws(
    evidence: Evidence, policy: Policy, name: str, target_fmr: float, weights: Scores
) -> Scores:
    """The threshold of a population's model in each draw, shape (draws,).

    As for the value, a group's deviation is steadied by those of the same draw. That of a group
    whose comparisons were only counted stays as it is: it has people enough to vary little.
    """
    own = own_models(evidence, policy, MIN_PEOPLE_IN_GROUP)
    means, variances = {}, {}
    for each, members in populations(evidence.crowd, evidence.chosen, policy, MIN_PEOPLE_IN_GROUP):
        if each in own and np.isneginf(floor_of(evidence, members, members)):
            means[each], variances[each] = _drawn_moments(evidence, members, weights)
        elif each in own:
            means[each] = np.full(len(weights), own[each].mean_rad)
            variances[each] = np.full(len(weights), own[each].deviation_rad ** 2)
    deviations = np.sqrt(variances[name])
    if name != EVERYONE:
        groups = [each for each in own if each != EVERYONE]
        steady = steady_variances(
            np.stack([variances[each] for each in groups], axis=1),
            np.array([own[each].people for each in groups]),
        )
        deviations = np.sqrt(steady[:, groups.index(name)])
    lowest = means[name] + NormalDist().inv_cdf(target_fmr) * deviations
    drawn: Scores = np.cos(np.maximum(0.0, lowest))
    return drawn


def _drawn_moments(evidence: Evidence, members: Mask, weights: Scores) -> tuple[Scores, Scores]:
    """Mean and variance of these people's angles in each draw, a comparison weighing w_i · w_j.

    Shapes (draws,); NaN where a draw holds no two of them. By sums over pairs of people, so that a
    draw costs no pass over the comparisons.
    """
    rows = population(evidence, members, members)
    found = evidence.nonmated
    angles = np.arccos(np.clip(found.scores[rows], -1.0, 1.0))
    both = np.concatenate([found.one[rows], found.other[rows]])
    people, at = np.unique(both, return_inverse=True)
    size, cells = len(people), at[: len(angles)] * len(people) + at[len(angles) :]
    some = weights[:, people]

    def summed(values: Scores) -> Scores:
        pairs = np.bincount(cells, values, minlength=size**2).reshape(size, size)
        sums: Scores = np.einsum("dp,dp->d", some @ pairs, some)
        return sums

    totals = summed(np.ones(len(angles)))
    totals[totals == 0] = np.nan
    means = summed(angles) / totals
    # About the mean of all, so that no two large squares are subtracted.
    centre = float(angles.mean())
    squares = summed((angles - centre) ** 2) / totals - (means - centre) ** 2
    return means, np.maximum(squares, 0.0)
