"""Curves and pictures of scores, from their histograms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.evidence import Distribution, Scores
from chiso.evaluate.findings import CurvePoint, Histogram

_POINTS = 50
_PICTURE_BINS = 60

Counts = NDArray[np.int64]


def counts_of(distribution: Distribution, groups: NDArray[np.int32]) -> tuple[Counts, Counts]:
    """Mated and non-mated counts by bin among these groups (indices), across them as well."""
    mated = distribution.mated[groups].sum(axis=0)
    return mated, distribution.nonmated_among(groups)


def det_curve(edges: Scores, mated: Counts, nonmated: Counts) -> tuple[CurvePoint, ...]:
    """Both errors at about 50 thresholds, FMR evenly spaced in its logarithm, descending.

    Thresholds are edges of bins. From an FMR of 1 down to one false match; empty where there are
    no comparisons of either kind. Martin and others (1997), "The DET curve in assessment of
    detection task performance".
    """
    if not mated.any() or not nonmated.any():
        return ()
    fmr = np.append(nonmated[::-1].cumsum()[::-1], 0) / nonmated.sum()
    fnmr = np.append(0, mated.cumsum()) / mated.sum()
    wanted = np.geomspace(1.0, 1 / nonmated.sum(), _POINTS)
    # The lowest edge at which the FMR is no more than wanted; FMR falls along the edges.
    at = np.unique(np.searchsorted(-fmr, -wanted * (1 + 1e-12)))
    return tuple(CurvePoint(float(edges[i]), float(fmr[i]), float(fnmr[i])) for i in at)


def picture_edges(distribution: Distribution) -> NDArray[np.intp]:
    """Indices of edges for about 60 even bins over the scores that occur, the same for all."""
    counts = distribution.mated.sum(axis=0) + distribution.nonmated.sum(axis=(0, 1))
    filled = np.flatnonzero(counts)
    if not len(filled):
        return np.array([0, len(counts)])
    step = max(1, -(-(filled[-1] + 1 - filled[0]) // _PICTURE_BINS))
    edges = np.arange(filled[0], filled[-1] + 1 + step, step)
    return np.unique(np.minimum(edges, len(counts)))


def histogram(edges: Scores, counts: Counts, picture: NDArray[np.intp]) -> Histogram:
    """Shares of scores in the bins of the picture."""
    sums = np.add.reduceat(counts, picture[:-1])
    shares = sums / counts.sum() if counts.any() else sums * 0.0
    return Histogram(
        tuple(float(edges[i]) for i in picture), tuple(float(share) for share in shares)
    )
