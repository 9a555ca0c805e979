"""Comparisons among people who were each photographed several times at every skin tone.

`vectors` is always of shape (people, captures, tones, dimensions), float32, unit length, NaN where
there is no template. Scores are cosines: higher is more alike. Two templates are compared across
captures only: people who share a capture share its light and camera as well.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.tone import Measure, Stage, Tones, Values

Vectors = NDArray[np.float32]
Reading = Callable[[Values], Values]
"""What is read off scores, element by element: the angle, or whether it is a match."""


def angles_deg(scores: Values) -> Values:
    """Angles between templates in degrees, [0, 180]; NaN stays NaN."""
    return np.degrees(np.arccos(np.clip(scores, -1.0, 1.0)))


def matches_at(threshold: float) -> Reading:
    """A reading that is 1 where a score is a match, 0 where it is none; NaN stays NaN."""
    return lambda scores: np.where(np.isnan(scores), np.nan, (scores >= threshold) * 1.0)


def misses_at(threshold: float) -> Reading:
    """A reading that is 1 where a score is no match, 0 where it is one; NaN stays NaN."""
    return lambda scores: np.where(np.isnan(scores), np.nan, (scores < threshold) * 1.0)


def same_person(vectors: Vectors) -> Values:
    """Scores of each person with herself, both photos at one tone: (people, capture pairs, tones).

    Every pair of captures, once.
    """
    first, second = np.triu_indices(vectors.shape[1], k=1)
    return _dots(vectors[:, first], vectors[:, second])


def same_person_across_tones(vectors: Vectors, base: int) -> Values:
    """As `same_person`, one photo at each tone and the other at tone index `base`.

    Every ordered pair of captures: shape (people, captures · (captures - 1), tones).
    """
    first, second = np.nonzero(~np.eye(vectors.shape[1], dtype=bool))
    return _dots(vectors[:, first], vectors[:, second][:, :, [base]])


def moved_by_tone(vectors: Vectors, base: int) -> Values:
    """Scores of each photo with itself at tone index `base`: (people, captures, tones)."""
    return _dots(vectors, vectors[:, :, [base]])


def different_people(
    name: str,
    stage: Stage,
    tones: Tones,
    vectors: Vectors,
    reading: Reading,
    *,
    margin: float | None = None,
    is_rate: bool = False,
    against_base: bool = False,
) -> Measure:
    """A measure between every two people, over all pairs of different captures.

    Both photos are at the same tone; with `against_base`, one of them is at the base tone.
    """
    people, _, count, _ = vectors.shape
    levels, differences = (np.full((people, people, count), np.nan) for _ in range(2))
    trials, events = np.zeros(count, np.int64), np.zeros(count, np.int64)
    at_base = _read(vectors, tones.base_index, tones.base_index, reading)
    for tone in range(count):
        other_tone = tones.base_index if against_base else tone
        values = _read(vectors, tone, other_tone, reading)
        ordered = 2 if tone == other_tone else 1  # then (one, other) and (other, one) are one
        levels[:, :, tone] = _pair_means(values)
        differences[:, :, tone] = _pair_means(values - at_base)
        trials[tone] = np.count_nonzero(~np.isnan(values)) // ordered
        events[tone] = round(float(np.nansum(values))) // ordered if is_rate else 0
    return Measure(
        name, stage, levels, differences, trials, events if is_rate else None, margin=margin
    )


def across_all_tones(vectors: Vectors, reading: Reading) -> tuple[Values, Values, int, int]:
    """The mean reading of every two people at the same tone, and at different tones.

    Two arrays of shape (people, people, 1), then how many comparisons each rests on.
    """
    people, _, tones, _ = vectors.shape
    sums, counts = np.zeros((2, people, people)), np.zeros((2, people, people))
    for one in range(tones):
        for other in range(tones):
            values = _read(vectors, one, other, reading)
            kind = int(one != other)
            sums[kind] += np.nansum(values, axis=(1, 3))
            counts[kind] += np.count_nonzero(~np.isnan(values), axis=(1, 3))
    means = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    same, different = ((each + each.T)[:, :, np.newaxis] / 2 for each in means)
    return same, different, int(counts[0].sum()) // 2, int(counts[1].sum()) // 2


def _read(vectors: Vectors, one: int, other: int, reading: Reading) -> Values:
    """Readings of all pairs of different people and captures; (people, captures) twice over."""
    people, captures, _, dimensions = vectors.shape
    left = vectors[:, :, one].reshape(-1, dimensions).astype(np.float64)
    right = vectors[:, :, other].reshape(-1, dimensions).astype(np.float64)
    scores = (left @ right.T).reshape(people, captures, people, captures)
    scores[np.arange(people), :, np.arange(people)] = np.nan
    scores[:, np.arange(captures), :, np.arange(captures)] = np.nan
    return reading(scores)


def _pair_means(values: Values) -> Values:
    """Means over the captures of both, then over both directions: (people, people), symmetric."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=(1, 3))
    count = known.sum(axis=(1, 3))
    total, count = total + total.T, count + count.T
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _dots(one: Vectors, other: Vectors) -> Values:
    return np.asarray((one.astype(np.float64) * other.astype(np.float64)).sum(axis=-1))
