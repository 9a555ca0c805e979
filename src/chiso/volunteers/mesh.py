"""Smooths a mesh of quads, and gives each vertex its normal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chiso.volunteers.anatomy import Points, Quads

Triangles = npt.NDArray[np.int64]
"""Shape (m, 3), indices of vertices, counter-clockwise seen from outside."""


@dataclass(frozen=True, slots=True)
class Subdivision:
    """One step of Catmull and Clark (1978), prepared for one mesh of quads.

    A vertex at a border stays on the border's curve. Applies to anything given by vertex:
    positions, colours, masks.
    """

    quads: Quads
    """(4m, 4): the faces of the smoother mesh."""
    vertices: int
    _coarse: Quads
    _edges: npt.NDArray[np.int64]
    _inner: npt.NDArray[np.bool_]
    _edge_faces: npt.NDArray[np.int64]
    _border: npt.NDArray[np.bool_]

    def apply(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Values by vertex, (n, k), to values by vertex of the smoother mesh."""
        coarse, edges = self._coarse, self._edges
        n = len(values)
        faces = values[coarse].mean(axis=1)
        ends = values[edges].mean(axis=1)
        middles = ends.copy()
        inner = self._inner
        middles[inner] = (ends[inner] + faces[self._edge_faces[inner]].mean(axis=1)) / 2
        valence = np.bincount(coarse.ravel(), minlength=n).astype(np.float64)
        around_faces = _summed(coarse.ravel(), np.repeat(faces, 4, axis=0), n)
        around_edges = _summed(edges.ravel(), np.repeat(ends, 2, axis=0), n)
        with np.errstate(divide="ignore", invalid="ignore"):
            v = valence[:, None]
            moved = (around_faces / v + 2 * around_edges / v + (v - 3) * values) / v
        on_border = edges[~inner]
        beside = _summed(on_border.ravel(), values[on_border[:, ::-1].ravel()], n)
        border = self._border
        moved[border] = 0.75 * values[border] + 0.125 * beside[border]
        moved[valence == 0] = values[valence == 0]
        return np.concatenate([moved, faces, middles])


def subdivision(quads: Quads, vertices: int) -> Subdivision:
    """Prepare one step for these faces over so many vertices."""
    m = len(quads)
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2)
    edges, which = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    which = which.reshape(-1)
    owner = np.repeat(np.arange(m), 4)
    order = np.argsort(which, kind="stable")
    count = np.bincount(which, minlength=len(edges))
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    inner = count == 2
    edge_faces = np.zeros((len(edges), 2), np.int64)
    edge_faces[:, 0] = owner[order[first]]
    edge_faces[inner, 1] = owner[order[first[inner] + 1]]
    border = np.zeros(vertices, dtype=bool)
    border[edges[~inner].ravel()] = True
    face_point = vertices + np.arange(m)
    edge_point = vertices + m + which.reshape(m, 4)
    smaller = [
        np.stack([quads[:, k], edge_point[:, k], face_point, edge_point[:, k - 1]], axis=1)
        for k in range(4)
    ]
    return Subdivision(
        quads=np.concatenate(smaller),
        vertices=vertices + m + len(edges),
        _coarse=quads,
        _edges=edges,
        _inner=inner,
        _edge_faces=edge_faces,
        _border=border,
    )


def triangles(quads: Quads) -> Triangles:
    """Each quad as two triangles."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def normals(points: Points, faces: Triangles) -> Points:
    """Unit normals by vertex, weighted by area; (0, 0, 1) where no face touches."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = _summed(faces.T.ravel(), np.tile(face, (3, 1)), len(points))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 0, total / np.maximum(length, 1e-12), [0.0, 0.0, 1.0])


def _summed(
    into: npt.NDArray[np.int64], values: npt.NDArray[np.float64], count: int
) -> npt.NDArray[np.float64]:
    """Sum of the values (k, d) that go to each place."""
    return np.stack(
        [np.bincount(into, weights=column, minlength=count) for column in values.T], axis=1
    )
