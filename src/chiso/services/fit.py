"""Fit a threshold to photos or embeddings of people who agreed, and write it down as a record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from chiso.consent.policy import permit_study
from chiso.core.audit_inputs import EmbeddingTable
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import Refusal
from chiso.core.templates import ModelDigest
from chiso.evaluate.evidence import Crowd
from chiso.evaluate.vectors import Role, VectorSource
from chiso.services.audit.people import crowd_of_embeddings
from chiso.services.engine import reference_templates_of, single_face, templates_of
from chiso.services.home import Engine
from chiso.services.threshold_record import Basis, Wanted, record_from

NOT_REPORTED = "not reported"
"""The group of those who reported none."""


@dataclass(frozen=True, slots=True)
class MeasuredModel:
    """The embedder whose templates a file holds: its name, its digest, numbers a template."""

    name: str
    digest: ModelDigest
    dimensions: int


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
    wanted: Wanted,
    now: datetime,
    done: Callable[[int], None] = lambda _count: None,
) -> Fitted:
    """Make a threshold record from a study. `done` is told how many photos have been seen.

    Each person's first photo by name is her reference, the others are probes: as it is when people
    are recognised. Raises ChisoError(BAD_ARGUMENT) where the study cannot give a threshold.
    """
    source, refused = _measured(engine, study, now, done)
    evidence = source.evidence(np.ones(source.crowd.people, dtype=bool))
    grouped = f"by self-reported {study.grouped_by}" if study.grouped_by else "not by group"
    basis = Basis(
        name=study.name,
        model=engine.embedder.digest,
        source=f"{study.name}: {len(study.photos) - len(refused)} photos, detector "
        f"{engine.detector.name}, embedder {engine.embedder.name}",
        source_sha256=_digest(study),
        remark=f"Groups: {grouped}. {len(refused)} photos refused. Each first photo is compared "
        f"with the others' other photos. Consent document SHA-256 {study.consent_sha256}.",
        made=now,
    )
    return Fitted(record_from(evidence, basis, wanted), refused)


def fit_embeddings(
    table: EmbeddingTable, model: MeasuredModel, wanted: Wanted, now: datetime
) -> ThresholdRecord:
    """Make a threshold record from embeddings that `model` made; every two are compared.

    Raises ChisoError: BAD_TABLE where rows contradict each other, BAD_ARGUMENT where the vectors
    are not this model's or cannot give a threshold.
    """
    file = table.file
    dimensions = table.vectors.shape[1]
    if dimensions != model.dimensions:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The vectors of {file.name} have {dimensions} numbers, and the templates of "
            f"{model.name} {model.dimensions}: another model made them.",
            "Name the model that made them with --model; a home decides only by its own model's.",
        )
    crowd = crowd_of_embeddings(table)
    source = VectorSource(crowd, table.vectors, table.subjects.codes)
    by = ", ".join(each.column for each in table.groups)
    basis = Basis(
        name=file.name.split(".")[0],
        model=model.digest,
        source=f"{file.name}: {file.rows} embeddings, by word of who gave them of {model.name}",
        source_sha256=file.sha256,
        remark=f"Groups: by self-reported {by}. Every two embeddings are compared.",
        made=now,
    )
    return record_from(source.evidence(np.ones(crowd.people, dtype=bool)), basis, wanted)


def _measured(
    engine: Engine, study: Study, now: datetime, done: Callable[[int], None]
) -> tuple[VectorSource, list[tuple[str, Refusal]]]:
    """Templates of every usable photo, each person's first in name a reference."""
    permit = permit_study(study.consent_sha256, now)
    index: dict[str, int] = {}
    groups: list[str] = []
    owners: list[int] = []
    roles: list[Role] = []
    vectors: list[np.ndarray] = []
    refused: list[tuple[str, Refusal]] = []
    for count, photo in enumerate(study.photos, start=1):
        role = Role.PROBE if photo.subject in index else Role.REFERENCE
        limits = engine.capture.enrolment if role is Role.REFERENCE else engine.capture.probe
        face = single_face(engine, photo.content, limits)
        done(count)
        if isinstance(face, Refusal):
            refused.append((photo.name, face))
            continue
        embedded = reference_templates_of if role is Role.REFERENCE else templates_of
        (template,) = embedded(engine, [face], permit)
        if role is Role.REFERENCE:
            index[photo.subject] = len(groups)
            groups.append(photo.group or NOT_REPORTED)
        owners.append(index[photo.subject])
        roles.append(role)
        vectors.append(template.vector)
    if not vectors:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"No photo of {study.name} can be measured.",
            "`chiso threshold fit` needs two usable photos each of several people.",
        )
    names = tuple(sorted(set(groups)))
    group_of = np.array([names.index(each) for each in groups], dtype=np.int32)
    source = VectorSource(
        Crowd(names, group_of),
        np.stack(vectors),
        np.array(owners, dtype=np.int32),
        np.array(roles, dtype=np.int8),
    )
    return source, refused


def _digest(study: Study) -> str:
    """SHA-256 over every photo's subject, group and content digest, in the order of names."""
    total = hashlib.sha256()
    for photo in sorted(study.photos, key=lambda each: each.name):
        content = hashlib.sha256(photo.content).hexdigest()
        total.update(f"{photo.name}\x00{photo.subject}\x00{photo.group}\x00{content}\n".encode())
    return total.hexdigest()
