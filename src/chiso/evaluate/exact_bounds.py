"""Bounds on an error rate that hold for any number of people, however alike their errors are."""

from __future__ import annotations

from math import inf, log

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
