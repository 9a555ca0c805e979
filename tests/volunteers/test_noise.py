"""Noise is smooth, bounded, repeatable, and the same for one point alone as among others."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chiso.volunteers.noise import octaves, smooth_noise, spots

POINTS = np.random.default_rng(5).uniform(-3, 9, (4000, 3))


def test_noise_is_centred_and_bounded() -> None:
    value = smooth_noise(POINTS, 3, 0.4)
    assert abs(value.mean()) < 0.03
    assert 0.2 < value.std() < 0.5
    assert np.abs(value).max() < 1.7


@given(st.integers(0, 2**31 - 1), st.floats(0.02, 2.0))
def test_noise_moves_little_over_a_thousandth_of_its_wavelength(seed: int, length: float) -> None:
    near = POINTS[:200] + np.array([length / 1000, 0, 0])
    step = smooth_noise(near, seed, length) - smooth_noise(POINTS[:200], seed, length)
    assert np.abs(step).max() < 0.02


@given(st.integers(0, 2**31 - 1))
def test_a_point_has_one_value_whatever_else_is_asked_for(seed: int) -> None:
    together = octaves(POINTS[:50], seed, 0.3, 3)
    alone = np.array([octaves(POINTS[k : k + 1], seed, 0.3, 3)[0] for k in range(50)])
    assert np.array_equal(together, alone)


def test_seeds_give_fields_that_have_nothing_to_do_with_each_other() -> None:
    a, b = (smooth_noise(POINTS, seed, 0.3) for seed in (1, 2))
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.06


def test_no_spot_is_there_where_none_is_wanted_and_more_are_where_more_are() -> None:
    covered = [(spots(POINTS, 7, 0.05, share, 0.012) > 0.5).mean() for share in (0.0, 0.3, 0.9)]
    assert covered[0] == 0
    assert covered[0] < covered[1] < covered[2] < 0.5
