"""Simulated people lie as von Mises and Fisher say, and their true rates are those of strangers."""

from __future__ import annotations

import numpy as np
import pytest
from bench.simulated import SimulatedGroup, around, simulate, true_rates
from numpy.typing import NDArray
from scipy.special import ive

_GROUPS = {"sparse": SimulatedGroup(300, 40.0, 200.0), "dense": SimulatedGroup(300, 120.0, 200.0)}
_DIMENSIONS = 64


def _mean_cosine(concentration: float, dimensions: int) -> float:
    """Length of the mean of a von Mises–Fisher distribution (Mardia & Jupp 2000, eq. 9.3.9)."""
    order = dimensions / 2
    return float(ive(order, concentration) / ive(order - 1, concentration))


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    cosines: NDArray[np.float64] = np.einsum("ij,ij->i", one, other, dtype=np.float64)
    return cosines


@pytest.mark.parametrize(("concentration", "dimensions"), [(1.0, 3), (50.0, 64), (600.0, 128)])
def test_draws_are_as_near_to_their_mean_as_the_formula_says(
    concentration: float, dimensions: int
) -> None:
    mean = np.zeros((20_000, dimensions), dtype=np.float32)
    mean[:, 0] = 1
    drawn = around(mean, concentration, np.random.default_rng(1))
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-5)
    found, deviation = float(drawn[:, 0].mean()), float(drawn[:, 0].std())
    assert abs(found - _mean_cosine(concentration, dimensions)) < 5 * deviation / np.sqrt(20_000)
    assert np.abs(drawn[:, 1:].mean(axis=0)).max() < 0.02


def test_comparisons_are_as_alike_as_density_and_steadiness_say() -> None:
    found = simulate(_GROUPS, 2, _DIMENSIONS, 2)
    cosines = found.vectors @ found.vectors.T
    false = found.person[:, None] < found.person[None, :]
    steady = _mean_cosine(200.0, _DIMENSIONS)
    for index, each in enumerate(_GROUPS.values()):
        inside = (found.group == index)[:, None] & (found.group == index)[None, :]
        expected = (_mean_cosine(each.density, _DIMENSIONS) * steady) ** 2
        assert abs(float(cosines[inside & false].mean()) - expected) < 0.02
    mated = (cosines[::2, 1::2]).diagonal()
    assert abs(float(mated.mean()) - steady**2) < 0.005


def test_the_same_seed_simulates_the_same_people() -> None:
    one, again = (simulate(_GROUPS, 2, _DIMENSIONS, 4) for _ in range(2))
    np.testing.assert_array_equal(one.vectors, again.vectors)
    assert not np.array_equal(one.vectors, simulate(_GROUPS, 2, _DIMENSIONS, 5).vectors)


def test_true_rates_are_those_that_a_large_sample_shows() -> None:
    threshold = 0.62
    truth = true_rates(_GROUPS, _DIMENSIONS, 6, _cosine, threshold, 40_000)
    found = simulate(_GROUPS, 2, _DIMENSIONS, 6)
    cosines = found.vectors @ found.vectors.T
    false = found.person[:, None] < found.person[None, :]
    for index, name in enumerate(found.names):
        inside = (found.group == index)[:, None] & (found.group == index)[None, :]
        fmr = float((cosines[inside & false] >= threshold).mean())
        assert fmr == pytest.approx(truth[name].fmr, rel=0.25, abs=2e-4)
        mine = np.flatnonzero(found.group == index)[::2]
        fnmr = float((cosines[mine, mine + 1] < threshold).mean())
        assert abs(fnmr - truth[name].fnmr) < 0.06
    assert truth["dense"].fmr > 3 * truth["sparse"].fmr


def test_unclear_samples_are_missed_at_any_threshold() -> None:
    group = {"all": SimulatedGroup(10, 40.0, 2000.0, unclear_ratio=0.1)}
    truth = true_rates(group, 128, 7, _cosine, 0.7, 20_000)
    assert truth["all"].fnmr == pytest.approx(1 - 0.9**2, abs=0.015)
    assert truth["all"].fmr == 0


def test_two_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="3 dimensions"):
        simulate(_GROUPS, 1, 2, 1)
