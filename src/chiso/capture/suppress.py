"""Says which boxes show the same face: suppression within a set, and cover by another set."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.floating[Any]]
"""Shape (n, 4): x, y, width, height, all in one frame."""


def suppress(boxes: Boxes, confidences: NDArray[np.floating[Any]], overlap_max: float) -> list[int]:
    """Indices to keep, surest first.

    A box goes where its intersection over union with a surer one that stays is above `overlap_max`.
    """
    waiting = np.argsort(-confidences, kind="stable")
    kept: list[int] = []
    while waiting.size:
        surest, rest = waiting[:1], waiting[1:]
        kept.append(int(surest[0]))
        waiting = rest[overlaps(boxes[surest], boxes[rest])[0] <= overlap_max]
    return kept


def overlaps(first: Boxes, second: Boxes) -> NDArray[np.floating[Any]]:
    """Intersection over union of each of `first` with each of `second`, shape (n, m)."""
    shared = _shared_areas(first, second)
    areas = _areas(first)[:, None] + _areas(second)[None]
    return np.asarray(shared / (areas - shared))


def covered(boxes: Boxes, covers: Boxes, share_max: float) -> NDArray[np.bool_]:
    """Which of `boxes` (n) share more than `share_max` of the smaller area with one of `covers`."""
    if not len(covers):
        return np.zeros(len(boxes), np.bool_)
    smaller = np.minimum(_areas(boxes)[:, None], _areas(covers)[None])
    return np.asarray((_shared_areas(boxes, covers) / smaller).max(axis=1) > share_max)


def _areas(boxes: Boxes) -> Boxes:
    return np.asarray(boxes[:, 2] * boxes[:, 3])


def _shared_areas(first: Boxes, second: Boxes) -> Boxes:
    ends = np.minimum((first[:, :2] + first[:, 2:])[:, None], (second[:, :2] + second[:, 2:])[None])
    starts = np.maximum(first[:, None, :2], second[None, :, :2])
    return np.asarray((ends - starts).clip(min=0).prod(axis=2))
