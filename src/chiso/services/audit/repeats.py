"""Comparisons that a table holds twice: counted once where that is sure, refused where not.

With sample names, two rows of the same two samples are the same comparison, whichever is named
first. Without them, rows of the same two people are taken for comparisons of different samples, but
for mirrored ones, (a, b, score) and (b, a, score): where every row has its mirror, and there are no
mated ones, the table is a full matrix, and half of it is counted. Else nobody can say what they
are: of a full matrix with mated comparisons, which of these compare a sample with itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.core.audit_inputs import PairedLabels, ScoreTable
from chiso.core.errors import ChisoError

EQUAL_WITHIN = 1e-6
"""Relative difference of two scores of the same samples below which they are one comparison."""


@dataclass(frozen=True, slots=True)
class Distinct:
    """`kept`: shape (rows,), bool, the rows to count. `note`: what was left out, "" for nothing."""

    kept: NDArray[np.bool_]
    note: str


def distinct_comparisons(table: ScoreTable) -> Distinct:
    """Which rows to count. Raises ChisoError(BAD_TABLE), naming the rows that contradict."""
    if table.samples is None:
        return _of_people(table)
    return _of_samples(table, table.samples)


def _of_samples(table: ScoreTable, samples: PairedLabels) -> Distinct:
    subjects, file = table.subjects, table.file
    named = np.int64(len(samples.names))
    a, b = subjects.a * named + samples.a, subjects.b * named + samples.b
    itself = np.flatnonzero(a == b)
    if len(itself):
        raise file.refused(
            f"{file.place(int(itself[0]))}: a sample is compared with itself ({len(itself):,} such "
            "rows in all)",
            "Leave these rows out: they say nothing about recognition.",
        )
    _, keys = np.unique(np.concatenate([a, b]), return_inverse=True)
    one, other = keys[: len(a)], keys[len(a) :]
    pair = np.minimum(one, other) * np.int64(keys.max() + 1) + np.maximum(one, other)
    order = np.argsort(pair, kind="stable")
    first = order[_first_of_run(pair[order])]
    scores = table.scores
    differing = ~np.isclose(scores[order], scores[first], rtol=EQUAL_WITHIN, atol=0.0)
    if differing.any():
        where = int(np.flatnonzero(differing)[np.argmin(order[differing])])
        earlier, later = int(first[where]), int(order[where])
        raise file.refused(
            f"{file.place(earlier)} and {file.place(later)} compare the same two samples, with "
            f"scores {scores[earlier]:g} and {scores[later]:g}",
            "Keep one of each such two rows; an audit cannot tell which decides.",
        )
    kept = np.zeros(len(scores), bool)
    kept[np.unique(first)] = True
    repeated = int(np.count_nonzero(~kept))
    note = f"{repeated:,} rows repeat a comparison of the same two samples with the same score; "
    return Distinct(kept, f"{note}each was counted once." if repeated else "")


def _of_people(table: ScoreTable) -> Distinct:
    subjects, scores = table.subjects, table.scores
    is_mated = subjects.a == subjects.b
    pair = np.minimum(subjects.a, subjects.b) * np.int64(len(subjects.names))
    pair += np.maximum(subjects.a, subjects.b)
    order = np.lexsort((scores, pair))
    run = np.empty(len(scores), np.int64)
    run[order] = np.cumsum(_is_first(pair[order]) | _is_first(scores[order])) - 1
    forward, backward = (
        np.bincount(run[rows], minlength=int(run.max()) + 1)
        for rows in (subjects.a < subjects.b, subjects.a > subjects.b)
    )
    mirrored = int(np.minimum(forward, backward).sum())
    if not mirrored:
        return Distinct(np.ones(len(scores), bool), _highest_note(scores, is_mated))
    if is_mated.any() or (forward != backward).any():
        raise _cannot_tell(table, run, (forward > 0) & (backward > 0))
    return Distinct(
        subjects.a < subjects.b,
        f"Every comparison is there twice, once from each side, with the same score; each of the "
        f"{mirrored:,} was counted once.",
    )


def _highest_note(scores: NDArray[np.float64], is_mated: NDArray[np.bool_]) -> str:
    """What to say where mated comparisons look like those of a sample with itself."""
    for extreme in (scores.max(), scores.min()):
        alike = scores == extreme
        count = int(np.count_nonzero(alike))
        if count > 1 and is_mated[alike].all():
            return (
                f"{count:,} mated comparisons all have the best score there is, {extreme:g}. If "
                "they compare a sample with itself, leave them out: they flatter the recogniser."
            )
    return ""


def _cannot_tell(
    table: ScoreTable, run: NDArray[np.int64], is_mirrored: NDArray[np.bool_]
) -> ChisoError:
    file, subjects = table.file, table.subjects
    rows = np.flatnonzero(is_mirrored[run])
    one = int(rows[0])
    other = int(next(row for row in rows if _is_mirror(table, run, one, int(row))))
    a, b = subjects.names[subjects.a[one]], subjects.names[subjects.b[one]]
    return file.refused(
        f"{file.place(one)} and {file.place(other)} both compare {a!r} and {b!r}, from either "
        f"side, with the same score {table.scores[one]:g}; without the samples' names nobody can "
        "say whether they are one comparison or two, nor whether mated rows compare a sample with "
        "itself",
        "Name the samples in columns sample_a and sample_b; or, if they are comparisons of "
        "different samples, name the same person first in both; or keep one of each such two rows.",
    )


def _is_mirror(table: ScoreTable, run: NDArray[np.int64], one: int, other: int) -> bool:
    return bool(run[one] == run[other] and table.subjects.a[one] != table.subjects.a[other])


def _is_first(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Shape (n,): whether a value differs from the one before it."""
    first = np.ones(len(values), bool)
    first[1:] = values[1:] != values[:-1]
    return first


def _first_of_run(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Shape (n,), int64: the place where the run of equal values begins that each is in."""
    places = np.where(_is_first(values), np.arange(len(values)), 0)
    first: NDArray[np.int64] = np.maximum.accumulate(places)
    return first
