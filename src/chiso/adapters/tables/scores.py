"""Tables of scores: a row a comparison, as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from chiso.adapters.tables.columns import labelled, numbers, require_columns
from chiso.adapters.tables.csv_rows import csv_headings, line_place, read_csv
from chiso.adapters.tables.opening import Format, bad_table, opened_as
from chiso.adapters.tables.parquet import parquet_columns, read_parquet, row_place
from chiso.core.audit_inputs import PairedLabels, ScoreTable, TableFile

SUBJECT, SAMPLE, SCORE = "subject", "sample", "score"


def read_scores(path: Path, by: Sequence[str]) -> ScoreTable:
    """A table with columns subject_a, subject_b, score and, for each of `by`, X_a and X_b.

    sample_a and sample_b are read where there are both. Raises ChisoError: FILE_MISSING,
    NOT_A_FILE, FILE_UNREADABLE; BAD_TABLE, naming the row or the column and what to do.
    """
    form, sha256 = opened_as(path, (Format.CSV, Format.PARQUET))
    is_csv = form is Format.CSV
    there = csv_headings(path) if is_csv else parquet_columns(path)
    wanted = [*_pair(SUBJECT), *(column for each in by for column in _pair(each))]
    require_columns(path, there, [*wanted, SCORE])
    names_samples = any(column in there for column in _pair(SAMPLE))
    if names_samples:
        wanted += _pair(SAMPLE)
        require_columns(path, there, wanted)
    read = read_csv if is_csv else read_parquet
    frame = read(path, wanted, [SCORE])
    if not len(frame):
        raise bad_table(path, "it has no rows", "Write one comparison a row.")
    file = TableFile(path.name, sha256, len(frame), line_place(path) if is_csv else row_place)
    return ScoreTable(
        file=file,
        subjects=_paired(file, frame, SUBJECT),
        groups=tuple(_paired(file, frame, each) for each in by),
        samples=_paired(file, frame, SAMPLE) if names_samples else None,
        scores=numbers(file, SCORE, frame[SCORE]),
    )


def _pair(column: str) -> list[str]:
    return [f"{column}_a", f"{column}_b"]


def _paired(file: TableFile, frame: pl.DataFrame, column: str) -> PairedLabels:
    names, (a, b) = labelled(file, [(each, frame[each]) for each in _pair(column)])
    return PairedLabels(column, names, a, b)
