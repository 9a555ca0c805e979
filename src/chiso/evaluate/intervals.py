"""Intervals for error rates that count people.

Comparisons that share a person are one person's luck many times over.
"""

from __future__ import annotations

from math import sqrt

from chiso.evaluate.dependence import spread
from chiso.evaluate.error_sums import ErrorSums
from chiso.evaluate.exact_bounds import exact_interval, exact_interval_by_person, units_by_weight
from chiso.evaluate.findings import IntervalMethod, Rate

_Z_95 = 1.959963984540054
# One unit is wrong or it is not: any rate does that.
_FEWEST_UNITS = 2
# One hub, or one error, cannot tell how alike comparisons are; two can begin to.
_FEWEST_WITNESSES = 2.0


def wilson_by_people(rate: float, people: int) -> tuple[float, float]:
    """95 % Wilson score interval of a rate, with the number of *people* as the sample size.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference". Taking
    people instead of comparisons keeps comparisons that share a person from counting as new
    evidence. It is a plain guard and no guarantee: where a few people are like everybody, the rate
    of false matches spreads wider than this. (0, 1) for nobody.
    """
    if people <= 0:
        return 0.0, 1.0
    low, high = _wilson(rate, people, _Z_95)
    return (0.0 if rate <= 0 else low), (1.0 if rate >= 1 else high)


def rate_of(sums: ErrorSums) -> Rate:
    """The rate, its counts and its 95 % interval, which counts people and not comparisons.

    The rate meant is that of comparisons: errors by trials, so that who has more of them weighs
    more. Nothing is assumed of whether those with many err like those with few.

    With fewer than two units that share no person: (0, 1). With no error, nothing but errors, or
    errors that bear witness of too few people to tell how alike comparisons are: the exact bound,
    which holds even where one person makes every error. Else Wilson's interval with the variance
    adjusted for comparisons that share a person, cut to the exact bound where that is narrower.
    `docs/coverage.md` shows how often these hold a known truth.
    """
    interval, method = _interval_of(sums)
    return Rate(sums.rate, sums.errors, sums.trials, sums.people, interval, method)


def _interval_of(sums: ErrorSums) -> tuple[tuple[float, float], IntervalMethod]:
    if sums.trials == 0 or sums.independent_units < _FEWEST_UNITS:
        return (0.0, 1.0), IntervalMethod.NONE
    exact = _exact(sums)
    if sums.errors in (0, sums.trials):
        return exact, IntervalMethod.EXACT
    found = spread(sums)
    if found.witnesses < _FEWEST_WITNESSES:
        return exact, IntervalMethod.EXACT
    # Errors within a pair of people tell of both, so nothing is taken off for the rate itself.
    degrees = found.witnesses - 1 if sums.is_mated else found.witnesses
    # As many comparisons as would vary so if they shared nobody.
    size = sums.rate * (1 - sums.rate) / found.variance
    low, high = _wilson(sums.rate, size, _student_95(degrees))
    method = IntervalMethod.WILSON if high <= exact[1] else IntervalMethod.EXACT
    return _narrower((low, high), exact), method


def _exact(sums: ErrorSums) -> tuple[float, float]:
    """The exact bound for errors and successes, with people who have more trials weighing more."""
    weights = sums.person_trials / sums.trials
    units = units_by_weight(weights, sums.independent_units)
    bound = exact_interval(sums.rate, units)
    if not sums.is_mated or sums.errors in (0, sums.trials):
        return bound
    some = float(weights @ (sums.person_errors > 0))
    every = float(weights @ (sums.person_errors == sums.person_trials))
    return _narrower(bound, exact_interval_by_person(some, every, units))


def _narrower(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return max(one[0], other[0]), min(one[1], other[1])


def _wilson(rate: float, size: float, quantile: float) -> tuple[float, float]:
    q2 = quantile**2
    centre = (rate + q2 / (2 * size)) / (1 + q2 / size)
    half = quantile * sqrt(rate * (1 - rate) / size + q2 / (4 * size**2)) / (1 + q2 / size)
    return max(0.0, centre - half), min(1.0, centre + half)


def _student_95(degrees: float) -> float:
    # Only an audit needs it, and scipy is slow to load.
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.975))
