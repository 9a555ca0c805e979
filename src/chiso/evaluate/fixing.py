"""Where to put the threshold, by a stated policy, on people who are not in the test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chiso.evaluate.counting import at_least, floor_of, highest_scores, nonmated_errors, population
from chiso.evaluate.evidence import Evidence, Mask, Scores
from chiso.evaluate.findings import EVERYONE, FrozenThreshold
from chiso.evaluate.fit import Policy, modelled_threshold
from chiso.evaluate.intervals import rate_of

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The threshold that a population asks for, and how it was come by, in words."""

    name: str
    threshold: float
    manner: str


def fix_threshold(
    evidence: Evidence,
    target_fmr: float,
    policy: Policy,
    min_people: int,
    *,
    scores_are_cosines: bool,
) -> FrozenThreshold:
    """The lowest threshold that meets the target by the policy, on the evidence's people.

    `pooled`: the FMR of everyone together is at most `target_fmr`, in (0, 1). `worst-group`: that,
    and in every group with people enough (no error among them would bound the FMR at the target)
    the upper end of the FMR's 95 % interval is at most the target. A smaller group of `min_people`
    or more cannot be bounded; it asks for the threshold at which its own FMR is at most the target,
    and for cosines for no less than a normal distribution of its angles does
    (`modelled_threshold`). Where the target is below one in a population's comparisons, its own FMR
    asks for a threshold just above its highest false score. Raises ValueError where there are no
    non-mated comparisons.
    """
    if not 0 < target_fmr < 1:
        raise ValueError(f"a target FMR lies between 0 and 1, not at {target_fmr}")
    everyone = evidence.chosen
    if evidence.nonmated.counts.total(everyone, everyone) == 0:
        raise ValueError("a threshold needs comparisons of different people, and there are none")
    candidates = [_unbounded(evidence, EVERYONE, everyone, target_fmr, scores_are_cosines)]
    left_out: list[str] = []
    if policy is Policy.WORST_GROUP:
        for group in evidence.crowd.groups:
            members = everyone & evidence.crowd.members(group)
            if np.count_nonzero(members) < max(2, min_people) or not _compared(evidence, members):
                left_out.append(group)
            elif _can_be_bounded(evidence, members, target_fmr):
                candidates.append(_bounded(evidence, group, members, target_fmr))
            else:
                candidates.append(
                    _unbounded(evidence, group, members, target_fmr, scores_are_cosines)
                )
    strictest = max(candidates, key=lambda candidate: candidate.threshold)
    return FrozenThreshold(
        value=strictest.threshold,
        policy=policy.value,
        target_fmr=target_fmr,
        set_by=strictest.name,
        people=int(np.count_nonzero(everyone)),
        note=_note(candidates, left_out),
    )


def lowest_threshold(evidence: Evidence, members: Mask, fmr: float) -> float:
    """The lowest threshold at which these people's FMR is at most `fmr`.

    Just above the first score that would be one false match too many, so that all comparisons that
    tie with it are left out; -inf where all may match. Raises ValueError where it lies below the
    scores that were kept.
    """
    allowed = int(fmr * evidence.nonmated.counts.total(members, members) + _ROUNDING)
    highest = highest_scores(evidence, members, allowed + 1)
    if len(highest) <= allowed:
        floor = floor_of(evidence, members, members)
        if np.isneginf(floor):
            return floor
        raise ValueError(
            f"scores below {floor:.6g} were only counted, and the threshold for an FMR of "
            f"{fmr:.6g} is lower; form the comparisons again with this FMR named"
        )
    return float(np.nextafter(highest[allowed], np.inf))


def _compared(evidence: Evidence, members: Mask) -> bool:
    return evidence.nonmated.counts.total(members, members) > 0


def _can_be_bounded(evidence: Evidence, members: Mask, target_fmr: float) -> bool:
    none = nonmated_errors(evidence, np.inf, members, members)
    return rate_of(none).interval[1] <= target_fmr


def _bounded(evidence: Evidence, group: str, members: Mask, target_fmr: float) -> _Candidate:
    """The lowest threshold found whose upper bound meets the target, by halving over scores.

    No false match at all always meets it here, and more of them raise the bound.
    """
    start = lowest_threshold(evidence, members, target_fmr)
    near = at_least(evidence, start)
    own = highest_scores(near, members, len(near.nonmated.scores))
    meets, fails = 0, len(own) + 1
    while fails - meets > 1:
        errors = (meets + fails) // 2
        threshold = float(own[errors - 1])
        upper = rate_of(nonmated_errors(near, threshold, members, members)).interval[1]
        if upper <= target_fmr:
            meets = errors
        else:
            fails = errors
    # One more false match is too many: the threshold lies just above its score, ties and all.
    too_many = float(own[meets]) if meets < len(own) else start
    return _Candidate(group, float(np.nextafter(too_many, np.inf)), "bounded")


def _unbounded(
    evidence: Evidence, name: str, members: Mask, target_fmr: float, scores_are_cosines: bool
) -> _Candidate:
    seen = lowest_threshold(evidence, members, target_fmr)
    if not scores_are_cosines:
        return _Candidate(name, seen, "counted")
    scores, weights = _all_scores(evidence, members)
    modelled = modelled_threshold(scores, weights, target_fmr)
    if name == EVERYONE and target_fmr * weights.sum() >= 1:
        return _Candidate(name, seen, "counted")
    return _Candidate(name, max(seen, modelled), "modelled")


def _all_scores(evidence: Evidence, members: Mask) -> tuple[Scores, Scores]:
    """Non-mated scores of these people with weights: each of them, or the middles of bins."""
    if np.isneginf(floor_of(evidence, members, members)):
        scores = evidence.nonmated.scores[population(evidence, members, members)]
        return scores, np.ones(len(scores))
    groups = np.unique(evidence.crowd.group_of[members])
    counts = evidence.distribution.nonmated[np.ix_(groups, groups)]
    weights = np.triu(counts.transpose(2, 0, 1)).sum(axis=(1, 2)).astype(np.float64)
    edges = evidence.distribution.edges
    return (edges[:-1] + edges[1:]) / 2, weights


def _note(candidates: list[_Candidate], left_out: list[str]) -> str:
    """Which groups were held to a bound, which to a weaker rule, and which to none."""
    by_manner = {
        manner: [found.name for found in candidates if found.manner == manner]
        for manner in ("bounded", "modelled", "counted")
    }
    said = {
        "bounded": "The upper bound of the FMR meets the target for: {}.",
        "modelled": "Too few for a bound: no lower than a normal model of their angles asks for, "
        "and the false matches counted meet the target: {}.",
        "counted": "The false matches counted meet the target, with no bound: {}.",
    }
    sentences = [
        said[manner].format(", ".join(names)) for manner, names in by_manner.items() if names
    ]
    if left_out:
        sentences.append(f"Too few people to set a threshold: {', '.join(left_out)}.")
    return " ".join(sentences)
