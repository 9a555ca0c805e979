"""Consent that changes between the reading of references and the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from chiso import wiring
from chiso.core.consent import Mode, SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import Keystore
from chiso.services.engine import single_face
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.home import Home
from chiso.services.identify import identify, prepare_search, without_erased
from chiso.services.people import receipts
from chiso.services.verify import VerifyAnswer, verify
from chiso.services.withdraw import withdraw

_DOOR = Agreement(
    subject="Anna",
    purpose="door",
    modes=frozenset(Mode),
    expires=datetime(2099, 1, 1, tzinfo=UTC),
    evidence_sha256="ab" * 32,
)
_LONGER = replace(_DOOR, expires=datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return wiring.make_home(tmp_path / "home", "Clinic", "offline")[0]


def _photo(london: Path, name: str) -> Photo:
    return Photo(name, (london / f"{name}.jpg").read_bytes())


def _enrol(home: Home, agreement: Agreement, photo: Photo) -> Enrolled:
    done = enrol(home, agreement, [photo])
    assert isinstance(done, Enrolled)
    return done


def _named(home: Home, photo: Photo, prepared: object) -> list[tuple[str, float]]:
    answers = identify(home, photo.content, prepared)  # type: ignore[arg-type]
    assert isinstance(answers, list)
    return [(each.label, each.candidate.score) for each in answers[0].candidates]


def test_a_reference_of_a_withdrawn_receipt_does_not_answer_for_another_receipt(
    home: Home, london: Path
) -> None:
    neutral, smiling = _photo(london, "001_neutral"), _photo(london, "001_smiling")
    first = _enrol(home, _DOOR, neutral)
    _enrol(home, _LONGER, smiling)
    prepared = prepare_search(home, "door")
    ((_, before),) = _named(home, neutral, prepared)
    assert before > 0.99
    withdraw(home, "Anna", first.receipt_id)
    ((_, after),) = _named(home, neutral, prepared)
    assert after < before - 0.005


def test_verify_does_not_answer_from_a_template_erased_meanwhile(
    home: Home, london: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone withdraws while her photo is looked at, and another takes her label."""
    neutral, other = _photo(london, "001_neutral"), _photo(london, "003_neutral")
    _enrol(home, _DOOR, neutral)

    def look_slowly(*arguments: object) -> object:
        face = single_face(*arguments)  # type: ignore[arg-type]
        withdraw(home, "Anna")
        _enrol(home, _DOOR, other)
        return face

    monkeypatch.setattr("chiso.services.verify.single_face", look_slowly)
    with pytest.raises(ChisoError) as caught:
        verify(home, "Anna", neutral.content, "door")
    assert caught.value.code is Code.NO_CONSENT
    with home.store.reading() as view:
        known = {each.subject_id for each in view.subjects()}
        assert {payload.subject_id for payload in view.payloads()} <= known | {None}


class _KeystoreReadLate:
    """The keystore, but somebody withdraws between the reading of the rows and of the keys."""

    def __init__(self, real: Keystore, home: Home, label: str) -> None:
        self._real = real
        self._home = home
        self._label: str | None = label

    def keys_in_order(self) -> Iterator[tuple[SubjectId, bytes]]:
        if self._label is not None:
            label, self._label = self._label, None
            withdraw(self._home, label)
        return self._real.keys_in_order()

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


def test_a_search_is_not_disturbed_by_somebody_who_withdraws_during_it(
    home: Home, london: Path
) -> None:
    anna, ben = _photo(london, "001_neutral"), _photo(london, "003_neutral")
    _enrol(home, _DOOR, anna)
    _enrol(home, replace(_DOOR, subject="Ben"), ben)
    # Its own connections: withdrawing waits for readers, and this one is reading.
    other = wiring.open_home(home.path)
    late = _KeystoreReadLate(home.keystore, replace(other), "Ben")
    prepared = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chiso.services.withdraw._PATIENCE_S", 0.0)
        patch.setattr("chiso.services.withdraw._finish", lambda each: _destroy_keys_only(each))
        prepared = prepare_search(replace(home, keystore=late), "door")  # type: ignore[arg-type]
    assert [label for label, _ in _named(home, anna, prepared)] == ["Anna"]
    assert len(prepared.gallery) == 1


def _destroy_keys_only(home: Home) -> None:
    with home.store.reading() as view:
        home.keystore.destroy(view.erasures_due())


def test_every_person_named_finds_the_search_among_hers(home: Home, london: Path) -> None:
    photo = _photo(london, "001_neutral")
    _enrol(home, _DOOR, photo)
    _enrol(home, replace(_DOOR, subject="Anna's other name"), photo)
    assert len(_named(home, photo, prepare_search(home, "door"))) == 2
    with home.store.reading() as view:
        for subject in view.subjects():
            said = [payload.body for payload in view.payloads(subject.subject_id)]
            assert any(b'"identified"' in body for body in said)


def test_a_person_who_agreed_can_still_be_verified_after_another_receipt_ends(
    home: Home, london: Path
) -> None:
    neutral, smiling = _photo(london, "001_neutral"), _photo(london, "001_smiling")
    first = _enrol(home, _DOOR, neutral)
    _enrol(home, _LONGER, smiling)
    withdraw(home, "Anna", first.receipt_id)
    answer = verify(home, "Anna", smiling.content, "door")
    assert isinstance(answer, VerifyAnswer)
    assert answer.verified.match
    assert sorted(each.state for each in receipts(home, "Anna")) == ["in force", "withdrawn"]


def test_her_vector_is_overwritten_in_a_gallery_that_was_read_before_she_withdrew(
    home: Home, london: Path
) -> None:
    anna, ben = _photo(london, "001_neutral"), _photo(london, "003_neutral")
    _enrol(home, _DOOR, anna)
    _enrol(home, replace(_DOOR, subject="Ben"), ben)
    prepared = prepare_search(home, "door")
    matrix, subjects = prepared.gallery.matrix, prepared.gallery.subjects
    kept = matrix.copy()
    withdraw(wiring.open_home(home.path), "Anna")  # as another process would
    assert without_erased(home, without_erased(home, prepared)).gallery.matrix.shape == (1, 128)
    assert [label for label, _ in _named(home, ben, prepared)] == ["Ben"]
    assert sum(np.array_equal(row, old) for row in matrix for old in kept) == 1
    assert not matrix[1].any()
    assert subjects[1] == b""


def test_nothing_is_compared_once_everyone_is_gone(
    home: Home, london: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = _photo(london, "001_neutral")
    _enrol(home, _DOOR, photo)
    prepared = prepare_search(home, "door")
    withdraw(home, "Anna")

    def compared(*_arguments: object) -> object:
        raise AssertionError("a template was made under no permit")

    monkeypatch.setattr("chiso.services.identify.templates_of", compared)
    assert _named(home, photo, prepared) == []
    assert not prepared.gallery.matrix.any()
