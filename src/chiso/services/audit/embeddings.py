"""Audit embeddings of any recogniser: every two samples are compared, by cosine."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from chiso.core.audit_inputs import EmbeddingTable
from chiso.core.times import to_text
from chiso.evaluate.audit_plan import AuditPlan
from chiso.services.audit.measuring import SOFTWARE, Watched, Watcher, measured, silently
from chiso.services.audit.normalising import Samples, normalised, with_calibration
from chiso.services.audit.people import crowd_of_embeddings
from chiso.services.audit.report import AuditedInput, AuditKind, AuditReport, Provenance


def audit_embeddings(
    table: EmbeddingTable,
    plan: AuditPlan,
    *,
    normaliser: str | None = None,
    now: datetime,
    watch: Watcher = silently,
) -> AuditReport:
    """Measure what embeddings tell apart, by group; beside it, what a normaliser (or all) changes.

    Raises ChisoError: BAD_TABLE, naming the rows that contradict; BAD_ARGUMENT where what was asked
    for cannot be had from these samples.
    """
    file, crowd = table.file, crowd_of_embeddings(table)
    plan = with_calibration(plan, normaliser)
    watched = Watched(watch)
    samples = Samples(crowd, table.vectors, table.subjects.codes, None, watched.share)
    source = samples.source(plan)
    provenance = Provenance(
        kind=AuditKind.EMBEDDINGS,
        audited=AuditedInput(
            name=file.name,
            sha256=file.sha256,
            rows=file.rows,
            people=crowd.people,
            samples=file.rows,
            by=tuple(each.column for each in table.groups),
        ),
        is_distance=False,
        plan=plan,
        models=None,
        photos=None,
        threshold_record=None,
        software=SOFTWARE,
        made=to_text(now),
        notes=_notes(table, source.samples.max()),
    )
    return measured(
        source,
        plan,
        provenance,
        watched,
        normalised=normalised(samples, plan, normaliser),
        scores_are_cosines=True,
    )


def _notes(table: EmbeddingTable, most_samples: int) -> tuple[str, ...]:
    notes = ["Vectors were scaled to unit length; a score is the cosine of the angle between two."]
    copies = table.file.rows - len(np.unique(table.vectors, axis=0))
    if copies:
        notes.append(
            f"{copies:,} samples have exactly the vector of another one: the same photo under two "
            "names, or a default where no face was found. They are counted as they are."
        )
    if most_samples == 1:
        notes.append(
            "Everyone has one sample, so false non-matches cannot be measured: a recogniser that "
            "rejects everyone would look perfect here."
        )
    return tuple(notes)
