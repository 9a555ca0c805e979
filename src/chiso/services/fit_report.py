"""Make a threshold record of what an audit fixed on some people and measured on others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from chiso.compare.calibrate import fit_calibration
from chiso.compare.threshold import FORMAT
from chiso.core.decisions import (
    NO_NORMALISER,
    Calibration,
    CountedOn,
    Misses,
    ScoreTail,
    ThresholdRecord,
)
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest
from chiso.core.times import to_text
from chiso.evaluate.evidence import Scores
from chiso.evaluate.exact_bounds import exact_interval
from chiso.evaluate.findings import EVERYONE, FrozenThreshold, Histogram, Rate
from chiso.evaluate.fit import Policy
from chiso.evaluate.tails import tail_from_bins
from chiso.services.threshold_record import NO_MODEL, finished, group_count, scores_like

_ROUNDING = 1e-6
_FEWEST_PEOPLE = 2
"""Of whom an interval tells anything."""


@dataclass(frozen=True, slots=True)
class AuditedGroup:
    """One group of an audit's test, or everyone: both rates at the threshold, and its scores."""

    group: str
    people: int
    fmr: Rate
    fnmr: Rate
    mated: Histogram
    nonmated: Histogram


@dataclass(frozen=True, slots=True)
class AuditedThreshold:
    """What a report says of its threshold. `groups` begins with everyone.

    `model`: of the embedder whose templates were measured, and how that is known in
    `model_source`. `data_sha256`: of the audited input; `report_sha256`: of the report's file.
    """

    name: str
    report_sha256: str
    data_name: str
    data_sha256: str
    model: ModelDigest
    model_source: str
    frozen: FrozenThreshold
    min_people: int
    seed: int
    groups: tuple[AuditedGroup, ...]


def record_of_audit(
    audited: AuditedThreshold, target_fpir: float, now: datetime
) -> ThresholdRecord:
    """The audit's frozen threshold as a record, its counts from the people of the test.

    Searches rest on the test's histograms of scores, as finely as the report has them; where they
    are not cosines, one threshold is for all searches. Raises ChisoError(BAD_ARGUMENT) where the
    threshold was given, or the test has no scores of one kind.
    """
    frozen = audited.frozen
    if frozen.target_fmr is None:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The threshold of {audited.name} was given to the audit and meets no target.",
            "Audit again without a threshold: the audit then fixes one for a target FMR.",
        )
    tails = _tails(audited)
    searches = (
        "a normal model of the angles between the test's templates, from the report's histograms."
        if tails
        else NO_MODEL
    )
    record = ThresholdRecord(
        record_id="",
        model=audited.model,
        normaliser=NO_NORMALISER,
        policy=frozen.policy,
        target_fmr=frozen.target_fmr,
        value=frozen.value,
        interval=None,
        calibration=_calibrated(audited),
        source=f"audit {audited.name} of {audited.data_name}, {audited.model_source}",
        source_sha256=audited.data_sha256,
        people=frozen.people,
        groups=tuple(
            group_count(each.group, each.people, each.fmr, each.fnmr) for each in audited.groups
        ),
        made=to_text(now),
        note=f"Set by the false scores of: {frozen.set_by}. {frozen.note} The error counts are of "
        "the test's people, whom the threshold was not fixed on. Thresholds of searches: "
        f"{searches} Report SHA-256 {audited.report_sha256}.",
        format=FORMAT,
        set_by=frozen.set_by,
        counted_on=CountedOn.OTHER_PEOPLE,
        seed=audited.seed,
        target_fpir=target_fpir if tails else None,
        tails=tails,
    )
    return finished(record, audited.name, lambda value: _missed(audited, value))


def _tails(audited: AuditedThreshold) -> tuple[ScoreTail, ...]:
    """Of everyone and the groups that may set the threshold; none where scores are no cosines."""
    tails = []
    for each in audited.groups:
        sets = each.group == EVERYONE or (
            audited.frozen.policy == Policy.WORST_GROUP and each.people >= audited.min_people
        )
        edges, shares = np.array(each.nonmated.edges), np.array(each.nonmated.shares)
        if sets and shares.any():
            if np.abs(edges).max() > 1 + _ROUNDING:
                return ()
            tails.append(
                tail_from_bins(each.group, each.fmr.people, each.fmr.trials, edges, shares)
            )
    return tuple(tails)


def _calibrated(audited: AuditedThreshold) -> Calibration:
    everyone = audited.groups[0]
    try:
        return fit_calibration(_scores(everyone.mated), _scores(everyone.nonmated), everyone.people)
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{audited.name} has no comparisons of one kind: {error}.",
            "Audit people with two samples or more each.",
        ) from error


def _scores(histogram: Histogram) -> Scores:
    return scores_like(np.array(histogram.edges), np.array(histogram.shares))


def _missed(audited: AuditedThreshold, value: float) -> tuple[Misses, ...]:
    """Mated scores in bins that begin below the threshold; the report has no finer ones.

    At the audit's own threshold, and wherever no more are missed than there, the audit's count and
    its interval. Else the exact bound of `evaluate/exact_bounds.py`, everyone counted alike: a
    report does not say how many comparisons each person has, nor whose are missed. Fewer than two
    people bound nothing.
    """
    found = []
    for each in audited.groups:
        trials, people = each.fnmr.trials, each.fnmr.people
        missed, interval = _missed_below(each, value), each.fnmr.interval
        if value <= audited.frozen.value or missed <= each.fnmr.errors:
            missed = each.fnmr.errors
        elif people < _FEWEST_PEOPLE:
            interval = 0.0, 1.0
        else:
            interval = exact_interval(missed / trials, people)
        found.append(Misses(each.group, people, trials, missed, interval))
    return tuple(found)


def _missed_below(group: AuditedGroup, value: float) -> int:
    starts = np.array(group.mated.edges[:-1])
    share = float(np.array(group.mated.shares)[starts < value].sum())
    return round(share * group.fnmr.trials)
