"""Comparisons that a table holds twice: counted once where that is sure, refused where not.

With sample names, two rows of the same two samples are the same comparison, whichever is named
first. Without them, rows of the same two people are taken for comparisons of different samples, but
for mirrored ones, (a, b, score) and (b, a, score): where every row has its mirror, the table is a
full matrix, and half of it is counted; where only some have, nobody can say what they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.core.audit_inputs import PairedLabels, ScoreTable

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
    pair = np.minimum(subjects.a, subjects.b) * np.int64(len(subjects.names))
    pair += np.maximum(subjects.a, subjects.b)
    order = np.lexsort((scores, pair))
    run = np.cumsum(_is_first(pair[order]) | _is_first(scores[order])) - 1
    of_row = np.empty(len(scores), np.int64)
    of_row[order] = run
    forward, backward, mated = (
        np.bincount(of_row[rows], minlength=run[-1] + 1)
        for rows in (
            subjects.a < subjects.b,
            subjects.a > subjects.b,
            subjects.a == subjects.b,
        )
    )
    mirrored = int(np.minimum(forward, backward).sum())
    if not mirrored:
        return Distinct(np.ones(len(scores), bool), "")
    if (forward != backward).any() or (mated % 2).any():
        raise _cannot_tell(table, of_row, np.flatnonzero((forward > 0) & (backward > 0)))
    # In each run of mated comparisons every other one is kept; of the others the forward ones.
    rank = np.empty(len(scores), np.int64)
    rank[order] = np.arange(len(scores)) - _first_of_run(run)
    kept = np.where(subjects.a == subjects.b, rank % 2 == 0, subjects.a < subjects.b)
    return Distinct(
        kept,
        f"Every comparison is there twice, once from each side, with the same score: {mirrored:,} "
        "of them between two people; each was counted once.",
    )


def _cannot_tell(table: ScoreTable, of_row: NDArray[np.int64], both: NDArray[np.intp]) -> Exception:
    file, subjects = table.file, table.subjects
    rows = np.flatnonzero(np.isin(of_row, both))
    one = int(rows[0])
    other = int(next(row for row in rows if _is_mirror(table, of_row, one, int(row))))
    a, b = subjects.names[subjects.a[one]], subjects.names[subjects.b[one]]
    return file.refused(
        f"{file.place(one)} and {file.place(other)} both compare {a!r} and {b!r}, from either "
        f"side, with the same score {table.scores[one]:g}; other rows are there once, so nobody "
        "can say whether these are one comparison or two",
        "Name the samples in columns sample_a and sample_b; or keep one of each such two rows; or, "
        "if they are comparisons of different samples, name the same person first in both.",
    )


def _is_mirror(table: ScoreTable, of_row: NDArray[np.int64], one: int, other: int) -> bool:
    return bool(of_row[one] == of_row[other] and table.subjects.a[one] != table.subjects.a[other])


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
