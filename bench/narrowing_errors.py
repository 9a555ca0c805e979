"""Errors of both kinds in halves of a set of people, drawn again and again, by group."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.fixing import just_above

Vectors = NDArray[np.float32]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

OWN_FMR, STRICT_FMR = 0.01, 0.001


class Count(IntEnum):
    """What is counted of one group in one half; the last axis of `counted`.

    `OWN_MISSED`, `STRICT_MISSED`: mated comparisons missed at the half's lowest threshold at which
    the group's own FMR is at most 1 %, 0.1 %. `READ_*`: at one threshold for everyone, where the
    worst group's FMR is 1 %, read off this half; `FROZEN_*`: the same from the other half.
    `STUDIO_*`: posed photos as probes, at the frozen threshold; `STUDIO_UNTOLD`: missed where no
    two people of the half, whatever their groups, are matched falsely.
    """

    MATED = 0
    NONMATED = 1
    OWN_MISSED = 2
    STRICT_MISSED = 3
    READ_FALSE = 4
    READ_MISSED = 5
    FROZEN_FALSE = 6
    FROZEN_MISSED = 7
    STUDIO_MATED = 8
    STUDIO_NONMATED = 9
    STUDIO_FALSE = 10
    STUDIO_MISSED = 11
    STUDIO_UNTOLD = 12


@dataclass(frozen=True, slots=True)
class Templates:
    """`vectors`: shape (n, d), unit length; `person`: shape (n,), whose each is."""

    vectors: Vectors
    person: Index

    def of(self, chosen: NDArray[np.bool_] | Index) -> Templates:
        """Those at these rows."""
        return Templates(self.vectors[chosen], self.person[chosen])


@dataclass(frozen=True, slots=True)
class _Within:
    """Comparisons within one group: non-mated ones from the highest score down."""

    nonmated: Floats
    probe: Index
    reference: Index
    mated: Floats
    person: Index

    def of(self, chosen: Mask) -> tuple[Floats, Floats]:
        """Mated and non-mated scores of these people, the latter from the highest down."""
        both = chosen[self.probe] & chosen[self.reference]
        return self.mated[chosen[self.person]], self.nonmated[both]


def halves(group: Index, splits: int, seed: int) -> Mask:
    """Shape (splits, people): who is in the test half, half of every group, rounded up."""
    chance = np.random.default_rng(seed)
    test = np.ones((splits, len(group)), dtype=bool)
    for split in test:
        for each in np.unique(group):
            members = chance.permutation(np.flatnonzero(group == each))
            split[members[: len(members) // 2]] = False
    return test


def scores_by_person(probes: Templates, references: Templates, people: int) -> Floats:
    """Shape (probes, people): with each person's best reference; -inf where she has none."""
    cosines = probes.vectors @ references.vectors.T
    best = np.full((len(cosines), people), -np.inf)
    for column, person in enumerate(references.person):
        best[:, person] = np.maximum(best[:, person], cosines[:, column])
    return best


def counted(
    everyday: Floats,
    everyday_person: Index,
    studio: Floats,
    studio_person: Index,
    group: Index,
    tests: Mask,
) -> Counts:
    """Shape (halves, groups, len(Count)) of these test halves, each frozen on its other half.

    `everyday`, `studio`: (probes, people), as `scores_by_person` gives them. `group`: (people,),
    0 and up, or below 0 for who is compared across groups only. `tests`: (halves, people).
    """
    groups = range(int(group.max()) + 1)
    within = [_within(everyday, everyday_person, group == each) for each in groups]
    posed = [_within(studio, studio_person, group == each) for each in groups]
    anyone = _within(studio, studio_person, np.ones(len(group), dtype=bool))
    counts = np.zeros((len(tests), len(groups), len(Count)), dtype=np.int64)
    for half, test in enumerate(tests):
        others = [each.of(~test)[1] for each in within]
        frozen = max(just_above(nonmated, len(nonmated), OWN_FMR) for nonmated in others)
        parts = [each.of(test) for each in within]
        read = max(just_above(nonmated, len(nonmated), OWN_FMR) for _, nonmated in parts)
        posed_false = anyone.of(test)[1]
        separate = np.nextafter(posed_false[0], np.inf) if len(posed_false) else -np.inf
        for each in groups:
            mated, nonmated = parts[each]
            posed_mated, posed_nonmated = posed[each].of(test)
            own = just_above(nonmated, len(nonmated), OWN_FMR)
            strict = just_above(nonmated, len(nonmated), STRICT_FMR)
            counts[half, each] = (
                len(mated),
                len(nonmated),
                np.count_nonzero(mated < own),
                np.count_nonzero(mated < strict),
                np.count_nonzero(nonmated >= read),
                np.count_nonzero(mated < read),
                np.count_nonzero(nonmated >= frozen),
                np.count_nonzero(mated < frozen),
                len(posed_mated),
                len(posed_nonmated),
                np.count_nonzero(posed_nonmated >= frozen),
                np.count_nonzero(posed_mated < frozen),
                np.count_nonzero(posed_mated < separate),
            )
    return counts


def _within(scores: Floats, person: Index, members: Mask) -> _Within:
    probe, reference = np.nonzero(members[person][:, None] & members[None, :])
    found, probe = scores[probe, reference], person[probe]
    same = probe == reference
    order = np.argsort(-found[~same], kind="stable")
    return _Within(
        found[~same][order], probe[~same][order], reference[~same][order], found[same], probe[same]
    )


def rate(errors: Counts, trials: Counts) -> tuple[float, float, float]:
    """Summed over halves, and the 5 % and 95 % points of single halves; NaN without trials.

    `errors`, `trials`: shape (halves,).
    """
    tried = trials > 0
    if not tried.any():
        return np.nan, np.nan, np.nan
    low, high = np.quantile(errors[tried] / trials[tried], [0.05, 0.95])
    return float(errors.sum() / trials.sum()), float(low), float(high)
