"""Verdicts against a stated policy: pass, fail, or undecided and how many more people it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil, inf, isinf, isnan

import numpy as np

from chiso.evaluate.audit_plan import Requirements
from chiso.evaluate.error_sums import ErrorSums
from chiso.evaluate.findings import Judgement, Rate, Verdict
from chiso.evaluate.growth import grown
from chiso.evaluate.intervals import rate_of
from chiso.evaluate.two_rates import rate_difference, rate_ratio

_MOST_PEOPLE = 1_000_000
_FINE_STEPS = 4

Interval = tuple[float, float]
Comparing = Callable[[Sequence[Rate]], tuple[float, Interval]]


@dataclass(frozen=True, slots=True)
class GroupSums:
    """A group's errors of both kinds, within itself, and its people."""

    group: str
    people: int
    fmr: ErrorSums
    fnmr: ErrorSums


@dataclass(frozen=True, slots=True)
class _Question:
    """What is compared with a limit. `allowed`: the values that meet the requirement.

    `is_bound`: it asks that errors be few, so that a test without any says most for it. A ratio
    does not: two groups without errors have none.
    """

    requirement: str
    measure: str
    limit: float
    allowed: Interval
    compared: Comparing
    is_bound: bool = True


def judge(
    groups: Sequence[GroupSums], requirements: Requirements, max_fmr: float
) -> tuple[Judgement, ...]:
    """Every requirement of every group, then of every pair of groups.

    `max_fmr`: the requirements' own, or what stands for it. Pass: the whole 95 % interval meets the
    requirement, and so would that of as many people without an error: a few errors can tell how
    alike comparisons are and give a lower upper end than none at all, but no recogniser may pass
    by erring more. Fail: none of the interval meets it. Groups share nobody, so their rates are
    independent.
    """
    fmr = _of_one("FMR", max_fmr)
    fnmr = _of_one("FNMR", requirements.max_fnmr)
    ratio = _ratio_question(requirements.max_fmr_ratio)
    difference = _difference_question(requirements.max_fnmr_difference)
    judgements: list[Judgement] = []
    for group in groups:
        judgements.append(_judged(fmr, [group], [group.fmr]))
        judgements.append(_judged(fnmr, [group], [group.fnmr]))
    for one, other in combinations(groups, 2):
        judgements.append(_judged(ratio, [one, other], [one.fmr, other.fmr]))
        judgements.append(_judged(difference, [one, other], [one.fnmr, other.fnmr]))
    return tuple(judgements)


def overall(judgements: Sequence[Judgement]) -> Verdict:
    """Fail if any fails, else undecided if any is (or nothing was asked), else pass."""
    verdicts = {judgement.verdict for judgement in judgements}
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    if Verdict.UNDECIDED in verdicts or not verdicts:
        return Verdict.UNDECIDED
    return Verdict.PASS


def _of_one(name: str, limit: float) -> _Question:
    def itself(rates: Sequence[Rate]) -> tuple[float, Interval]:
        return rates[0].value, rates[0].interval

    return _Question(f"{name} at most {_percent(limit)}", name, limit, (-inf, limit), itself)


def _ratio_question(limit: float) -> _Question:
    if limit < 1:
        raise ValueError(f"a ratio of the higher to the lower rate is 1 or more, not {limit}")
    return _Question(
        f"FMR of the two at most {limit:g} times apart",
        "FMR ratio",
        limit,
        (1 / limit, limit),
        lambda rates: rate_ratio(rates[0], rates[1]),
        is_bound=False,
    )


def _difference_question(limit: float) -> _Question:
    return _Question(
        f"FNMR of the two at most {_percent(limit)} apart",
        "FNMR difference",
        limit,
        (-limit, limit),
        lambda rates: rate_difference(rates[0], rates[1]),
    )


def _judged(
    question: _Question, groups: Sequence[GroupSums], sums: Sequence[ErrorSums]
) -> Judgement:
    """One verdict; of two groups, the one with the higher rate is named first."""
    if len(groups) == 2 and sums[1].rate > sums[0].rate:
        groups, sums = groups[::-1], sums[::-1]
    value, interval = question.compared([rate_of(one) for one in sums])
    verdict = _verdict(interval, question.allowed)
    more_people, why = None, _decided_why(verdict, interval, question)
    without_error = _without_error(question, sums)
    if verdict is Verdict.PASS and _verdict(without_error, question.allowed) is not Verdict.PASS:
        verdict = Verdict.UNDECIDED
        more_people, why = _too_few(question, groups, sums, without_error)
    elif verdict is Verdict.UNDECIDED:
        more_people, why = _undecided(question, groups, sums, value)
    return Judgement(
        groups=tuple(group.group for group in groups),
        requirement=question.requirement,
        measure=question.measure,
        value=value,
        interval=interval,
        limit=question.limit,
        verdict=verdict,
        more_people=more_people,
        why=why,
    )


def _verdict(interval: Interval, allowed: Interval) -> Verdict:
    low, high = interval
    if low >= allowed[0] and high <= allowed[1]:
        return Verdict.PASS
    if low > allowed[1] or high < allowed[0]:
        return Verdict.FAIL
    return Verdict.UNDECIDED


def _decided_why(verdict: Verdict, interval: Interval, question: _Question) -> str:
    said = f"the 95 % interval, {_shown(interval[0], question)} to {_shown(interval[1], question)}"
    if verdict is Verdict.PASS:
        return f"All of {said}, meets it."
    return f"None of {said}, meets it."


def _undecided(
    question: _Question, groups: Sequence[GroupSums], sums: Sequence[ErrorSums], value: float
) -> tuple[int | None, str]:
    """How many more people a group would settle it if the estimate held, and why not now."""
    for group, own in zip(groups, sums, strict=True):
        if not own.trials:
            kind = "two samples of one person" if own.is_mated else "two people"
            return None, f"There is no comparison of {kind} in {group.group}."
    if isnan(value):
        return None, "Neither group has an error, so that there is no ratio yet."
    if value == inf:
        return None, "One group has no error, so that the ratio has no upper bound."
    factor = _deciding_factor(question, groups, sums)
    if factor is None:
        return None, (
            f"The estimate, {_shown(value, question)}, lies so near the limit that a million "
            "people a group would not settle it."
        )
    more = _more_people(factor, groups)
    return more, (
        f"The 95 % interval holds the limit; about {more:,} more people {_where(groups)} would "
        f"settle it if {_shown(value, question)} held."
    )


def _without_error(question: _Question, sums: Sequence[ErrorSums]) -> Interval:
    """The interval that the same people would have without an error; nothing for a ratio."""
    if not question.is_bound:
        return question.allowed
    return question.compared([rate_of(_spotless(one)) for one in sums])[1]


def _spotless(sums: ErrorSums) -> ErrorSums:
    return replace(
        sums,
        errors=0,
        person_errors=np.zeros(sums.people),
        unit_errors_squared=0.0,
        unit_errors_times_trials=0.0,
    )


def _too_few(
    question: _Question,
    groups: Sequence[GroupSums],
    sums: Sequence[ErrorSums],
    without_error: Interval,
) -> tuple[int | None, str]:
    """How many more people it takes before the errors seen can count for a pass, and why."""
    why = (
        f"The 95 % interval meets it, but so few people without any error would be bounded only "
        f"by {_shown(without_error[1], question)}, and no group passes by erring more"
    )
    factor = _deciding_factor(question, groups, sums)
    if factor is None:
        return None, f"{why}."
    more = _more_people(factor, groups)
    return more, f"{why}; about {more:,} more people {_where(groups)} would settle it."


def _more_people(factor: float, groups: Sequence[GroupSums]) -> int:
    """People a group, rounded up to two digits: it is an estimate.

    As many as the larger group needs to be `factor` times what it is: the smaller then is, too.
    """
    more = ceil((factor - 1) * max(group.people for group in groups))
    step: int = 10 ** max(0, len(str(more)) - 2)
    return -(-more // step) * step


def _where(groups: Sequence[GroupSums]) -> str:
    return "in each group" if len(groups) > 1 else "in this group"


def _deciding_factor(
    question: _Question, groups: Sequence[GroupSums], sums: Sequence[ErrorSums]
) -> float | None:
    """About how many times the people it takes, up to a million a group; None where more.

    Doubles until the interval decides, then halves the last step. Whole multiples are computed as
    what they are; between one and two the half-width is taken to shrink evenly.
    """
    most = _MOST_PEOPLE // max(group.people for group in groups)
    factor = 2
    while not _decides(question, sums, factor):
        factor *= 2
        if factor > most:
            return None
    low, high = factor // 2, factor
    for _ in range(_FINE_STEPS):
        middle = (low + high) // 2
        if middle == low:
            break
        if _decides(question, sums, middle):
            high = middle
        else:
            low = middle
    return high - _share_of_step_spared(question, sums, low, high)


def _decides(question: _Question, sums: Sequence[ErrorSums], factor: int) -> bool:
    return _margin(question, sums, factor) < 0


def _margin(question: _Question, sums: Sequence[ErrorSums], factor: int) -> float:
    """How far the interval is from deciding, at so many times the people; less than 0: it does."""
    more = [grown(one, factor) for one in sums]
    value, (low, high) = question.compared([rate_of(one) for one in more])
    lowest, highest = _without_error(question, more)
    least, most = question.allowed
    to_pass = max(least - min(low, lowest), max(high, highest) - most)
    to_fail = most - low if value > most else high - least if value < least else inf
    return min(to_pass, to_fail)


def _share_of_step_spared(
    question: _Question, sums: Sequence[ErrorSums], low: int, high: int
) -> float:
    """How much of the step from `low` to `high` could be spared, by a straight line between."""
    short, over = _margin(question, sums, low), -_margin(question, sums, high)
    if not 0 < short < inf:
        return 0.0
    return (high - low) * over / (short + over)


def _shown(value: float, question: _Question) -> str:
    if isinf(value):
        return "without bound"
    return f"{value:.3g}" if question.measure == "FMR ratio" else _percent(value)


def _percent(rate: float) -> str:
    return f"{100 * rate:.3g} %"
