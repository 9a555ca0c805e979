"""A search scores as its threshold was fitted: with the record's normaliser, or not at all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from bench.simulated import SimulatedGroup, simulate
from tests.compare.records import MODEL, RECORD

from chiso.compare.normalise.document import document_of
from chiso.compare.normalise.fitting import FOR_HOMES, NAMES, fit_named
from chiso.compare.normalise.of_record import name_of
from chiso.compare.normalise.port import FittedNormaliser
from chiso.compare.open_set import search_threshold
from chiso.compare.search import Gallery, normalised_for, scores, search
from chiso.compare.threshold import parse_record, record_bytes
from chiso.core.decisions import CountedOn, ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import Template

_CROWD = simulate({"all": SimulatedGroup(60, 60.0, 300.0)}, 2, 32, 3)
_RECORD = replace(RECORD, format=2, set_by="everyone", counted_on=CountedOn.SAME_PEOPLE)


def _fitted(name: str) -> FittedNormaliser:
    return fit_named(name, _CROWD.vectors[:60], _CROWD.person[:60], 3)


def _record_with(fitted: FittedNormaliser) -> ThresholdRecord:
    return replace(_RECORD, normaliser=fitted.digest, normaliser_document=document_of(fitted))


def _gallery() -> Gallery:
    names = np.array([str(row) for row in range(60)], dtype="S36")
    return Gallery(MODEL, _CROWD.vectors[60:], names, names)


@pytest.mark.parametrize("name", FOR_HOMES)
def test_a_search_gives_the_scores_that_the_normaliser_gives(name: str) -> None:
    fitted = _fitted(name)
    gallery = normalised_for(_gallery(), _record_with(fitted))
    probe = _CROWD.vectors[61]
    expected = fitted.apply(
        (probe @ gallery.matrix.T)[None].astype(np.float64),
        fitted.prepare(probe[None]),
        fitted.prepare(gallery.matrix),
    )[0]
    found = scores(gallery, Template(probe, MODEL))
    # Near a cosine of 1 an angle in float32 is rough: its cosine is what is compared.
    np.testing.assert_allclose(found, expected, atol=2e-3 if name == "faircal" else 2e-5, rtol=1e-4)
    top = int(expected.argmax())
    limit = replace(_record_with(fitted), value=float(found[top]))
    hits = search(gallery, Template(probe, MODEL), search_threshold(limit, len(gallery)))
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


def test_a_record_says_what_its_normaliser_is_called_and_whether_it_can_score() -> None:
    assert name_of(_RECORD) == "none"
    assert {name: name_of(_record_with(_fitted(name))) for name in NAMES} == {
        "fsn": "fsn",
        "faircal": "faircal",
        "local-density": "local-density",
        "as-norm": "unusable",
    }
    assert name_of(replace(_RECORD, normaliser="cd" * 32)) == "unusable"


def test_a_record_with_another_normaliser_than_it_names_is_refused() -> None:
    record = replace(_record_with(_fitted("fsn")), normaliser=_fitted("faircal").digest)
    with pytest.raises(ChisoError, match="another normaliser"):
        normalised_for(_gallery(), record)


def test_a_record_with_single_peoples_vectors_is_refused() -> None:
    with pytest.raises(ChisoError, match="single people"):
        normalised_for(_gallery(), _record_with(_fitted("as-norm")))


@pytest.mark.parametrize(
    "change",
    [
        {"centres": 1, "offsets": 2},
        {"offsets": 2},
        {"offsets": "shorter"},
        {"centres": "a vector"},
    ],
)
def test_a_record_whose_normalisers_arrays_do_not_belong_together_is_refused(
    change: dict[str, object],
) -> None:
    document = json.loads(document_of(_fitted("fsn")))
    given = {
        "shorter": document["offsets"] | {"shape": [1], "float32": "AAAAAA=="},
        "a vector": document["centres"] | {"shape": [np.prod(document["centres"]["shape"]).item()]},
    }
    changed = {name: given.get(str(value), value) for name, value in change.items()}
    text = json.dumps(document | changed, sort_keys=True, separators=(",", ":"))
    record = replace(
        _RECORD,
        normaliser=hashlib.sha256(text.encode()).hexdigest(),
        normaliser_document=text,
    )
    with pytest.raises(ChisoError, match="carries no normaliser") as refused:
        normalised_for(_gallery(), record)
    assert refused.value.code is Code.THRESHOLD_INVALID


def test_a_record_whose_normaliser_is_of_longer_templates_is_refused() -> None:
    longer = simulate({"all": SimulatedGroup(20, 60.0, 300.0)}, 2, 33, 3)
    record = _record_with(fit_named("fsn", longer.vectors, longer.person, 3))
    with pytest.raises(ChisoError, match="of other templates") as refused:
        normalised_for(_gallery(), record)
    assert refused.value.code is Code.THRESHOLD_INVALID


def test_a_search_does_not_write_the_normaliser_down_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = _record_with(_fitted("fsn"))
    gallery = normalised_for(_gallery(), record)

    def unwanted(_fitted: object) -> str:
        raise AssertionError("the whole document is written and hashed in a search")

    monkeypatch.setattr("chiso.compare.normalise.fsn.digest_of", unwanted)
    search(gallery, Template(_CROWD.vectors[0], MODEL), search_threshold(record, 60))


def test_cosines_are_never_held_to_a_normalised_threshold() -> None:
    record = _record_with(_fitted("fsn"))
    with pytest.raises(ValueError, match="another's threshold"):
        search(_gallery(), Template(_CROWD.vectors[0], MODEL), search_threshold(record, 60))
