"""Every light is metered alike, so that exposure does not depend on its kind."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from chiso.volunteers.capture import LIGHTS, capture_of, reference_capture
from chiso.volunteers.lighting import COLUMNS, ROWS, directions, sphere
from chiso.volunteers.portraits import derived_seed

Floats = npt.NDArray[np.float64]
SOLID = (
    np.sin((np.arange(ROWS) + 0.5) / ROWS * np.pi)[:, None] * (np.pi / ROWS) * (2 * np.pi / COLUMNS)
)


def _on_card(radiance: Floats, turned_deg: float) -> float:
    a = np.radians(turned_deg)
    normal = np.array([np.sin(a), 0.1, np.cos(a)])
    lit = radiance.mean(axis=-1) * np.clip(directions() @ normal / np.linalg.norm(normal), 0, None)
    return float((lit * SOLID).sum() / np.pi)


@pytest.mark.parametrize("kind", LIGHTS)
def test_white_cards_about_the_face_reflect_one_on_average(kind: str) -> None:
    seeds = (derived_seed("lighting", i) for i in range(400))
    light = next(each for each in (capture_of(s).light for s in seeds) if each.kind == kind)
    cards = [_on_card(sphere(light), turned) for turned in (-50, -25, 0, 25, 50)]
    assert np.mean(cards) == pytest.approx(1, abs=0.02)


def test_the_reference_light_is_the_same_from_both_sides_and_white() -> None:
    radiance = sphere(reference_capture().light)
    assert np.allclose(radiance, radiance[:, ::-1])
    assert np.allclose(radiance[..., 0], radiance[..., 2])


def test_back_light_comes_from_behind() -> None:
    lights = (capture_of(derived_seed("lighting", i)).light for i in range(400))
    radiance = sphere(next(each for each in lights if each.kind == "back light"))
    brightest = np.unravel_index(radiance.mean(axis=-1).argmax(), (ROWS, COLUMNS))
    assert directions()[brightest][2] < 0
