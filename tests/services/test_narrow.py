"""A person keeps an agreement for less: at once, for good, and nothing that she keeps is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.postgres import new_database

from chiso import wiring
from chiso.account.checkpoint import vkey_text
from chiso.core.canonical import canonical_json
from chiso.core.consent import Mode
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import SignedReceipt
from chiso.services import log_check
from chiso.services.cards.issue import issue_from_photo
from chiso.services.enrol import Agreement, Enrolled, Photo, add_photos, enrol
from chiso.services.home import Home
from chiso.services.identify import identify, prepare_search
from chiso.services.log_bundle import bundle, log_key
from chiso.services.narrow import Less, narrow, narrow_again, would_narrow
from chiso.services.people import receipts
from chiso.services.purge import due
from chiso.services.reference_check import require_all_open
from chiso.services.verify import VerifyAnswer, verify
from chiso.services.withdraw import withdraw
from chiso.verify_bundle import check

_UNTIL = datetime(2099, 1, 1, tzinfo=UTC)
_EARLIER = datetime(2098, 1, 1, tzinfo=UTC)
_DOOR = Agreement(
    subject="Anna",
    purpose="door",
    modes=frozenset(Mode),
    expires=_UNTIL,
    evidence_sha256="ab" * 32,
    notice_sha256="cd" * 32,
    guardian="Ben",
)
_VERIFY, _IDENTIFY = frozenset({Mode.VERIFY}), frozenset({Mode.IDENTIFY})


_databases = count()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return wiring.make_home(tmp_path / "home", "Clinic", "offline")[0]


@pytest.fixture(params=["sqlite", "postgresql"])
def any_home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """A home with a store of each kind."""
    database = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        database = new_database(server, f"narrow_{next(_databases)}")
    made, _ = wiring.make_home(tmp_path / "home", "Clinic", "offline", database)
    yield made
    made.store.close()


@pytest.fixture
def anna(home: Home, london: Path) -> Enrolled:
    return _anna(home, london)


def _anna(home: Home, london: Path) -> Enrolled:
    """She agreed to both modes, with two photos."""
    photos = [_photo(london, name) for name in ("001_neutral", "001_smiling")]
    done = enrol(home, _DOOR, photos)
    assert isinstance(done, Enrolled)
    return done


def _photo(london: Path, name: str) -> Photo:
    return Photo(name, (london / f"{name}.jpg").read_bytes())


def _receipt(home: Home) -> SignedReceipt:
    (held,) = receipts(home, "Anna")
    return held.signed


def _newest(home: Home) -> Mapping[str, Any]:
    with home.store.reading() as view:
        said: Mapping[str, Any] = json.loads(next(iter(view.newest_payloads())).body)
    return said


def _is_verified(home: Home, london: Path) -> bool:
    answer = verify(home, "Anna", _photo(london, "001_smiling").content, "door")
    assert isinstance(answer, VerifyAnswer)
    return answer.verified.match


def _names(home: Home, prepared: Any, london: Path) -> list[str]:
    found = identify(home, _photo(london, "001_smiling").content, prepared)
    assert isinstance(found, list)
    return [each.label for each in found[0].candidates]


def _ben(home: Home, london: Path) -> None:
    agreement = replace(_DOOR, subject="Ben", guardian=None)
    assert isinstance(enrol(home, agreement, [_photo(london, "003_neutral")]), Enrolled)


def test_she_is_found_no_more_by_a_search_that_was_prepared_and_verified_as_before(
    any_home: Home, london: Path
) -> None:
    home, anna = any_home, _anna(any_home, london)
    _ben(home, london)
    prepared = prepare_search(home, "door")
    assert _names(home, prepared, london) == ["Anna"]
    hers = prepared.gallery.matrix[prepared.gallery.subjects == anna.subject_id.encode()].copy()
    elsewhere = wiring.open_home(home.path)
    narrow(elsewhere, anna.subject_id, anna.receipt_id, Less(_VERIFY, _UNTIL))
    elsewhere.store.close()
    assert _names(home, prepared, london) == []
    assert not any(np.array_equal(row, old) for row in prepared.gallery.matrix for old in hers)
    assert len(prepare_search(home, "door").gallery) == 1
    assert _is_verified(home, london)
    assert require_all_open(home) == 3
    log_check.verify(home)
    pieces: list[str] = []
    bundle(home, "Anna", None, pieces.append)
    whole = "".join(pieces)
    assert "receipt-narrowed" in whole
    assert check(whole.encode(), vkey_text(log_key(home))).is_key_given


def test_an_earlier_end_leaves_every_use_and_is_the_one_that_counts(
    home: Home, anna: Enrolled, london: Path
) -> None:
    prepared = prepare_search(home, "door")
    narrow(home, anna.subject_id, anna.receipt_id, Less(frozenset(Mode), _EARLIER))
    assert _names(home, prepared, london) == ["Anna"]
    assert _is_verified(home, london)
    (held,) = receipts(home, "Anna")
    assert (held.end.at, held.references) == (_EARLIER, 2)

    class After:
        """A clock between the earlier end and the one before."""

        def now(self) -> datetime:
            """Then."""
            return datetime(2098, 6, 1, tzinfo=UTC)

    late = replace(home, clock=After())
    with pytest.raises(ChisoError) as caught:
        verify(late, "Anna", _photo(london, "001_smiling").content, "door")
    assert caught.value.code is Code.CONSENT_EXPIRED
    assert [each.subject.label for each in due(late)] == ["Anna"]


def test_the_receipt_is_signed_anew_and_the_log_names_both_texts(
    home: Home, anna: Enrolled
) -> None:
    before = _receipt(home)
    narrow(home, anna.subject_id, anna.receipt_id, Less(_VERIFY, _EARLIER))
    after = _receipt(home)
    agreed = replace(before.receipt.processing, modes=(Mode.VERIFY,), expires=_EARLIER)
    assert after.receipt.processing == agreed
    assert (after.receipt.parties, after.receipt.grounds) == (
        before.receipt.parties,
        before.receipt.grounds,
    )
    assert after.receipt.header.receipt_id == before.receipt.header.receipt_id
    said = _newest(home)
    assert (said["type"], said["subject"]) == ("receipt-narrowed", anna.subject_id)
    assert (said["modes"], said["expires"]) == (["verify"], "2098-01-01T00:00:00Z")
    assert said["receipt_sha256"] == _digest(after.body)
    assert said["replaced_sha256"] == _digest(before.body)
    assert _digest(_text_before(home, after.body, said)) == said["replaced_sha256"]


def _text_before(home: Home, body: bytes, said: Mapping[str, Any]) -> bytes:
    """The receipt as it was, from what it is and what the log says alone."""
    with home.store.reading() as view:
        leaves = [json.loads(each.body) for each in view.payloads()]
    (granted,) = (each for each in leaves if each["type"] == "receipt-granted")
    document = json.loads(body)
    document["header"]["issued"] = granted["at"]
    document["processing"] |= {"modes": said["modes_before"], "expires": said["expires_before"]}
    return canonical_json(document)


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("held", "asked", "code"),
    [
        (Less(_VERIFY, _EARLIER), Less(frozenset(Mode), _EARLIER), Code.WRONG_MODE),
        (Less(_VERIFY, _EARLIER), Less(_IDENTIFY, _EARLIER), Code.WRONG_MODE),
        (Less(_VERIFY, _EARLIER), Less(_VERIFY, _UNTIL), Code.CONSENT_TOO_LONG),
        (Less(_VERIFY, _EARLIER), Less(frozenset(), _EARLIER), Code.BAD_ARGUMENT),
        (
            Less(_VERIFY, _EARLIER),
            Less(_VERIFY, datetime(2001, 1, 1, tzinfo=UTC)),
            Code.CONSENT_EXPIRED,
        ),
    ],
)
def test_more_is_refused_and_changes_nothing(
    home: Home, anna: Enrolled, held: Less, asked: Less, code: Code
) -> None:
    narrow(home, anna.subject_id, anna.receipt_id, held)
    before, said = _receipt(home), _newest(home)
    for attempt in (would_narrow, narrow):
        with pytest.raises(ChisoError) as caught:
            attempt(home, anna.subject_id, anna.receipt_id, asked)
        assert caught.value.code is code
    assert (_receipt(home), _newest(home)) == (before, said)


def test_another_person_and_a_receipt_that_was_withdrawn_have_nothing_to_narrow(
    home: Home, anna: Enrolled, london: Path
) -> None:
    _ben(home, london)
    with home.store.reading() as view:
        ben = view.subject("Ben")
    assert ben is not None
    less = Less(_VERIFY, _UNTIL)
    with pytest.raises(ChisoError) as caught:
        narrow(home, ben.subject_id, anna.receipt_id, less)
    assert caught.value.code is Code.NOT_FOUND
    withdraw(home, "Anna", anna.receipt_id)
    with pytest.raises(ChisoError) as caught:
        narrow(home, anna.subject_id, anna.receipt_id, less)
    assert caught.value.code is Code.CONSENT_WITHDRAWN


def test_narrowed_twice_the_same_is_once_and_then_less_again(home: Home, anna: Enrolled) -> None:
    less = Less(_VERIFY, _UNTIL)
    assert not narrow(home, anna.subject_id, anna.receipt_id, less).is_none
    said, receipt = _newest(home), _receipt(home)
    assert narrow(home, anna.subject_id, anna.receipt_id, less).is_none
    assert (_newest(home), _receipt(home)) == (said, receipt)
    narrow(home, anna.subject_id, anna.receipt_id, Less(_VERIFY, _EARLIER))
    assert _newest(home)["replaced_sha256"] == said["receipt_sha256"]
    assert require_all_open(home) == 2
    log_check.verify(home)


def test_photos_are_added_under_what_is_left(home: Home, anna: Enrolled, london: Path) -> None:
    narrow(home, anna.subject_id, anna.receipt_id, Less(_VERIFY, _UNTIL))
    again = add_photos(home, anna.receipt_id, [_photo(london, "001_neutral")])
    assert isinstance(again, Enrolled)
    assert (again.references_added, again.already_enrolled) == (0, 1)
    assert isinstance(add_photos(home, anna.receipt_id, [_photo(london, "003_neutral")]), Enrolled)
    assert require_all_open(home) == 3


def test_the_wider_receipt_put_back_is_noticed(home: Home, anna: Enrolled) -> None:
    before = _receipt(home)
    narrow(home, anna.subject_id, anna.receipt_id, Less(_VERIFY, _UNTIL))
    with home.store.writing() as transaction:
        transaction.replace_receipt(before)
    with pytest.raises(ChisoError) as caught:
        log_check.verify(home)
    assert caught.value.code is Code.LOG_BROKEN
    assert "not as it was narrowed" in caught.value.message


def test_a_failure_in_the_middle_changes_nothing(
    home: Home, anna: Enrolled, london: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _receipt(home)

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("chiso.services.narrow.record", fail)
    with pytest.raises(OSError, match="full"):
        narrow(home, anna.subject_id, anna.receipt_id, Less(_VERIFY, _UNTIL))
    assert _receipt(home) == before
    assert require_all_open(home) == 2
    assert _names(home, prepare_search(home, "door"), london) == ["Anna"]


def test_withdrawing_afterwards_leaves_nothing_in_any_file(
    home: Home, anna: Enrolled, tmp_path: Path
) -> None:
    def held() -> list[bytes]:
        with home.store.reading() as view:
            sealed = [each.sealed for each, _ in view.references(None, anna.subject_id)]
            said = [each.salt for each in view.payloads(anna.subject_id)]
        return [*sealed, *said, _receipt(home).body, _receipt(home).signature]

    traces = held()
    narrow(home, anna.subject_id, anna.receipt_id, Less(_VERIFY, _EARLIER))
    assert not any(trace in _bytes_of(home) for trace in traces[:2])  # sealed to what was agreed
    traces += held()
    withdraw(home, "Anna")
    assert [trace for trace in traces if trace in _bytes_of(home)] == []
    assert home.keystore.key(anna.subject_id) is None
    log_check.verify(home)


def _bytes_of(home: Home) -> bytes:
    return b"".join(path.read_bytes() for path in home.path.rglob("*") if path.is_file())


def test_what_showed_that_she_had_agreed_does_not_widen_it_again(
    home: Home, anna: Enrolled, london: Path
) -> None:
    narrow(home, anna.subject_id, anna.receipt_id, Less(_VERIFY, _EARLIER))
    photo = [_photo(london, "001_neutral")]
    for again in (_DOOR, replace(_DOOR, expires=_EARLIER), replace(_DOOR, modes=_VERIFY)):
        with pytest.raises(ChisoError, match="She agreed to less on") as refused:
            enrol(home, again, photo)
        assert refused.value.code is Code.WRONG_MODE
    with pytest.raises(ChisoError, match="She agreed to less on"):
        issue_from_photo(home, _DOOR, photo[0])
    same = enrol(home, replace(_DOOR, modes=_VERIFY, expires=_EARLIER), photo)
    assert isinstance(same, Enrolled)
    assert (same.receipt_id, same.new_receipt) == (anna.receipt_id, False)
    assert _receipt(home).terms.modes == _VERIFY
    anew = enrol(home, replace(_DOOR, evidence_sha256="ef" * 32), photo)
    assert isinstance(anew, Enrolled)
    assert anew.new_receipt


def test_an_older_and_wider_word_of_it_widens_nothing(home: Home, anna: Enrolled) -> None:
    narrow(home, anna.subject_id, anna.receipt_id, Less(frozenset(Mode), _EARLIER))
    older = {anna.receipt_id: _newest(home)}
    narrow(home, anna.subject_id, anna.receipt_id, Less(_VERIFY, datetime(2097, 1, 1, tzinfo=UTC)))
    narrow_again(home, older)
    assert _receipt(home).terms.modes == _VERIFY
    assert _receipt(home).terms.expires.year == 2097
