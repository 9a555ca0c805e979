"""The oracle is told everyone's group, and shows what knowing would give; never recommended."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiso.compare.normalise.port import Floats, Scores, Vectors
from chiso.compare.normalise.rarity import as_rare

LEAST_GROUP_PEOPLE = 5
"""A group of fewer calibration people is treated as everyone is."""


@dataclass(frozen=True, slots=True, eq=False)
class OracleGroup:
    """Standard angle under the normal model of each sample's own group, told as a cosine.

    `group_of`: the group of each known vector, by its bytes. `angles`: shape (groups + 1, 2), mean
    and deviation of the angles between different people of a group, in radians; everyone's last.
    It has no document: it cannot be kept, only compared with.
    """

    group_of: dict[bytes, int]
    angles: Scores

    name = "oracle-group"
    is_oracle = True
    holds_people = True
    gives_cosines = True

    @property
    def digest(self) -> str:
        """Hex SHA-256 of its angles."""
        return hashlib.sha256(self.angles.tobytes()).hexdigest()

    def prepare(self, vectors: Vectors) -> Scores:
        """Mean and deviation of angles in each sample's group, halved, shape (n, 2).

        Raises KeyError for a vector whose group it was not told.
        """
        rows = [self.group_of[row.tobytes()] for row in np.asarray(vectors, np.float32)]
        half: Scores = self.angles[rows] / 2
        return half

    def apply(self, scores: Floats, left: Floats, right: Floats) -> Scores:
        """The cosine, in [-1, 1], at which everyone's angles are as rare as in the two groups."""
        mean, deviation = self.angles[-1]
        return as_rare(scores, left, right, float(mean), float(deviation))


def fit_oracle(
    vectors: Vectors,
    person: NDArray[np.integer],
    group: NDArray[np.integer],
    known: tuple[Vectors, NDArray[np.integer]],
) -> OracleGroup:
    """Fit to calibration samples, with the person and the group of each.

    `known`: all samples that will be asked about, and the group of each.
    """
    groups = int(max(group.max(), known[1].max())) + 1
    cosines = np.clip(vectors @ vectors.T, -1, 1)
    different = person[:, None] < person[None, :]
    within = group[:, None] == group[None, :]
    everyone = _angles(cosines[different & within])
    rows = []
    for each in range(groups):
        mine = group == each
        enough = len(np.unique(person[mine])) >= LEAST_GROUP_PEOPLE
        both = different & mine[:, None] & mine[None, :]
        rows.append(_angles(cosines[both]) if enough else everyone)
    told: dict[bytes, Any] = {
        row.tobytes(): int(code)
        for row, code in zip(np.asarray(known[0], np.float32), known[1], strict=True)
    }
    return OracleGroup(told, np.array([*rows, everyone]))


def _angles(cosines: Floats) -> tuple[float, float]:
    angles = np.arccos(cosines)
    return float(angles.mean()), float(angles.std())
