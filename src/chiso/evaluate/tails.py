"""The upper tail of false scores, by population: what a search among many references rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chiso.core.decisions import ScoreTail, SeenShare
from chiso.evaluate.angles import AngleModel, angle_model, own_models, populations, steadied
from chiso.evaluate.counting import highest_scores
from chiso.evaluate.evidence import Evidence, Mask, Scores
from chiso.evaluate.fit import Policy

SEEN_SHARE = 0.02
"""Down to here false scores are written down as they were seen."""
_STEPS = (1, 2, 5)


def tails_of(evidence: Evidence, policy: Policy, min_people: int) -> tuple[ScoreTail, ...]:
    """The tail of each population that may set a threshold and has a non-mated comparison.

    Scores are cosines; the models are those of `angles`, steadied. Raises ValueError where a score
    is outside [-1, 1].
    """
    scores = evidence.nonmated.scores
    if len(scores) and float(np.abs(scores).max()) > 1 + 1e-6:
        raise ValueError("these scores are not cosines, so their angles are not known")
    models = steadied(own_models(evidence, policy, min_people))
    return tuple(
        _tail(evidence, name, members, models[name])
        for name, members in populations(evidence.crowd, evidence.chosen, policy, min_people)
        if name in models
    )


def steadied_tails(tails: Sequence[ScoreTail]) -> tuple[ScoreTail, ...]:
    """Tails that each rest on their own scores, with deviations as `steadied` gives them."""
    own = {tail.group: AngleModel(tail.mean_rad, tail.deviation_rad, tail.people) for tail in tails}
    models = steadied(own)
    return tuple(replace(tail, deviation_rad=models[tail.group].deviation_rad) for tail in tails)


def tail_from_bins(
    group: str, people: int, comparisons: int, edges: Scores, shares: Scores
) -> ScoreTail:
    """A tail from a histogram of cosines: `edges` one more than `shares`, which are not all zero.

    What was seen is known by bin: a score counts as the upper edge of its bin. The deviation is the
    histogram's own: `steadied_tails` needs the others'.
    """
    model = angle_model((edges[:-1] + edges[1:]) / 2, shares, people)
    above = np.append(np.cumsum(shares[::-1])[::-1], 0.0) / shares.sum()
    last = int(np.flatnonzero(shares)[-1]) + 1
    first = int(np.flatnonzero(above <= SEEN_SHARE)[0])
    seen = tuple(
        SeenShare(float(above[edge]), float(edges[edge])) for edge in range(min(first, last), last)
    )
    highest = SeenShare(0.0, float(np.nextafter(edges[last], np.inf)))
    seen = (*seen, highest)
    return ScoreTail(group, people, comparisons, model.mean_rad, model.deviation_rad, seen)


def _tail(evidence: Evidence, name: str, members: Mask, model: AngleModel) -> ScoreTail:
    comparisons = evidence.nonmated.counts.total(members, members)
    seen = _seen(evidence, members, comparisons)
    return ScoreTail(name, model.people, comparisons, model.mean_rad, model.deviation_rad, seen)


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
