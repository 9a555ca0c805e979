"""Where to put the threshold, by a stated policy, on people who are not in the test."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from chiso.evaluate.counting import at_least, floor_of, highest_scores, nonmated_errors, population
from chiso.evaluate.evidence import Evidence, Mask, Scores
from chiso.evaluate.findings import EVERYONE, FrozenThreshold
from chiso.evaluate.fit import Policy, modelled_threshold
from chiso.evaluate.intervals import rate_of
from chiso.evaluate.populations import setting_a_threshold

_ROUNDING = 1e-9


class Manner(StrEnum):
    """How a population's threshold was come by; `fix_threshold` says by which rule."""

    BOUNDED = "bounded"
    MODELLED = "modelled"
    COUNTED = "counted"


_SAID = {
    Manner.BOUNDED: "The upper bound of the FMR meets the target for: {}.",
    Manner.MODELLED: "Too few for a bound: no lower than a normal model of their angles asks for, "
    "and the false matches counted meet the target: {}.",
    Manner.COUNTED: "The false matches counted meet the target, with no bound: {}.",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """The threshold that a population asks for, and how it was come by."""

    name: str
    threshold: float
    manner: Manner


@dataclass(frozen=True, slots=True)
class Candidates:
    """What every population asks for, and the groups too small to ask for anything."""

    asked: tuple[Candidate, ...]
    left_out: tuple[str, ...]

    @property
    def strictest(self) -> Candidate:
        """The one that sets the threshold."""
        return max(self.asked, key=lambda candidate: candidate.threshold)

    @property
    def note(self) -> str:
        """Which groups were held to a bound, which to a weaker rule, and which to none."""
        names = {
            manner: ", ".join(each.name for each in self.asked if each.manner is manner)
            for manner in Manner
        }
        sentences = [_SAID[manner].format(named) for manner, named in names.items() if named]
        if self.left_out:
            sentences.append(f"Too few people to set a threshold: {', '.join(self.left_out)}.")
        return " ".join(sentences)


def fix_threshold(
    evidence: Evidence,
    target_fmr: float,
    policy: Policy,
    min_people: int,
    *,
    scores_are_cosines: bool,
) -> FrozenThreshold:
    """The lowest threshold that meets the target by the policy, on the evidence's people.

    `pooled`: the FMR of everyone together, as counted, is at most `target_fmr`, in (0, 1).
    `worst-group`: that, and in every group with people enough (no error among them would bound the
    FMR at the target) the upper end of the FMR's 95 % interval is at most the target. A smaller
    group of `min_people` or more cannot be bounded; it asks for the threshold at which its own FMR
    is at most the target. Where the target is below one in a population's comparisons, its own FMR
    asks for a threshold just above its highest false score. Of cosines, a group that cannot be
    bounded, and everyone where the target is below one in all comparisons, ask for no less than a
    normal distribution of their angles does (`modelled_threshold`). Raises ValueError where there
    are no non-mated comparisons.
    """
    candidates = candidate_thresholds(
        evidence, target_fmr, policy, min_people, scores_are_cosines=scores_are_cosines
    )
    strictest = candidates.strictest
    return FrozenThreshold(
        value=strictest.threshold,
        policy=policy.value,
        target_fmr=target_fmr,
        set_by=strictest.name,
        people=int(np.count_nonzero(evidence.chosen)),
        note=candidates.note,
    )


def candidate_thresholds(
    evidence: Evidence,
    target_fmr: float,
    policy: Policy,
    min_people: int,
    *,
    scores_are_cosines: bool,
) -> Candidates:
    """What every population asks for, everyone first; arguments and rules of `fix_threshold`."""
    if not 0 < target_fmr < 1:
        raise ValueError(f"a target FMR lies between 0 and 1, not at {target_fmr}")
    populations = setting_a_threshold(evidence, policy, min_people)
    if not populations:
        raise ValueError("a threshold needs comparisons of different people, and there are none")
    asked = tuple(
        _bounded(evidence, name, members, target_fmr)
        if name != EVERYONE and _can_be_bounded(evidence, members, target_fmr)
        else _unbounded(evidence, name, members, target_fmr, scores_are_cosines)
        for name, members in populations
    )
    named = {name for name, _ in populations}
    groups = evidence.crowd.groups if policy is Policy.WORST_GROUP else ()
    return Candidates(asked, tuple(group for group in groups if group not in named))


def lowest_threshold(evidence: Evidence, members: Mask, fmr: float) -> float:
    """The lowest threshold at which these people's FMR is at most `fmr`; -inf where all may match.

    Raises ValueError where it lies below the scores that were kept.
    """
    comparisons = evidence.nonmated.counts.total(members, members)
    highest = highest_scores(evidence, members, _allowed(comparisons, fmr) + 1)
    threshold = just_above(highest, comparisons, fmr)
    floor = floor_of(evidence, members, members)
    if np.isneginf(threshold) and not np.isneginf(floor):
        raise ValueError(
            f"scores below {floor:.6g} were only counted, and the threshold for an FMR of "
            f"{fmr:.6g} is lower; form the comparisons again with this FMR named"
        )
    return threshold


def just_above(highest: Scores, comparisons: int, fmr: float) -> float:
    """The lowest threshold at which at most `fmr` of so many comparisons match.

    `highest`: the highest scores of them, descending. Just above the first that would be one too
    many, so that all comparisons that tie with it are left out; -inf where these all may match.
    """
    allowed = _allowed(comparisons, fmr)
    return float(np.nextafter(highest[allowed], np.inf)) if allowed < len(highest) else -np.inf


def _allowed(comparisons: int, fmr: float) -> int:
    return int(fmr * comparisons + _ROUNDING)


def _can_be_bounded(evidence: Evidence, members: Mask, target_fmr: float) -> bool:
    none = nonmated_errors(evidence, np.inf, members, members)
    return rate_of(none).interval[1] <= target_fmr


def _bounded(evidence: Evidence, group: str, members: Mask, target_fmr: float) -> Candidate:
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
    return Candidate(group, float(np.nextafter(too_many, np.inf)), Manner.BOUNDED)


def _unbounded(
    evidence: Evidence, name: str, members: Mask, target_fmr: float, scores_are_cosines: bool
) -> Candidate:
    seen = lowest_threshold(evidence, members, target_fmr)
    comparisons = evidence.nonmated.counts.total(members, members)
    if not scores_are_cosines or (name == EVERYONE and target_fmr * comparisons >= 1):
        return Candidate(name, seen, Manner.COUNTED)
    modelled = modelled_threshold(*_all_scores(evidence, members), target_fmr)
    return Candidate(name, max(seen, modelled), Manner.MODELLED)


def _all_scores(evidence: Evidence, members: Mask) -> tuple[Scores, Scores]:
    """Non-mated scores of these people with weights: each of them, or the middles of bins."""
    if np.isneginf(floor_of(evidence, members, members)):
        scores = evidence.nonmated.scores[population(evidence, members, members)]
        return scores, np.ones(len(scores))
    counts = evidence.distribution.nonmated_among(np.unique(evidence.crowd.group_of[members]))
    return evidence.distribution.middles, counts.astype(np.float64)
