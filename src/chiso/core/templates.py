"""Templates: a face as numbers, tied to the one model whose numbers they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

import numpy as np
from numpy.typing import NDArray

ModelDigest = NewType("ModelDigest", str)
"""Hex SHA-256 of an embedder's whole recipe: weights, geometry, normalisation, mirror."""


@dataclass(frozen=True, slots=True)
class Template:
    """A unit-length vector, shape (dimensions,), float32, and the model that made it."""

    vector: NDArray[np.float32]
    model: ModelDigest
