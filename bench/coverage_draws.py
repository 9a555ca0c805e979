"""How often intervals hold a truth that is known, because the people were drawn to have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.error_sums import ErrorSums, mated_sums
from chiso.evaluate.findings import IntervalMethod, Rate
from chiso.evaluate.intervals import wilson_by_people

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dependence:
    """What comparisons have in common, as shares of the variance of their scores.

    `person`: of what a person brings to all her comparisons. `pair`: of what two people bring to
    all of theirs. The rest is each comparison's own.
    """

    name: str
    person: float
    pair: float


INDEPENDENT = Dependence("none", 0.0, 0.0)
MODERATE = Dependence("moderate", 0.2, 0.2)
STRONG = Dependence("strong", 0.6, 0.2)

Draw = Callable[[int, Sequence[float], np.random.Generator], list[ErrorSums]]
"""Draws so many people once: their errors at each of the true rates."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of the intervals of one true rate. Shares of repetitions; widths are medians.

    `above`, `below`: the interval lies above (below) the truth. `plain_*`: Wilson's interval over
    comparisons, as if they shared nobody. `adjusted`: how often the method was the adjusted Wilson.
    """

    truth: float
    repetitions: int
    covered: float
    above: float
    below: float
    width: float
    plain_covered: float
    plain_width: float
    adjusted: float


def coverage(
    draw: Draw,
    people: int,
    truths: Sequence[float],
    repetitions: int,
    method: Callable[[ErrorSums], Rate],
    rng: np.random.Generator,
) -> list[Coverage]:
    """Draw `people` people over and over; how often `method` holds each of the true rates."""
    rates: list[list[Rate]] = [[] for _ in truths]
    for _ in range(repetitions):
        for found, sums in zip(rates, draw(people, truths, rng), strict=True):
            found.append(method(sums))
    return [_summary(truth, found) for truth, found in zip(truths, rates, strict=True)]


def mated(dependence: Dependence) -> Draw:
    """False non-matches. Each person gives 2 or 3 samples, all compared: a score is person + own.

    Scores are normal with variance 1 whatever the dependence, so that the threshold that gives a
    true rate is its quantile. What a pair would share is the person's: she is both of them.
    """
    shared = dependence.person + dependence.pair

    def draw(people: int, truths: Sequence[float], rng: np.random.Generator) -> list[ErrorSums]:
        trials = np.where(rng.random(people) < 0.5, 1, 3)
        return _missed(trials, np.ones(people), shared, truths, rng)

    return draw


def uneven(samples: int) -> Draw:
    """False non-matches where a tenth of the people (one at least) gave so many samples each.

    The others gave two. Only those with many are ever missed, as often as makes the rate true of
    all comparisons together; what one of them has in common is as in `STRONG`. All of the people
    with few, who are most, then tell nothing of the rate.
    """
    many = samples * (samples - 1) // 2
    shared = STRONG.person + STRONG.pair

    def draw(people: int, truths: Sequence[float], rng: np.random.Generator) -> list[ErrorSums]:
        erring = np.arange(people) < max(1, round(people / 10))
        trials = np.where(erring, many, 1)
        times = erring * (trials.sum() / trials[erring].sum())
        return _missed(trials, times, shared, truths, rng)

    return draw


def _missed(
    trials: Ints, times: Floats, shared: float, truths: Sequence[float], rng: np.random.Generator
) -> list[ErrorSums]:
    """Sums at each true rate of people who each err so many `times` as often as it."""
    people = len(trials)
    person = np.repeat(np.arange(people), trials)
    scores = sqrt(shared) * rng.standard_normal(people)[person]
    scores += sqrt(1 - shared) * rng.standard_normal(len(person))
    found = []
    for truth in truths:
        limits = _quantile(np.minimum(truth * times, 1.0))
        errors = np.bincount(person[scores < limits[person]], minlength=people)
        found.append(mated_sums(errors.astype(np.float64), trials.astype(np.float64)))
    return found


def within(dependence: Dependence) -> Draw:
    """False matches within a group. A score is person + person + pair + own, as in `mated`."""

    def draw(people: int, truths: Sequence[float], rng: np.random.Generator) -> list[ErrorSums]:
        pairs = _Pairs(*np.triu_indices(people, 1), people, people // 2, rng)
        return pairs.sums_by_scores(dependence, truths)

    return draw


def across(dependence: Dependence) -> Draw:
    """False matches between two groups: the first half of the people, and the others."""

    def draw(people: int, truths: Sequence[float], rng: np.random.Generator) -> list[ErrorSums]:
        half = people // 2
        one, other = np.divmod(np.arange(half * (people - half)), people - half)
        return _Pairs(one, other + half, people, half, rng).sums_by_scores(dependence, truths)

    return draw


def rare_hubs(share: float) -> Draw:
    """False matches within a group where this share of people resemble everybody.

    Two others are matched falsely at a tenth of the true rate; who meets a hub, as often as makes
    the true rate true. Nothing else is shared.
    """
    plain = (1 - share) ** 2

    def draw(people: int, truths: Sequence[float], rng: np.random.Generator) -> list[ErrorSums]:
        pairs = _Pairs(*np.triu_indices(people, 1), people, people // 2, rng)
        is_hub = rng.random(people) < share
        meets = is_hub[pairs.one] | is_hub[pairs.other]
        chances = [(t / 10, t * (1 - plain / 10) / (1 - plain)) for t in truths]
        return [
            pairs.sums(rng.binomial(pairs.trials, np.where(meets, hub, other)))
            for other, hub in chances
        ]

    return draw


class _Pairs:
    """Pairs of people who each gave 2 or 3 samples, all compared with all of the other's."""

    def __init__(
        self, one: Ints, other: Ints, people: int, units: int, rng: np.random.Generator
    ) -> None:
        samples = np.where(rng.random(people) < 0.5, 2, 3)
        self.one, self.other, self.trials = one, other, samples[one] * samples[other]
        self._people, self._units, self._rng = people, units, rng
        self._by_person = self._per_person(self.trials)

    def sums_by_scores(self, dependence: Dependence, truths: Sequence[float]) -> list[ErrorSums]:
        """Errors of one draw of scores at the threshold of each true rate."""
        pair, scores = self._scores(dependence)
        count = len(self.one)
        return [
            self.sums(np.bincount(pair[scores > limit], minlength=count))
            for limit in -_quantile(np.array(truths))
        ]

    def sums(self, errors: Ints) -> ErrorSums:
        """The sums of errors by pair, shape (pairs,)."""
        return ErrorSums(
            errors=int(errors.sum()),
            trials=int(self.trials.sum()),
            person_errors=self._per_person(errors),
            person_trials=self._by_person,
            unit_errors_squared=float(errors @ errors),
            unit_errors_times_trials=float(errors @ self.trials),
            unit_trials_squared=float(self.trials @ self.trials),
            independent_units=self._units,
            is_mated=False,
        )

    def _scores(self, dependence: Dependence) -> tuple[Ints, NDArray[np.float32]]:
        """Pair and score of every comparison; single precision is far finer than any spread."""
        normal = self._rng.standard_normal
        effects = normal(self._people, dtype=np.float32) * np.float32(sqrt(dependence.person / 2))
        shared = effects[self.one] + effects[self.other]
        shared += normal(len(self.one), dtype=np.float32) * np.float32(sqrt(dependence.pair))
        pair = np.repeat(np.arange(len(self.one)), self.trials)
        own = np.float32(sqrt(1 - dependence.person - dependence.pair))
        return pair, shared[pair] + own * normal(len(pair), dtype=np.float32)

    def _per_person(self, counts: Ints) -> Floats:
        one = np.bincount(self.one, counts, self._people)
        both = one + np.bincount(self.other, counts, self._people)
        return both.astype(np.float64)


def _quantile(truths: Floats) -> Floats:
    from scipy.special import ndtri

    quantiles: Floats = ndtri(truths)
    return quantiles


def _summary(truth: float, rates: list[Rate]) -> Coverage:
    bounds = np.array([rate.interval for rate in rates])
    plain = np.array([wilson_by_people(rate.value, rate.trials) for rate in rates])
    above, below = bounds[:, 0] > truth, bounds[:, 1] < truth
    plain_missed = (plain[:, 1] < truth) | (plain[:, 0] > truth)
    return Coverage(
        truth=truth,
        repetitions=len(rates),
        covered=1 - float((above | below).mean()),
        above=float(above.mean()),
        below=float(below.mean()),
        width=float(np.median(np.diff(bounds))),
        plain_covered=1 - float(plain_missed.mean()),
        plain_width=float(np.median(np.diff(plain))),
        adjusted=sum(rate.method is IntervalMethod.WILSON for rate in rates) / len(rates),
    )
