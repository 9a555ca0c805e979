"""Intervals for error rates that count people.

Comparisons that share a person are one person's luck many times over.
"""

from __future__ import annotations

from math import sqrt

from chiso.evaluate.dependence import spread
from chiso.evaluate.error_sums import ErrorSums
from chiso.evaluate.exact_bounds import exact_interval
from chiso.evaluate.findings import IntervalMethod, Rate

_Z_95 = 1.959963984540054


def wilson_by_people(rate: float, people: int) -> tuple[float, float]:
    """95 % Wilson score interval of a rate, with the number of *people* as the sample size.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference". Taking
    people instead of comparisons keeps comparisons that share a person from counting as new
    evidence. It is a plain guard and no guarantee: where a few people are like everybody, the rate
    of false matches spreads wider than this. (0, 1) for nobody.
    """
    if people <= 0:
        return 0.0, 1.0
    z2 = _Z_95**2
    centre = (rate + z2 / (2 * people)) / (1 + z2 / people)
    half = _Z_95 * sqrt(rate * (1 - rate) / people + z2 / (4 * people**2)) / (1 + z2 / people)
    low = 0.0 if rate <= 0 else max(0.0, centre - half)
    high = 1.0 if rate >= 1 else min(1.0, centre + half)
    return low, high


def rate_of(sums: ErrorSums) -> Rate:
    """The rate, its counts and its 95 % interval, which counts people and not comparisons.

    The narrower, at each end, of two: Wilson's, with the variance adjusted for comparisons that
    share a person and Student's t of the people that the variance rests on; and the exact bound
    over units that share no person, which holds even where one or two people make every error.
    `method` names the one that the upper end is of. Fewer than two such units: (0, 1).
    """
    interval, method = _interval_of(sums)
    return Rate(sums.rate, sums.errors, sums.trials, sums.people, interval, method)


def _interval_of(sums: ErrorSums) -> tuple[tuple[float, float], IntervalMethod]:
    if sums.trials == 0 or sums.independent_units < 2:
        return (0.0, 1.0), IntervalMethod.NONE
    if sums.errors in (0, sums.trials):
        return exact_interval(sums.rate, sums.independent_units), IntervalMethod.EXACT
    exact = exact_interval(sums.rate, sums.independent_units)
    wilson = _adjusted_wilson(sums)
    method = IntervalMethod.WILSON if wilson[1] <= exact[1] else IntervalMethod.EXACT
    return (max(wilson[0], exact[0]), min(wilson[1], exact[1])), method


def _adjusted_wilson(sums: ErrorSums) -> tuple[float, float]:
    """Wilson's interval with as many comparisons as would vary alike if they shared nobody."""
    from scipy.special import stdtrit

    found = spread(sums)
    t2 = float(stdtrit(max(found.carriers - 1, 1), 0.975)) ** 2
    size = sums.rate * (1 - sums.rate) / found.variance
    centre = (sums.rate + t2 / (2 * size)) / (1 + t2 / size)
    half = sqrt(t2 * (sums.rate * (1 - sums.rate) / size + t2 / (4 * size**2))) / (1 + t2 / size)
    return max(0.0, centre - half), min(1.0, centre + half)
