"""Made-up findings of an audit. Their numbers hang together but measure nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.findings import (
    EVERYONE,
    CrossRate,
    CurvePoint,
    Disparity,
    Findings,
    FrozenThreshold,
    GroupFindings,
    Histogram,
    IntervalMethod,
    Judgement,
    Rate,
    Separability,
    SplitCounts,
    Verdict,
)

NAN = float("nan")
NOBODY = Rate(NAN, 0, 0, 0, (0.0, 1.0), IntervalMethod.NONE)
_BINS = 60


@dataclass(frozen=True, slots=True)
class Made:
    """A group to make up: how alike its people look, and how steady each is."""

    name: str
    people: int
    others: float = 0.10
    own: float = 0.75
    spread: float = 0.11


def rate(errors: int, trials: int, people: int) -> Rate:
    """A rate as if each person were one trial: wide, like the audit's own."""
    if not trials or not people:
        return NOBODY
    share = errors / trials
    if errors in (0, trials):
        bound = 1 - 0.05 ** (1 / people)
        interval = (0.0, bound) if not errors else (1 - bound, 1.0)
        return Rate(share, errors, trials, people, interval, IntervalMethod.EXACT)
    units, z = people * min(4.0, trials / people) ** 0.5 * 4, 1.96
    centre = (share + z * z / (2 * units)) / (1 + z * z / units)
    half = z / (1 + z * z / units) * sqrt(share * (1 - share) / units + (z / (2 * units)) ** 2)
    return Rate(
        share,
        errors,
        trials,
        people,
        (max(0.0, centre - half), min(1.0, centre + half)),
        IntervalMethod.WILSON,
    )


def findings(groups: Sequence[Made], threshold: float, *, seed: int = 7) -> Findings:
    """A whole audit of made-up scores."""
    scores = {each.name: _scores(each, seed + at) for at, each in enumerate(groups)}
    together = Made(EVERYONE, sum(each.people for each in groups))
    scores[EVERYONE] = (
        np.concatenate([scores[each.name][0] for each in groups]),
        np.concatenate([scores[each.name][1] for each in groups]),
    )
    found = tuple(_group(each, *scores[each.name], threshold) for each in (together, *groups))
    judged = (*_own(found[1:]), *_pairs(found[1:]))
    return Findings(
        groups=found,
        cross=_cross(found[1:]),
        disparities=(
            Disparity("max/min", "FMR", None, None, 1.0, "A group without an error has no ratio."),
            Disparity("max/geometric mean", "FNMR", 2.31, (1.4, 3.9), 1.0, ""),
            Disparity("GARBE", "both", 0.412, (0.22, 0.63), 0.0, "Weights of one half."),
            Disparity("FDR", "both", 0.961, (0.93, 0.99), 1.0, "Zeros enter as they are."),
        ),
        judgements=judged,
        verdict=_worst([each.verdict for each in judged]),
        threshold=FrozenThreshold(
            threshold, "worst-group", 0.001, groups[-1].name, 2 * together.people, ""
        ),
        split=tuple(SplitCounts(each.name, 0, 2 * each.people, each.people) for each in groups),
        seed=seed,
        normalisers=(),
        remarks=(),
    )


def _scores(made: Made, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    mated = rng.normal(made.own, made.spread, min(6000, 2 * made.people))
    pairs = made.people * (made.people - 1) // 2
    return mated, rng.normal(made.others, made.spread, min(40_000, 4 * pairs))


def _group(
    made: Made, mated: NDArray[np.float64], nonmated: NDArray[np.float64], threshold: float
) -> GroupFindings:
    def at(cut: float) -> tuple[Rate, Rate]:
        return (
            rate(int((nonmated >= cut).sum()), len(nonmated), made.people if len(nonmated) else 0),
            rate(int((mated < cut).sum()), len(mated), made.people),
        )

    fmr, fnmr = at(threshold)
    cuts = np.linspace(0.0, 1.0, 201)
    curve = [(float(cut), *at(float(cut))) for cut in cuts] if len(nonmated) else []
    return GroupFindings(
        group=made.name,
        people=made.people,
        samples=3 * made.people,
        fte=None,
        fmr=fmr,
        fnmr=fnmr,
        separability=tuple(_separability(each, mated, nonmated, at) for each in (0.01, 0.001)),
        det=tuple(CurvePoint(cut, one.value, other.value) for cut, one, other in curve),
        mated_scores=_histogram(mated),
        nonmated_scores=_histogram(nonmated),
    )


def _separability(
    level: float,
    mated: NDArray[np.float64],
    nonmated: NDArray[np.float64],
    at: Callable[[float], tuple[Rate, Rate]],
) -> Separability:
    if len(nonmated) * level < 1:
        return Separability(level, None, None, "Too few comparisons to have such an FMR.")
    cut = float(np.quantile(nonmated, 1 - level))
    return Separability(level, cut, at(cut)[1], "")


def _histogram(scores: NDArray[np.float64]) -> Histogram:
    counts, edges = np.histogram(scores, bins=_BINS, range=(-0.4, 1.2))
    return Histogram(tuple(edges.tolist()), tuple((counts / max(1, counts.sum())).tolist()))


def _judge(interval: tuple[float, float], limit: float) -> Verdict:
    if interval[1] <= limit:
        return Verdict.PASS
    return Verdict.FAIL if interval[0] > limit else Verdict.UNDECIDED


def _own(groups: Sequence[GroupFindings]) -> list[Judgement]:
    judged = []
    for group in groups:
        for measure, its, limit in (("FMR", group.fmr, 0.001), ("FNMR", group.fnmr, 0.05)):
            verdict = _judge(its.interval, limit)
            more = 900 if verdict is Verdict.UNDECIDED and its.trials else None
            judged.append(
                Judgement(
                    (group.group,),
                    f"{measure} at most {100 * limit:g} %",
                    measure,
                    its.value,
                    its.interval,
                    limit,
                    verdict,
                    more,
                    f"Of “{group.group}”, the {measure} is {verdict.value}ed by its interval.",
                )
            )
    return judged


def _pairs(groups: Sequence[GroupFindings]) -> list[Judgement]:
    judged = []
    for one, other in combinations(groups, 2):
        high, low = sorted((one, other), key=lambda each: -np.nan_to_num(each.fmr.value))
        ratio = high.fmr.value / low.fmr.value if low.fmr.errors else NAN
        interval = (0.0, float("inf"))
        if isfinite(ratio):
            interval = (ratio * 0.8, ratio * 1.3)
        names = (high.group, low.group)
        verdict = _judge(interval, 3.0)
        judged.append(
            Judgement(
                names,
                "FMR at most 3 times the other's",
                "FMR ratio",
                ratio,
                interval,
                3.0,
                verdict,
                400 if isfinite(ratio) and verdict is Verdict.UNDECIDED else None,
                f"“{names[0]}” and “{names[1]}”: the ratio is {verdict.value}.",
            )
        )
        gap = other.fnmr.value - one.fnmr.value
        wide = (gap - 0.01 - one.fnmr.interval[1] / 4, gap + 0.01 + other.fnmr.interval[1] / 4)
        judged.append(
            Judgement(
                (one.group, other.group),
                "FNMRs at most 2 points apart",
                "FNMR difference",
                gap,
                wide,
                0.02,
                Verdict.PASS if max(map(abs, wide)) <= 0.02 else Verdict.UNDECIDED,
                None,
                "The difference is as it is.",
            )
        )
    return judged


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    for verdict in (Verdict.FAIL, Verdict.UNDECIDED):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS


def _cross(groups: Sequence[GroupFindings]) -> tuple[CrossRate, ...]:
    found = []
    for one, other in combinations_with_replacement(groups, 2):
        if one is other:
            found.append(CrossRate(one.group, one.group, one.fmr))
            continue
        trials, people = one.people * other.people, min(one.people, other.people)
        errors = int(trials * np.nan_to_num(one.fmr.value * other.fmr.value) ** 0.5 / 5)
        found.append(CrossRate(one.group, other.group, rate(errors, trials, people)))
    return tuple(found)
