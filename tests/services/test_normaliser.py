"""A home that decides by a fitted normaliser: it answers, it refuses, and it keeps nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from bench.simulated import SimulatedGroup, simulate

from chiso import wiring
from chiso.compare.normalise.document import document_of
from chiso.compare.normalise.fitting import fit_named
from chiso.compare.search import candidates, search
from chiso.consent.receipt import SIGNING_DOMAIN, draft, receipt_bytes
from chiso.core.consent import Grounds, Mode, Parties, ReceiptId, SubjectId
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import SealedReference, SignedReceipt, Subject
from chiso.core.templates import Template
from chiso.services import thresholds
from chiso.services.home import Home
from chiso.services.identify import prepare_search
from chiso.services.withdraw import withdraw

_PURPOSE = "door"
_GROUPS = {"sparse": SimulatedGroup(22, 30.0, 400.0), "dense": SimulatedGroup(22, 140.0, 500.0)}
_CROWD = simulate(_GROUPS, 2, 128, 9)
_FITTED = fit_named("local-density", _CROWD.vectors[:80], _CROWD.person[:80], 9)
_ENROLLED = {"anna": 80, "ben": 82}
"""Rows of the crowd that are references; the row after each is the same person's."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = wiring.make_home(tmp_path / "home", "Clinic", "offline")[0]
    for name, row in _ENROLLED.items():
        _enrol(made, name, _CROWD.vectors[row])
    return made


def _enrol(home: Home, name: str, vector: np.ndarray) -> None:
    now = home.clock.now()
    document = draft(
        receipt_id=ReceiptId(f"receipt-{name}"),
        parties=Parties(name, SubjectId(f"id-{name}"), "Clinic", None),
        purpose=_PURPOSE,
        modes=frozenset(Mode),
        expires=(now + timedelta(days=1)).replace(microsecond=0),
        grounds=Grounds(None, "cd" * 32),
        language="en",
        now=(now - timedelta(days=1)).replace(microsecond=0),
    )
    body = receipt_bytes(document)
    signed = SignedReceipt(document, body, home.signer.sign(SIGNING_DOMAIN + body), None)
    terms = document.terms(None)
    key = home.keystore.create(terms.subject_id)
    sealed = home.vault.seal(Template(vector, home.model()), terms, key)
    with home.store.writing() as transaction:
        transaction.add_subject(Subject(terms.subject_id, name, now))
        transaction.add_receipt(signed)
        transaction.add_reference(
            SealedReference(
                terms.subject_id, terms.receipt_id, home.model(), sealed, name.encode(), now
            )
        )


def _use(home: Home, changed: dict[str, object]) -> ThresholdRecord:
    record = wiring.starter_record_of(home.model())
    assert record is not None
    own = replace(
        record,
        record_id="normalised",
        format=2,
        set_by="everyone",
        counted_on=record.counted_on or "same-people",  # type: ignore[arg-type]
        value=0.6,
        target_fpir=None,
        tails=(),
        at_scale=(),
        **changed,  # type: ignore[arg-type]
    )
    thresholds.add(home, own)
    return thresholds.use(home, own.record_id).record


def _normalised(home: Home) -> ThresholdRecord:
    return _use(home, {"normaliser": _FITTED.digest, "normaliser_document": document_of(_FITTED)})


def _found(home: Home, row: int) -> dict[str, float]:
    prepared = prepare_search(home, _PURPOSE)
    hits = search(prepared.gallery, Template(_CROWD.vectors[row], home.model()), prepared.threshold)
    named = candidates(prepared.gallery, hits, prepared.record, limit=5)
    return {each.subject_id: each.score for each in named}


def test_a_home_identifies_by_the_score_that_its_records_normaliser_gives(home: Home) -> None:
    _normalised(home)
    for name, row in _ENROLLED.items():
        sides = _FITTED.prepare(_CROWD.vectors[[row + 1, row]])
        cosine = np.array([[_CROWD.vectors[row + 1] @ _CROWD.vectors[row]]])
        expected = float(_FITTED.apply(cosine, sides[:1], sides[1:])[0, 0])
        assert abs(expected - float(cosine[0, 0])) > 1e-3
        assert _found(home, row + 1) == {f"id-{name}": pytest.approx(expected, abs=1e-4)}


def test_a_home_refuses_a_record_whose_normaliser_it_does_not_know(home: Home) -> None:
    _use(home, {"normaliser": "cd" * 32})
    with pytest.raises(ChisoError, match="does not know") as refused:
        prepare_search(home, _PURPOSE)
    assert refused.value.code is Code.THRESHOLD_INVALID


def test_an_erased_person_is_in_no_statistic_that_the_home_keeps(
    home: Home, tmp_path: Path
) -> None:
    """Nothing prepared of her is written, and no search leaves anything of her behind."""
    _normalised(home)
    assert _found(home, _ENROLLED["anna"] + 1)
    before = document_of(_FITTED)
    withdraw(home, "anna")
    assert _found(home, _ENROLLED["anna"] + 1) == {}
    with home.store.reading() as view:
        (used,) = [each for each in view.thresholds() if each.record_id == "normalised"]
    assert used.normaliser_document == before
    hers = _CROWD.vectors[_ENROLLED["anna"]]
    side = _FITTED.prepare(hers[None])[0]
    traces = [hers.tobytes(), hers[:4].tobytes(), side.tobytes(), side.astype("<f4").tobytes()]
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert len(files) >= 3
    for path in files:
        content = path.read_bytes()
        assert not [trace for trace in traces if trace in content], path.name
