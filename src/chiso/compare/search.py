"""Exact 1:N search over an in-memory matrix that holds permitted references and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from chiso.compare.normalise.of_record import normaliser_of, unusable
from chiso.compare.normalise.port import FittedNormaliser
from chiso.compare.threshold import require_same_model
from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.decisions import NO_NORMALISER, Candidate, SearchThreshold, ThresholdRecord
from chiso.core.templates import ModelDigest, Template

_Number = TypeVar("_Number", bound=np.generic)
_NORMALISED_AT_ONCE = 32_768  # rows, so that what is between stays near the processor


@dataclass(frozen=True, slots=True)
class Normalising:
    """A normaliser with what it prepared of each reference: `side`, (references, k), float32.

    Made in memory from the opened references, and stored nowhere. `digest`: the normaliser's, kept
    since it is computed from the whole document, and every search compares it.
    """

    normaliser: FittedNormaliser
    side: NDArray[np.float32]
    digest: str


@dataclass(frozen=True, slots=True)
class Gallery:
    """References that one permit allows, of one model.

    `matrix`: shape (references, dimensions), float32, C order, rows of unit length.
    `subjects`, `receipts`: shape (references,), dtype `S36`: whose each row is, and the receipt
    that it rests on. `normalising`: None where scores are cosines.
    """

    model: ModelDigest
    matrix: NDArray[np.float32]
    subjects: NDArray[np.bytes_]
    receipts: NDArray[np.bytes_]
    normalising: Normalising | None = None

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


def normalised_for(gallery: Gallery, record: ThresholdRecord) -> Gallery:
    """The gallery, made ready to score as the record's threshold was fitted.

    Raises ChisoError(THRESHOLD_INVALID) where the record's normaliser is not known here, or is of
    templates of another length.
    """
    normaliser = normaliser_of(record)
    if normaliser is None:
        return gallery
    try:
        side = np.concatenate(
            [
                normaliser.prepare(gallery.matrix[rows]).astype(np.float32)
                for rows in _runs(len(gallery))
            ]
        )
    except ValueError as error:
        why = f"carries a normaliser of other templates ({error})"
        raise unusable(record.record_id, why) from error
    return replace(gallery, normalising=Normalising(normaliser, side, record.normaliser))


def without(gallery: Gallery, keep: NDArray[np.bool_]) -> Gallery:
    """The gallery of the rows to `keep`, shape (references,), in the memory that it had.

    In place, since for a million references there is no room for a second copy: rows that stay move
    up, and what remains is overwritten with zeros. So whoever still holds the old gallery finds
    nobody in it who is not in the new one.
    """
    normalising = gallery.normalising
    if normalising is not None:
        normalising = replace(normalising, side=_moved_up(normalising.side, keep))
    return Gallery(
        gallery.model,
        _moved_up(gallery.matrix, keep),
        _moved_up(gallery.subjects, keep),
        _moved_up(gallery.receipts, keep),
        normalising,
    )


def _moved_up(rows: NDArray[_Number], keep: NDArray[np.bool_]) -> NDArray[_Number]:
    stay = np.flatnonzero(keep)
    for run in _runs(len(stay)):
        rows[run.start : run.start + len(stay[run])] = rows[stay[run]]
    rows[len(stay) :] = np.zeros((), rows.dtype)
    return rows[: len(stay)]


def _runs(rows: int) -> list[slice]:
    return [
        slice(start, start + _NORMALISED_AT_ONCE)
        for start in range(0, max(rows, 1), _NORMALISED_AT_ONCE)
    ]


def scores(gallery: Gallery, probe: Template) -> NDArray[np.float64]:
    """Score of the probe with every reference, shape (references,), higher is more alike.

    The cosine, or what the gallery's normaliser makes of it. One matrix-vector product in float32;
    the scores are given as float64, so that every decision compares the same number with the same
    threshold. Raises ChisoError(MODEL_MISMATCH) across models.
    """
    require_same_model(gallery.model, probe.model)
    cosines = gallery.matrix @ probe.vector
    if gallery.normalising is None:
        return cosines.astype(np.float64)
    normaliser, side = gallery.normalising.normaliser, gallery.normalising.side
    own = normaliser.prepare(probe.vector[None]).astype(np.float32)
    found = np.empty(len(cosines))
    for rows in _runs(len(cosines)):
        found[rows] = normaliser.apply(cosines[None, rows], own, side[rows])[0]
    return found


def search(gallery: Gallery, probe: Template, threshold: SearchThreshold) -> Hits:
    """Every reference that reaches the search's threshold; nothing approximate, nothing left out.

    Raises ChisoError(MODEL_MISMATCH) where gallery, probe and record are not of one model.
    """
    require_same_model(threshold.record.model, probe.model)
    normalising = gallery.normalising
    used = NO_NORMALISER if normalising is None else normalising.digest
    if used != threshold.record.normaliser:
        raise ValueError(f"a gallery scored by {used} cannot be held to another's threshold")
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
