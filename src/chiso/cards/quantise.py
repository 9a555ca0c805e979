"""A template in one byte a number: what a card has room for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_LARGEST = 127


@dataclass(frozen=True, slots=True)
class Quantised:
    """`levels`, shape (dimensions,), int8, times `scale` is the vector, to half a step."""

    levels: NDArray[np.int8] = field(repr=False)
    scale: float


def quantised(vector: NDArray[np.float32]) -> Quantised:
    """The nearest levels, with one scale for all: the largest number becomes ±127.

    `vector`: shape (dimensions,), float32, not all zeros. Raises ValueError.
    """
    largest = float(np.abs(vector).max(initial=0.0))
    if not 0 < largest < np.inf:
        raise ValueError("a vector of zeros, or one that is not finite, is no template")
    scale = np.float32(largest / _LARGEST)
    levels = np.clip(np.rint(vector / scale), -_LARGEST, _LARGEST).astype(np.int8)
    return Quantised(levels, float(scale))


def restored(template: Quantised) -> NDArray[np.float32]:
    """The vector again, shape (dimensions,), float32, of unit length as every template is."""
    vector = template.levels.astype(np.float64) * template.scale  # a small one's squares underflow
    return (vector / np.linalg.norm(vector)).astype(np.float32)
