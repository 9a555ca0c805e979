"""Fit a threshold to photos of people who agreed to be measured, and write it down as a record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from chiso.compare.calibrate import fit_calibration
from chiso.compare.threshold import record_bytes
from chiso.consent.policy import permit_study
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import Refusal
from chiso.core.times import to_text
from chiso.evaluate.comparisons import Comparisons, all_comparisons
from chiso.evaluate.fit import FittedThreshold, Policy, fit_threshold
from chiso.evaluate.rates import error_counts
from chiso.services.engine import single_face, templates_of
from chiso.services.home import Engine

SEED = 20261122
"""Of the bootstrap over people; written into the record's note."""


@dataclass(frozen=True, slots=True)
class StudyPhoto:
    """One photo of a study: whose, the group she reported ("" if none), its name and its bytes."""

    subject: str
    group: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Study:
    """Photos of people who signed for them to be measured.

    `consent_sha256`: SHA-256 of the document that says what they signed. `grouped_by`: the column
    of self-reports that the groups come from, "" for none.
    """

    name: str
    photos: Sequence[StudyPhoto]
    consent_sha256: str
    grouped_by: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """A record, and the photos that could not be used in making it: (name, why)."""

    record: ThresholdRecord
    refused: Sequence[tuple[str, Refusal]]


def fit(
    engine: Engine,
    study: Study,
    target_fmr: float,
    policy: Policy,
    now: datetime,
    done: Callable[[int], None] = lambda _count: None,
) -> Fitted:
    """Make a threshold record from a study. `done` is told how many photos have been seen.

    Raises ChisoError(BAD_ARGUMENT) where the target or the study cannot give a threshold.
    """
    comparisons, refused = _measured(engine, study, now, done)
    try:
        fitted = fit_threshold(comparisons, target_fmr, policy, SEED)
        mated = comparisons.scores[comparisons.mated]
        nonmated = comparisons.scores[~comparisons.mated]
        calibration = fit_calibration(mated, nonmated, len(comparisons.groups))
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"No threshold can be fitted to {study.name}: {error}.",
            "Give a target between 0 and 1, and two photos each of several people.",
        ) from error
    record = ThresholdRecord(
        record_id="",
        model=engine.embedder.digest,
        normaliser="none",
        policy=policy.value,
        target_fmr=target_fmr,
        value=fitted.value,
        interval=fitted.interval,
        calibration=calibration,
        source=f"{study.name}: {len(study.photos) - len(refused)} photos, detector "
        f"{engine.detector.name}, embedder {engine.embedder.name}",
        source_sha256=_digest(study),
        people=len(comparisons.groups),
        groups=error_counts(comparisons, fitted.value),
        made=to_text(now),
        note=_note(study, fitted, len(refused)),
    )
    return Fitted(replace(record, record_id=_name(study, record)), refused)


def _measured(
    engine: Engine, study: Study, now: datetime, done: Callable[[int], None]
) -> tuple[Comparisons, list[tuple[str, Refusal]]]:
    permit = permit_study(study.consent_sha256, now)
    index: dict[str, int] = {}
    groups: list[str] = []
    owners: list[int] = []
    vectors: list[np.ndarray] = []
    refused: list[tuple[str, Refusal]] = []
    for count, photo in enumerate(study.photos, start=1):
        face = single_face(engine, photo.content, engine.capture.enrolment)
        done(count)
        if isinstance(face, Refusal):
            refused.append((photo.name, face))
            continue
        (template,) = templates_of(engine, [face], permit)
        if photo.subject not in index:
            index[photo.subject] = len(groups)
            groups.append(photo.group)
        owners.append(index[photo.subject])
        vectors.append(template.vector)
    stacked = np.stack(vectors) if vectors else np.empty((0, 0), np.float32)
    return all_comparisons(stacked, owners, groups), refused


def _digest(study: Study) -> str:
    """SHA-256 over every photo's subject, group and content digest, in the order of names."""
    total = hashlib.sha256()
    for photo in sorted(study.photos, key=lambda each: each.name):
        content = hashlib.sha256(photo.content).hexdigest()
        total.update(f"{photo.name}\x00{photo.subject}\x00{photo.group}\x00{content}\n".encode())
    return total.hexdigest()


def _name(study: Study, record: ThresholdRecord) -> str:
    digest = hashlib.sha256(record_bytes(record)).hexdigest()[:8]
    return f"{study.name}-{record.policy}-{record.target_fmr:g}-{digest}"


def _note(study: Study, fitted: FittedThreshold, refused: int) -> str:
    grouped = f"by self-reported {study.grouped_by}" if study.grouped_by else "not by group"
    return (
        f"Set by the false scores of: {fitted.set_by}; {grouped}. {refused} photos refused. Normal "
        f"model of angles; bootstrap over people, seed {SEED}; consent document SHA-256 "
        f"{study.consent_sha256}. The error counts are on the photos that the threshold was fitted "
        "to, so they show the fit and prove nothing about other people."
    )
