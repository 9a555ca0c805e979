"""Normal models of the angles between templates, by population, steady where a group is small."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.counting import floor_of, population
from chiso.evaluate.evidence import Crowd, Evidence, Mask, Scores
from chiso.evaluate.findings import EVERYONE
from chiso.evaluate.fit import Policy

PRIOR_PEOPLE = 30
"""How many people's worth of evidence the spread within all groups is, beside a group's own.

The spread of n people rests on about n - 1 degrees of freedom, whatever the number of comparisons,
which share those people: its standard error is about 1 / sqrt(2 (n - 1)) of it, a third for five
people, and three to four deviations out that error is multiplied by three to four. As if 30 people
more had shown it, the error is about an eighth, of the order by which groups may differ in spread.
That they differ by no more is an assumption: no set at hand has people enough to show it.
A group of more than 31 people rests mainly on its own.
"""


@dataclass(frozen=True, slots=True)
class AngleModel:
    """Angles between different people's templates, radians: normal, `people` behind it."""

    mean_rad: float
    deviation_rad: float
    people: int

    def threshold(self, target_fmr: float) -> float:
        """The score whose angle is the lower `target_fmr` quantile; a cosine in [-1, 1]."""
        lowest = self.mean_rad + NormalDist().inv_cdf(target_fmr) * self.deviation_rad
        return float(np.cos(max(0.0, lowest)))


def angle_model(scores: Scores, weights: Scores, people: int) -> AngleModel:
    """Weighted mean and deviation of the angles (arc cosines) of cosines in [-1, 1].

    Angles between templates are far closer to normal than cosines are, whose upper tail a normal
    distribution overstates. `weights`: shape (n,) as `scores`, not negative, not all zero (ones,
    or the counts of a histogram's bins).
    """
    angles = np.arccos(np.clip(scores, -1.0, 1.0))
    total = weights.sum()
    mean = float(weights @ angles / total)
    return AngleModel(mean, float(np.sqrt(weights @ (angles - mean) ** 2 / total)), people)


def steady_variances(own: Scores, people: NDArray[np.int64]) -> Scores:
    """Variances of groups, each drawn towards the one within groups: shape as `own`, (…, groups).

    (K · pooled + (n - 1) · own) / (K + n - 1), with n `people` of the group, shape (groups,) and at
    least 2, K `PRIOR_PEOPLE`, and `pooled` the mean of `own` over groups, weighted by n - 1.
    The posterior mean form of empirical Bayes (Smyth 2004, "Linear models and empirical Bayes
    methods", s̃²), with K chosen and not estimated: a handful of groups cannot estimate it.

    Assumes that groups differ in where their angles lie more than in how they spread. It protects
    from a threshold that the error of one small group's estimate sets: the highest of several
    estimates errs upwards, at everyone's cost in misses. It risks false matches in a small group
    whose angles truly spread more than others', until enough of its people are measured.

    Simulated (groups of 5, 6 and 7 people, half of the variance theirs, target FMR 0.001, 2,000
    draws): the true FMR of the worst group varies by a standard deviation of 0.72 decades instead
    of 0.93, its median is 0.00093 instead of 0.00049, and 48 % of draws exceed the target instead
    of 36 %. Beside a fourth group of 35, 23 % do either way. Where the three spreads are 0.075,
    0.065 and 0.055 rad, 83 % do instead of 63 %. Neither rule is a bound: only more people are.
    Undefined (NaN) variances count for nothing and stay so.
    """
    freedom = np.where(np.isnan(own), 0.0, people - 1.0)
    total = freedom.sum(axis=-1, keepdims=True)
    total[total == 0] = np.nan
    pooled = (np.nan_to_num(own) * freedom).sum(axis=-1, keepdims=True) / total
    steady: Scores = (PRIOR_PEOPLE * pooled + freedom * own) / (PRIOR_PEOPLE + freedom)
    return steady


def steadied(own: dict[str, AngleModel]) -> dict[str, AngleModel]:
    """The models by population, those of groups with steady deviations; means stay their own.

    Everyone's keeps its own deviation: many more people are behind it, and across groups it is
    wider than within.
    """
    groups = [name for name in own if name != EVERYONE]
    if not groups:
        return own
    variances = np.array([own[name].deviation_rad ** 2 for name in groups])
    steady = steady_variances(variances, np.array([own[name].people for name in groups]))
    deviations = dict(zip(groups, np.sqrt(steady).tolist(), strict=True))
    return {
        name: replace(model, deviation_rad=deviations.get(name, model.deviation_rad))
        for name, model in own.items()
    }


def populations(
    crowd: Crowd, chosen: Mask, policy: Policy, min_people: int
) -> tuple[tuple[str, Mask], ...]:
    """Whose false matches may set a threshold: everyone, and by policy the groups, by name.

    Groups with fewer than `min_people` of the chosen, or fewer than two, set none.
    """
    found = [(EVERYONE, chosen)]
    if policy is Policy.WORST_GROUP:
        for group in crowd.groups:
            members = chosen & crowd.members(group)
            if np.count_nonzero(members) >= max(2, min_people):
                found.append((group, members))
    return tuple(found)


def own_models(evidence: Evidence, policy: Policy, min_people: int) -> dict[str, AngleModel]:
    """The model of each of `populations` that has a non-mated comparison, not yet steadied.

    Scores are cosines. Where all were kept the angles are theirs; else those of the bins' middles.
    """
    models = {}
    for name, members in populations(evidence.crowd, evidence.chosen, policy, min_people):
        compared = int(np.count_nonzero(evidence.nonmated.counts.by_person(members, members)))
        if compared:
            models[name] = angle_model(*_weighted_scores(evidence, name, members), compared)
    return models


def _weighted_scores(evidence: Evidence, name: str, members: Mask) -> tuple[Scores, Scores]:
    if np.isneginf(floor_of(evidence, members, members)):
        scores = evidence.nonmated.scores[population(evidence, members, members)]
        return scores, np.ones(len(scores))
    edges, nonmated = evidence.distribution.edges, evidence.distribution.nonmated
    if name == EVERYONE:
        counts = np.triu(nonmated.transpose(2, 0, 1)).sum(axis=(1, 2))
    else:
        group = evidence.crowd.groups.index(name)
        counts = nonmated[group, group]
    return (edges[:-1] + edges[1:]) / 2, counts.astype(np.float64)
