"""From comparisons to a threshold record: value, counts, and what it says of searches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from chiso.compare.calibrate import fit_calibration
from chiso.compare.normalise.document import document_of
from chiso.compare.normalise.port import FittedNormaliser
from chiso.compare.open_set import REFERENCES, search_threshold
from chiso.compare.threshold import FORMAT, record_bytes
from chiso.core.decisions import (
    NO_NORMALISER,
    AtScale,
    Calibration,
    CountedOn,
    GroupCount,
    Misses,
    ScoreTail,
    ThresholdRecord,
)
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest
from chiso.core.times import to_text
from chiso.evaluate.counting import mated_errors, nonmated_errors
from chiso.evaluate.evidence import Evidence, Scores
from chiso.evaluate.findings import Rate
from chiso.evaluate.fit import MIN_PEOPLE_IN_GROUP, Policy
from chiso.evaluate.intervals import rate_of
from chiso.evaluate.populations import everyone_and_groups
from chiso.evaluate.tails import tails_of
from chiso.evaluate.threshold_fit import FittedThreshold, fit_threshold

SEED = 20261122
"""Of the bootstrap over people, and of who is apart for a normaliser; written into the record."""
_MOST_CALIBRATED = 20_000

NO_MODEL = (
    "the same one for any number of references, since scores that are no cosines have no model of "
    "angles."
)
"""What a record's note says of searches where it has no tails."""

MissesAt = Callable[[float], tuple[Misses, ...]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a threshold must hold: FMR of a comparison, by whom, and FPIR of a search, in (0, 1)."""

    target_fmr: float
    policy: Policy
    target_fpir: float

    def __post_init__(self) -> None:
        for name, rate in (("FMR", self.target_fmr), ("FPIR", self.target_fpir)):
            if not 0 < rate < 1:
                raise ChisoError(
                    Code.BAD_ARGUMENT,
                    f"A target {name} lies between 0 and 1, not at {rate:g}.",
                    "Give a share of one: 0.001 is one in a thousand.",
                )


@dataclass(frozen=True, slots=True)
class Basis:
    """What a record rests on: the set's name, the model measured, where from, and remarks.

    `normaliser`: what made the scores of cosines; None where they are cosines.
    """

    name: str
    model: ModelDigest
    source: str
    source_sha256: str
    remark: str
    made: datetime
    normaliser: FittedNormaliser | None = None


def record_from(evidence: Evidence, basis: Basis, wanted: Wanted) -> ThresholdRecord:
    """The record that comparisons of one model's templates give, under the basis's normaliser.

    Where scores are no cosines nothing models their angles: no search holds an FPIR. Raises
    ChisoError(BAD_ARGUMENT) where there are too few people, or photos of each, to give a record.
    """
    normaliser = basis.normaliser
    cosines = normaliser is None or normaliser.gives_cosines
    try:
        fitted = fit_threshold(
            evidence, wanted.target_fmr, wanted.policy, SEED, scores_are_cosines=cosines
        )
        calibration = _calibrated(evidence)
        tails = tails_of(evidence, wanted.policy, MIN_PEOPLE_IN_GROUP) if cosines else ()
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"No threshold can be fitted to {basis.name}: {error}.",
            "Give two photos each, or two embeddings, of several people.",
        ) from error
    record = ThresholdRecord(
        record_id="",
        model=basis.model,
        normaliser=NO_NORMALISER if normaliser is None else normaliser.digest,
        policy=wanted.policy.value,
        target_fmr=wanted.target_fmr,
        value=fitted.value,
        interval=fitted.interval,
        calibration=calibration,
        source=basis.source,
        source_sha256=basis.source_sha256,
        people=int(np.count_nonzero(evidence.chosen)),
        groups=_counted(evidence, fitted.value),
        made=to_text(basis.made),
        note=_note(fitted, tails, basis.remark),
        format=FORMAT,
        set_by=fitted.set_by,
        counted_on=CountedOn.SAME_PEOPLE,
        seed=SEED,
        target_fpir=wanted.target_fpir if tails else None,
        tails=tails,
        normaliser_document=None if normaliser is None else document_of(normaliser),
    )
    name = basis.name if normaliser is None else f"{basis.name}-{normaliser.name}"
    return finished(record, name, lambda value: _missed(evidence, value))


def finished(record: ThresholdRecord, name: str, misses_at: MissesAt) -> ThresholdRecord:
    """The record with what it says of searches, named after all that it says."""
    levels = [search_threshold(record, count) for count in REFERENCES]
    whole = replace(
        record,
        at_scale=tuple(
            AtScale(each.references, each.value, each.fpir, misses_at(each.value))
            for each in levels
        ),
    )
    digest = hashlib.sha256(record_bytes(whole)).hexdigest()[:8]
    return replace(whole, record_id=f"{name}-{record.policy}-{record.target_fmr:g}-{digest}")


def _counted(evidence: Evidence, threshold: float) -> tuple[GroupCount, ...]:
    return tuple(
        group_count(
            name,
            int(np.count_nonzero(members)),
            rate_of(nonmated_errors(evidence, threshold, members, members)),
            rate_of(mated_errors(evidence, threshold, members)),
        )
        for name, members in everyone_and_groups(evidence)
    )


def group_count(group: str, people: int, fmr: Rate, fnmr: Rate) -> GroupCount:
    """Both rates of a group, as a record keeps them."""
    return GroupCount(
        group=group,
        people=people,
        nonmated=fmr.trials,
        false_matches=fmr.errors,
        fmr_interval=fmr.interval,
        mated=fnmr.trials,
        false_nonmatches=fnmr.errors,
        fnmr_interval=fnmr.interval,
    )


def _missed(evidence: Evidence, threshold: float) -> tuple[Misses, ...]:
    found = []
    for name, members in everyone_and_groups(evidence):
        rate = rate_of(mated_errors(evidence, threshold, members))
        found.append(Misses(name, rate.people, rate.trials, rate.errors, rate.interval))
    return tuple(found)


def _calibrated(evidence: Evidence) -> Calibration:
    """Of every score where all were kept; else of as many as the bins' counts allow."""
    people = int(np.count_nonzero(evidence.chosen))
    mated, nonmated = evidence.mated.scores, evidence.nonmated.scores
    if not np.isneginf(evidence.nonmated.floor) or len(nonmated) > _MOST_CALIBRATED:
        groups = np.arange(len(evidence.crowd.groups), dtype=np.int32)
        every = evidence.distribution.nonmated_among(groups)
        nonmated = scores_like(evidence.distribution.edges, every)
    if len(mated) > _MOST_CALIBRATED:
        mated = scores_like(evidence.distribution.edges, evidence.distribution.mated.sum(axis=0))
    return fit_calibration(mated, nonmated, people)


def scores_like(edges: Scores, counts: NDArray[np.generic]) -> Scores:
    """At most so many scores as a calibration needs, spread as a histogram's: middles of bins."""
    shares = np.asarray(counts, dtype=np.float64)
    total = shares.sum()
    if total == 0:
        return np.zeros(0)
    cumulative = np.cumsum(shares) / total
    ranks = (np.arange(_MOST_CALIBRATED) + 0.5) / _MOST_CALIBRATED
    at = np.minimum(np.searchsorted(cumulative, ranks), len(shares) - 1)
    middles: Scores = ((edges[:-1] + edges[1:]) / 2)[at]
    return middles


def _note(fitted: FittedThreshold, tails: Sequence[ScoreTail], remark: str) -> str:
    behind = {tail.group: tail.people for tail in tails}
    people = ", ".join(f"{name} {count}" for name, count in behind.items())
    searches = NO_MODEL
    if tails:
        searches = (
            f"a normal model of the angles between templates; people behind it: {people}. Far "
            "beyond them it is an extrapolation, not a measurement."
        )
    return (
        f"Set by the false scores of: {fitted.set_by}. {fitted.note} {remark} Interval of the "
        f"value: bootstrap over people, seed {SEED}. The error counts are of the people that the "
        "threshold was fitted to, so they show the fit and prove nothing about others. Thresholds "
        f"of searches: {searches}"
    )
