"""No normalisation, behind the same port: what every other is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chiso.compare.normalise.document import digest_of
from chiso.compare.normalise.port import Floats, Scores, Vectors
from chiso.core.decisions import NO_NORMALISER


@dataclass(frozen=True, slots=True)
class Plain:
    """Scores stay the cosines that they are."""

    name = NO_NORMALISER
    is_oracle = False
    holds_people = False
    gives_cosines = True

    @property
    def digest(self) -> str:
        """Hex SHA-256 of its document."""
        return digest_of(self)

    def prepare(self, vectors: Vectors) -> Scores:
        """Nothing is needed: shape (n, 0)."""
        return np.empty((len(vectors), 0))

    def apply(self, scores: Floats, left: Floats, right: Floats) -> Scores:  # noqa: ARG002
        """The scores."""
        return np.array(scores, dtype=np.float64)
