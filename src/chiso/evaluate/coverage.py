"""How often intervals hold a truth that is known, because the people were drawn to have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.error_sums import ErrorSums
from chiso.evaluate.findings import IntervalMethod, Rate

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dependence:
    """What comparisons have in common, as shares of the variance of their scores.

    `person`: of what a person brings to all her comparisons. `pair`: of what two people bring to
    all of theirs. The rest is each comparison's own.
    """

    name: str
    person: float
    pair: float


NONE = Dependence("none", 0.0, 0.0)
MODERATE = Dependence("moderate", 0.2, 0.2)
STRONG = Dependence("strong", 0.6, 0.2)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of the intervals of one true rate. Shares of repetitions; widths are medians.

    `missed_low`: the truth lies above the interval; `missed_high`: below. `plain_*`: Wilson's
    interval over comparisons, as if they shared nobody. `by_method`: shares of repetitions.
    """

    truth: float
    repetitions: int
    covered: float
    missed_low: float
    missed_high: float
    width: float
    plain_covered: float
    plain_width: float
    by_method: dict[IntervalMethod, float]


def coverage(
    is_mated: bool,
    people: int,
    dependence: Dependence,
    truths: Sequence[float],
    repetitions: int,
    method: Callable[[ErrorSums], Rate],
    rng: np.random.Generator,
) -> list[Coverage]:
    """Draw `people` people over and over; how often `method` holds each of the true rates.

    Each person gives 2 or 3 samples. A score is normal with variance 1, whatever the dependence,
    so the threshold that gives a true rate is exact: its quantile.
    """
    draw = mated_sums if is_mated else nonmated_sums
    rates: list[list[Rate]] = [[] for _ in truths]
    for _ in range(repetitions):
        for found, sums in zip(rates, draw(people, dependence, truths, rng), strict=True):
            found.append(method(sums))
    return [_summary(truth, found) for truth, found in zip(truths, rates, strict=True)]


def mated_sums(
    people: int, dependence: Dependence, truths: Sequence[float], rng: np.random.Generator
) -> list[ErrorSums]:
    """Errors of one draw of people at each true FNMR: scores are person + comparison.

    What a pair shares is shared by all the comparisons of a person with herself, so it is hers.
    """
    trials = np.where(rng.random(people) < 0.5, 1, 3)
    shared = dependence.person + dependence.pair
    person = np.repeat(np.arange(people), trials)
    scores = np.sqrt(shared) * rng.standard_normal(people)[person]
    scores += np.sqrt(1 - shared) * rng.standard_normal(len(person))
    found = []
    for wrong in (scores < _quantile(truth) for truth in truths):
        errors = np.bincount(person[wrong], minlength=people)
        found.append(
            ErrorSums(
                errors=int(errors.sum()),
                trials=int(trials.sum()),
                person_errors=errors.astype(np.float64),
                person_trials=trials.astype(np.float64),
                unit_errors_squared=float(errors @ errors),
                unit_errors_times_trials=float(errors @ trials),
                unit_trials_squared=float(trials @ trials),
                independent_units=people,
                is_mated=True,
            )
        )
    return found


def nonmated_sums(
    people: int, dependence: Dependence, truths: Sequence[float], rng: np.random.Generator
) -> list[ErrorSums]:
    """Errors of one draw of people at each true FMR: scores are person + person + pair + own."""
    one, other = np.triu_indices(people, 1)
    samples = np.where(rng.random(people) < 0.5, 2, 3)
    trials = samples[one] * samples[other]
    pair, scores = _nonmated_scores(one, other, trials, people, dependence, rng)
    by_person = _by_person(one, other, trials, people)
    found = []
    for wrong in (scores > -_quantile(truth) for truth in truths):
        units, errors = np.unique(pair[wrong], return_counts=True)
        found.append(
            ErrorSums(
                errors=int(errors.sum()),
                trials=int(trials.sum()),
                person_errors=_by_person(one[units], other[units], errors, people),
                person_trials=by_person,
                unit_errors_squared=float(errors @ errors),
                unit_errors_times_trials=float(errors @ trials[units]),
                unit_trials_squared=float(trials @ trials),
                independent_units=people // 2,
                is_mated=False,
            )
        )
    return found


def _nonmated_scores(
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    trials: NDArray[np.int64],
    people: int,
    dependence: Dependence,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Pair and score of every comparison."""
    effects = np.sqrt(dependence.person / 2) * rng.standard_normal(people, dtype=np.float32)
    shared = effects[one] + effects[other]
    shared += np.sqrt(dependence.pair) * rng.standard_normal(len(one), dtype=np.float32)
    pair = np.repeat(np.arange(len(one)), trials)
    own = np.sqrt(1 - dependence.person - dependence.pair)
    scores = shared[pair] + own * rng.standard_normal(len(pair), dtype=np.float32)
    return pair, scores.astype(np.float32)


def _by_person(
    one: NDArray[np.int64], other: NDArray[np.int64], counts: NDArray[np.int64], people: int
) -> Floats:
    first = np.bincount(one, counts, people)
    second = np.bincount(other, counts, people)
    both: Floats = (first + second).astype(np.float64)
    return both


def _quantile(truth: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(truth))


def _summary(truth: float, rates: list[Rate]) -> Coverage:
    bounds = np.array([rate.interval for rate in rates])
    plain = _plain_wilson(
        np.array([rate.value for rate in rates]), np.array([rate.trials for rate in rates])
    )
    above, below = bounds[:, 1] < truth, bounds[:, 0] > truth
    plain_missed = (plain[:, 1] < truth) | (plain[:, 0] > truth)
    return Coverage(
        truth=truth,
        repetitions=len(rates),
        covered=1 - float((above | below).mean()),
        missed_low=float(above.mean()),
        missed_high=float(below.mean()),
        width=float(np.median(np.diff(bounds))),
        plain_covered=1 - float(plain_missed.mean()),
        plain_width=float(np.median(np.diff(plain))),
        by_method={
            method: sum(rate.method is method for rate in rates) / len(rates)
            for method in IntervalMethod
        },
    )


def _plain_wilson(rate: Floats, trials: NDArray[np.int64]) -> Floats:
    """Wilson's intervals with comparisons as the sample size, shape (n, 2)."""
    z2 = _quantile(0.975) ** 2
    centre = rate + z2 / (2 * trials)
    half = np.sqrt(z2 * (rate * (1 - rate) / trials + z2 / (4 * trials**2)))
    bounds: Floats = np.stack([centre - half, centre + half], axis=1)
    return bounds / (1 + z2 / trials)[:, None]
