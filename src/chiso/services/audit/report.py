"""An audit as its report tells it: the findings, and everything needed to doubt them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chiso.core.templates import ModelDigest
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.findings import Findings


class AuditKind(StrEnum):
    """What was handed in; the word is also the command's."""

    SCORES = "scores"
    EMBEDDINGS = "embeddings"
    PHOTOS = "photos"


@dataclass(frozen=True, slots=True)
class AuditedInput:
    """What was measured. Nobody is named: people are counted.

    `sha256`: lower-case hex; of a file, of its content; of photos, over every photo's name,
    subject, groups and content digest, in the order of names. `rows`: comparisons of a table of
    scores before repeats were counted once, rows of embeddings, photos. `samples`: None where the
    input does not say how many there are. `by`: the columns of self-reports that groups cross;
    `("group",)` where the input has groups as they are.
    """

    name: str
    sha256: str
    rows: int
    people: int
    samples: int | None
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Models:
    """The models that photos went through. `embedder_digest`: of the embedder's whole recipe."""

    detector: str
    detector_sha256: str
    embedder: str
    embedder_digest: ModelDigest


@dataclass(frozen=True, slots=True)
class Everyday:
    """How probes were degraded to be like everyday photos: in words, and the seed."""

    description: str
    seed: int


@dataclass(frozen=True, slots=True)
class RefusedSamples:
    """How many samples of a group gave no template for one reason: a code of `core/errors.py`.

    `role`: "reference" or "probe"; other limits of quality apply to each.
    """

    group: str
    role: str
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class PhotoProtocol:
    """How photos were used. `consent_sha256`: of the document that the people pictured signed.

    `references`: photos a person that are compared with all probes: the first by name that pass the
    limits of enrolment; the rest are probes. `everyday`: None where probes are as they came.
    """

    consent_sha256: str
    references: int
    everyday: Everyday | None
    refused: tuple[RefusedSamples, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the findings rest on.

    `is_distance`: in the input, lower is closer; scores were negated, and every score and threshold
    in the findings is minus the vendor's. `models` and `photos`: None but for photos.
    `threshold_record`: id of the record that gave the threshold; None where it was fixed here or
    given as a number. `software`: name and version. `made`: UTC date and time, ISO 8601. `notes`:
    what was done to the input on reading it, each a sentence.
    """

    kind: AuditKind
    audited: AuditedInput
    is_distance: bool
    plan: AuditPlan
    models: Models | None
    photos: PhotoProtocol | None
    threshold_record: str | None
    software: str
    made: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Everything that the page, its JSON twin and the model card are written from."""

    title: str
    findings: Findings
    provenance: Provenance
