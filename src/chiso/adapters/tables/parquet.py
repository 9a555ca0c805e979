"""Parquet files read by polars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from chiso.adapters.tables.opening import bad_table

_DAMAGED = "Write the file anew, or name another."


def parquet_columns(path: Path) -> list[str]:
    """Names of the columns. Raises ChisoError(BAD_TABLE) where the file is not whole."""
    try:
        return list(pl.read_parquet_schema(path))
    except pl.exceptions.PolarsError as error:
        raise bad_table(
            path, f"it cannot be read as Parquet ({_reason(error)})", _DAMAGED
        ) from error


def read_parquet(path: Path, labels: Sequence[str], others: Sequence[str]) -> pl.DataFrame:
    """These columns of a Parquet file, labels as Categorical and others as they are.

    Labels may be text or whole numbers. Raises ChisoError(BAD_TABLE).
    """
    try:
        frame = pl.read_parquet(path, columns=[*labels, *others])
    except pl.exceptions.PolarsError as error:
        raise bad_table(
            path, f"it cannot be read as Parquet ({_reason(error)})", _DAMAGED
        ) from error
    for name in labels:
        kind = frame.schema[name]
        if not (kind.is_integer() or kind in (pl.String, pl.Categorical, pl.Enum, pl.Null)):
            raise bad_table(
                path,
                f"column {name} holds {kind}, not names",
                "Write names as text or as whole numbers.",
            )
    return frame.with_columns(pl.col(labels).cast(pl.String).cast(pl.Categorical))


def row_place(row: int) -> str:
    """Where a row, counted from 0, stands in a file without lines: rows are counted from 1."""
    return f"row {row + 1}"


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or ["damaged"])[0]
