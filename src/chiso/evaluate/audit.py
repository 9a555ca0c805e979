"""One audit: people are split, the threshold fixed and frozen, every group measured and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from chiso.evaluate.audit_plan import OWN_FMRS, AuditPlan
from chiso.evaluate.bootstrap import draw_people, drawn_fmr, drawn_fnmr
from chiso.evaluate.counting import at_least, mated_errors, nonmated_errors, require_kept
from chiso.evaluate.curves import counts_of, det_curve, histogram, picture_edges
from chiso.evaluate.disparities import disparities
from chiso.evaluate.evidence import ComparisonSource, Evidence, Normalised, Scores
from chiso.evaluate.findings import (
    EVERYONE,
    CrossRate,
    Findings,
    FrozenThreshold,
    GroupFindings,
    IntervalMethod,
    Rate,
)
from chiso.evaluate.fixing import fix_threshold
from chiso.evaluate.intervals import rate_of, wilson_by_people
from chiso.evaluate.judging import GroupSums, judge, overall
from chiso.evaluate.narrowing import compare_normalisers
from chiso.evaluate.populations import everyone_and_groups
from chiso.evaluate.remarks import remarks
from chiso.evaluate.separability import separability
from chiso.evaluate.split import split_counts, split_people

DRAWS = 1000
"""Draws of people behind every bootstrap interval."""
_GIVEN = "given"

Offered = Mapping[str, tuple[int, int]]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Measured:
    """The test's evidence at the frozen threshold, with one set of draws for all intervals."""

    evidence: Evidence
    near: Evidence
    threshold: float
    weights: Scores


def audit(
    source: ComparisonSource,
    plan: AuditPlan,
    *,
    offered: Offered | None = None,
    normalised: Mapping[str, Normalised] | None = None,
    scores_are_cosines: bool = False,
    progress: Progress | None = None,
) -> Findings:
    """Everything that the report of an audit shows.

    `offered`: by group, samples offered and those of them that gave no template, where photos were
    processed. `normalised`: the same comparisons by name of the normaliser, which must have been
    calibrated on `split_people(source.crowd, plan).calibration` or on others.
    `scores_are_cosines`: lets small groups set the threshold by a model of
    angles. `progress`: told what is being done. Raises ValueError where there is nothing to measure
    or a given threshold is below the scores that the source keeps.
    """
    tell = progress or (lambda _: None)
    split = split_people(source.crowd, plan)
    tell("fixing the threshold")
    fixing = None
    if plan.given_threshold is None:
        fixing = source.evidence(split.threshold, plan.target_fmr)
    threshold = _threshold(fixing, plan, scores_are_cosines)
    tell("comparing the people of the test")
    evidence = source.evidence(split.test, plan.target_fmr)
    require_kept(evidence, threshold.value, split.test, split.test)
    tell("measuring groups")
    rng = np.random.default_rng([plan.seed, DRAWS])
    measured = _Measured(
        evidence,
        at_least(evidence, threshold.value),
        threshold.value,
        draw_people(source.crowd, split.test, DRAWS, rng),
    )
    groups = _groups(measured, source.samples, offered)
    sums = [_sums(measured, group) for group in source.crowd.groups]
    limit = plan.requirements.max_fmr
    max_fmr = plan.target_fmr if limit is None else limit
    judgements = judge(sums, plan.requirements, max_fmr)
    drawn = _drawn_rates(measured)
    return Findings(
        groups=groups,
        cross=_cross(measured),
        disparities=disparities(
            [found.fmr for found in groups[1:]],
            [found.fnmr for found in groups[1:]],
            drawn[0][:, 1:],
            drawn[1][:, 1:],
        ),
        judgements=judgements,
        verdict=overall(judgements),
        threshold=threshold,
        split=split_counts(source.crowd, split),
        seed=plan.seed,
        normalisers=compare_normalisers(
            fixing, evidence, normalised or {}, plan, measured.weights, tell
        ),
        remarks=remarks(groups, max_fmr),
    )


def _threshold(
    fixing: Evidence | None, plan: AuditPlan, scores_are_cosines: bool
) -> FrozenThreshold:
    if fixing is None and plan.given_threshold is not None:
        return FrozenThreshold(
            value=plan.given_threshold,
            policy=_GIVEN,
            target_fmr=None,
            set_by=plan.given_by,
            people=0,
            note="The threshold was given, not fixed on these people.",
        )
    if fixing is None:
        raise ValueError("either people to fix a threshold on or a given threshold")
    return fix_threshold(
        fixing,
        plan.target_fmr,
        plan.policy,
        plan.min_people,
        scores_are_cosines=scores_are_cosines,
    )


def _groups(
    measured: _Measured,
    samples: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    offered: Offered | None,
) -> tuple[GroupFindings, ...]:
    evidence, near, threshold = measured.evidence, measured.near, measured.threshold
    distribution = evidence.distribution
    picture = picture_edges(distribution)
    found: list[GroupFindings] = []
    for name, members in everyone_and_groups(evidence):
        mated, nonmated = counts_of(distribution, np.unique(evidence.crowd.group_of[members]))
        found.append(
            GroupFindings(
                group=name,
                people=int(np.count_nonzero(members)),
                samples=int(samples[members].sum()),
                fte=_failure_to_enrol(evidence, name, offered),
                fmr=rate_of(nonmated_errors(near, threshold, members, members)),
                fnmr=rate_of(mated_errors(near, threshold, members)),
                separability=tuple(
                    separability(evidence, members, at_fmr, measured.weights) for at_fmr in OWN_FMRS
                ),
                det=det_curve(distribution.edges, mated, nonmated),
                mated_scores=histogram(distribution.edges, mated, picture),
                nonmated_scores=histogram(distribution.edges, nonmated, picture),
            )
        )
    return tuple(found)


def _failure_to_enrol(evidence: Evidence, name: str, offered: Offered | None) -> Rate | None:
    """Samples that gave no template, of all offered, by everyone in the crowd, test or not.

    Wilson's interval with the people as sample size: who failed is not told person by person.
    """
    if offered is None:
        return None
    named = offered.values() if name == EVERYONE else [offered.get(name, (0, 0))]
    trials, failed = sum(pair[0] for pair in named), sum(pair[1] for pair in named)
    if not trials:
        return Rate(float("nan"), 0, 0, 0, (0.0, 1.0), IntervalMethod.NONE)
    crowd = evidence.crowd
    people = crowd.people if name == EVERYONE else int(np.count_nonzero(crowd.members(name)))
    interval = wilson_by_people(failed / trials, people)
    return Rate(failed / trials, failed, trials, people, interval, IntervalMethod.WILSON)


def _sums(measured: _Measured, group: str) -> GroupSums:
    members = measured.evidence.chosen & measured.evidence.crowd.members(group)
    return GroupSums(
        group,
        int(np.count_nonzero(members)),
        nonmated_errors(measured.near, measured.threshold, members, members),
        mated_errors(measured.near, measured.threshold, members),
    )


def _cross(measured: _Measured) -> tuple[CrossRate, ...]:
    """False match rates of every pair of groups, and within each."""
    populations = everyone_and_groups(measured.evidence)[1:]
    return tuple(
        CrossRate(
            one,
            other,
            rate_of(nonmated_errors(measured.near, measured.threshold, left, right)),
        )
        for index, (one, left) in enumerate(populations)
        for other, right in populations[index:]
    )


def _drawn_rates(measured: _Measured) -> tuple[Scores, Scores]:
    """FMR and FNMR of everyone and of each group in every draw, shape (draws, 1 + groups)."""
    near, threshold, weights = measured.near, measured.threshold, measured.weights
    populations = everyone_and_groups(measured.evidence)
    fmr = [drawn_fmr(near, threshold, members, members, weights) for _, members in populations]
    fnmr = [drawn_fnmr(near, threshold, members, weights) for _, members in populations]
    return np.stack(fmr, axis=1), np.stack(fnmr, axis=1)
