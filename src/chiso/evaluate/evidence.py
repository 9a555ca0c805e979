"""Comparisons of one set of people, as every rate, interval and curve of an audit reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Index = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who is measured, and the group each reported. Names of people stay outside.

    `groups`: names in sorted order. `group_of`: shape (people,), int32, index into `groups`.
    """

    groups: tuple[str, ...]
    group_of: Index

    @property
    def people(self) -> int:
        """How many people."""
        return len(self.group_of)

    def members(self, group: str) -> Mask:
        """Shape (people,): who reported this group."""
        members: Mask = self.group_of == self.groups.index(group)
        return members


class PairCounts(Protocol):
    """How many non-mated comparisons each pair of people has; a pair may have none.

    A *population* is given by two masks of people, `left` and `right`, equal (within a group, or
    everyone) or disjoint (across two groups): its pairs have one person in each. A pair is counted
    once, whichever of the two is named first.
    """

    def total(self, left: Mask, right: Mask) -> int:
        """Comparisons of the population."""
        ...

    def by_person(self, left: Mask, right: Mask) -> Scores:
        """Shape (people,): comparisons of the population that each person takes part in."""
        ...

    def sum_of_squares(self, left: Mask, right: Mask) -> float:
        """The squares of the pairs' counts, summed over the pairs of the population."""
        ...

    def weighted_totals(self, left: Mask, right: Mask, weights: Scores) -> Scores:
        """Shape (draws,): sums over pairs of w_i · w_j · count, `weights` shape (draws, people)."""
        ...

    def of_pairs(self, one: Index, other: Index) -> Scores:
        """Shape (pairs,): the count of each of these pairs of different people."""
        ...

    def independent_pairs(self, left: Mask, right: Mask) -> int:
        """How many pairs of the population can be found at once that share no person."""
        ...


@dataclass(frozen=True, slots=True)
class Mated:
    """Comparisons of a person with herself: `scores` float64 and `person` int32, shape (n,)."""

    scores: Scores
    person: Index


@dataclass(frozen=True, slots=True)
class NonMated:
    """Comparisons of two people: `scores` float64, `one` and `other` int32, shape (n,).

    Only those at or above `floor` are here (`floor` is -inf where all are), so that every rate of
    false matches at a threshold of `floor` or more is exact. `counts` counts all of them.
    `floors_within`: shape (groups,), none above `floor`: those within a group are here from its own
    floor on. None where `floor` holds for all.
    """

    scores: Scores
    one: Index
    other: Index
    floor: float
    counts: PairCounts
    floors_within: Scores | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """Histograms by group, of all comparisons: `edges` shape (bins + 1,), ascending.

    `mated`: shape (groups, bins). `nonmated`: shape (groups, groups, bins), symmetric in the first
    two; within a group on the diagonal. int64. The last bin holds its upper edge.
    """

    edges: Scores
    mated: NDArray[np.int64]
    nonmated: NDArray[np.int64]

    def nonmated_among(self, groups: Index) -> NDArray[np.int64]:
        """Shape (bins,): within and across these groups (indices), each comparison once."""
        among = self.nonmated[np.ix_(groups, groups)]
        counts: NDArray[np.int64] = np.triu(among.transpose(2, 0, 1)).sum(axis=(1, 2))
        return counts

    @property
    def middles(self) -> Scores:
        """Shape (bins,): the middle of each bin."""
        middles: Scores = (self.edges[:-1] + self.edges[1:]) / 2
        return middles


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that an audit computes from; scores are similarities, higher is more alike.

    `chosen`: shape (people,), which of the crowd these comparisons are of (one split); the others
    have none. Indices of people are into the crowd.
    """

    crowd: Crowd
    chosen: Mask
    mated: Mated
    nonmated: NonMated
    distribution: Distribution


class ComparisonSource(Protocol):
    """Where comparisons come from: a table of a vendor's, embeddings, or photos.

    `samples` in all, by person: shape (people,), int64.
    """

    @property
    def crowd(self) -> Crowd:
        """Everyone there is."""
        ...

    @property
    def samples(self) -> NDArray[np.int64]:
        """How many samples each person gave."""
        ...

    def evidence(self, chosen: Mask, at_fmr: float = 0.0) -> Evidence:
        """The comparisons among these people alone, both sides chosen.

        Where there are too many to keep, those below a floor are only counted; the floor is low
        enough that at least three per cent of the non-mated comparisons within every group, and of
        all, are kept, or three times the share `at_fmr`, an FMR that will be asked about.
        """
        ...


@dataclass(frozen=True, slots=True)
class Normalised:
    """The same comparisons under one normaliser, fitted to people who are in no other part.

    `is_oracle`: it sees groups when it scores. `holds_people`: it keeps vectors of single people,
    so that a record which carries it is refused. Neither is ever recommended.
    """

    source: ComparisonSource
    is_oracle: bool = False
    holds_people: bool = False
