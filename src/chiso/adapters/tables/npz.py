"""NPZ archives of arrays; one that would have to be unpickled is refused."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chiso.adapters.tables.columns import require_columns
from chiso.adapters.tables.opening import bad_table

_ARRAYS = "Save it with numpy.savez, names as text or whole numbers: `array.astype(str)`."


def read_npz(
    path: Path, labels: Sequence[str], vectors: str
) -> tuple[pl.DataFrame, NDArray[np.float32]]:
    """The arrays of names, shape (rows,), as Categorical; and `vectors`, shape (rows, dimensions).

    Raises ChisoError(BAD_TABLE) where one is missing, of a wrong shape or type, or pickled.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            require_columns(path, list(archive), [*labels, vectors])
            columns = {name: _read(path, archive, name) for name in (*labels, vectors)}
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise bad_table(path, f"it cannot be read as NPZ ({error})", _ARRAYS) from error
    matrix = columns.pop(vectors)
    if matrix.ndim != 2 or not np.issubdtype(matrix.dtype, np.floating):
        raise bad_table(
            path,
            f"array {vectors} holds {matrix.dtype} in shape {matrix.shape}, not floating-point "
            "numbers in rows and columns",
            "Save embeddings as float32, one a row.",
        )
    for name, array in columns.items():
        if array.shape != (len(matrix),):
            raise bad_table(
                path,
                f"array {name} has shape {array.shape}, and {vectors} has {len(matrix)} rows",
                "Save one name for each row.",
            )
    names = {name: _names(path, name, array) for name, array in columns.items()}
    return pl.DataFrame(names), matrix.astype(np.float32)


def _read(path: Path, archive: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    try:
        array: np.ndarray = archive[name]
    except ValueError as error:
        what = f"array {name} holds Python objects, which only unpickling could read"
        raise bad_table(path, f"{what}; that is refused", _ARRAYS) from error
    return array


def _names(path: Path, name: str, array: np.ndarray) -> pl.Series:
    if array.dtype.kind not in "Uiu":
        raise bad_table(path, f"array {name} holds {array.dtype}, not names", _ARRAYS)
    return pl.Series(name, array.astype(str).tolist(), pl.String).cast(pl.Categorical)
