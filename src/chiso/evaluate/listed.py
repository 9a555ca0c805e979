"""Comparisons that someone listed: a vendor's table of scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.binning import bins_over, distribution_of
from chiso.evaluate.evidence import Crowd, Evidence, Index, Mask, Mated, NonMated, Scores
from chiso.evaluate.pair_counts import ListedCounts


class ListedSource:
    """All comparisons of a table, in memory.

    `samples`: shape (people,), int64. `scores`: shape (n,), float64, finite, higher is more alike.
    `one`, `other`: shape (n,), int32, indices of people; equal for a mated comparison.
    """

    def __init__(
        self,
        crowd: Crowd,
        samples: NDArray[np.int64],
        scores: Scores,
        one: Index,
        other: Index,
    ) -> None:
        if not len(scores) == len(one) == len(other):
            raise ValueError(f"{len(scores)} scores, {len(one)} and {len(other)} people")
        if not np.all(np.isfinite(scores)):
            raise ValueError("a score is not a finite number; leave its comparison out and say so")
        self._crowd = crowd
        self._samples = samples
        self._scores = np.asarray(scores, dtype=np.float64)
        self._one = np.asarray(one, dtype=np.int32)
        self._other = np.asarray(other, dtype=np.int32)
        same = self._one == self._other
        self._bins = bins_over(self._scores[same], self._scores[~same])

    @property
    def crowd(self) -> Crowd:
        """Everyone there is."""
        return self._crowd

    @property
    def samples(self) -> NDArray[np.int64]:
        """How many samples each person gave."""
        return self._samples

    def evidence(self, chosen: Mask, at_fmr: float = 0.0) -> Evidence:  # noqa: ARG002  (all kept)
        """The comparisons among these people alone, both sides chosen; every score is kept."""
        rows = chosen[self._one] & chosen[self._other]
        scores, one, other = self._scores[rows], self._one[rows], self._other[rows]
        same = one == other
        apart = ~same
        return Evidence(
            crowd=self._crowd,
            chosen=chosen,
            mated=Mated(scores[same], one[same]),
            nonmated=NonMated(
                scores[apart],
                one[apart],
                other[apart],
                -np.inf,
                ListedCounts(one[apart], other[apart], self._crowd.people),
            ),
            distribution=distribution_of(self._crowd, self._bins, scores, one, other),
        )
