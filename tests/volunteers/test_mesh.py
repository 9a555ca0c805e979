"""Subdivision keeps what it must: closed stays closed, flat stays flat, borders stay on borders."""

from __future__ import annotations

import numpy as np

from chiso.volunteers.mesh import normals, subdivision, triangles

CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
SIDES = np.array(
    [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
)


def test_a_closed_mesh_stays_closed_and_obeys_eulers_formula() -> None:
    step = subdivision(SIDES, len(CUBE))
    again = subdivision(step.quads, step.vertices)
    for quads, vertices in ((step.quads, step.vertices), (again.quads, again.vertices)):
        sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2)
        edges, count = np.unique(np.sort(sides, axis=1), axis=0, return_counts=True)
        assert (count == 2).all()
        assert vertices - len(edges) + len(quads) == 2


def test_a_cube_becomes_rounder_with_each_step() -> None:
    step = subdivision(SIDES, len(CUBE))
    again = subdivision(step.quads, step.vertices)
    points = again.apply(step.apply(CUBE))
    radius = np.linalg.norm(points, axis=1)
    assert radius.max() / radius.min() < 1.25 < np.sqrt(3)


def test_a_flat_sheet_stays_flat_and_keeps_its_straight_border() -> None:
    grid = np.array([[x, y, 0.0] for y in range(4) for x in range(4)])
    quads = np.array([[4 * y + x, 4 * y + x + 1, 4 * y + x + 5, 4 * y + x + 4]
                      for y in range(3) for x in range(3)])  # fmt: skip
    step = subdivision(quads, len(grid))
    points = step.apply(grid)
    assert np.abs(points[:, 2]).max() == 0
    assert points[:, 0].min() >= 0
    assert points[:, 0].max() <= 3
    assert len(step.quads) == 36


def test_constant_values_stay_constant_so_that_masks_stay_masks() -> None:
    step = subdivision(SIDES, len(CUBE))
    assert np.allclose(step.apply(np.full((8, 2), 0.7)), 0.7)


def test_normals_of_a_cube_point_outwards_and_have_unit_length() -> None:
    found = normals(CUBE, triangles(SIDES))
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    assert ((found * CUBE).sum(axis=1) > 0.9).all()
