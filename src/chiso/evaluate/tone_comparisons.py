"""Comparisons among people who were each photographed several times at every skin tone.

Scores are cosines: higher is more alike. A comparison is of a reference's template of one photo
with a probe's of another, as when people are recognised, so that each two photos give two: either
may have been enrolled. They are of two captures always: people who share a capture share its light
and camera as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.tone import Measure, Stage, Tones, Values, own_measure

Vectors = NDArray[np.float32]
Reading = Callable[[Values], Values]
"""What is read off scores, element by element: the angle, or whether it is a match."""


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """What every photo gives as a reference and as a probe.

    Each of shape (people, captures, tones, dimensions), float32, unit length, NaN where there is no
    template.
    """

    references: Vectors
    probes: Vectors


def angles_deg(scores: Values) -> Values:
    """Angles between templates in degrees, [0, 180]; NaN stays NaN."""
    return np.degrees(np.arccos(np.clip(scores, -1.0, 1.0)))


def matches_at(threshold: float) -> Reading:
    """A reading that is 1 where a score is a match, 0 where it is none; NaN stays NaN."""
    return lambda scores: np.where(np.isnan(scores), np.nan, (scores >= threshold) * 1.0)


def misses_at(threshold: float) -> Reading:
    """A reading that is 1 where a score is no match, 0 where it is one; NaN stays NaN."""
    return lambda scores: np.where(np.isnan(scores), np.nan, (scores < threshold) * 1.0)


def same_person(templates: Templates) -> Values:
    """Scores of each person with herself, both photos at one tone.

    Every ordered pair of captures: shape (people, captures · (captures - 1), tones).
    """
    enrolled, shown = _two_captures(templates)
    return _dots(templates.references[:, enrolled], templates.probes[:, shown])


def across_from_base(
    name: str,
    stage: Stage,
    tones: Tones,
    templates: Templates,
    reading: Reading,
    *,
    is_rate: bool = False,
) -> Measure:
    """A measure of each person with herself, one photo at each tone and the other at the base.

    Either is the reference once. At the base tone both ways are one, and are counted once.
    """
    enrolled, shown = _two_captures(templates)
    references, probes = templates.references[:, enrolled], templates.probes[:, shown]
    base = [tones.base_index]
    both = [_dots(references[:, :, base], probes), _dots(references, probes[:, :, base])]
    values = reading(np.concatenate(both, axis=1))
    measure = own_measure(name, stage, tones, values, is_rate=is_rate)
    ways = np.array([1 if number != tones.base else 2 for number in tones.numbers])
    events = None if measure.events is None else measure.events // ways
    return replace(measure, trials=measure.trials // ways, events=events)


def moved_by_tone(templates: Templates, base: int) -> Values:
    """Scores of each photo with itself at tone index `base`: (people, captures, tones).

    Probe with probe: this is no comparison of anybody, but how far a template moves when nothing
    but the tone does, and both ends of a move have to be made in one way.
    """
    return _dots(templates.probes, templates.probes[:, :, [base]])


def different_people(
    name: str,
    stage: Stage,
    tones: Tones,
    templates: Templates,
    reading: Reading,
    *,
    margin: float | None = None,
    is_rate: bool = False,
    against_base: bool = False,
) -> Measure:
    """A measure between every two people, over all ordered pairs of different captures.

    Both photos are at the same tone; with `against_base`, the reference or the probe is at the base
    tone and the other at each, both ways.
    """
    people, _, count, _ = templates.probes.shape
    levels, differences = (np.full((people, people, count), np.nan) for _ in range(2))
    trials, events = np.zeros(count, np.int64), np.zeros(count, np.int64)
    at_base = _read(templates, tones.base_index, tones.base_index, reading)
    for tone in range(count):
        other_tone = tones.base_index if against_base else tone
        ways = {(tone, other_tone), (other_tone, tone)}  # one, where both tones are the same
        values = [_read(templates, *way, reading) for way in sorted(ways)]
        levels[:, :, tone] = _pair_means(values)
        differences[:, :, tone] = _pair_means([each - at_base for each in values])
        trials[tone] = sum(np.count_nonzero(~np.isnan(each)) for each in values)
        events[tone] = round(sum(float(np.nansum(each)) for each in values)) if is_rate else 0
    return Measure(
        name, stage, levels, differences, trials, events if is_rate else None, margin=margin
    )


def across_all_tones(templates: Templates, reading: Reading) -> tuple[Values, Values, int, int]:
    """The mean reading of every two people at the same tone, and at different tones.

    Two arrays of shape (people, people, 1), symmetric, then how many comparisons each rests on.
    """
    people, _, tones, _ = templates.probes.shape
    sums, counts = np.zeros((2, people, people)), np.zeros((2, people, people))
    for one in range(tones):
        for other in range(tones):
            values = _read(templates, one, other, reading)
            kind = int(one != other)
            sums[kind] += np.nansum(values, axis=(1, 3))
            counts[kind] += np.count_nonzero(~np.isnan(values), axis=(1, 3))
    same, different = (
        _both_ways(total, count)[:, :, np.newaxis]
        for total, count in zip(sums, counts, strict=True)
    )
    return same, different, int(counts[0].sum()), int(counts[1].sum())


def _two_captures(templates: Templates) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Every ordered pair of different captures: that of the reference, that of the probe."""
    enrolled, shown = np.nonzero(~np.eye(templates.probes.shape[1], dtype=bool))
    return enrolled, shown


def _read(templates: Templates, one: int, other: int, reading: Reading) -> Values:
    """Readings of references at tone `one` with probes at `other`: (people, captures) twice over.

    Of different people and captures only; NaN elsewhere.
    """
    people, captures, _, dimensions = templates.probes.shape
    left = templates.references[:, :, one].reshape(-1, dimensions).astype(np.float64)
    right = templates.probes[:, :, other].reshape(-1, dimensions).astype(np.float64)
    scores = (left @ right.T).reshape(people, captures, people, captures)
    scores[np.arange(people), :, np.arange(people)] = np.nan
    scores[:, np.arange(captures), :, np.arange(captures)] = np.nan
    return reading(scores)


def _pair_means(readings: Sequence[Values]) -> Values:
    """Means over the captures of both and over all readings: (people, people), symmetric."""
    total = sum(np.nansum(each, axis=(1, 3)) for each in readings)
    count = sum(np.count_nonzero(~np.isnan(each), axis=(1, 3)) for each in readings)
    return _both_ways(np.asarray(total), np.asarray(count))


def _both_ways(total: Values, count: Values) -> Values:
    """Means of sums by person of the reference and of the probe, whichever of two is which."""
    total, count = total + total.T, count + count.T
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _dots(one: Vectors, other: Vectors) -> Values:
    return np.asarray((one.astype(np.float64) * other.astype(np.float64)).sum(axis=-1))
