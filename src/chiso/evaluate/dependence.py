"""How far an error rate would vary from one set of people to the next.

Comparisons that share a person are right or wrong together. Fogliato, Patil, Perona, "Confidence
intervals for error rates in 1:1 matching tasks" (IJCV 2024, arXiv 2306.01198), give the variance of
the rate as a sum of covariances over every two comparisons that share one. This computes that sum
from sums by person, so that no comparison need be kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.error_sums import ErrorSums

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Spread:
    """How uncertain a rate is.

    `variance`: of the rate. `witnesses`: how many errors among strangers would tell as much of that
    variance (Satterthwaite's count of equal terms, by person; an error of a pair makes two people
    err, so half of them there). One person who makes every error is one witness, however many.
    """

    variance: float
    witnesses: float


def shared_residuals(sums: ErrorSums) -> float:
    """Products of residuals, summed over every two comparisons (ordered) that share a person.

    A comparison's residual is 1 (error) or 0, less the rate. A pair of people is met by both of
    them, so the squares of non-mated units would be counted twice and are taken off once.
    """
    residuals = _residuals(sums)
    by_person = float(residuals @ residuals)
    return by_person if sums.is_mated else by_person - _unit_squares(sums)


def spread(sums: ErrorSums) -> Spread:
    """Variance of the rate; both errors and trials must be there, and neither all nor none err.

    Two corrections of the plain sum. Residuals are from the rate that the same comparisons gave,
    which makes them too small: the sum is divided by the share of pairs of comparisons that have
    no person in common (for equally tried people, n / (n - 1) mated, and
    n(n - 1) / ((n - 2)(n - 3)) within a group, where it is unbiased). And it is no less than if
    people brought nothing to their comparisons, only pairs to theirs, since less is luck.
    """
    trials = float(sums.trials)
    shared = float(sums.person_trials @ sums.person_trials)
    if not sums.is_mated:
        shared -= sums.unit_trials_squared
    apart = 1 - shared / trials**2
    least = max(sums.rate * (1 - sums.rate) / trials, _unit_squares(sums) / trials**2)
    corrected = shared_residuals(sums) / trials**2 / apart if apart > 0 else 1.0
    # Where everyone errs alike nothing is left but rounding: then each is as much of a witness.
    squares = _residuals(sums) ** 2 + _ROUNDING
    people = float(squares.sum() ** 2 / (squares @ squares))
    return Spread(max(least, corrected), people if sums.is_mated else people / 2)


def _residuals(sums: ErrorSums) -> NDArray[np.float64]:
    residuals: NDArray[np.float64] = sums.person_errors - sums.rate * sums.person_trials
    return residuals


def _unit_squares(sums: ErrorSums) -> float:
    return (
        sums.unit_errors_squared
        - 2 * sums.rate * sums.unit_errors_times_trials
        + sums.rate**2 * sums.unit_trials_squared
    )
