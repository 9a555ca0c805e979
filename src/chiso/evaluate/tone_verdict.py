"""Three-valued verdicts on skin tone: no difference found, a difference, cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from chiso.evaluate.tone import (
    Difference,
    Stage,
    ToneResult,
    measures_of,
    nothing_seen_bound,
)

MIN_PEOPLE = 10
"""A bootstrap over fewer people says too little about people; then nothing is concluded."""


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
    """No difference seen, but so few people leave one open that matters."""
    WIDE = "wide"
    """The interval holds both no difference and one that matters."""


@dataclass(frozen=True, slots=True)
class MeasureVerdict:
    """What one measure's differences from the base tone amount to.

    `largest`: for a difference, the largest one; otherwise the one whose interval reaches farthest.
    `ruled_out`: without a difference, the smallest size that the people measured rule out.
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

    1. Nothing measured, or fewer than MIN_PEOPLE people: cannot tell.
    2. At some tone the simultaneous interval leaves out zero, and the difference is at least the
       margin: a difference.
    3. At every tone the simultaneous interval lies within the margin on both sides and, for a rate,
       so does what no event among so many people would leave open: no difference found.
    4. Otherwise: cannot tell.

    Raises ValueError where it has no margin.
    """
    if result.margin is None:
        raise ValueError(f"{result.name} has no margin: nothing is concluded from it")
    told = [each for each in result.differences if isfinite(sum(each.simultaneous))]
    if len(told) < len(result.differences) or not told:  # 1
        largest = max(told, key=_prominence, default=None)
        return _undecided(result, result.margin, largest, None, Doubt.UNMEASURED)
    farthest = max(told, key=_prominence)
    if result.people < MIN_PEOPLE:
        return _undecided(result, result.margin, farthest, None, Doubt.FEW_PEOPLE)
    seen = [each for each in told if _excludes_zero(each) and abs(each.value) >= result.margin]
    if seen:  # 2
        largest = max(seen, key=lambda each: abs(each.value))
        return MeasureVerdict(
            result.name, Outcome.DIFFERENCE, result.margin, largest, None, doubt=None
        )
    unseen = nothing_seen_bound(result.people) if result.is_rate else 0.0
    ruled_out = max(_reach(farthest), unseen)
    if ruled_out <= result.margin:  # 3
        return MeasureVerdict(
            result.name, Outcome.NONE, result.margin, farthest, ruled_out, doubt=None
        )
    doubt = Doubt.RARE if _reach(farthest) <= unseen else Doubt.WIDE  # 4
    return _undecided(result, result.margin, farthest, ruled_out, doubt)


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


def _prominence(difference: Difference) -> tuple[float, float]:
    return _reach(difference), abs(difference.value)


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
