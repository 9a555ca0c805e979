"""Exact 1:N search over an in-memory matrix that holds permitted references and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.compare.threshold import require_same_model
from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.decisions import Candidate, SearchThreshold, ThresholdRecord
from chiso.core.templates import ModelDigest, Template


@dataclass(frozen=True, slots=True)
class Gallery:
    """References that one permit allows, of one model.

    `matrix`: shape (references, dimensions), float32, C order, rows of unit length.
    `subjects`, `receipts`: shape (references,), dtype `S36`: whose each row is, and the receipt
    that it rests on.
    """

    model: ModelDigest
    matrix: NDArray[np.float32]
    subjects: NDArray[np.bytes_]
    receipts: NDArray[np.bytes_]

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or self.matrix.dtype != np.float32:
            raise ValueError(f"a gallery is a float32 matrix, not {self.matrix.dtype}")
        if not self.subjects.shape == self.receipts.shape == self.matrix.shape[:1]:
            raise ValueError(
                f"{len(self.matrix)} references, {len(self.subjects)} subjects and "
                f"{len(self.receipts)} receipts do not pair up"
            )

    def __len__(self) -> int:
        return len(self.matrix)


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows of a gallery that reach a threshold, best first: `rows`, `scores`, shape (hits,)."""

    rows: NDArray[np.intp]
    scores: NDArray[np.float64]


def scores(gallery: Gallery, probe: Template) -> NDArray[np.float64]:
    """Cosine of the probe with every reference, shape (references,), higher is more alike.

    One matrix-vector product in float32; the scores are given as float64, so that every decision
    compares the same number with the same threshold. Raises ChisoError(MODEL_MISMATCH) across
    models.
    """
    require_same_model(gallery.model, probe.model)
    return (gallery.matrix @ probe.vector).astype(np.float64)


def search(gallery: Gallery, probe: Template, threshold: SearchThreshold) -> Hits:
    """Every reference that reaches the search's threshold; nothing approximate, nothing left out.

    Raises ChisoError(MODEL_MISMATCH) where gallery, probe and record are not of one model.
    """
    require_same_model(threshold.record.model, probe.model)
    all_scores = scores(gallery, probe)
    rows = np.flatnonzero(all_scores >= threshold.value)
    rows = rows[np.argsort(-all_scores[rows], kind="stable")]
    return Hits(rows, all_scores[rows])


def candidates(
    gallery: Gallery,
    hits: Hits,
    record: ThresholdRecord,
    limit: int,
    allowed: Callable[[SubjectId, ReceiptId], bool] = lambda _subject, _receipt: True,
) -> tuple[Candidate, ...]:
    """The people behind the hits, each by her best allowed reference, best first, at most `limit`.

    `allowed` is asked for each hit until there are enough people, so that a reference whose consent
    has ended since the search was prepared neither answers nor takes another's place.
    """
    best: dict[SubjectId, float] = {}
    for row, score in zip(hits.rows, hits.scores, strict=True):
        subject = SubjectId(gallery.subjects[row].decode())
        if subject not in best and allowed(subject, ReceiptId(gallery.receipts[row].decode())):
            best[subject] = float(score)
            if len(best) == limit:
                break
    return tuple(
        Candidate(subject, score, record.calibration.llr(score)) for subject, score in best.items()
    )
