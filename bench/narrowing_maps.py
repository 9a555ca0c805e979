"""Maps of the embedding that are learnt from people: whitening, and a residual adapter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.narrowing_errors import Templates, Vectors
from chiso.adapters.models.embedder import to_unit_length

Matrix = NDArray[np.float32]
Map = Callable[[Vectors], Vectors]

SHRINKAGE = 0.3
MARGIN = 0.1
DECAY = 1e-3
STEPS = 40
STEP_SIZE = 3e-3
_RUNNING_MEAN, _RUNNING_SQUARE, _TINY = 0.9, 0.999, 1e-8


@dataclass(frozen=True, slots=True)
class People:
    """Templates to learn from."""

    references: Templates
    probes: Templates


def whitening(sources: Sequence[People]) -> Map:
    """Within-person covariance to the power -1/2, each source weighing alike, shrunk.

    `SHRINKAGE` of it is replaced by its mean variance in all directions (Ledoit & Wolf 2004).
    """
    spread = np.mean([_within_person(each) for each in sources], axis=0)
    size = len(spread)
    spread = (1 - SHRINKAGE) * spread + SHRINKAGE * np.trace(spread) / size * np.eye(size)
    variances, directions = np.linalg.eigh(spread)
    matrix = ((directions / np.sqrt(variances)) @ directions.T).astype(np.float32)
    return lambda vectors: to_unit_length(vectors @ matrix)


def _within_person(people: People) -> NDArray[np.float64]:
    vectors = np.concatenate([people.references.vectors, people.probes.vectors]).astype(np.float64)
    _, owner = np.unique(
        np.concatenate([people.references.person, people.probes.person]), return_inverse=True
    )
    means = np.zeros((owner.max() + 1, vectors.shape[1]))
    np.add.at(means, owner, vectors)
    apart = vectors - (means / np.bincount(owner)[:, None])[owner]
    spread: NDArray[np.float64] = apart.T @ apart / (len(vectors) - len(means))
    return spread


def adapter(sources: Sequence[People]) -> Map:
    """Each x becomes x + xA to unit length, so that probes lie `MARGIN` nearer to their reference.

    The loss is the mean over probes and other people of what the margin lacks, and `DECAY` times
    the sum of squares of A, which holds it near no change; minimised from A = 0 in `STEPS` steps of
    Adam (Kingma & Ba 2015).
    """
    size = sources[0].probes.vectors.shape[1]
    matrix, mean, square = (np.zeros((size, size), np.float32) for _ in range(3))
    for step in range(1, STEPS + 1):
        slope = 2 * DECAY * matrix + sum(_slope(each, matrix) for each in sources) / len(sources)
        mean = _RUNNING_MEAN * mean + (1 - _RUNNING_MEAN) * slope
        square = _RUNNING_SQUARE * square + (1 - _RUNNING_SQUARE) * slope**2
        unbiased = mean / (1 - _RUNNING_MEAN**step)
        scale = np.sqrt(square / (1 - _RUNNING_SQUARE**step)) + _TINY
        matrix = matrix - STEP_SIZE * unbiased / scale
    final = matrix.astype(np.float32)
    return lambda vectors: to_unit_length(vectors + vectors @ final)


def loss(people: People, matrix: Matrix) -> float:
    """The mean of what the margin lacks; see `adapter`."""
    lacking, _ = _lacking(
        people,
        to_unit_length(people.probes.vectors + people.probes.vectors @ matrix),
        to_unit_length(people.references.vectors + people.references.vectors @ matrix),
    )
    return float(lacking.mean())


def _lacking(people: People, probes: Vectors, references: Vectors) -> tuple[Matrix, Matrix]:
    """Shape (probes, references): what the margin lacks, and which are of the same person."""
    scores = probes @ references.T
    same = people.probes.person[:, None] == people.references.person[None, :]
    own = np.where(same, scores, np.float32(0)).sum(axis=1, keepdims=True) / same.sum(
        axis=1, keepdims=True
    )
    lacking = np.where(same, np.float32(0), np.maximum(scores - own + np.float32(MARGIN), 0))
    return lacking, same.astype(np.float32)


def _slope(people: People, matrix: Matrix) -> Matrix:
    """Derivative of `loss` by the matrix, shape (d, d)."""
    raw_probes = people.probes.vectors + people.probes.vectors @ matrix
    raw_references = people.references.vectors + people.references.vectors @ matrix
    probes, references = to_unit_length(raw_probes), to_unit_length(raw_references)
    lacking, same = _lacking(people, probes, references)
    by_score = (lacking > 0).astype(np.float32)
    by_score -= same * (by_score.sum(axis=1) / same.sum(axis=1))[:, None]
    by_score /= np.float32(lacking.size)
    slope: Matrix = people.probes.vectors.T @ _through_unit(
        raw_probes, probes, by_score @ references
    )
    slope += people.references.vectors.T @ _through_unit(
        raw_references, references, by_score.T @ probes
    )
    return slope


def _through_unit(raw: Vectors, unit: Vectors, slope: Vectors) -> Vectors:
    along = np.einsum("ij,ij->i", unit, slope)[:, None] * unit
    through: Vectors = (slope - along) / np.linalg.norm(raw, axis=1, keepdims=True)
    return through
