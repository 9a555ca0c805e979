"""A search scores as its threshold was fitted: with the record's normaliser, or not at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bench.simulated import SimulatedGroup, simulate

from chiso.compare.normalise.document import document_of
from chiso.compare.normalise.fitting import NAMES, fit_named
from chiso.compare.normalise.port import FittedNormaliser
from chiso.compare.open_set import search_threshold
from chiso.compare.search import Gallery, normalised_for, scores, search
from chiso.compare.threshold import parse_record, record_bytes
from chiso.core.decisions import Calibration, CountedOn, ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest, Template

_MODEL = ModelDigest("ab" * 32)
_CROWD = simulate({"all": SimulatedGroup(60, 60.0, 300.0)}, 2, 32, 3)
_RECORD = ThresholdRecord(
    record_id="test",
    model=_MODEL,
    normaliser="none",
    policy="pooled",
    target_fmr=0.01,
    value=0.3,
    interval=(0.2, 0.4),
    calibration=Calibration(slope=10.0, offset=-5.0, limit=4.0),
    source="made up",
    source_sha256="00" * 32,
    people=2,
    groups=(),
    made="2026-11-22T00:00:00Z",
    note="",
    format=2,
    set_by="everyone",
    counted_on=CountedOn.SAME_PEOPLE,
)


def _fitted(name: str) -> FittedNormaliser:
    return fit_named(name, _CROWD.vectors[:60], _CROWD.person[:60], 3)


def _record_with(fitted: FittedNormaliser) -> ThresholdRecord:
    return replace(_RECORD, normaliser=fitted.digest, normaliser_document=document_of(fitted))


def _gallery() -> Gallery:
    names = np.array([str(row) for row in range(60)], dtype="S36")
    return Gallery(_MODEL, _CROWD.vectors[60:], names, names)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "as-norm"])
def test_a_search_gives_the_scores_that_the_normaliser_gives(name: str) -> None:
    fitted = _fitted(name)
    gallery = normalised_for(_gallery(), _record_with(fitted))
    probe = _CROWD.vectors[61]
    expected = fitted.apply(
        (probe @ gallery.matrix.T)[None].astype(np.float64),
        fitted.prepare(probe[None]),
        fitted.prepare(gallery.matrix),
    )[0]
    found = scores(gallery, Template(probe, _MODEL))
    # Near a cosine of 1 an angle in float32 is rough: its cosine is what is compared.
    np.testing.assert_allclose(found, expected, atol=2e-3 if name == "faircal" else 2e-5, rtol=1e-4)
    top = int(expected.argmax())
    limit = replace(_record_with(fitted), value=float(found[top]))
    hits = search(gallery, Template(probe, _MODEL), search_threshold(limit, len(gallery)))
    assert hits.rows[0] == top


def test_a_record_keeps_its_normaliser_when_it_is_written_and_read() -> None:
    record = _record_with(_fitted("local-density"))
    assert parse_record(record_bytes(record)) == record


def test_a_record_without_a_normaliser_has_the_bytes_it_always_had() -> None:
    assert b"normaliser_document" not in record_bytes(_RECORD)
    assert b"normaliser_document" not in record_bytes(replace(_RECORD, format=1))


def test_a_record_whose_normaliser_is_unknown_is_refused() -> None:
    with pytest.raises(ChisoError, match="does not know") as refused:
        normalised_for(_gallery(), replace(_RECORD, normaliser="cd" * 32))
    assert refused.value.code is Code.THRESHOLD_INVALID


def test_a_record_with_another_normaliser_than_it_names_is_refused() -> None:
    record = replace(_record_with(_fitted("fsn")), normaliser=_fitted("faircal").digest)
    with pytest.raises(ChisoError, match="another normaliser"):
        normalised_for(_gallery(), record)


def test_a_record_with_single_peoples_vectors_is_refused() -> None:
    with pytest.raises(ChisoError, match="single people"):
        normalised_for(_gallery(), _record_with(_fitted("as-norm")))


def test_cosines_are_never_held_to_a_normalised_threshold() -> None:
    record = _record_with(_fitted("fsn"))
    with pytest.raises(ValueError, match="another's threshold"):
        search(_gallery(), Template(_CROWD.vectors[0], _MODEL), search_threshold(record, 60))
