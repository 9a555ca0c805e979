"""Local density: a cosine moved to where it would be as rare among everyone as it is here.

The angles between different people who look alike have a mean and a deviation that differ from
place to place. Both are kept at anchors, and read off smoothly in between, so that no border lies
between two faces that are nearly the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chiso.compare.normalise.cells import cells_of, parts
from chiso.compare.normalise.document import digest_of, require_rows
from chiso.compare.normalise.port import CalibrationSet, Floats, Scores, Vectors
from chiso.compare.normalise.rarity import as_rare

_NEIGHBOURS_RATIO = 0.05
_LEAST_NEIGHBOURS = 10
_SHARPNESS = 20.0  # of the weights of anchors, by cosine: e times less for 0.05 less alike


@dataclass(frozen=True, slots=True, eq=False)
class LocalDensity:
    """Standard angle under the local normal model, told as a cosine under everyone's.

    `anchors`: shape (anchors, dimensions), unit length. `angles`: shape (anchors, 2), mean and
    deviation of the angles between different people around each, in radians. `mean_rad`,
    `deviation_rad`: their averages over people, to which every score is brought.
    """

    anchors: Vectors
    angles: Vectors
    mean_rad: float
    deviation_rad: float

    name = "local-density"
    is_oracle = False
    holds_people = False
    gives_cosines = True

    def __post_init__(self) -> None:
        require_rows(self.anchors, self.angles, (2,))
        if np.ndim(self.mean_rad) or np.ndim(self.deviation_rad):
            raise ValueError("the mean and the deviation of everyone's angles are one number each")
        if not (self.deviation_rad > 0 and (self.angles[:, 1] > 0).all()):
            raise ValueError("a deviation of angles lies above 0")

    @property
    def digest(self) -> str:
        """Hex SHA-256 of its document."""
        return digest_of(self)

    def prepare(self, vectors: Vectors) -> Scores:
        """Mean and deviation of angles around each sample, halved, shape (n, 2), in radians."""
        halves = self.angles.astype(np.float64) / 2
        sides = []
        for part in parts(vectors):
            alike = part @ self.anchors.T
            alike -= alike.max(axis=1, keepdims=True)
            weights = np.exp(_SHARPNESS * alike)
            weights /= weights.sum(axis=1, keepdims=True)
            sides.append(weights @ halves)
        return np.concatenate(sides)

    def apply(self, scores: Floats, left: Floats, right: Floats) -> Scores:
        """The cosine, in [-1, 1], at which everyone's angles are as rare as this one is here."""
        return as_rare(scores, left, right, self.mean_rad, self.deviation_rad)


def fit_local_density(calibration: CalibrationSet, seed: int) -> LocalDensity:
    """Anchors are averages of people who look alike; around each, the nearest people are compared.

    Those are a twentieth of all, ten or more. The deviation is a straight line of the mean, fitted
    over all anchors, since that of ten people alone would be noise.
    """
    cells = cells_of(calibration, seed)
    nearest = max(_LEAST_NEIGHBOURS, round(_NEIGHBOURS_RATIO * calibration.people))
    found = np.array([_around(calibration, anchor, nearest) for anchor in cells.centres])
    weights = np.bincount(cells.of_person, minlength=len(found)) / calibration.people
    mean, deviation = weights @ found
    spread = float(weights @ (found[:, 0] - mean) ** 2)
    shared = float(weights @ ((found[:, 0] - mean) * (found[:, 1] - deviation)))
    slope = shared / spread if spread > 0 else 0.0
    smooth = deviation + slope * (found[:, 0] - mean)
    lowest = found[:, 1].min()
    angles = np.column_stack([found[:, 0], np.maximum(smooth, lowest)]).astype(np.float32)
    return LocalDensity(cells.centres, angles, float(mean), float(deviation))


def _around(calibration: CalibrationSet, anchor: Vectors, nearest: int) -> tuple[float, float]:
    """Mean and deviation of the angles between different people among the nearest to an anchor."""
    people = np.argsort(-(calibration.means @ anchor), kind="stable")[:nearest]
    rows = np.isin(calibration.person, people)
    vectors, person = calibration.vectors[rows], calibration.person[rows]
    nonmated = person[:, None] < person[None, :]
    angles = np.arccos(np.clip((vectors @ vectors.T)[nonmated], -1, 1))
    return float(angles.mean()), float(angles.std())
