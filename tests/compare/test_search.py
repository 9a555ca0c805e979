"""Exact search: the same answer as comparing the probe with everyone, one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.compare.records import MODEL, RECORD

from chiso.compare.open_set import search_threshold
from chiso.compare.search import Gallery, candidates, search
from chiso.core.decisions import Candidate, ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest, Template

_OTHER = ModelDigest("cd" * 32)
_ONE = np.array([b"one"], "S36")


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit


def _gallery(owners: list[int], seed: int) -> tuple[Gallery, Template]:
    """References near the faces of their owners, and a probe near that of owner 0."""
    chance = np.random.default_rng(seed)
    faces = chance.standard_normal((6, 16))
    noise = chance.standard_normal((len(owners) + 1, 16)) * 0.7
    vectors = _unit((faces[[*owners, 0]] + noise).astype(np.float32))
    subjects = np.array([f"subject-{owner}" for owner in owners], dtype="S36")
    receipts = np.array([f"receipt-{row}" for row in range(len(owners))], dtype="S36")
    return Gallery(MODEL, vectors[:-1], subjects, receipts), Template(vectors[-1], MODEL)


def _found(
    gallery: Gallery, probe: Template, record: ThresholdRecord, limit: int
) -> tuple[Candidate, ...]:
    return candidates(gallery, search(gallery, probe, search_threshold(record, 6)), record, limit)


def _one_by_one(gallery: Gallery, probe: Template, value: float, limit: int) -> list[str]:
    best: dict[str, float] = {}
    for vector, owner in zip(gallery.matrix, gallery.subjects, strict=True):
        score, name = float(vector @ probe.vector), owner.decode()
        best[name] = max(score, best.get(name, -2.0))
    above = [name for name, score in best.items() if score >= value]
    return sorted(above, key=lambda name: -best[name])[:limit]


@given(
    owners=st.lists(st.integers(0, 5), min_size=1, max_size=40),
    seed=st.integers(0, 2**32 - 1),
    value=st.sampled_from([-1.0, 0.0, 0.3, 0.6, 0.9]),
    limit=st.integers(1, 7),
)
def test_search_finds_whom_comparing_one_by_one_finds(
    owners: list[int], seed: int, value: float, limit: int
) -> None:
    gallery, probe = _gallery(owners, seed)
    found = _found(gallery, probe, replace(RECORD, value=value), limit)
    named = [str(candidate.subject_id) for candidate in found]
    assert named == _one_by_one(gallery, probe, value, limit)


@given(owners=st.lists(st.integers(0, 5), min_size=1, max_size=40), seed=st.integers(0, 2**32 - 1))
def test_a_candidates_score_is_that_of_her_best_reference(owners: list[int], seed: int) -> None:
    gallery, probe = _gallery(owners, seed)
    scores = gallery.matrix @ probe.vector
    for candidate in _found(gallery, probe, replace(RECORD, value=-1.0), limit=6):
        hers = scores[gallery.subjects == candidate.subject_id.encode()]
        assert candidate.score == pytest.approx(float(hers.max()), abs=1e-6)
        assert candidate.llr == RECORD.calibration.llr(candidate.score)


def test_a_score_at_the_threshold_is_a_match() -> None:
    gallery, probe = _gallery([0], seed=1)
    score = float((gallery.matrix @ probe.vector)[0])
    at, above = (
        replace(RECORD, value=score),
        replace(RECORD, value=float(np.nextafter(score, 2.0))),
    )
    assert len(_found(gallery, probe, at, limit=1)) == 1
    assert _found(gallery, probe, above, limit=1) == ()


def test_nobody_is_found_among_nobody() -> None:
    gallery = Gallery(MODEL, np.empty((0, 16), np.float32), np.empty(0, "S36"), np.empty(0, "S36"))
    _, probe = _gallery([0], seed=1)
    assert _found(gallery, probe, RECORD, limit=5) == ()


@pytest.mark.parametrize("which", ["gallery", "probe", "record"])
def test_models_are_never_mixed(which: str) -> None:
    gallery, probe = _gallery([0, 1], seed=2)
    record = RECORD
    if which == "gallery":
        gallery = replace(gallery, model=_OTHER)
    elif which == "probe":
        probe = replace(probe, model=_OTHER)
    else:
        record = replace(record, model=_OTHER)
    with pytest.raises(ChisoError) as caught:
        search(gallery, probe, search_threshold(record, 2))
    assert caught.value.code is Code.MODEL_MISMATCH


def test_a_gallery_refuses_a_matrix_that_is_not_float32() -> None:
    with pytest.raises(ValueError, match="float32"):
        Gallery(MODEL, np.zeros((1, 4)), _ONE, _ONE)  # type: ignore[arg-type]


def test_a_gallery_refuses_references_without_owners() -> None:
    with pytest.raises(ValueError, match="do not pair up"):
        Gallery(
            MODEL, np.zeros((2, 4), np.float32), np.array([b"a"], "S36"), np.array([b"r"], "S36")
        )


def test_a_reference_that_is_not_allowed_any_more_neither_answers_nor_takes_a_place() -> None:
    gallery, probe = _gallery([0, 0, 1], seed=5)
    record = replace(RECORD, value=-1.0)
    hits = search(gallery, probe, search_threshold(record, 3))
    (first,) = candidates(gallery, hits, record, 1)
    best_row = int(hits.rows[0])
    forbidden = gallery.receipts[best_row].decode()
    later = candidates(gallery, hits, record, 2, lambda _subject, receipt: receipt != forbidden)
    assert len(later) == 2
    assert first.score not in [each.score for each in later]
    assert candidates(gallery, hits, record, 5, lambda _subject, _receipt: False) == ()
