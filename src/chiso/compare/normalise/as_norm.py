"""AS-norm: a score against what both samples score with the people they are most like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chiso.compare.normalise.cells import parts
from chiso.compare.normalise.document import digest_of
from chiso.compare.normalise.port import CalibrationSet, Floats, Scores, Vectors

_TOP_RATIO = 0.1
_LEAST_TOP = 5
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class AsNorm:
    """Adaptive symmetric normalisation against the top of a cohort.

    Matějka et al. 2017, "Analysis of score normalization in multilingual speaker recognition".
    `cohort`: shape (people, dimensions), unit length: the average vector of each calibration
    person. These are single people's, so this normaliser is never put into a home.
    `top`: how many of the cohort, those most alike, each sample is measured against.
    """

    cohort: Vectors
    top: int

    name = "as-norm"
    is_oracle = False
    holds_people = True
    gives_cosines = False

    def __post_init__(self) -> None:
        if np.ndim(self.cohort) != 2 or np.ndim(self.top):
            raise ValueError("a cohort is a matrix, and its highest scores are counted")
        if not 0 < self.top <= len(self.cohort):
            raise ValueError(f"a cohort of {len(self.cohort)} has no {self.top} highest")

    @property
    def digest(self) -> str:
        """Hex SHA-256 of its document."""
        return digest_of(self)

    def prepare(self, vectors: Vectors) -> Scores:
        """Mean and inverse deviation of the `top` highest scores with the cohort, shape (n, 2)."""
        sides = []
        for part in parts(vectors):
            scores = part @ self.cohort.T
            highest = np.partition(scores, -self.top, axis=1)[:, -self.top :].astype(np.float64)
            deviation = np.maximum(highest.std(axis=1), _LEAST_DEVIATION)
            sides.append(np.column_stack([highest.mean(axis=1), 1 / deviation]))
        return np.concatenate(sides)

    def apply(self, scores: Floats, left: Floats, right: Floats) -> Scores:
        """Mean of the two samples' standard scores."""
        offset_left, offset_right = left[:, 0] * left[:, 1], right[:, 0] * right[:, 1]
        slope = left[:, 1, None] + right[None, :, 1]
        normalised: Scores = np.multiply(scores, slope, dtype=np.float64)
        normalised -= offset_left[:, None]
        normalised -= offset_right[None, :]
        normalised *= 0.5
        return normalised


def fit_as_norm(calibration: CalibrationSet) -> AsNorm:
    """The calibration people as cohort, the tenth of it that is most alike (five or more)."""
    return AsNorm(calibration.means, max(_LEAST_TOP, round(_TOP_RATIO * calibration.people)))
