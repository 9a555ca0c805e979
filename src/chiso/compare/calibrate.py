"""From scores to log-likelihood ratios: an affine map, fitted by weighted logistic regression."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from chiso.core.decisions import Calibration

_NEWTON_STEPS = 50
_CONVERGED = 1e-10


def fit_calibration(
    mated: NDArray[np.float64], nonmated: NDArray[np.float64], people: int
) -> Calibration:
    """The affine calibration of these scores, shapes (n,) and (m,); `people` are behind them.

    Logistic regression with mated and non-mated scores given equal weight, so that the log-odds are
    log-likelihood ratios (Brümmer & du Preez 2006). On well-separated scores its slope would grow
    without end, so the standardised slope has a normal prior of the weight of one person; and the
    result is limited to ±ln(people + 1), since so many people cannot show a rate below one in so
    many. Raises ValueError where one of the two kinds of score is missing.
    """
    if not len(mated) or not len(nonmated):
        raise ValueError("calibration needs mated and non-mated scores")
    scores = np.concatenate([mated, nonmated])
    centre, spread = float(scores.mean()), float(scores.std())
    if spread == 0:
        raise ValueError("calibration needs scores that differ")
    design = np.column_stack([np.ones(len(scores)), (scores - centre) / spread])
    is_mated = np.concatenate([np.ones(len(mated)), np.zeros(len(nonmated))])
    weight = np.where(is_mated == 1, 0.5 / len(mated), 0.5 / len(nonmated))
    penalty = np.diag([0.0, 1.0 / (people + 1)])
    beta = np.zeros(2)
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-design @ beta))
        gradient = design.T @ (weight * (is_mated - chance)) - penalty @ beta
        curvature = (design.T * (weight * chance * (1 - chance))) @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        beta = beta + step
        if float(np.abs(step).max()) < _CONVERGED:
            break
    slope = float(beta[1]) / spread
    return Calibration(slope, float(beta[0]) - slope * centre, log(people + 1))
