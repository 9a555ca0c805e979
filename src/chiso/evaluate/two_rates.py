"""Ratio and difference of two independent rates, with intervals made from theirs.

The method of variance estimates recovery (MOVER): it keeps what each interval says of its own side,
so that exact and adjusted intervals go in as they are.
"""

from __future__ import annotations

from math import inf, nan, sqrt

from chiso.evaluate.findings import Rate


def rate_ratio(one: Rate, other: Rate) -> tuple[float, tuple[float, float]]:
    """`one` by `other`, and its 95 % interval; the upper end is infinite where `other` may be 0.

    Donner and Zou (2012), "Closed-form confidence intervals for functions of the normal mean and
    standard deviation", MOVER-R, written so that nothing is divided by a difference that may
    vanish. NaN with (0, inf) where both are 0 or one has no trials.
    """
    if not (one.trials and other.trials) or one.value == other.value == 0:
        return nan, (0.0, inf)
    (low, high), (other_low, other_high) = one.interval, other.interval
    product = one.value * other.value
    below = low * (2 * one.value - low)
    root = sqrt(max(0.0, product**2 - below * other_high * (2 * other.value - other_high)))
    lower = below / (product + root) if product + root > 0 else 0.0
    beneath = other_low * (2 * other.value - other_low)
    if beneath <= 0:
        return (one.value / other.value if other.value else inf), (lower, inf)
    upper_root = sqrt(max(0.0, product**2 - high * (2 * one.value - high) * beneath))
    return one.value / other.value, (lower, (product + upper_root) / beneath)


def rate_difference(one: Rate, other: Rate) -> tuple[float, tuple[float, float]]:
    """`one` less `other`, and its 95 % interval.

    Newcombe (1998), "Interval estimation for the difference between independent proportions",
    method 10, with the intervals given. NaN with (-1, 1) where one has no trials.
    """
    if not (one.trials and other.trials):
        return nan, (-1.0, 1.0)
    (low, high), (other_low, other_high) = one.interval, other.interval
    difference = one.value - other.value
    down = sqrt((one.value - low) ** 2 + (other_high - other.value) ** 2)
    up = sqrt((high - one.value) ** 2 + (other.value - other_low) ** 2)
    return difference, (difference - down, difference + up)
