"""What every score normaliser offers, fitted; and what it was fitted to.

A normaliser is fitted to people of a study who signed for it, or to people who do not exist; never
to the people of a home. It keeps averages of faces. `prepare` looks at one vector alone, in memory,
and nothing of what it says is stored; so whoever is erased from a home leaves nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Scores = NDArray[np.float64]
Floats = NDArray[np.floating]

LEAST_PEOPLE = 20
"""A normaliser is fitted to so many people or more."""
LEAST_CELL_PEOPLE = 5
"""No statistic that a normaliser keeps rests on fewer people, but for AS-norm's cohort."""
_MOST_PEOPLE = 2000
_MOST_SAMPLES = 2
_UNIT_TOLERANCE = 1e-3


class FittedNormaliser(Protocol):
    """Turns cosines into scores that mean the same for everyone; higher is more alike.

    `name`: short, as a command line has it. `digest`: hex SHA-256 of its document. `is_oracle`: it
    knows groups, and is for comparison only. `holds_people`: it keeps vectors of single people, so
    it may be measured but never put into a home. `gives_cosines`: its scores are cosines again,
    whose angles have a model; else a threshold of them is for all sizes of search.
    """

    @property
    def name(self) -> str:
        """Short, as a command line has it."""
        ...

    @property
    def digest(self) -> str:
        """Hex SHA-256 of its document."""
        ...

    @property
    def is_oracle(self) -> bool:
        """Whether it knows groups when it scores."""
        ...

    @property
    def holds_people(self) -> bool:
        """Whether it keeps vectors of single people."""
        ...

    @property
    def gives_cosines(self) -> bool:
        """Whether its scores are cosines of angles that are distributed as everyone's."""
        ...

    def prepare(self, vectors: Vectors) -> Scores:
        """What it needs of each sample: unit vectors, shape (n, dimensions), to shape (n, k)."""
        ...

    def apply(self, scores: Floats, left: Floats, right: Floats) -> Scores:
        """Cosines, shape (a, b), with what was prepared, (a, k) and (b, k), to scores (a, b)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationSet:
    """Samples that a normaliser is fitted to: at most two of each of at most 2,000 people.

    `vectors`: shape (n, dimensions), float32, unit length, by person. `person`: shape (n,), from 0
    up without a gap. `means`: shape (people, dimensions), unit length, one a person.
    """

    vectors: Vectors
    person: NDArray[np.int64]
    means: Vectors

    @property
    def people(self) -> int:
        """How many people."""
        return len(self.means)


def calibration_set(vectors: Vectors, person: NDArray[np.integer], seed: int) -> CalibrationSet:
    """Takes samples of calibration people, chosen by `seed` where there are more than enough.

    Raises ValueError where there are too few people, or vectors are not of unit length.
    """
    if len(vectors) != len(person):
        raise ValueError(f"{len(vectors)} vectors but {len(person)} owners")
    names = np.unique(person)
    if len(names) < LEAST_PEOPLE:
        raise ValueError(
            f"a normaliser needs {LEAST_PEOPLE} calibration people or more, not {len(names)}"
        )
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=_UNIT_TOLERANCE):
        raise ValueError("a normaliser is fitted to vectors of unit length")
    chance = np.random.default_rng(seed)
    if len(names) > _MOST_PEOPLE:
        names = np.sort(chance.choice(names, _MOST_PEOPLE, replace=False))
    rows = np.flatnonzero(np.isin(person, names))
    rows = rows[np.lexsort((chance.random(len(rows)), person[rows]))]
    owner = np.searchsorted(names, person[rows])
    rank = np.arange(len(rows)) - np.searchsorted(owner, owner)
    rows, owner = rows[rank < _MOST_SAMPLES], owner[rank < _MOST_SAMPLES]
    chosen = np.ascontiguousarray(vectors[rows], dtype=np.float32)
    return CalibrationSet(chosen, owner, averages(chosen, owner, len(names)))


def averages(vectors: Vectors, cell: NDArray[np.integer], cells: int) -> Vectors:
    """Mean of the vectors of each cell, at unit length, shape (cells, dimensions)."""
    sums = np.zeros((cells, vectors.shape[1]))
    np.add.at(sums, cell, vectors)
    unit: Vectors = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)
    return unit
