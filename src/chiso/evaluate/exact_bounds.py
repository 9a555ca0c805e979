"""Bounds on an error rate of people drawn independently, whatever law their errors follow.

The rate meant is that of comparisons, errors by trials, so that who has more of them weighs more:
that of all people who have as many each as these. Nothing is assumed of whether those with many err
like those with few.
"""

from __future__ import annotations

from math import exp, inf, log

import numpy as np
from numpy.typing import NDArray

_LOG_ODDS_95 = log(2 / 0.05)
_HALVINGS = 60


def divergence(observed: float, truth: float) -> float:
    """Kullback–Leibler divergence of two coins that fall heads `observed` and `truth` often, nats.

    Both in [0, 1]; 0 · log 0 counts as 0.
    """
    heads = _log_ratio(observed, truth)
    return heads + _log_ratio(1 - observed, 1 - truth)


def exact_interval(rate: float, units: float) -> tuple[float, float]:
    """95 % interval of the mean of comparisons among which `units` share no person.

    Every p with units · KL(rate ‖ p) at most ln(2 / 0.05). Hoeffding (1963), "Probability
    inequalities for sums of bounded random variables", theorem 1 for independent units and
    section 5a for averages over all pairs of people: such an average is a mean over matchings of
    people, each a mean of independent terms, and convexity gives it the bound of one of them. So it
    holds whatever pairs that share a person have in common. At no error it is
    (0, 1 - 0.025^(1 / units)), the exact binomial bound; between, it is wider than most methods.
    """
    if units <= 0:
        return 0.0, 1.0
    most = _LOG_ODDS_95 / units
    low = 0.0 if rate <= 0 else _farthest(rate, 0.0, most)
    high = 1.0 if rate >= 1 else _farthest(rate, 1.0, most)
    if rate <= 0:
        high = 1 - 0.025 ** (1 / units)
    if rate >= 1:
        low = 0.025 ** (1 / units)
    return low, high


def exact_interval_by_person(some: float, every: float, people: float) -> tuple[float, float]:
    """95 % interval of a rate over people who each have comparisons of their own.

    `some`, `every`: shares of people with at least one error and with nothing but errors; `people`:
    how many. The first share is at least the rate and the second at most, so the upper end is that
    of Clopper and Pearson (1934), "The use of confidence or fiducial limits", for the first and the
    lower end theirs for the second. With one comparison a person it is their interval.
    """
    # Only an audit needs it, and scipy is slow to load.
    from scipy.special import betaincinv

    erring, failing = some * people, every * people
    low = betaincinv(failing, people - failing + 1, 0.025) if failing > 0 else 0.0
    high = betaincinv(erring + 1, people - erring, 0.975) if erring < people else 1.0
    return float(low), float(high)


def units_by_weight(shares: NDArray[np.float64], most: float) -> float:
    """How many units of equal trials would bound the rate as these do where nothing is wrong.

    `shares`: of all trials, those that a person takes part in, shape (people,); they sum to 1
    (mated) or to 2 (non-mated). `most`: units that share no person. Even shares: their number
    (half of it), at most `most`.

    Independent units of weight w that err with chance p show no error with the chance Π (1 - p).
    Of all p that leave this at 2.5 %, the highest rate Σ wp has 1 - p = 1 / λw for those with
    λw > 1 and p = 0 for the others (a Lagrange multiplier λ): the worst is where the few with many
    trials err. A non-mated comparison counts for the one of its two people who
    has more: then no person counts for more than a unit, and the heaviest people until their
    shares make up the whole are the least that this can come to.
    """
    heaviest = np.sort(shares)[::-1]
    if heaviest[0] == heaviest[-1]:
        return min(most, 1 / float(heaviest[0]))
    # The last one may be a part of a unit.
    before = np.cumsum(heaviest) - heaviest
    parts = np.clip((1 - before) / heaviest, 0.0, 1.0)
    heaviest, parts = heaviest[parts > 0], parts[parts > 0]
    spread = min(1.0, most / float(parts.sum()))
    logs = np.log(heaviest)
    multipliers = (_LOG_ODDS_95 / spread - np.cumsum(parts * logs)) / np.cumsum(parts)
    erring = int(np.flatnonzero(multipliers + logs > 0)[-1]) + 1
    kept = float(parts[:erring].sum()) * exp(-multipliers[erring - 1])
    right = 1 - float(parts[:erring] @ heaviest[:erring]) + kept
    return _LOG_ODDS_95 / -log(right)


def _log_ratio(share: float, truth: float) -> float:
    if share <= 0:
        return 0.0
    return inf if truth <= 0 else share * log(share / truth)


def _farthest(rate: float, end: float, most: float) -> float:
    """The point between `rate` and `end` where the divergence reaches `most`, by halving."""
    inside, outside = rate, end
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        if divergence(rate, middle) <= most:
            inside = middle
        else:
            outside = middle
    return outside
