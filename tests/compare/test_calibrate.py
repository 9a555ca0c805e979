"""Calibration: scores to log-likelihood ratios."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from chiso.compare.calibrate import fit_calibration


def test_a_known_log_likelihood_ratio_is_recovered() -> None:
    """Normal scores of equal spread: the true LLR is (s - middle) · Δ / σ²."""
    generator = np.random.default_rng(7)
    mated = generator.normal(0.7, 0.1, 200_000)
    nonmated = generator.normal(0.5, 0.1, 200_000)
    fitted = fit_calibration(mated, nonmated, people=1_000_000)
    for score in (0.5, 0.6, 0.7):
        truth = (score - 0.6) * 0.2 / 0.1**2
        assert fitted.llr(score) == pytest.approx(truth, abs=0.05)


def test_a_higher_score_never_has_a_lower_ratio() -> None:
    fitted = fit_calibration(np.array([0.9, 0.95]), np.array([0.1, 0.5]), people=4)
    ratios = [fitted.llr(score) for score in np.linspace(-1, 1, 50)]
    assert ratios == sorted(ratios)


def test_so_many_people_support_no_more_than_so_much() -> None:
    fitted = fit_calibration(np.array([0.9, 0.95]), np.array([0.1, 0.5]), people=53)
    assert fitted.llr(1.0) <= log(54)
    assert fitted.llr(-1.0) >= -log(54)


def test_perfect_separation_gives_a_finite_slope() -> None:
    fitted = fit_calibration(np.array([0.99, 0.98]), np.array([0.1, 0.2]), people=10)
    assert np.isfinite(fitted.slope)
    assert fitted.slope > 0


def test_one_kind_of_score_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="mated and non-mated"):
        fit_calibration(np.array([0.9]), np.array([]), people=2)
