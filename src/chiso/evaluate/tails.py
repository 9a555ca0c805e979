"""The upper tail of false scores, by population: what a search among many references rests on."""

from __future__ import annotations

import numpy as np

from chiso.core.decisions import ScoreTail, SeenShare
from chiso.evaluate.counting import floor_of, highest_scores
from chiso.evaluate.evidence import Evidence, Mask, Scores
from chiso.evaluate.fit import Policy, angle_model
from chiso.evaluate.populations import setting_a_threshold

SEEN_SHARE = 0.02
"""Down to here false scores are written down as they were seen."""
_STEPS = (1, 2, 5)


def tails_of(evidence: Evidence, policy: Policy, min_people: int) -> tuple[ScoreTail, ...]:
    """The tail of each population that may set a threshold.

    Scores are cosines. Where all were kept the angles are theirs; else they are those of the bins'
    middles. Raises ValueError where a score is outside [-1, 1].
    """
    scores = evidence.nonmated.scores
    if len(scores) and float(np.abs(scores).max()) > 1 + 1e-6:
        raise ValueError("these scores are not cosines, so their angles are not known")
    return tuple(
        _tail(evidence, name, members)
        for name, members in setting_a_threshold(evidence, policy, min_people)
    )


def tail_from_bins(
    group: str, people: int, comparisons: int, edges: Scores, shares: Scores
) -> ScoreTail:
    """A tail from a histogram of cosines: `edges` one more than `shares`, which are not all zero.

    What was seen is known by bin: a score counts as the upper edge of its bin.
    """
    mean, deviation = angle_model((edges[:-1] + edges[1:]) / 2, shares)
    above = np.append(np.cumsum(shares[::-1])[::-1], 0.0) / shares.sum()
    last = int(np.flatnonzero(shares)[-1]) + 1
    first = int(np.flatnonzero(above <= SEEN_SHARE)[0])
    seen = tuple(
        SeenShare(float(above[edge]), float(edges[edge])) for edge in range(min(first, last), last)
    )
    highest = SeenShare(0.0, float(np.nextafter(edges[last], np.inf)))
    return ScoreTail(group, people, comparisons, mean, deviation, (*seen, highest))


def _tail(evidence: Evidence, name: str, members: Mask) -> ScoreTail:
    comparisons = evidence.nonmated.counts.total(members, members)
    if np.isneginf(floor_of(evidence, members, members)):
        scores = highest_scores(evidence, members, comparisons)
        mean, deviation = angle_model(scores, np.ones(len(scores)))
    else:
        distribution = evidence.distribution
        counts = distribution.nonmated_among(np.unique(evidence.crowd.group_of[members]))
        mean, deviation = angle_model(distribution.middles, counts.astype(np.float64))
    people = int(np.count_nonzero(evidence.nonmated.counts.by_person(members, members)))
    seen = _seen(evidence, members, comparisons)
    return ScoreTail(name, people, comparisons, mean, deviation, seen)


def _seen(evidence: Evidence, members: Mask, comparisons: int) -> tuple[SeenShare, ...]:
    """By falling share: just above the highest score, the second, third, sixth and so on."""
    ranks = [0]
    decade = 1
    while decade <= SEEN_SHARE * comparisons:
        ranks += [step * decade for step in _STEPS if step * decade <= SEEN_SHARE * comparisons]
        decade *= 10
    scores = highest_scores(evidence, members, ranks[-1] + 1)
    return tuple(
        SeenShare(rank / comparisons, float(np.nextafter(scores[rank], np.inf)))
        for rank in reversed(ranks)
    )
