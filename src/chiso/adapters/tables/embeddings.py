"""Tables of embeddings: a row a sample, as Parquet or NPZ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chiso.adapters.tables.columns import labelled, require_columns
from chiso.adapters.tables.npz import read_npz
from chiso.adapters.tables.opening import Format, bad_table, opened_as
from chiso.adapters.tables.parquet import parquet_columns, read_parquet, row_place
from chiso.core.audit_inputs import EmbeddingTable, Labels, TableFile

SUBJECT, SAMPLE, VECTOR = "subject", "sample", "vector"
_NO_VECTOR = "Leave the sample out, and say how many of each group gave no embedding."


def read_embeddings(path: Path, by: Sequence[str]) -> EmbeddingTable:
    """A table with columns sample, subject, vector and each of `by`; vectors to unit length.

    Raises ChisoError: FILE_MISSING, NOT_A_FILE, FILE_UNREADABLE; BAD_TABLE, naming the row or the
    column and what to do.
    """
    form, sha256 = opened_as(path, (Format.PARQUET, Format.NPZ))
    names = [SAMPLE, SUBJECT, *by]
    if form is Format.NPZ:
        labels, vectors = read_npz(path, names, VECTOR)
    else:
        require_columns(path, parquet_columns(path), [*names, VECTOR])
        labels = read_parquet(path, names, [VECTOR])
        vectors = _stacked(path, labels[VECTOR])
    if not len(vectors):
        raise bad_table(path, "it has no rows", "Write one sample a row.")
    file = TableFile(path.name, sha256, len(vectors), row_place)

    def column(name: str) -> Labels:
        distinct, (codes,) = labelled(file, [(name, labels[name])])
        return Labels(name, distinct, codes)

    return EmbeddingTable(
        file=file,
        subjects=column(SUBJECT),
        groups=tuple(column(name) for name in by),
        samples=column(SAMPLE),
        vectors=_unit_length(file, vectors),
    )


def _stacked(path: Path, cells: pl.Series) -> NDArray[np.float32]:
    """Shape (rows, dimensions): a column of lists of floats of one length."""
    kind = cells.dtype
    inner = kind.inner if isinstance(kind, pl.List | pl.Array) else None
    if inner is None or not inner.is_float():
        raise bad_table(
            path,
            f"column {VECTOR} holds {kind}, not lists of floating-point numbers",
            "Write each embedding as a list of 32-bit floating-point numbers.",
        )
    lists = cells.cast(pl.List(pl.Float32))
    lengths = lists.list.len()
    empty = lengths.is_null().arg_true()
    if len(empty):
        raise bad_table(path, f"{row_place(empty[0])}: {VECTOR} is empty", _NO_VECTOR)
    usual = lengths[0] if len(lengths) else 0
    other = (lengths != usual).arg_true()
    if len(other):
        raise bad_table(
            path,
            f"{row_place(other[0])}: {VECTOR} has {lengths[other[0]]} numbers, and that of row 1 "
            f"{usual}",
            "Embeddings of one model have one length; audit each model's in a file of its own.",
        )
    flat = lists.explode().fill_null(np.nan).to_numpy()
    return flat.astype(np.float32).reshape(len(lengths), usual)


def _unit_length(file: TableFile, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if not vectors.shape[1]:
        raise file.refused(f"{VECTOR} has no numbers", "Write each embedding whole.")
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        raise file.refused(f"{_first(file, wrong)}: {VECTOR} holds NaN or infinity", _NO_VECTOR)
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    wrong = np.flatnonzero(lengths == 0)
    if len(wrong):
        what = f"{_first(file, wrong)}: {VECTOR} is all zeros, so it has no direction"
        raise file.refused(what, _NO_VECTOR)
    unit: NDArray[np.float32] = (vectors / lengths[:, None]).astype(np.float32)
    return unit


def _first(file: TableFile, rows: NDArray[np.intp]) -> str:
    more = f" (and {len(rows) - 1:,} more)" if len(rows) > 1 else ""
    return f"{file.place(int(rows[0]))}{more}"
