"""FSN: a score moved by how far the thresholds around both samples lie from everyone's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chiso.compare.normalise.cells import cells_of, nearest
from chiso.compare.normalise.document import digest_of, require_rows
from chiso.compare.normalise.port import CalibrationSet, Floats, Scores, Vectors

_TARGET_FMR = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Fsn:
    """Fair score normalisation.

    Terhörst et al. 2020, "Comparison-level mitigation of ethnic bias in face recognition", IWBF.
    `centres`: shape (cells, dimensions). `offsets`: shape (cells,), threshold of the cell at the
    target FMR less that of everyone, in cosine.
    """

    centres: Vectors
    offsets: Vectors

    name = "fsn"
    is_oracle = False
    holds_people = False
    gives_cosines = False

    def __post_init__(self) -> None:
        require_rows(self.centres, self.offsets, ())

    @property
    def digest(self) -> str:
        """Hex SHA-256 of its document."""
        return digest_of(self)

    def prepare(self, vectors: Vectors) -> Scores:
        """Half of the offset of each sample's cell, shape (n, 1)."""
        half: Scores = 0.5 * self.offsets[nearest(self.centres, vectors)].astype(np.float64)
        return half[:, None]

    def apply(self, scores: Floats, left: Floats, right: Floats) -> Scores:
        """The score less the mean of both offsets."""
        moved: Scores = np.subtract(scores, right[None, :, 0], dtype=np.float64)
        moved -= left[:, :1]
        return moved


def fit_fsn(calibration: CalibrationSet, seed: int) -> Fsn:
    """Thresholds at an FMR of 0.1 % of everyone, and of the non-mated pairs that touch each cell.

    Where a cell has fewer pairs than one false match needs, its highest false score stands for the
    threshold.
    """
    cells = cells_of(calibration, seed)
    cell = cells.of_person[calibration.person]
    cosines = calibration.vectors @ calibration.vectors.T
    nonmated = calibration.person[:, None] != calibration.person[None, :]
    overall = _threshold(cosines[nonmated])
    local = [
        _threshold(cosines[cell == each][nonmated[cell == each]])
        for each in range(len(cells.centres))
    ]
    offsets = np.array([threshold - overall for threshold in local], dtype=np.float32)
    return Fsn(cells.centres, offsets)


def _threshold(scores: Floats) -> float:
    return float(np.quantile(scores, 1 - _TARGET_FMR, method="higher"))
