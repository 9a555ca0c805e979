"""Comparisons of vectors, formed in blocks: hundreds of millions are counted, few are kept."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.binning import BINS, COSINES, Bins, bins_over, symmetric
from chiso.evaluate.blocks import Block, Normaliser, Side, blocks, scored
from chiso.evaluate.evidence import (
    Crowd,
    Distribution,
    Evidence,
    Index,
    Mask,
    Mated,
    NonMated,
    Scores,
)
from chiso.evaluate.pair_counts import ProductCounts

KEPT_SHARE = 0.03
"""Of the non-mated comparisons within every group, and of all: at least so many are kept."""
_KEPT_TIMES = 3
"""So many times the share of an FMR that is asked about: draws of people reach further down."""
KEEP_ALL_UP_TO = 4_000_000
# Of 16 bytes each: 2 GB.
_MOST_KEPT = 120_000_000
_SAMPLED_BLOCK = 1500
_UNIT_TOLERANCE = 1e-3

Progress = Callable[[float], None]


class Role(IntEnum):
    """What a sample is for; references are compared with probes only."""

    REFERENCE = 0
    PROBE = 1


class VectorSource:
    """All comparisons of unit vectors with each other, or of references with probes.

    `vectors`: shape (n, dimensions), float32, rows of unit length; a score is their cosine.
    `person`: shape (n,), index into the crowd. `roles`: shape (n,), int8, `Role` of each sample;
    None compares every two samples once. `normaliser`: turns cosines into other scores. `lowest`:
    a threshold that will be asked about: the floor is no higher. `keep_all`: up to so many
    comparisons, all are kept. `progress`: told the share done, in [0, 1], of each pass.
    """

    def __init__(
        self,
        crowd: Crowd,
        vectors: NDArray[np.float32],
        person: Index,
        roles: NDArray[np.int8] | None = None,
        normaliser: Normaliser | None = None,
        *,
        lowest: float = np.inf,
        keep_all: int = KEEP_ALL_UP_TO,
        progress: Progress | None = None,
    ) -> None:
        if len(vectors) != len(person) or (roles is not None and len(roles) != len(person)):
            raise ValueError(f"{len(vectors)} vectors, but {len(person)} owners or other roles")
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        uneven = np.flatnonzero(~(np.abs(lengths - 1) <= _UNIT_TOLERANCE))
        if len(uneven):
            raise ValueError(f"row {uneven[0]} has length {lengths[uneven[0]]:.6g}, not 1")
        self._crowd = crowd
        self._vectors = np.asarray(vectors, dtype=np.float32)
        self._person = np.asarray(person, dtype=np.int32)
        self._roles = roles
        self._normaliser = normaliser
        self._lowest = lowest
        self._keep_all = keep_all
        self._progress = progress or (lambda _: None)

    @property
    def crowd(self) -> Crowd:
        """Everyone there is."""
        return self._crowd

    @property
    def samples(self) -> NDArray[np.int64]:
        """How many samples each person gave."""
        samples: NDArray[np.int64] = np.bincount(self._person, minlength=self._crowd.people)
        return samples

    def evidence(self, chosen: Mask, at_fmr: float = 0.0) -> Evidence:
        """The comparisons among these people alone, both sides chosen.

        Few are all kept. Of many, a first pass counts all in bins, and a second keeps those at or
        above an edge over which enough of every group's, and of all, lie for an FMR of `at_fmr`.
        """
        rows, columns = self._sides(chosen)
        counts = self._counts(chosen)
        bins = self._bins(rows, columns)
        if counts.total(chosen, chosen) <= self._keep_all:
            floors = np.full((len(self._crowd.groups),) * 2, -np.inf)
            distribution, mated, kept = self._pass(rows, columns, bins, floors)
            return Evidence(
                self._crowd, chosen, mated, NonMated(*kept, -np.inf, counts), distribution
            )
        distribution, mated, _ = self._pass(rows, columns, bins, None)
        share = min(1.0, max(KEPT_SHARE, _KEPT_TIMES * at_fmr))
        floors = _floors(distribution, share, self._lowest)
        _, _, kept = self._pass(rows, columns, None, floors)
        nonmated = NonMated(*kept, float(floors.max()), counts, np.diagonal(floors).copy())
        return Evidence(self._crowd, chosen, mated, nonmated, distribution)

    def _sides(self, chosen: Mask) -> tuple[Side, Side]:
        """Rows and columns of the table of comparisons; the same object if all meet all."""
        if self._roles is None:
            side = self._side(chosen[self._person])
            return side, side
        references = self._roles == Role.REFERENCE
        return (
            self._side(chosen[self._person] & references),
            self._side(chosen[self._person] & ~references),
        )

    def _side(self, taken: Mask) -> Side:
        at = np.flatnonzero(taken)
        person = self._person[at]
        order = np.lexsort((person, self._crowd.group_of[person]))
        vectors = self._vectors[at[order]]
        person = person[order]
        groups = np.arange(len(self._crowd.groups) + 1)
        starts = np.searchsorted(self._crowd.group_of[person], groups)
        context = None if self._normaliser is None else self._normaliser.prepare(vectors)
        return Side(vectors, person, starts, context)

    def _counts(self, chosen: Mask) -> ProductCounts:
        taken = chosen[self._person]
        people = self._crowd.people
        if self._roles is None:
            samples = np.bincount(self._person[taken], minlength=people).astype(np.float64)
            return ProductCounts(samples, samples / 2)
        probes = self._roles == Role.PROBE
        return ProductCounts(
            np.bincount(self._person[taken & ~probes], minlength=people).astype(np.float64),
            np.bincount(self._person[taken & probes], minlength=people).astype(np.float64),
        )

    def _bins(self, rows: Side, columns: Side) -> Bins:
        """Cosines have one range; other scores are sampled, each kind evenly over samples."""
        if self._normaliser is None:
            return COSINES
        some = Block(rows.spread(_SAMPLED_BLOCK), columns.spread(_SAMPLED_BLOCK), 0, 0, False)
        apart = rows.person[some.rows][:, None] != columns.person[some.columns][None, :]
        nonmated = scored(rows, columns, some, self._normaliser)[apart]
        one, other = _some_mated(rows, columns, self._crowd.people)
        pairs = Block(slice(None), slice(None), 0, 0, False)
        mated = scored(rows.taken(one), columns.taken(other), pairs, self._normaliser).diagonal()
        return bins_over(mated, nonmated)

    def _pass(
        self, rows: Side, columns: Side, bins: Bins | None, floors: Scores | None
    ) -> tuple[Distribution, Mated, tuple[Scores, Index, Index]]:
        """Goes over all comparisons once: counts them in `bins`, keeps those from `floors` on."""
        groups = len(self._crowd.groups)
        nonmated_counts = np.zeros((groups, groups, BINS), dtype=np.int64)
        kept = _Kept()
        mated = _Kept()
        for block, done in blocks(rows, columns):
            scores = scored(rows, columns, block, self._normaliser)
            valid = None
            if block.is_shared:
                valid, same = _told_apart(rows, columns, block)
                mated.add(scores, same, rows.person[block.rows], columns.person[block.columns])
            if bins is not None:
                counted = scores.ravel() if valid is None else scores[valid]
                nonmated_counts[block.row_group, block.column_group] += np.bincount(
                    bins.index(counted), minlength=BINS
                )
            if floors is not None:
                above = scores >= float(floors[block.row_group, block.column_group])
                taken = above if valid is None else above & valid
                kept.add(scores, taken, rows.person[block.rows], columns.person[block.columns])
            self._progress(done)
        mated_scores, person, _ = mated.together()
        mated_counts = np.zeros((groups, BINS), dtype=np.int64)
        edges = COSINES.edges()
        if bins is not None:
            np.add.at(mated_counts, (self._crowd.group_of[person], bins.index(mated_scores)), 1)
            edges = bins.edges()
        distribution = Distribution(edges, mated_counts, symmetric(nonmated_counts))
        return distribution, Mated(mated_scores, person), kept.together()


class _Kept:
    """Scores taken out of blocks, with the two people of each."""

    def __init__(self) -> None:
        self._scores: list[NDArray[np.floating]] = []
        self._one: list[Index] = []
        self._other: list[Index] = []
        self._size = 0

    def add(self, scores: NDArray[np.floating], taken: Mask, rows: Index, columns: Index) -> None:
        """Keeps the scores at `taken`, shape (rows, columns)."""
        at = np.flatnonzero(taken)
        self._size += len(at)
        if self._size > _MOST_KEPT:
            raise ValueError(
                f"more than {_MOST_KEPT:,} comparisons would have to be kept to tell their errors; "
                "ask for a higher threshold or a lower FMR, or measure fewer people"
            )
        self._scores.append(scores.ravel()[at])
        self._one.append(rows[at // scores.shape[1]])
        self._other.append(columns[at % scores.shape[1]])

    def together(self) -> tuple[Scores, Index, Index]:
        """All of them, as float64, int32, int32; can be asked for once."""
        scores = np.concatenate([*self._scores, np.zeros(0)], dtype=np.float64)
        self._scores.clear()
        one = np.concatenate([*self._one, np.zeros(0, dtype=np.int32)])
        self._one.clear()
        other = np.concatenate([*self._other, np.zeros(0, dtype=np.int32)])
        self._other.clear()
        return scores, one, other


def _told_apart(rows: Side, columns: Side, block: Block) -> tuple[Mask, Mask]:
    """Where a block holds non-mated and mated comparisons, each pair of samples once."""
    one, other = rows.person[block.rows][:, None], columns.person[block.columns][None, :]
    if rows is not columns:
        return one != other, one == other
    first = np.arange(len(rows.person))[block.rows][:, None]
    second = np.arange(len(columns.person))[block.columns][None, :]
    # Samples lie by person within a group, so one order serves both: earlier row, later column.
    return one < other, (one == other) & (first < second)


def _some_mated(
    rows: Side, columns: Side, people: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of mated comparisons, at most `_SAMPLED_BLOCK`, evenly over rows.

    Each row is taken with the first column of its person.
    """
    first = np.full(people, -1, dtype=np.intp)
    first[columns.person[::-1]] = np.arange(len(columns.person))[::-1]
    other = first[rows.person]
    met = other >= 0
    if rows is columns:
        met &= other != np.arange(len(other))
    one = np.flatnonzero(met)
    one = one[:: max(1, -(-len(one) // _SAMPLED_BLOCK))]
    return one, other[one]


def _floors(distribution: Distribution, share: float, lowest: float) -> Scores:
    """Shape (groups, groups): an edge with enough comparisons at or above it, within and of all."""
    groups = len(distribution.mated)
    within = np.array([distribution.nonmated[group, group] for group in range(groups)])
    every = distribution.nonmated_among(np.arange(groups, dtype=np.int32))
    overall = min(_edge_above(every, distribution.edges, share), lowest)
    floors = np.full((groups, groups), overall)
    for group in range(groups):
        own = _edge_above(within[group], distribution.edges, share)
        floors[group, group] = min(own, overall)
    return floors


def _edge_above(counts: NDArray[np.int64], edges: Scores, share: float) -> float:
    """The highest edge with this share of the comparisons at or above it."""
    if not counts.any():
        return np.inf
    from_here_up = counts[::-1].cumsum()[::-1]
    enough = np.flatnonzero(from_here_up >= share * from_here_up[0])
    # The lowest bin also holds what lies below it.
    return float(edges[enough[-1]]) if enough[-1] else -np.inf
