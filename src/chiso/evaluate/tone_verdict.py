"""Three-valued verdicts on skin tone: no difference found, a difference, cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from chiso.evaluate.tone import (
    FEW_DIFFERING,
    Difference,
    Stage,
    ToneResult,
    measures_of,
    nothing_seen_bound,
)

MIN_PEOPLE = 10
"""A bootstrap over fewer people says too little about people: nothing is concluded from a tone at
which fewer can be compared."""


class Outcome(StrEnum):
    """What an audit can say about a measure or a stage."""

    NONE = "no difference found"
    DIFFERENCE = "difference"
    CANNOT_TELL = "cannot tell"


class Doubt(StrEnum):
    """Why nothing can be told."""

    FEW_PEOPLE = "few-people"
    UNMEASURED = "unmeasured"
    RARE = "rare"
    """Hardly anyone differs, but so few people leave a difference open that matters."""
    WIDE = "wide"
    """An interval holds both a difference that matters and one that does not."""
    SMALL = "small"
    """Whatever was seen is too small to matter, but so few people do not clear a rate."""


@dataclass(frozen=True, slots=True)
class MeasureVerdict:
    """What one measure's differences from the base tone amount to.

    `largest`: among the differences that settle the verdict, or keep it open, the largest of those
    whose interval leaves out zero; the largest of all where none does. `ruled_out`: without a
    difference, the smallest size that the people measured rule out.
    """

    name: str
    outcome: Outcome
    margin: float
    largest: Difference | None
    ruled_out: float | None
    doubt: Doubt | None


@dataclass(frozen=True, slots=True)
class StageVerdict:
    """What the measures of a stage amount to, the one that decides it first."""

    stage: Stage
    outcome: Outcome
    measures: tuple[MeasureVerdict, ...]


def judge(result: ToneResult) -> MeasureVerdict:
    """The verdict on one measure that has a margin.

    1. At some tone, measured of at least MIN_PEOPLE people, the simultaneous interval leaves out
       zero, and the difference is at least the margin: a difference, whatever the others are.
    2. At some tone nothing was measured, or of fewer people: cannot tell.
    3. At every tone the simultaneous interval lies within the margin on both sides and, for a rate,
       so does what no event among so many people would leave open: no difference found.
    4. Otherwise: cannot tell.

    Raises ValueError where it has no margin.
    """
    if result.margin is None:
        raise ValueError(f"{result.name} has no margin: nothing is concluded from it")
    told = [each for each in result.differences if isfinite(sum(each.simultaneous))]
    enough = [each for each in told if each.people >= MIN_PEOPLE]
    seen = [each for each in enough if _excludes_zero(each) and abs(each.value) >= result.margin]
    if seen:  # 1
        largest = max(seen, key=_prominence)
        return MeasureVerdict(
            result.name, Outcome.DIFFERENCE, result.margin, largest, None, doubt=None
        )
    if len(enough) < len(result.differences) or not enough:  # 2
        largest_told = max(told, key=_prominence, default=None)
        is_whole = bool(told) and len(told) == len(result.differences)
        doubt = Doubt.FEW_PEOPLE if is_whole else Doubt.UNMEASURED
        return _undecided(result, result.margin, largest_told, None, doubt)
    unseen = nothing_seen_bound(min(each.people for each in enough)) if result.is_rate else 0.0
    ruled_out = max(unseen, *(_reach(each) for each in enough))
    if ruled_out <= result.margin:  # 3
        largest = max(enough, key=_prominence)
        return MeasureVerdict(
            result.name, Outcome.NONE, result.margin, largest, ruled_out, doubt=None
        )
    beyond = [each for each in enough if _reach(each) > result.margin]  # 4
    largest = max(beyond or enough, key=_prominence)
    doubt = Doubt.WIDE if beyond else Doubt.SMALL
    is_rare = largest.differing < FEW_DIFFERING and _reach(largest) <= unseen
    if is_rare and not any(_excludes_zero(each) for each in enough):
        doubt = Doubt.RARE
    return _undecided(result, result.margin, largest, ruled_out, doubt)


def judge_stage(results: Sequence[ToneResult], stage: Stage) -> StageVerdict:
    """A stage differs if any of its measures does, and is cleared only if all of them are."""
    verdicts = [judge(each) for each in measures_of(results, stage) if each.margin is not None]
    if not verdicts:
        return StageVerdict(stage, Outcome.CANNOT_TELL, ())
    gravity = (Outcome.DIFFERENCE, Outcome.CANNOT_TELL, Outcome.NONE)
    ordered = sorted(
        verdicts, key=lambda each: (gravity.index(each.outcome), -_share_of_margin(each))
    )
    return StageVerdict(stage, ordered[0].outcome, tuple(ordered))


def _undecided(
    result: ToneResult,
    margin: float,
    largest: Difference | None,
    ruled_out: float | None,
    doubt: Doubt,
) -> MeasureVerdict:
    return MeasureVerdict(result.name, Outcome.CANNOT_TELL, margin, largest, ruled_out, doubt)


def _reach(difference: Difference) -> float:
    low, high = difference.simultaneous
    return max(abs(low), abs(high))


def _prominence(difference: Difference) -> tuple[bool, float, float]:
    return _excludes_zero(difference), abs(difference.value), _reach(difference)


def _excludes_zero(difference: Difference) -> bool:
    low, high = difference.simultaneous
    return low > 0 or high < 0


def _share_of_margin(verdict: MeasureVerdict) -> float:
    if verdict.largest is None or not verdict.margin > 0:
        return 0.0
    size = abs(verdict.largest.value)
    return (size if verdict.outcome is Outcome.DIFFERENCE else _reach(verdict.largest)) / (
        verdict.margin
    )
