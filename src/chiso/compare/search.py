"""Exact 1:N search over an in-memory matrix that holds permitted references and no others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.compare.threshold import require_same_model
from chiso.core.consent import SubjectId
from chiso.core.decisions import Candidate, Identified, ThresholdRecord
from chiso.core.templates import ModelDigest, Template


@dataclass(frozen=True, slots=True)
class Gallery:
    """References that one permit allows, of one model.

    `matrix`: shape (references, dimensions), float32, C order, rows of unit length.
    `subjects`: shape (references,), dtype `S36`, whose reference each row is.
    """

    model: ModelDigest
    matrix: NDArray[np.float32]
    subjects: NDArray[np.bytes_]

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or self.matrix.dtype != np.float32:
            raise ValueError(f"a gallery is a float32 matrix, not {self.matrix.dtype}")
        if self.subjects.shape != self.matrix.shape[:1]:
            raise ValueError(
                f"{len(self.matrix)} references and {len(self.subjects)} subjects do not pair up"
            )

    def __len__(self) -> int:
        return len(self.matrix)


def search(gallery: Gallery, probe: Template, record: ThresholdRecord, limit: int) -> Identified:
    """Everyone whose best reference reaches the threshold, best first, at most `limit`.

    One matrix-vector product; nothing approximate, nothing left out. Raises
    ChisoError(MODEL_MISMATCH) where gallery, probe and record are not of one model.
    """
    require_same_model(gallery.model, probe.model)
    require_same_model(record.model, probe.model)
    scores = gallery.matrix @ probe.vector
    rows = np.flatnonzero(scores >= record.value)
    best: dict[SubjectId, float] = {}
    for row in rows[np.argsort(-scores[rows], kind="stable")]:
        best.setdefault(SubjectId(gallery.subjects[row].decode()), float(scores[row]))
        if len(best) == limit:
            break
    candidates = tuple(
        Candidate(subject, value, record.calibration.llr(value)) for subject, value in best.items()
    )
    return Identified(candidates, len(gallery))
