"""Fit a threshold to photos or embeddings of people who agreed, and write it down as a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from chiso.consent.policy import permit_study
from chiso.core.audit_inputs import EmbeddingTable, Labels
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import Refusal
from chiso.core.templates import ModelDigest
from chiso.evaluate.evidence import Crowd
from chiso.services.audit.normalising import Samples
from chiso.services.audit.people import crowd_of, crowd_of_embeddings, refused_list
from chiso.services.fit_normaliser import compared
from chiso.services.home import Engine
from chiso.services.study_photos import Seen, StudyPhoto, digest_of_photos, look_at
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
class Study:
    """Photos of people who signed for them to be measured.

    `subjects`: each, and the group she reported, "" if none. `photos`: person by person, in the
    order of names. `consent_sha256`: SHA-256 of the document that says what they signed.
    `grouped_by`: the column of self-reports that the groups come from, "" for none.
    """

    name: str
    subjects: Sequence[tuple[str, str]]
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
    *,
    normaliser: str | None = None,
    done: Callable[[int], None] = lambda _count: None,
) -> Fitted:
    """Make a threshold record from a study. `done` is told how many photos have been seen.

    `normaliser`: the name of one to fit to a third of the people; the record carries it, and its
    threshold is fitted to the scores of the others.

    Each person's first photo by name that passes the limits of enrolment is her reference, the
    others are probes: as it is when people are recognised. Raises ChisoError: BAD_MANIFEST where
    groups cannot be told apart, BAD_ARGUMENT where the study cannot give a threshold.
    """
    crowd = _crowd(study)
    permit = permit_study(study.consent_sha256, now)
    seen = look_at(engine, study.photos, permit, done=done)
    samples = _samples(study.name, crowd, seen)
    refused = [(each.photo.name, each.refusal) for each in seen if each.refusal is not None]
    found = compared(samples, normaliser, wanted.target_fmr)
    grouped = f"by self-reported {study.grouped_by}" if study.grouped_by else "not by group"
    basis = Basis(
        name=study.name,
        model=engine.embedder.digest,
        source=f"{study.name}: {len(study.photos) - len(refused)} photos, detector "
        f"{engine.detector.name}, embedder {engine.embedder.name}",
        source_sha256=digest_of_photos(seen, study.subjects.__getitem__),
        remark=f"{found.remark}Groups: {grouped}. {len(refused)} photos refused. Each first photo "
        f"is compared with the others' other photos. Consent document SHA-256 "
        f"{study.consent_sha256}.",
        made=now,
        normaliser=found.normaliser,
    )
    return Fitted(record_from(found.evidence, basis, wanted), refused)


def fit_embeddings(
    table: EmbeddingTable,
    model: MeasuredModel,
    wanted: Wanted,
    now: datetime,
    *,
    normaliser: str | None = None,
) -> ThresholdRecord:
    """Make a threshold record from embeddings that `model` made; every two are compared.

    `normaliser`: as for `fit`.

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
    samples = Samples(crowd, table.vectors, table.subjects.codes, None)
    found = compared(samples, normaliser, wanted.target_fmr)
    by = ", ".join(each.column for each in table.groups)
    basis = Basis(
        name=file.name.split(".")[0],
        model=model.digest,
        source=f"{file.name}: {file.rows} embeddings, by word of who gave them of {model.name}",
        source_sha256=file.sha256,
        remark=f"{found.remark}Groups: by self-reported {by}. Every two embeddings are compared.",
        made=now,
        normaliser=found.normaliser,
    )
    return record_from(found.evidence, basis, wanted)


def _crowd(study: Study) -> Crowd:
    """Everyone of the study in her group, as an audit of the same photos has them."""
    groups = [group or NOT_REPORTED for _, group in study.subjects]
    names, codes = np.unique(groups, return_inverse=True)
    column = Labels(study.grouped_by, tuple(map(str, names)), codes.astype(np.int32))
    return crowd_of([column], refused_list(study.name))


def _samples(name: str, crowd: Crowd, seen: Sequence[Seen]) -> Samples:
    """References with probes, of those who have a usable photo."""
    usable = [(each, each.vector) for each in seen if each.vector is not None]
    if not usable:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"No photo of {name} can be measured.",
            "`chiso threshold fit` needs two usable photos each of several people.",
        )
    people, owners = np.unique([each.photo.person for each, _ in usable], return_inverse=True)
    groups, group_of = np.unique(crowd.group_of[people], return_inverse=True)
    return Samples(
        Crowd(tuple(crowd.groups[group] for group in groups), group_of.astype(np.int32)),
        np.stack([vector for _, vector in usable]),
        owners.astype(np.int32),
        np.array([each.role for each, _ in usable], dtype=np.int8),
    )
