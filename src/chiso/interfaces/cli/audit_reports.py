"""Reads an audit's `report.json` for the threshold that it fixed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from chiso.core.catalogue import PackCard
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest
from chiso.evaluate.findings import FrozenThreshold, Histogram, Rate
from chiso.interfaces.cli.files import name_of, read_file
from chiso.interfaces.fairness_report.schema import (
    FORMAT,
    AuditDocument,
    GroupPart,
    HistogramPart,
    RatePart,
)
from chiso.services.audit.report import AuditKind
from chiso.services.fit_report import AuditedGroup, AuditedThreshold

_AUDIT_AGAIN = "Name the report.json that `chiso audit photos` or `chiso audit embeddings` wrote."


def read_audited_threshold(path: Path, pack: PackCard) -> AuditedThreshold:
    """The threshold of a report on photos or embeddings that the embedder of `pack` made.

    Raises ChisoError: BAD_ARGUMENT for a file that is no such report, MODEL_MISMATCH for one on
    another model.
    """
    content = read_file(path, "an audit's report")
    document = _document(path, content)
    said = document.provenance
    if said.kind is AuditKind.SCORES:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{path} is of a table of scores, and nothing says which model made them.",
            _AUDIT_AGAIN,
        )
    if said.models is not None and said.models.embedder_digest != pack.digest:
        raise ChisoError(
            Code.MODEL_MISMATCH,
            f"{path} is on model {said.models.embedder_digest[:12]} ({said.models.embedder}), not "
            f"on {pack.digest[:12]} ({pack.embedder}).",
            "A threshold holds for the model that it was fixed on: use that model, or audit this "
            "one.",
        )
    fixed, plan = document.findings.threshold, said.plan
    return AuditedThreshold(
        name=name_of(path.resolve().parent) or path.stem,
        report_sha256=hashlib.sha256(content).hexdigest(),
        data_name=said.audited.name,
        data_sha256=said.audited.sha256,
        model=ModelDigest(pack.digest),
        model_source=f"embedder {pack.embedder}"
        if said.models is not None
        else f"by word of who gave it of embedder {pack.embedder}",
        frozen=FrozenThreshold(
            fixed.value, fixed.policy, fixed.target_fmr, fixed.set_by, fixed.people, fixed.note
        ),
        min_people=plan.min_people,
        seed=document.findings.seed,
        groups=tuple(_group(each) for each in document.findings.groups),
    )


def _document(path: Path, content: bytes) -> AuditDocument:
    try:
        read = json.loads(content)
        written = read["format"] if isinstance(read, dict) and "format" in read else None
        if written != FORMAT:
            raise ChisoError(
                Code.BAD_ARGUMENT,
                f"{path} is not an audit's report: its format is {written!r}, not {FORMAT!r}.",
                _AUDIT_AGAIN,
            )
        return AuditDocument.model_validate_json(content)
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT, f"{path} is not an audit's report: {_first(error)}.", _AUDIT_AGAIN
        ) from error


def _first(error: ValueError) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        wrong = error.errors()[0]
        place = ".".join(str(step) for step in wrong["loc"])
        return f"{place}: {wrong['msg']}"
    return str(error)


def _group(part: GroupPart) -> AuditedGroup:
    return AuditedGroup(
        part.group,
        part.people,
        _rate(part.fmr),
        _rate(part.fnmr),
        _histogram(part.mated_scores),
        _histogram(part.nonmated_scores),
    )


def _rate(part: RatePart) -> Rate:
    value = float("nan") if part.value is None else part.value
    return Rate(value, part.errors, part.trials, part.people, part.interval, part.method)


def _histogram(part: HistogramPart) -> Histogram:
    return Histogram(part.edges, part.shares)
