"""Cells of calibration people whose faces are alike, none of fewer than a stated number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.compare.normalise.port import LEAST_CELL_PEOPLE, CalibrationSet, Vectors, averages

_MOST_CELLS = 100  # as Salvador et al. 2022 used
_PEOPLE_A_CELL = 10


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Centres, shape (cells, dimensions), unit length, and the cell of each person."""

    centres: Vectors
    of_person: NDArray[np.int64]


def cells_of(calibration: CalibrationSet, seed: int) -> Cells:
    """k-means on the people's average vectors; what is too small joins what is nearest.

    One cell for every ten people, at most 100. A person is in one cell, whichever of her samples is
    asked about, so that cells can be counted in people.
    """
    from scipy.cluster.vq import kmeans2  # heavy, and needed for fitting alone

    means = calibration.means
    count = min(_MOST_CELLS, max(2, calibration.people // _PEOPLE_A_CELL))
    _, found = kmeans2(means.astype(np.float64), count, minit="++", seed=seed)
    cell = np.unique(found, return_inverse=True)[1].astype(np.int64)
    while True:
        sizes = np.bincount(cell)
        smallest = int(sizes.argmin())
        centres = averages(means, cell, len(sizes))
        if sizes[smallest] >= LEAST_CELL_PEOPLE or len(sizes) == 1:
            return Cells(centres, cell)
        alike = centres @ centres[smallest]
        alike[smallest] = -np.inf
        cell[cell == smallest] = int(alike.argmax())
        cell = np.unique(cell, return_inverse=True)[1].astype(np.int64)


def nearest(centres: Vectors, vectors: Vectors) -> NDArray[np.intp]:
    """The cell of each vector, by the nearest centre, shape (n,)."""
    cell: NDArray[np.intp] = np.concatenate(
        [(part @ centres.T).argmax(axis=1) for part in parts(vectors)]
    )
    return cell


def parts(vectors: Vectors) -> list[Vectors]:
    """The vectors in runs short enough that a table of each against all cells stays small."""
    return np.array_split(vectors, max(1, len(vectors) // 16_384))
