"""A coloured mesh, and how it shines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chiso.volunteers.anatomy import Points
from chiso.volunteers.mesh import Triangles, normals

Floats = npt.NDArray[np.float64]


class Finish(NamedTuple):
    """Of the microfacet model: roughness 0 (mirror) to 1, specular as Disney's (0.5: n = 1.5)."""

    roughness: float
    specular: float = 0.5
    clearcoat: float = 0.0


@dataclass(frozen=True, slots=True)
class Surface:
    """Points (n, 3), faces, unit normals (n, 3) and linear colour (n, 3) by vertex."""

    name: str
    points: Points
    faces: Triangles
    normals: Points
    colours: Floats
    finish: Finish

    @staticmethod
    def of(
        name: str,
        points: Points,
        faces: Triangles,
        colours: Floats | tuple[float, float, float],
        finish: Finish,
    ) -> Surface:
        """A surface of the vertices that its faces use; one colour, or one for each point."""
        used, places = np.unique(faces, return_inverse=True)
        placed = places.reshape(-1, 3)
        kept = points[used]
        by_vertex = np.asarray(colours, dtype=np.float64)
        painted = by_vertex[used] if by_vertex.ndim == 2 else np.tile(by_vertex, (len(used), 1))
        return Surface(name, kept, placed, normals(kept, placed), painted, finish)

    def moved(self, by: Callable[[Points], Points]) -> Surface:
        """The same surface elsewhere; `by` must be rigid."""
        points = by(self.points)
        return Surface(
            self.name, points, self.faces, normals(points, self.faces), self.colours, self.finish
        )
