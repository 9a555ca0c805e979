"""What a search may see: permitted references are opened, all others are left as they lie."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from chiso import wiring
from chiso.adapters.home_files import STORE_FILE
from chiso.compare.search import candidates, search
from chiso.consent.policy import permit
from chiso.consent.receipt import SIGNING_DOMAIN, draft, receipt_bytes
from chiso.core.consent import Grounds, Mode, Parties, Permit, ReceiptId, SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import SealedReference, SignedReceipt, Subject
from chiso.core.templates import Template
from chiso.services.gallery import gallery_of_all, gallery_of_one
from chiso.services.home import Home
from chiso.services.identify import prepare_search

_PURPOSE = "door"
_GARBAGE = b"not a ciphertext"


@dataclass(frozen=True)
class _Consent:
    """What someone agreed to; by default to everything, for long."""

    purpose: str = _PURPOSE
    modes: frozenset[Mode] = frozenset(Mode)
    begins: timedelta = timedelta(days=-1)
    ends: timedelta = timedelta(days=1)
    withdrawn: bool = False


@dataclass
class _People:
    """Enrols people with templates made up here, through the home's own parts."""

    home: Home
    chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(3))

    def agree(self, name: str, receipt: str, consent: _Consent) -> SignedReceipt:
        now = self.home.clock.now()
        subject = SubjectId(f"id-{name}")
        document = draft(
            receipt_id=ReceiptId(receipt),
            parties=Parties(name, subject, "Clinic", None),
            purpose=consent.purpose,
            modes=consent.modes,
            expires=(now + consent.ends).replace(microsecond=0),
            grounds=Grounds(None, "cd" * 32),
            language="en",
            now=(now + consent.begins).replace(microsecond=0),
        )
        body = receipt_bytes(document)
        signed = SignedReceipt(
            document,
            body,
            self.home.signer.sign(SIGNING_DOMAIN + body),
            now if consent.withdrawn else None,
        )
        with self.home.store.writing() as transaction:
            if transaction.subject(name) is None:
                transaction.add_subject(Subject(subject, name, now))
            transaction.add_receipt(signed)
        return signed

    def add(self, receipt: SignedReceipt, sealed: bytes, tag: bytes = b"tag") -> None:
        terms = receipt.receipt.terms(None)
        with self.home.store.writing() as transaction:
            transaction.add_reference(
                SealedReference(
                    terms.subject_id,
                    terms.receipt_id,
                    self.home.model(),
                    sealed,
                    tag,
                    self.home.clock.now(),
                )
            )

    def enrol(self, name: str, receipt: str = "", consent: _Consent | None = None) -> Template:
        signed = self.agree(name, receipt or f"receipt-{name}", consent or _Consent())
        vector = self.chance.standard_normal(128).astype(np.float32)
        template = Template(vector / np.linalg.norm(vector), self.home.model())
        terms = signed.receipt.terms(None)
        key = self.home.keystore.create(terms.subject_id)
        self.add(signed, self.home.vault.seal(template, terms, key))
        return template

    def enrol_garbage(self, name: str, consent: _Consent) -> None:
        self.add(self.agree(name, f"receipt-{name}", consent), _GARBAGE)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return wiring.make_home(tmp_path / "home", "Clinic", "offline")[0]


@pytest.fixture
def people(home: Home) -> _People:
    return _People(home)


def _found(home: Home, probe: Template) -> list[str]:
    prepared = prepare_search(home, _PURPOSE)
    hits = search(prepared.gallery, probe, prepared.threshold)
    found = candidates(prepared.gallery, hits, prepared.record, limit=5)
    return [candidate.subject_id for candidate in found]


def _permit(home: Home, mode: Mode) -> Permit:
    with home.store.reading() as view:
        made = permit(view.terms(), _PURPOSE, mode, home.clock.now(), None)
    assert isinstance(made, Permit)
    return made


@pytest.mark.parametrize(
    "consent",
    [
        _Consent(purpose="another door"),
        _Consent(modes=frozenset({Mode.VERIFY})),
        _Consent(ends=timedelta(hours=-1)),
        _Consent(begins=timedelta(hours=1)),
        _Consent(withdrawn=True),
    ],
    ids=["wrong purpose", "wrong mode", "expired", "not begun", "withdrawn"],
)
def test_a_reference_without_consent_is_neither_opened_nor_scored(
    home: Home, people: _People, consent: _Consent
) -> None:
    for name in ("a", "z"):  # before and after her in the order of ids; neither has a key
        people.enrol_garbage(name, consent)
    anna = people.enrol("Anna")
    prepared = prepare_search(home, _PURPOSE)
    assert len(prepared.gallery) == 1
    assert _found(home, anna) == ["id-Anna"]


def test_of_one_person_only_the_references_of_the_permitted_receipt_are_opened(
    home: Home, people: _People
) -> None:
    anna = people.enrol("Anna")
    people.add(people.agree("Anna", "another", _Consent(purpose="another door")), _GARBAGE)
    with home.store.reading() as view:
        one = gallery_of_one(home, view, _permit(home, Mode.VERIFY), SubjectId("id-Anna"))
    np.testing.assert_array_equal(one.matrix, anna.vector[None])


def test_a_gallery_holds_every_permitted_template_as_it_was_sealed(
    home: Home, people: _People
) -> None:
    templates = {name: people.enrol(name) for name in ("Ben", "Anna", "Zoe", "Mia")}
    second = people.enrol("Mia", "a second receipt")
    with home.store.reading() as view:
        gallery = gallery_of_all(home, view, _permit(home, Mode.IDENTIFY))
    assert gallery.model == home.model()
    assert gallery.subjects.tolist() == [b"id-Anna", b"id-Ben", b"id-Mia", b"id-Mia", b"id-Zoe"]
    rows = {vector.tobytes() for vector in gallery.matrix}
    assert rows == {each.vector.tobytes() for each in (*templates.values(), second)}


def test_a_person_whose_key_is_missing_stops_the_search(home: Home, people: _People) -> None:
    for name in ("Anna", "Ben", "Zoe"):
        people.enrol(name)
    for lost in ("Ben", "Anna", "Zoe"):  # in the middle, at the start, at the end of all keys
        home.keystore.destroy([SubjectId(f"id-{lost}")])
        with pytest.raises(ChisoError) as caught:
            prepare_search(home, _PURPOSE)
        assert caught.value.code is Code.KEY_MISSING


def test_a_person_whose_key_is_missing_cannot_be_verified(home: Home, people: _People) -> None:
    people.enrol("Anna")
    home.keystore.destroy([SubjectId("id-Anna")])
    with home.store.reading() as view, pytest.raises(ChisoError) as caught:
        gallery_of_one(home, view, _permit(home, Mode.VERIFY), SubjectId("id-Anna"))
    assert caught.value.code is Code.KEY_MISSING


_TAMPERINGS: dict[str, str] = {
    "ciphertext changed": "UPDATE reference_templates SET sealed = zeroblob(540)",
    "given to another person": "UPDATE reference_templates SET subject_id = 'id-Ben'",
    "moved to another's receipt": "UPDATE reference_templates SET receipt_id = 'receipt-Ben'",
    "receipt prolonged": "UPDATE receipts SET expires = expires + 86400",
    "receipt given to another": "UPDATE receipts SET subject_id = 'id-Ben'",
}


@pytest.mark.parametrize("tampering", _TAMPERINGS.values(), ids=_TAMPERINGS.keys())
def test_a_reference_changed_behind_chisos_back_does_not_open(
    home: Home, people: _People, tampering: str
) -> None:
    people.enrol("Anna")
    people.agree("Ben", "receipt-Ben", _Consent())
    home.keystore.create(SubjectId("id-Ben"))
    with closing(sqlite3.connect(home.path / STORE_FILE)) as database, database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute(tampering)
    with pytest.raises(ChisoError) as caught:
        prepare_search(home, _PURPOSE)
    assert caught.value.code is Code.TEMPLATE_UNREADABLE


def test_references_of_another_model_are_left_out(home: Home, people: _People) -> None:
    people.enrol("Anna")
    with closing(sqlite3.connect(home.path / STORE_FILE)) as database, database:
        database.execute("UPDATE reference_templates SET model = ?", ("ef" * 32,))
    ben = people.enrol("Ben")
    assert _found(home, ben) == ["id-Ben"]
    assert len(prepare_search(home, _PURPOSE).gallery) == 1


def test_a_permit_for_one_mode_opens_nothing_for_the_other(home: Home, people: _People) -> None:
    people.enrol("Anna")
    with home.store.reading() as view:
        with pytest.raises(ValueError, match="does not allow"):
            gallery_of_all(home, view, _permit(home, Mode.VERIFY))
        with pytest.raises(ValueError, match="does not allow"):
            gallery_of_one(home, view, _permit(home, Mode.IDENTIFY), SubjectId("id-Anna"))
