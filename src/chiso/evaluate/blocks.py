"""The table of all comparisons, cut into blocks small enough to stay near the processor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chiso.evaluate.evidence import Index, Scores

ROWS = 512
COLUMNS = 2048


class Normaliser(Protocol):
    """Turns cosines into scores that mean the same for everyone; sees no group.

    `prepare`: shape (n, dimensions), float32, to what it needs of each sample, shape (n, k),
    float64. `apply`: cosines, shape (a, b), with that of the rows, (a, k), and of the columns,
    (b, k), to scores, shape (a, b).
    """

    def prepare(self, vectors: NDArray[np.float32]) -> Scores:
        """What it needs to know of each sample, shape (n, k)."""
        ...

    def apply(self, scores: NDArray[np.floating], left: Scores, right: Scores) -> Scores:
        """Normalised scores, shape (a, b)."""
        ...


@dataclass(frozen=True, slots=True)
class Side:
    """Samples by group, then by person, ascending.

    `vectors`: shape (n, dimensions), float32. `person`: shape (n,), int32. `starts`: shape
    (groups + 1,), where each group begins. `context`: shape (n, k), what a normaliser prepared.
    """

    vectors: NDArray[np.float32]
    person: Index
    starts: NDArray[np.int64]
    context: Scores | None

    def spread(self, most: int) -> slice:
        """At most so many samples, evenly over all."""
        return slice(0, len(self.person), max(1, -(-len(self.person) // most)))

    def taken(self, rows: NDArray[np.intp]) -> Side:
        """These samples alone, in the order given; `starts` is still that of all."""
        context = None if self.context is None else self.context[rows]
        return replace(self, vectors=self.vectors[rows], person=self.person[rows], context=context)


@dataclass(frozen=True, slots=True)
class Block:
    """Rows against columns, each of one group; `is_shared` where a person may be on both sides."""

    rows: slice
    columns: slice
    row_group: int
    column_group: int
    is_shared: bool


def blocks(rows: Side, columns: Side) -> Iterator[tuple[Block, float]]:
    """Blocks that hold every comparison once, each with the share of rows done, in [0, 1].

    If both sides are the same object, each pair of samples is in one block, that of the earlier
    sample's row; a block on the diagonal also holds what must be left out.
    """
    once = rows is columns
    groups = len(rows.starts) - 1
    for row_group in range(groups):
        for start, stop in _chunks(rows.starts, row_group, ROWS):
            for column_group in range(row_group if once else 0, groups):
                for first, last in _chunks(columns.starts, column_group, COLUMNS):
                    if once and last <= start:
                        continue
                    is_shared = row_group == column_group and (
                        rows.person[start] <= columns.person[last - 1]
                        and columns.person[first] <= rows.person[stop - 1]
                    )
                    block = Block(
                        slice(start, stop), slice(first, last), row_group, column_group, is_shared
                    )
                    yield block, stop / len(rows.person)


def scored(
    rows: Side, columns: Side, block: Block, normaliser: Normaliser | None
) -> NDArray[np.floating]:
    """Scores of a block, shape (rows, columns): cosines, or what the normaliser makes of them."""
    cosines: NDArray[np.float32] = rows.vectors[block.rows] @ columns.vectors[block.columns].T
    if normaliser is None or rows.context is None or columns.context is None:
        return cosines
    return normaliser.apply(cosines, rows.context[block.rows], columns.context[block.columns])


def _chunks(starts: NDArray[np.int64], group: int, size: int) -> Iterator[tuple[int, int]]:
    begin, end = int(starts[group]), int(starts[group + 1])
    for start in range(begin, end, size):
        yield start, min(start + size, end)
