"""Light is filtered without moving it, and skin of any tone is put in without touching the rest."""

from __future__ import annotations

import numpy as np
import pytest

from chiso.volunteers.calibration import tone_of_skin
from chiso.volunteers.complexion import Complexion
from chiso.volunteers.develop import radiance
from chiso.volunteers.exposure import Exposure

SIDE = 48


def _exposure(grain: float = 0.0) -> Exposure:
    """A disc of skin in even light, beside cloth that no tone may change."""
    chance = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    cover = (np.hypot(x, y) < 16).astype(np.float64)
    light = cover[..., None] * (1 + grain * chance.normal(size=(SIDE, SIDE, 3)))
    zero = np.zeros((SIDE, SIDE))
    return Exposure(
        fixed=np.full((SIDE, SIDE, 3), 0.02),
        linear=np.clip(light, 0, None),
        quadratic=0.05 * light,
        alpha=np.ones((SIDE, SIDE)),
        coverage=cover,
        lips=zero,
        hair=zero,
        template=np.full((SIDE, SIDE, 3), 0.5) * cover[..., None],
        mm_per_px=1.0,
        landmarks=np.zeros((5, 2), np.float32),
    )


def _plain() -> Complexion:
    one = np.ones((SIDE, SIDE))
    return Complexion(one, one, one)


def test_the_filter_takes_most_of_the_grain_and_none_of_the_light() -> None:
    grainy, clean = _exposure(0.2), _exposure()
    smooth = grainy.smoothed()
    inner = np.hypot(*(np.mgrid[:SIDE, :SIDE] - SIDE / 2)) < 11
    left = (smooth.linear - clean.linear)[inner]
    assert left.std() < 0.35 * (grainy.linear - clean.linear)[inner].std()
    assert smooth.linear[inner].mean() == pytest.approx(1, abs=0.02)


def test_the_filter_does_not_spread_light_off_the_skin() -> None:
    smooth = _exposure(0.2).smoothed()
    assert np.abs(smooth.linear[_exposure().coverage == 0]).max() == 0


@pytest.mark.parametrize("albedo", [0.6, 0.2, 0.02])
def test_a_tone_changes_skin_and_nothing_else(albedo: float) -> None:
    exposure = _exposure()
    seen = radiance(exposure, _plain(), tone_of_skin(5, (albedo, 0.8 * albedo, 0.6 * albedo)))
    outside = exposure.coverage == 0
    assert np.array_equal(seen[outside], exposure.fixed[outside])
    middle = seen[SIDE // 2, SIDE // 2]
    wanted = 0.02 + np.array([1, 0.8, 0.6]) * albedo * (1 + 0.05 * np.array([1, 0.8, 0.6]) * albedo)
    assert middle == pytest.approx(wanted, rel=0.01)
