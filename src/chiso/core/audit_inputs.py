"""Tables of comparisons and of embeddings, as an audit takes them: read, typed, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.core.errors import ChisoError, Code

Codes = NDArray[np.int32]
"""Shape (rows,), int32: for each row, an index into the names of a column."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file that was read: its name without folders, its SHA-256 in lower-case hex, its rows.

    `place(row)` says where a row, counted from 0, stands in the file as its owner sees it: "line 8"
    of a CSV file, whose first line names the columns; else "row 7", counted from 1.
    """

    name: str
    sha256: str
    rows: int
    place: Callable[[int], str]

    def refused(self, what: str, do: str) -> ChisoError:
        """The error for a table that cannot be measured; `what` ends without a full stop."""
        return ChisoError(Code.BAD_TABLE, f"{self.name}: {what}.", do)


@dataclass(frozen=True, slots=True)
class Labels:
    """A column of names: `names`, distinct, trimmed and sorted, and which of them each row has."""

    column: str
    names: tuple[str, ...]
    codes: Codes


@dataclass(frozen=True, slots=True)
class PairedLabels:
    """Two columns of one meaning, `<column>_a` and `<column>_b`, over the same `names`."""

    column: str
    names: tuple[str, ...]
    a: Codes
    b: Codes


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Comparisons, one a row. `scores`: shape (rows,), float64, finite, as the file has them.

    `groups`: one a column of self-reports. `samples`: None where the file does not name them; a
    sample's name is its subject's own, so two people may each have a sample "1".
    """

    file: TableFile
    subjects: PairedLabels
    groups: tuple[PairedLabels, ...]
    samples: PairedLabels | None
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EmbeddingTable:
    """Embeddings, one a row. `vectors`: shape (rows, dimensions), float32, unit length."""

    file: TableFile
    subjects: Labels
    groups: tuple[Labels, ...]
    samples: Labels
    vectors: NDArray[np.float32]
