"""Small made-up crowds with vectors, and their comparisons listed one by one."""

from __future__ import annotations

import numpy as np

from chiso.evaluate.evidence import Crowd
from chiso.evaluate.listed import ListedSource
from chiso.evaluate.vectors import Role, VectorSource

DIMENSIONS = 24


def crowd_of(*sizes: int) -> Crowd:
    groups = tuple("abcdefgh"[: len(sizes)])
    return Crowd(groups, np.repeat(np.arange(len(sizes)), sizes).astype(np.int32))


def faces(crowd: Crowd, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors and their owners, in no order; later groups lie closer together."""
    rng = np.random.default_rng(seed)
    person = rng.permutation(np.repeat(np.arange(crowd.people), samples)).astype(np.int32)
    own = rng.normal(size=(crowd.people, DIMENSIONS)) + 0.3 * crowd.group_of[:, None]
    vectors = own[person] + 0.6 * rng.normal(size=(len(person), DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), person


def listed(source: VectorSource, vectors: np.ndarray, person: np.ndarray) -> ListedSource:
    one, other = np.triu_indices(len(vectors), k=1)
    scores = np.einsum("ij,ij->i", vectors[one], vectors[other])
    return ListedSource(
        source.crowd, source.samples, scores.astype(np.float64), person[one], person[other]
    )


def listed_by_role(
    source: VectorSource, vectors: np.ndarray, person: np.ndarray, roles: np.ndarray
) -> ListedSource:
    grid = np.meshgrid(np.flatnonzero(roles == Role.REFERENCE), np.flatnonzero(roles == Role.PROBE))
    one, other = (each.ravel() for each in grid)
    scores = np.einsum("ij,ij->i", vectors[one], vectors[other])
    return ListedSource(
        source.crowd, source.samples, scores.astype(np.float64), person[one], person[other]
    )
