"""Columns of a table as typed values: every cell there, labels trimmed, numbers finite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chiso.adapters.tables.opening import bad_table
from chiso.core.audit_inputs import Codes, TableFile
from chiso.core.errors import ChisoError
from chiso.core.labels import label_from

_NUMBERS = "Write scores as decimal numbers, such as 0.731, and leave out rows that have none."
_FILL = "Fill it in, or leave the row out."


def require_columns(path: Path, there: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise ChisoError(BAD_TABLE) where a column is missing, or is there twice."""
    missing = [name for name in wanted if name not in there]
    if missing:
        listed = ", ".join(each or '""' for each in there)
        raise bad_table(
            path,
            f"it has no column {', '.join(missing)}; it has {listed}",
            "Rename or add the column; `--by NAME` says which columns groups are in.",
        )
    for name in wanted:
        if list(there).count(name) > 1:
            raise bad_table(path, f"it has two columns {name}", "Keep one of them.")


def labelled(
    file: TableFile, columns: Sequence[tuple[str, pl.Series]]
) -> tuple[tuple[str, ...], list[Codes]]:
    """Names over all the columns, distinct, trimmed and sorted; and the codes of each column.

    Each is a column's name and its Categorical cells. Raises ChisoError(BAD_TABLE), naming the row,
    where a cell is empty or cannot be a label.
    """
    for name, cells in columns:
        _require_filled(file, name, cells.is_null())
    distinct = pl.concat([cells for _, cells in columns]).unique().drop_nulls()
    raw = distinct.cast(pl.String).to_list()
    of_raw = dict(zip(raw, distinct.to_physical().to_list(), strict=True))
    trimmed = {text: _label(file, columns, text) for text in raw}
    names = tuple(sorted(set(trimmed.values())))
    place = {name: index for index, name in enumerate(names)}
    code_of = np.zeros(max(of_raw.values(), default=0) + 1, np.int32)
    for text, physical in of_raw.items():
        code_of[physical] = place[trimmed[text]]
    return names, [code_of[cells.to_physical().to_numpy()] for _, cells in columns]


def _label(file: TableFile, columns: Sequence[tuple[str, pl.Series]], text: str) -> str:
    try:
        return label_from(text, "label")
    except ChisoError as error:
        name, row = _first_with(columns, text)
        if not text.strip():
            raise file.refused(f"{file.place(row)}: {name} is empty", _FILL) from error
        what = f"{file.place(row)}: {name} is {text[:40]!r}, which cannot be a label"
        raise file.refused(what, error.hint) from error


def _first_with(columns: Sequence[tuple[str, pl.Series]], text: str) -> tuple[str, int]:
    """The column and the row, counted from 0, where a text stands first."""
    found = ((name, (cells.cast(pl.String) == text).arg_true()) for name, cells in columns)
    return next((name, rows[0]) for name, rows in found if len(rows))


def _require_filled(file: TableFile, name: str, empty: pl.Series) -> None:
    rows = empty.arg_true()
    if len(rows):
        more = f", and {len(rows) - 1:,} more rows" if len(rows) > 1 else ""
        raise file.refused(f"{file.place(rows[0])}: {name} is empty{more}", _FILL)


def numbers(file: TableFile, name: str, cells: pl.Series) -> NDArray[np.float64]:
    """Shape (rows,), float64: a column of finite numbers, written as numbers or as text.

    Raises ChisoError(BAD_TABLE), naming the first row that holds none.
    """
    if cells.dtype == pl.String:
        cells = cells.str.strip_chars()
        _require_filled(file, name, (cells.is_null()) | (cells == ""))
        values = cells.cast(pl.Float64, strict=False)
    elif cells.dtype.is_numeric():
        values = cells.cast(pl.Float64)
    else:
        what = f"column {name} holds {cells.dtype}, not numbers"
        raise file.refused(what, _NUMBERS)
    _require_filled(file, name, cells.is_null())
    wrong = (~values.is_finite()).fill_null(True).arg_true()
    if len(wrong):
        cell, more = cells[wrong[0]], len(wrong) - 1
        why = "is not a number" if values[wrong[0]] is None else "is not a finite number"
        others = f", nor are {more:,} others" if more else ""
        what = f"{file.place(wrong[0])}: {name} is {str(cell)[:40]!r}, which {why}{others}"
        raise file.refused(what, _NUMBERS)
    return values.to_numpy().astype(np.float64)
