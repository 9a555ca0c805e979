"""Bins that scores are counted in: fine ones, from which curves and pictures are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.evidence import Crowd, Distribution, Index, Scores

BINS = 4096
_TAIL = 0.0001
_MARGIN = 0.1


@dataclass(frozen=True, slots=True)
class Bins:
    """`BINS` bins of equal width from `low` to `high`; the outer two also hold what lies beyond."""

    low: float
    high: float

    def index(self, scores: NDArray[np.floating]) -> NDArray[np.int32]:
        """The bin of each score, same shape.

        Scaled before it is shifted: for cosines the scale is a power of two, so that no score is
        rounded into its neighbour's bin.
        """
        scale = BINS / (self.high - self.low)
        shifted = np.floor(scores * scores.dtype.type(scale))
        shifted -= scores.dtype.type(np.floor(self.low * scale))
        np.clip(shifted, 0, BINS - 1, out=shifted)
        return shifted.astype(np.int32)

    def edges(self) -> Scores:
        """Shape (BINS + 1,), ascending."""
        scale = BINS / (self.high - self.low)
        edges: Scores = (np.floor(self.low * scale) + np.arange(BINS + 1)) / scale
        return edges


COSINES = Bins(-1.0, 1.0)


def bins_over(mated: NDArray[np.floating], nonmated: NDArray[np.floating]) -> Bins:
    """Bins over these scores, with a tenth more at each end, not stretched by a few outliers.

    What is an outlier is told for each kind by itself: among all comparisons mated ones are often
    so few that they would be taken for outliers altogether.
    """
    kinds = [scores for scores in (mated, nonmated) if len(scores)]
    if not kinds:
        return COSINES
    ends = [np.quantile(scores, [_TAIL, 1 - _TAIL]) for scores in kinds]
    low, high = float(min(low for low, _ in ends)), float(max(high for _, high in ends))
    margin = _MARGIN * (high - low) or 0.5
    return Bins(low - margin, high + margin)


def distribution_of(
    crowd: Crowd, bins: Bins, scores: Scores, one: Index, other: Index
) -> Distribution:
    """Histograms by group of comparisons in memory; mated ones are those of one person."""
    groups = len(crowd.groups)
    mated = np.zeros((groups, BINS), dtype=np.int64)
    nonmated = np.zeros((groups, groups, BINS), dtype=np.int64)
    at = bins.index(scores)
    same = one == other
    first, second = crowd.group_of[one], crowd.group_of[other]
    np.add.at(mated, (first[same], at[same]), 1)
    np.add.at(nonmated, (first[~same], second[~same], at[~same]), 1)
    return Distribution(bins.edges(), mated, symmetric(nonmated))


def symmetric(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts by group on either side, made counts by pair of groups: (groups, groups, bins)."""
    both = counts + counts.transpose(1, 0, 2)
    for group in range(len(counts)):
        both[group, group] = counts[group, group]
    return both
