"""Audit a table of a vendor's scores: whoever made them, whatever they are called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from chiso.core.audit_inputs import Codes, Labels, PairedLabels, ScoreTable, TableFile
from chiso.core.errors import ChisoError, Code
from chiso.core.times import to_text
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.evidence import Crowd
from chiso.evaluate.listed import ListedSource
from chiso.services.audit.measuring import SOFTWARE, Watched, Watcher, measured, silently
from chiso.services.audit.people import crowd_of, label_of_each_person
from chiso.services.audit.repeats import distinct_comparisons
from chiso.services.audit.report import AuditedInput, AuditKind, AuditReport, Provenance


@dataclass(frozen=True, slots=True)
class _Comparisons:
    """Those to count: `scores` shape (n,), higher is more alike; `one`, `other` shape (n,)."""

    scores: NDArray[np.float64]
    one: Codes
    other: Codes


def audit_scores(
    table: ScoreTable,
    plan: AuditPlan,
    *,
    is_distance: bool,
    now: datetime,
    watch: Watcher = silently,
) -> AuditReport:
    """Measure what a table says by group. A given threshold in `plan` is in the table's terms.

    Raises ChisoError: BAD_TABLE, naming the rows that contradict; BAD_ARGUMENT where what was asked
    for cannot be had from these comparisons.
    """
    crowd = _crowd(table)
    distinct = distinct_comparisons(table)
    kept = distinct.kept
    sign = -1.0 if is_distance else 1.0
    comparisons = _Comparisons(
        sign * table.scores[kept], table.subjects.a[kept], table.subjects.b[kept]
    )
    if is_distance and plan.given_threshold is not None:
        plan = replace(plan, given_threshold=-plan.given_threshold)
    mated = comparisons.one == comparisons.other
    _require_measurable(table.file, mated, plan)
    source = ListedSource(
        crowd,
        _samples(table, mated, comparisons),
        comparisons.scores,
        comparisons.one,
        comparisons.other,
    )
    notes = [
        distinct.note,
        _samples_note(table),
        _missing_note(mated),
        _direction_note(comparisons.scores, mated, is_distance),
    ]
    provenance = Provenance(
        kind=AuditKind.SCORES,
        audited=AuditedInput(
            name=table.file.name,
            sha256=table.file.sha256,
            rows=table.file.rows,
            people=crowd.people,
            samples=None if table.samples is None else int(source.samples.sum()),
            by=tuple(each.column for each in table.groups),
        ),
        is_distance=is_distance,
        plan=plan,
        models=None,
        photos=None,
        threshold_record=None,
        software=SOFTWARE,
        made=to_text(now),
        notes=tuple(note for note in notes if note),
    )
    return measured(source, plan, provenance, Watched(watch))


def _crowd(table: ScoreTable) -> Crowd:
    subjects, file = table.subjects, table.file
    person = np.concatenate([subjects.a, subjects.b])

    def place(cell: int) -> str:
        return file.place(cell % file.rows)

    def each(pair: PairedLabels) -> Labels:
        cells = Labels(pair.column, pair.names, np.concatenate([pair.a, pair.b]))
        return label_of_each_person(cells, person, subjects.names, place, file.refused)

    return crowd_of([each(pair) for pair in table.groups], file.refused)


def _direction_note(
    scores: NDArray[np.float64], mated: NDArray[np.bool_], is_distance: bool
) -> str:
    """A warning where people resemble others more than themselves: read the wrong way round?"""
    if mated.all() or not mated.any() or np.median(scores[mated]) >= np.median(scores[~mated]):
        return ""
    do = "leave out --distance" if is_distance else "give --distance"
    return (
        "As these scores were read, people are less like themselves than like others. If a "
        f"{'higher' if is_distance else 'lower'} score means closer, {do}."
    )


def _require_measurable(file: TableFile, mated: NDArray[np.bool_], plan: AuditPlan) -> None:
    if mated.all() and plan.given_threshold is None:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{file.name} holds no comparison of two people, so false matches cannot be measured, "
            "and no threshold can be fixed on them.",
            "Add comparisons of different people; or give the threshold in use with --threshold, "
            "and false non-matches alone are measured.",
        )


def _samples(table: ScoreTable, mated: NDArray[np.bool_], of: _Comparisons) -> NDArray[np.int64]:
    """Shape (people,): how many samples each gave; at least so many where the table names none."""
    people = len(table.subjects.names)
    if table.samples is None:
        least = np.ones(people, np.int64)
        least[of.one[mated]] = 2
        return least
    named = np.int64(len(table.samples.names))
    a = table.subjects.a * named + table.samples.a
    b = table.subjects.b * named + table.samples.b
    distinct = np.unique(np.concatenate([a, b]))
    return np.bincount(distinct // named, minlength=people)


def _samples_note(table: ScoreTable) -> str:
    if table.samples is not None:
        return ""
    return (
        "The table does not name samples: a person counts as two where she is compared with "
        "herself, as one where she is not, and rows of the same two people count as comparisons of "
        "different samples."
    )


def _missing_note(mated: NDArray[np.bool_]) -> str:
    if not mated.any():
        return (
            "There is no comparison of a person with herself, so false non-matches cannot be "
            "measured: a recogniser that rejects everyone would look perfect here."
        )
    if mated.all():
        return (
            "There is no comparison of two people, so false matches cannot be measured: a "
            "recogniser that accepts everyone would look perfect here."
        )
    return ""
