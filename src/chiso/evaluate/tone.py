"""What changes with skin tone where nothing else does: levels, paired differences, intervals.

People are the sample and captures a fixed design, so the bootstrap draws people. All measures of an
audit share the same draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.intervals import wilson_by_people

Values = NDArray[np.float64]
"""float64; NaN where there was nothing to measure."""

BOOTSTRAP_DRAWS = 2000
CONFIDENCE = 0.95
FEW_DIFFERING = 5
"""Where fewer people (pairs of people) differ, the bootstrap does not know how rare that is.

A draw misses all of k people about once in e^k draws: once in 55 for four, in 148 for five. Far
fewer, and no draw has any: its interval would be a point.
"""


class Stage(StrEnum):
    """Where a photo is on its way to a decision."""

    DETECT = "detect"
    QUALITY = "quality"
    EMBED = "embed"
    DECIDE = "decide"


@dataclass(frozen=True, slots=True)
class Tones:
    """The tones compared: their numbers in order, and which one the others are compared with."""

    numbers: tuple[int, ...]
    base: int

    @property
    def base_index(self) -> int:
        """Where the base stands among the numbers."""
        return self.numbers.index(self.base)


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing measured at every tone.

    `levels`, `differences`: shape (people, tones), or (people, people, tones) and symmetric for
    what is measured between two people; the second is the first less its value at the base tone,
    over the captures that have both. `trials`, `events`: shape (tones,), int64, how many portraits
    or comparisons the levels rest on and, for a rate, in how many of them it happened.
    `margin`: the smallest difference that matters, None where nothing is concluded from it.
    `from_base`: it is itself measured from the base tone, where it has no value.
    """

    name: str
    stage: Stage
    levels: Values
    differences: Values
    trials: NDArray[np.int64]
    events: NDArray[np.int64] | None = None
    margin: float | None = None
    from_base: bool = False

    @property
    def is_rate(self) -> bool:
        """Whether it counts events."""
        return self.events is not None

    @property
    def people(self) -> int:
        """How many people were measured."""
        return int(self.levels.shape[0])


@dataclass(frozen=True, slots=True)
class Level:
    """A measure at one tone, with its 95 % interval over people; NaN where nobody had a value."""

    tone: int
    value: float
    interval: tuple[float, float]
    trials: int
    events: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure at one tone less the same people's at the base tone.

    `interval`: 95 % for this tone alone. `simultaneous`: wide enough that the intervals of all
    tones together hold the truth in 95 % of audits. `people`: those who have a value at both
    tones. `differing`: people (pairs of people, for what is measured between two) for whom there
    was any difference.
    """

    tone: int
    value: float
    interval: tuple[float, float]
    simultaneous: tuple[float, float]
    people: int
    differing: int


@dataclass(frozen=True, slots=True)
class ToneResult:
    """A measure, estimated at every tone and compared with the base tone at the others."""

    name: str
    stage: Stage
    is_rate: bool
    people: int
    margin: float | None
    levels: tuple[Level, ...]
    differences: tuple[Difference, ...]


def own_measure(
    name: str,
    stage: Stage,
    tones: Tones,
    values: Values,
    *,
    margin: float | None = None,
    is_rate: bool = False,
) -> Measure:
    """A measure of single people. `values`: shape (people, repeats, tones); rates are 0 and 1."""
    differences = values - values[:, :, [tones.base_index]]
    trials = np.count_nonzero(~np.isnan(values), axis=(0, 1))
    return Measure(
        name=name,
        stage=stage,
        levels=_mean_of_known(values, 1),
        differences=_mean_of_known(differences, 1),
        trials=trials.astype(np.int64),
        events=np.nansum(values, axis=(0, 1)).astype(np.int64) if is_rate else None,
        margin=margin,
    )


def draw_people(people: int, generator: np.random.Generator) -> Values:
    """Bootstrap draws, shape (draws, people): how often each person is in each."""
    drawn = generator.multinomial(people, np.full(people, 1 / people), size=BOOTSTRAP_DRAWS)
    return drawn.astype(np.float64)


def estimate(measure: Measure, tones: Tones, drawn: Values) -> ToneResult:
    """Levels and paired differences of a measure; `drawn` comes from `draw_people`."""
    return ToneResult(
        name=measure.name,
        stage=measure.stage,
        is_rate=measure.is_rate,
        people=measure.people,
        margin=measure.margin,
        levels=_levels(measure, tones, drawn),
        differences=() if measure.from_base else _differences(measure, tones, drawn),
    )


def weighted_means(values: Values, weights: Values) -> Values:
    """Means over people, or over pairs of different people; shape (draws, tones).

    A pair counts as often as a draw holds both; a person drawn twice makes no pair with herself.
    NaN where a draw holds nobody who has a value.
    """
    known = ~np.isnan(values)
    if values.ndim == 2:
        total = weights @ np.where(known, values, 0.0)
        count = weights @ known.astype(np.float64)
    else:
        known &= ~np.eye(len(values), dtype=bool)[:, :, np.newaxis]
        filled = np.where(known, values, 0.0)
        total = _over_pairs(filled, weights)
        count = _over_pairs(known.astype(np.float64), weights)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def nothing_seen_bound(people: int) -> float:
    """How common a thing may be that happened to none of so many people (Wilson, 95 %)."""
    return wilson_by_people(0.0, people)[1]


def rate_interval(interval: tuple[float, float], unseen: float) -> tuple[float, float]:
    """A rate's interval, no narrower than no event (or nothing but events) would leave it."""
    low, high = interval
    return min(low, 1 - unseen), max(high, unseen)


def rate_difference_interval(
    interval: tuple[float, float], unseen: float, differing: int
) -> tuple[float, float]:
    """A difference's interval; where few differ, no narrower than nobody differing leaves it."""
    if differing >= FEW_DIFFERING:
        return interval
    low, high = interval
    return min(low, -unseen), max(high, unseen)


def people_compared(values: Values) -> int:
    """How many people have a value: shape (people,), or (people, people) with anyone else."""
    known = ~np.isnan(values)
    if known.ndim == 1:
        return int(np.count_nonzero(known))
    return int(np.count_nonzero((known & ~np.eye(len(known), dtype=bool)).any(axis=1)))


def count_differing(values: Values) -> int:
    """How many people differ: shape (people,), or (people, people) and then how many pairs."""
    differing = ~np.isnan(values) & (values != 0)
    if differing.ndim == 1:
        return int(np.count_nonzero(differing))
    return int(np.count_nonzero(np.triu(differing, k=1)))


def people_needed(rate: float) -> int:
    """How many people without an event bound its rate by `rate`: `nothing_seen_bound` inverted."""
    fewest, most = 1, 1
    while nothing_seen_bound(most) > rate:
        fewest, most = most, 2 * most
    while fewest < most:
        middle = (fewest + most) // 2
        if nothing_seen_bound(middle) > rate:
            fewest = middle + 1
        else:
            most = middle
    return most


def _over_pairs(values: Values, weights: Values) -> Values:
    per_tone = [
        ((weights @ values[:, :, tone]) * weights).sum(axis=1) for tone in range(values.shape[2])
    ]
    return np.stack(per_tone, axis=1)


def _levels(measure: Measure, tones: Tones, drawn: Values) -> tuple[Level, ...]:
    values = weighted_means(measure.levels, np.ones((1, measure.people)))[0]
    draws = weighted_means(measure.levels, drawn)
    levels = []
    for index, tone in enumerate(tones.numbers):
        low, high = _percentiles(draws[:, index])
        if measure.is_rate and np.isfinite(values[index]):
            unseen = nothing_seen_bound(people_compared(measure.levels[..., index]))
            low, high = rate_interval((low, high), unseen)
        events = None if measure.events is None else int(measure.events[index])
        level = Level(tone, float(values[index]), (low, high), int(measure.trials[index]), events)
        levels.append(level)
    return tuple(levels)


def _differences(measure: Measure, tones: Tones, drawn: Values) -> tuple[Difference, ...]:
    others = [index for index in range(len(tones.numbers)) if index != tones.base_index]
    paired = measure.differences[..., others]
    values = weighted_means(paired, np.ones((1, measure.people)))[0]
    draws = weighted_means(paired, drawn)
    reach = _simultaneous_reach(values, draws)
    differences = []
    for column, index in enumerate(others):
        value = float(values[column])
        interval = _percentiles(draws[:, column])
        wide = (value - float(reach[column]), value + float(reach[column]))
        people = people_compared(paired[..., column])
        differing = count_differing(paired[..., column])
        if measure.is_rate and people:
            unseen = nothing_seen_bound(people)
            interval, wide = (
                rate_difference_interval(each, unseen, differing) for each in (interval, wide)
            )
        differences.append(
            Difference(tones.numbers[index], value, interval, wide, people, differing)
        )
    return tuple(differences)


def _simultaneous_reach(values: Values, draws: Values) -> Values:
    """How far each tone's interval reaches on both sides; shape (tones,).

    The largest studentised deviation over tones, whose 95 % quantile over draws scales every
    tone's standard error: Romano & Wolf (2005), "Exact and approximate stepdown methods for
    multiple hypothesis testing", the single-step case. NaN where a tone has no value.
    """
    told = np.isfinite(values) & np.isfinite(draws).any(axis=0)
    reach = np.full(len(values), np.nan)
    if not told.any():
        return reach
    errors = np.nanstd(draws[:, told], axis=0, ddof=1)
    spread = errors > 0
    reach[told] = 0.0
    if spread.any():
        deviations = np.abs(draws[:, told] - values[told])[:, spread] / errors[spread]
        whole = deviations[np.isfinite(deviations).all(axis=1)]
        factor = float(np.quantile(whole.max(axis=1), CONFIDENCE)) if len(whole) else np.nan
        reach[told] = factor * errors
    return reach


def _percentiles(draws: Values) -> tuple[float, float]:
    known = draws[np.isfinite(draws)]
    if not len(known):
        return float("nan"), float("nan")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _mean_of_known(values: Values, axis: int) -> Values:
    known = ~np.isnan(values)
    total, count = np.where(known, values, 0.0).sum(axis=axis), known.sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def measures_of(results: Sequence[ToneResult], stage: Stage) -> tuple[ToneResult, ...]:
    """The results of one stage, in order."""
    return tuple(each for each in results if each.stage is stage)
