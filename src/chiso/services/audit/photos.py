"""Audit photos of people who agreed to be measured, through our engine, failures counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np

from chiso.consent.policy import permit_study
from chiso.core.audit_inputs import Labels
from chiso.core.errors import ChisoError, Code
from chiso.core.times import to_text
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.evidence import Crowd
from chiso.evaluate.vectors import Role
from chiso.services.audit.measuring import SOFTWARE, Watched, Watcher, measured, silently
from chiso.services.audit.normalising import Samples, normalised, with_calibration
from chiso.services.audit.people import crowd_of, refused_list
from chiso.services.audit.report import (
    AuditedInput,
    AuditKind,
    AuditReport,
    Everyday,
    Models,
    PhotoProtocol,
    Provenance,
    RefusedSamples,
)
from chiso.services.home import Engine
from chiso.services.study_photos import Seen, StudyPhoto, digest_of_photos, look_at

EVERYDAY_DESCRIPTION = (
    "probes down-sampled, blurred, darkened with the noise of little light, turned a little, now "
    "and then partly covered, and compressed as JPEG, each to a degree drawn by chance"
)


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """Photos of people who signed for them to be measured.

    `columns`: self-reports, a code a person. `photos`: in the order of names, person by person.
    `consent_sha256`: of the document that says what they signed.
    """

    name: str
    subjects: tuple[str, ...]
    columns: tuple[Labels, ...]
    photos: tuple[StudyPhoto, ...]
    consent_sha256: str


@dataclass(frozen=True, slots=True)
class PhotoUse:
    """How photos are used: how many usable ones a person are references; everyday's seed, or None.

    `normaliser`: to show beside, by name, or all; None for none.
    """

    references: int
    everyday_seed: int | None
    normaliser: str | None = None


def audit_photos(
    engine: Engine,
    detector_sha256: str,
    photos: PhotoSet,
    use: PhotoUse,
    plan: AuditPlan,
    *,
    threshold_record: str | None,
    now: datetime,
    watch: Watcher = silently,
) -> AuditReport:
    """Measure an engine with photos, by group.

    Raises ChisoError: BAD_MANIFEST where groups cannot be told apart, DATA_MISSING where no photo
    gives a reference or none a probe.
    """
    crowd = crowd_of(photos.columns, refused_list(photos.name))
    permit = permit_study(photos.consent_sha256, now)
    seen = look_at(
        engine,
        photos.photos,
        permit,
        references=use.references,
        everyday_seed=use.everyday_seed,
        done=lambda count: watch("Looking at photos", count, len(photos.photos)),
    )
    used = [each for each in seen if each.vector is not None]
    _require_both_roles(photos, used)
    plan = with_calibration(plan, use.normaliser)
    watched = Watched(watch)
    samples = Samples(
        crowd,
        np.stack([each.vector for each in used if each.vector is not None]),
        np.array([each.photo.person for each in used], np.int32),
        np.array([each.role for each in used], np.int8),
        watched.share,
    )
    provenance = Provenance(
        kind=AuditKind.PHOTOS,
        audited=AuditedInput(
            name=photos.name,
            sha256=digest_of_photos(seen, partial(_reported, photos)),
            rows=len(photos.photos),
            people=crowd.people,
            samples=len(photos.photos),
            by=tuple(each.column for each in photos.columns),
        ),
        is_distance=False,
        plan=plan,
        models=Models(
            detector=engine.detector.name,
            detector_sha256=detector_sha256,
            embedder=engine.embedder.name,
            embedder_digest=engine.embedder.digest,
        ),
        photos=PhotoProtocol(
            consent_sha256=photos.consent_sha256,
            references=use.references,
            everyday=_everyday(use),
            refused=_refused(crowd, seen),
        ),
        threshold_record=threshold_record,
        software=SOFTWARE,
        made=to_text(now),
        notes=(),
    )
    return measured(
        samples.source(plan),
        plan,
        provenance,
        watched,
        normalised=normalised(samples, plan, use.normaliser),
        offered=_offered(crowd, seen),
        scores_are_cosines=True,
    )


def _require_both_roles(photos: PhotoSet, used: Sequence[Seen]) -> None:
    for role in Role:
        if not any(each.role is role for each in used):
            raise ChisoError(
                Code.DATA_MISSING,
                f"No photo of {photos.name} can be used as a {role.name.lower()}, so nothing can "
                "be compared.",
                "Give each person two photos or more that show her face alone: the first by name "
                "that passes the limits of enrolment is the reference, the others are probes "
                "(`--references N` sets how many).",
            )


def _offered(crowd: Crowd, seen: Sequence[Seen]) -> dict[str, tuple[int, int]]:
    """By group: photos offered, and those of them that gave no template."""
    groups = [crowd.groups[crowd.group_of[each.photo.person]] for each in seen]
    offered = Counter(groups)
    failed = Counter(
        group for group, each in zip(groups, seen, strict=True) if each.refusal is not None
    )
    return {group: (offered[group], failed[group]) for group in crowd.groups}


def _everyday(use: PhotoUse) -> Everyday | None:
    if use.everyday_seed is None:
        return None
    return Everyday(EVERYDAY_DESCRIPTION, use.everyday_seed)


def _refused(crowd: Crowd, seen: Sequence[Seen]) -> tuple[RefusedSamples, ...]:
    counts = Counter(
        (crowd.groups[crowd.group_of[each.photo.person]], each.role.name.lower(), each.refusal.code)
        for each in seen
        if each.refusal is not None
    )
    return tuple(
        RefusedSamples(group, role, code.value, count)
        for (group, role, code), count in sorted(counts.items())
    )


def _reported(photos: PhotoSet, person: int) -> list[str]:
    groups = [column.names[column.codes[person]] for column in photos.columns]
    return [photos.subjects[person], *groups]
