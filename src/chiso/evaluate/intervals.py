"""Intervals for error rates that count people.

Comparisons that share a person are one person's luck many times over.
"""

from __future__ import annotations

from math import sqrt

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
