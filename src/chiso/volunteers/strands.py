"""Hairs as curves: where they root, how they grow, and how they fall together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chiso.volunteers.anatomy import Points
from chiso.volunteers.mesh import Triangles
from chiso.volunteers.regions import HEAD_CENTRE

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Roots:
    """Places on a mesh where hairs begin: s of them."""

    triangles: npt.NDArray[np.int64]
    """(s,) indices of the faces."""
    weights: Floats
    """(s, 3) barycentric."""

    def on(self, faces: Triangles, values: Floats) -> Floats:
        """Values by vertex (n, k) at the roots: (s, k)."""
        return np.asarray(np.einsum("sv,svk->sk", self.weights, values[faces[self.triangles]]))


@dataclass(frozen=True, slots=True)
class Strands:
    """Hairs of one colour: control points (s, k, 3) in decimetres, and radii (s, k)."""

    points: Floats
    radii: Floats
    colour: tuple[float, float, float]
    roots: Roots | None
    """What they move with; None for those that move with the head as a whole."""


def sown(
    chance: np.random.Generator, points: Points, faces: Triangles, density: Floats, count: int
) -> Roots:
    """Up to `count` roots, spread evenly over where the density by vertex, (n,), is 1."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    by_face = area * density[faces].mean(axis=1)
    covered = by_face.sum()
    if covered <= 0:
        return Roots(np.zeros(0, np.int64), np.zeros((0, 3)))
    edges = np.cumsum(by_face) / covered
    triangle = np.searchsorted(edges, (np.arange(count) + chance.random(count)) / count)
    triangle = np.minimum(triangle, len(faces) - 1)
    first, second = np.sqrt(chance.random(count)), chance.random(count)
    weights = np.stack([1 - first, first * (1 - second), first * second], axis=1)
    return Roots(triangle, weights)


class Skull:
    """How far the head reaches in each direction from its centre, so that hair stays outside."""

    _ROWS, _COLUMNS = 40, 80

    def __init__(self, points: Points) -> None:
        self.centre = HEAD_CENTRE
        away = points - self.centre
        radius = np.linalg.norm(away, axis=1)
        row, column = self._cell(away / radius[:, None])
        reach = np.zeros((self._ROWS, self._COLUMNS))
        np.maximum.at(
            reach, (row.round().astype(int), column.round().astype(int) % self._COLUMNS), radius
        )
        for _ in range(60):  # fill what no vertex fell into from its neighbours
            empty = reach == 0
            if not empty.any():
                break
            near = [np.roll(reach, shift, axis=1) for shift in (-1, 1)]
            near += [np.vstack([reach[:1], reach[:-1]]), np.vstack([reach[1:], reach[-1:]])]
            stacked = np.stack(near)
            total, known = stacked.sum(axis=0), (stacked > 0).sum(axis=0)
            reach = np.where(empty & (known > 0), total / np.maximum(known, 1), reach)
        for _ in range(2):  # no single vertex stands out
            wide = np.pad(
                np.pad(reach, ((0, 0), (1, 1)), mode="wrap"), ((1, 1), (0, 0)), mode="edge"
            )
            rows, columns = self._ROWS, self._COLUMNS
            around = [wide[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
            reach = np.add.reduce(around) / 9
        reach[:2] = reach[1:3].mean()
        self._reach = reach

    def _cell(self, direction: Floats) -> tuple[Floats, Floats]:
        polar = np.arccos(np.clip(direction[..., 1], -1, 1)) / np.pi * (self._ROWS - 1)
        around = (np.arctan2(direction[..., 0], direction[..., 2]) / (2 * np.pi)) % 1
        return polar, around * self._COLUMNS

    def radius(self, direction: Floats) -> Floats:
        """Distance from the centre to the surface along unit directions (..., 3): (...)."""
        row, column = self._cell(direction)
        r0 = np.minimum(row.astype(int), self._ROWS - 2)
        c0 = column.astype(int) % self._COLUMNS
        c1 = (c0 + 1) % self._COLUMNS
        fr, fc = row - r0, column - np.floor(column)
        top = self._reach[r0, c0] * (1 - fc) + self._reach[r0, c1] * fc
        bottom = self._reach[r0 + 1, c0] * (1 - fc) + self._reach[r0 + 1, c1] * fc
        return np.asarray(top * (1 - fr) + bottom * fr)

    def outside(self, points: Floats, margin: Floats | float) -> Floats:
        """The points (..., 3), those within `margin` of the surface pushed out to it."""
        away = points - self.centre
        distance = np.linalg.norm(away, axis=-1)
        direction = away / np.maximum(distance, 1e-9)[..., None]
        wanted = self.radius(direction) + margin
        return np.asarray(self.centre + direction * np.maximum(distance, wanted)[..., None])

    def at(self, direction: Floats, lift: Floats | float) -> Floats:
        """Points `lift` above the surface along unit directions (..., 3)."""
        return np.asarray(self.centre + direction * (self.radius(direction) + lift)[..., None])


@dataclass(frozen=True, slots=True)
class Growth:
    """How hairs grow; lengths in decimetres, other numbers relative to a unit step."""

    length: Floats
    """(s,)."""
    steps: int
    lift: float
    """How much they stand up at the root: 1 straight up, 0 along the comb."""
    gravity: float
    comb: Floats
    """(s, 3) directions that they are combed in."""
    combing: float
    curl: float = 0.0
    curl_length: float = 0.1
    frizz: float = 0.0
    clump: float = 0.0
    guides: int = 0
    radius: float = 0.002
    margin: float = 0.008
    curtain: float = 0.0
    """How far from the middle of the face they are kept, in front of it."""


def grown(
    chance: np.random.Generator, growth: Growth, roots: Points, ups: Points, skull: Skull | None
) -> tuple[Floats, Floats]:
    """Control points (s, steps, 3) and radii (s, steps) of hairs from roots and normals (s, 3)."""
    count, steps = len(roots), growth.steps
    step = (growth.length / (steps - 1))[:, None]
    direction = _unit(growth.lift * ups + (1 - growth.lift) * growth.comb)
    direction = _unit(direction + 0.12 * chance.normal(size=direction.shape))
    path = np.empty((count, steps, 3))
    path[:, 0] = roots - 0.004 * ups
    for k in range(1, steps):
        pull = growth.combing * (1 - k / steps)
        direction = _unit(direction + pull * growth.comb + growth.gravity * np.array([0.0, -1, 0]))
        if growth.frizz:
            direction = _unit(direction + growth.frizz * chance.normal(size=direction.shape))
        at = path[:, k - 1] + step * direction
        if skull is not None:
            kept = skull.outside(at, growth.margin * (0.4 + 1.2 * chance.random(count)))
            over = at[:, 1:2] > skull.centre[1] - 1.1
            at = np.where(over, kept, at)
        path[:, k] = at
    if growth.curl:
        path += _curls(chance, growth, path)
    if growth.clump and growth.guides and count > growth.guides:
        path = _clumped(chance, path, growth)
    if growth.curtain:
        path[..., 0] = _drawn_aside(path, growth.comb, growth.curtain)
    taper = np.linspace(1.0, 0.45, steps)
    radii = growth.radius * taper * (0.7 + 0.6 * chance.random((count, 1)))
    return path, radii


def _drawn_aside(path: Floats, comb: Points, curtain: float) -> Floats:
    """The x of hairs that would hang before the face, moved to the side they are combed to."""
    x, y, z = np.moveaxis(path, -1, 0)
    before = np.clip((z - 0.6) / 0.3, 0, 1) * np.clip((7.88 - y) / 0.5, 0, 1)
    side = np.where(comb[:, :1] >= 0, 1.0, -1.0)
    least = curtain * before
    spread = 0.12 * np.tanh(least - side * x)  # those drawn aside keep some of their order
    return np.asarray(np.where(side * x < least, side * (least + spread), x))


def _curls(chance: np.random.Generator, growth: Growth, path: Floats) -> Floats:
    """A helix about each hair: offsets (s, steps, 3)."""
    count, steps, _ = path.shape
    along = np.linspace(0, 1, steps)[None] * growth.length[:, None]
    turn = 2 * np.pi * (along / growth.curl_length + chance.random((count, 1)))
    axis = _unit(path[:, -1] - path[:, 0])
    side = _unit(np.cross(axis, _unit(chance.normal(size=axis.shape))))
    other = np.cross(axis, side)
    rising = growth.curl * np.minimum(1, along / growth.curl_length)
    return np.asarray(
        (rising * np.cos(turn))[..., None] * side[:, None]
        + (rising * np.sin(turn))[..., None] * other[:, None]
    )


def _clumped(chance: np.random.Generator, path: Floats, growth: Growth) -> Floats:
    """Hairs drawn towards the nearest of a few of them, the more the nearer to their tips."""
    guides = chance.choice(len(path), growth.guides, replace=False)
    roots = path[:, 0]
    nearest = np.concatenate(
        [
            np.argmin(((block[:, None] - roots[guides][None]) ** 2).sum(axis=-1), axis=1)
            for block in np.array_split(roots, max(1, len(roots) // 2000))
        ]
    )
    along = np.linspace(0, 1, path.shape[1])[None, :, None] ** 0.8
    guided = path[guides[nearest]]
    return np.asarray(path + growth.clump * along * (guided - path))


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
