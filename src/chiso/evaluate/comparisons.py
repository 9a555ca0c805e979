"""All comparisons of a set of templates, with whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Every pair of different templates of a set, once.

    `scores`: shape (pairs,), float64, higher is more alike. `one`, `other`: shape (pairs,), int64,
    index of the person on each side. `groups`: one label a person; "" where none was reported.
    """

    scores: NDArray[np.float64]
    one: NDArray[np.int64]
    other: NDArray[np.int64]
    groups: tuple[str, ...]

    @property
    def mated(self) -> NDArray[np.bool_]:
        """Shape (pairs,): whether both sides are the same person."""
        return np.equal(self.one, self.other)

    def within(self, group: str) -> NDArray[np.bool_]:
        """Shape (pairs,): whether both sides reported this group."""
        members = np.array([label == group for label in self.groups])
        both: NDArray[np.bool_] = np.logical_and(members[self.one], members[self.other])
        return both


def all_comparisons(
    vectors: NDArray[np.float32], people: Sequence[int], groups: Sequence[str]
) -> Comparisons:
    """Cosines of every pair of rows of `vectors`, shape (templates, dimensions), unit length.

    `people`: whose each row is, an index into `groups`. Raises ValueError where they do not fit.
    """
    if len(people) != len(vectors):
        raise ValueError(f"{len(vectors)} templates but {len(people)} owners")
    if len(people) and max(people) >= len(groups):
        raise ValueError("a template's owner has no group; report '' where none is known")
    first, second = np.triu_indices(len(vectors), k=1)
    scores = (vectors.astype(np.float64) @ vectors.T.astype(np.float64))[first, second]
    owner = np.asarray(people, dtype=np.int64)
    return Comparisons(scores, owner[first], owner[second], tuple(groups))
