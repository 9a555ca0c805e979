"""The JSON twin's form: every field of `report.json`, from which its published schema is made.

A number is null where there is none: the rate of no comparisons, the ratio to a group without an
error, the upper end of an interval that has no end.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from chiso.evaluate.findings import IntervalMethod, Verdict
from chiso.evaluate.fit import Policy
from chiso.services.audit.report import AuditKind

FORMAT = "chiso-audit-1"

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Shares = tuple[Share, Share]
Ends = tuple[float | None, float | None]


class Part(BaseModel):
    """A part of the document; it has these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class RatePart(Part):
    """A rate with its counts, the people behind it and its 95 % interval."""

    value: Share | None
    errors: Count
    trials: Count
    people: Count
    interval: Shares
    method: IntervalMethod


class SeparabilityPart(Part):
    """FNMR at the group's own FMR; null with a reason where there are too few comparisons."""

    at_fmr: Share
    threshold: float | None
    fnmr: RatePart | None
    why_not: str


class CurvePart(Part):
    """One point of a DET curve."""

    threshold: float | None
    fmr: Share | None
    fnmr: Share | None


class HistogramPart(Part):
    """Shares of scores by bin; one edge more than shares."""

    edges: tuple[float, ...]
    shares: tuple[Share, ...]


class GroupPart(Part):
    """One group within itself; the first is everyone."""

    group: str
    people: Count
    samples: Count
    fte: RatePart | None
    fmr: RatePart
    fnmr: RatePart
    separability: tuple[SeparabilityPart, ...]
    det: tuple[CurvePart, ...]
    mated_scores: HistogramPart
    nonmated_scores: HistogramPart


class CrossPart(Part):
    """False matches between two groups, or within one named twice."""

    one: str
    other: str
    fmr: RatePart


class DisparityPart(Part):
    """How unequal a rate is over all groups; `best` is the value of perfect equality."""

    name: str
    rate: str
    value: float | None
    interval: Ends | None
    best: float
    note: str


class JudgementPart(Part):
    """One requirement, of one group or of a pair, and what the evidence says of it."""

    groups: tuple[str, ...]
    requirement: str
    measure: str
    value: float | None
    interval: Ends
    limit: float
    verdict: Verdict
    more_people: Count | None
    why: str


class ThresholdPart(Part):
    """The threshold of the test: a similarity, even where the input had distances."""

    value: float
    policy: str
    target_fmr: Share | None
    set_by: str
    people: Count
    note: str


class SplitPart(Part):
    """People of a group in each part."""

    group: str
    calibration: Count
    threshold: Count
    test: Count


class ChangePart(Part):
    """What a normaliser changes for a group, absolutely."""

    group: str
    fmr: RatePart
    fnmr: RatePart
    fmr_change: float | None
    fmr_change_interval: Ends
    fnmr_change: float | None
    fnmr_change_interval: Ends
    separability_change: float | None
    separability_change_interval: Ends | None


class NormaliserPart(Part):
    """One normaliser at its own threshold."""

    name: str
    threshold: float
    changes: tuple[ChangePart, ...]
    max_min_fmr: float | None
    is_oracle: bool
    recommended: bool
    why: str


class FindingsPart(Part):
    """Everything that was found."""

    groups: tuple[GroupPart, ...]
    cross: tuple[CrossPart, ...]
    disparities: tuple[DisparityPart, ...]
    judgements: tuple[JudgementPart, ...]
    verdict: Verdict
    threshold: ThresholdPart
    split: tuple[SplitPart, ...]
    seed: int
    normalisers: tuple[NormaliserPart, ...]
    remarks: tuple[str, ...]


class InputPart(Part):
    """What was measured."""

    name: str
    sha256: Digest
    rows: Count
    people: Count
    samples: Count | None
    by: tuple[str, ...]


class RequirementsPart(Part):
    """The limits that verdicts are given against."""

    max_fmr: Share | None
    max_fnmr: Share
    max_fmr_ratio: float
    max_fnmr_difference: Share


class PlanPart(Part):
    """What the audit was asked to do."""

    seed: int
    policy: Policy
    target_fmr: Share
    given_threshold: float | None
    given_by: str
    shares: tuple[Share, Share, Share]
    min_people: Count
    requirements: RequirementsPart


class ModelsPart(Part):
    """The models that photos went through."""

    detector: str
    detector_sha256: Digest
    embedder: str
    embedder_digest: str


class EverydayPart(Part):
    """How probes were degraded."""

    description: str
    seed: int


class RefusedPart(Part):
    """Samples that gave no template, by reason."""

    group: str
    role: str
    code: str
    count: Count


class PhotosPart(Part):
    """How photos were used."""

    consent_sha256: Digest
    references: Count
    everyday: EverydayPart | None
    refused: tuple[RefusedPart, ...]


class ProvenancePart(Part):
    """What the findings rest on. `is_distance`: scores were negated on reading."""

    kind: AuditKind
    audited: InputPart
    is_distance: bool
    plan: PlanPart
    models: ModelsPart | None
    photos: PhotosPart | None
    threshold_record: str | None
    software: str
    made: str
    notes: tuple[str, ...]


class AuditDocument(Part):
    """A fairness audit: rates are shares of one, intervals are 95 %, scores are similarities."""

    format: Literal["chiso-audit-1"]
    title: str
    verdict: Verdict
    summary: str
    """The verdict in plain words, as the page gives it."""
    findings: FindingsPart
    provenance: ProvenancePart


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) of `report.json`, as the package ships it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **AuditDocument.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
