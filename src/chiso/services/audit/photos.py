"""Audit photos of people who agreed to be measured, through our engine, failures counted."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from chiso.capture.decode import decode
from chiso.consent.policy import permit_study
from chiso.core.audit_inputs import Labels
from chiso.core.consent import Permit
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import Refusal
from chiso.core.times import to_text
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.everyday import EVERYDAY, everyday_photo
from chiso.evaluate.evidence import Crowd
from chiso.evaluate.vectors import Role
from chiso.services.audit.measuring import SOFTWARE, Watched, Watcher, measured, silently
from chiso.services.audit.normalising import Samples, normalised, with_calibration
from chiso.services.audit.people import crowd_of
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
from chiso.services.engine import (
    MeasuredFace,
    reference_templates_of,
    single_face,
    templates_of,
)
from chiso.services.home import Engine

EVERYDAY_DESCRIPTION = (
    "probes down-sampled, blurred, darkened with the noise of little light, turned a little, now "
    "and then partly covered, and compressed as JPEG, each to a degree drawn by chance"
)


@dataclass(frozen=True, slots=True)
class AuditPhoto:
    """One photo: whose, by place in the set's subjects; its name; and what reads its bytes."""

    person: int
    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """Photos of people who signed for them to be measured.

    `columns`: self-reports, a code a person. `photos`: in the order of names, person by person.
    `consent_sha256`: of the document that says what they signed.
    """

    name: str
    subjects: tuple[str, ...]
    columns: tuple[Labels, ...]
    photos: tuple[AuditPhoto, ...]
    consent_sha256: str


@dataclass(frozen=True, slots=True)
class PhotoUse:
    """How photos are used: how many a person are references; the seed of everyday, or None.

    `normaliser`: to show beside, by name, or all; None for none.
    """

    references: int
    everyday_seed: int | None
    normaliser: str | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What became of one photo: its template's vector, or why there is none."""

    photo: AuditPhoto
    role: Role
    vector: NDArray[np.float32] | None
    refusal: Code | None
    content_sha256: str


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
    crowd = crowd_of(photos.columns, _refused_list(photos))
    permit = permit_study(photos.consent_sha256, now)
    seen = _look_at(engine, photos, use, permit, watch)
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
            sha256=_digest(photos, seen),
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
        normaliser="none",
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


def _look_at(
    engine: Engine, photos: PhotoSet, use: PhotoUse, permit: Permit, watch: Watcher
) -> list[_Seen]:
    seen: list[_Seen] = []
    had: Counter[int] = Counter()
    for photo in photos.photos:
        role = Role.REFERENCE if had[photo.person] < use.references else Role.PROBE
        had[photo.person] += 1
        content = photo.read()
        face = _face(engine, photo, role, content, use.everyday_seed)
        digest = hashlib.sha256(content).hexdigest()
        if isinstance(face, Refusal):
            seen.append(_Seen(photo, role, None, face.code, digest))
        else:
            embedded = reference_templates_of if role is Role.REFERENCE else templates_of
            (template,) = embedded(engine, [face], permit)
            seen.append(_Seen(photo, role, template.vector, None, digest))
        watch("Looking at photos", len(seen), len(photos.photos))
    return seen


def _face(
    engine: Engine, photo: AuditPhoto, role: Role, content: bytes, everyday_seed: int | None
) -> MeasuredFace | Refusal:
    if role is Role.REFERENCE:
        return single_face(engine, content, engine.capture.enrolment)
    face = single_face(engine, content, engine.capture.probe)
    sample = decode(content, engine.capture.decode)
    if everyday_seed is None or isinstance(face, Refusal) or isinstance(sample, Refusal):
        return face
    eyes = face.face.landmarks[:2].astype(np.float64)
    # By name, so that a photo is degraded alike whoever else is in the set.
    own = int.from_bytes(hashlib.sha256(photo.name.encode()).digest()[:8])
    degraded = everyday_photo(sample.pixels, eyes, EVERYDAY, (everyday_seed, own))
    return single_face(engine, degraded, engine.capture.probe)


def _require_both_roles(photos: PhotoSet, used: Sequence[_Seen]) -> None:
    for role in Role:
        if not any(each.role is role for each in used):
            raise ChisoError(
                Code.DATA_MISSING,
                f"No photo of {photos.name} can be used as a {role.name.lower()}, so nothing can "
                "be compared.",
                "Give each person two photos or more that show her face alone: the first by name "
                "is the reference, the others are probes (`--references N` sets how many).",
            )


def _offered(crowd: Crowd, seen: Sequence[_Seen]) -> dict[str, tuple[int, int]]:
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


def _refused(crowd: Crowd, seen: Sequence[_Seen]) -> tuple[RefusedSamples, ...]:
    counts = Counter(
        (crowd.groups[crowd.group_of[each.photo.person]], each.role.name.lower(), each.refusal)
        for each in seen
        if each.refusal is not None
    )
    return tuple(
        RefusedSamples(group, role, code.value, count)
        for (group, role, code), count in sorted(counts.items())
    )


def _digest(photos: PhotoSet, seen: Sequence[_Seen]) -> str:
    total = hashlib.sha256()
    for each in sorted(seen, key=lambda one: one.photo.name):
        person = each.photo.person
        groups = [column.names[column.codes[person]] for column in photos.columns]
        words = [each.photo.name, photos.subjects[person], *groups, each.content_sha256]
        total.update("\x00".join(words).encode(errors="surrogateescape") + b"\n")
    return total.hexdigest()


def _refused_list(photos: PhotoSet) -> Callable[[str, str], ChisoError]:
    return lambda what, do: ChisoError(
        Code.BAD_MANIFEST, f"The list of people of {photos.name}: {what}.", do
    )
