"""Cards: issued, compared with faces, and refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.clock import MovedClock
from tests.release.scanning import Scanner, windows
from tests.serve.conftest import PURPOSE

from chiso import wiring
from chiso.account.erasure import KEYS, REFERENCES
from chiso.cards.card import parse_card
from chiso.cards.code import PREFIX, code_text, parse_code
from chiso.cards.quantise import restored
from chiso.consent.retention import Rule, parse_period
from chiso.core.consent import Mode, ReceiptId
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import BiometricSample, Refusal
from chiso.interfaces.cli.erasure import erased_words
from chiso.services import log_check, retention
from chiso.services.cards.issue import NewCard, issue_from_photo, issue_from_reference
from chiso.services.cards.listing import Reason, card_called, cards, number_of, revoke
from chiso.services.cards.verify import CardAnswer, opened, verify_card
from chiso.services.engine import reference_templates_of, single_face
from chiso.services.enrol import Agreement, Photo, PhotoRefused
from chiso.services.erasure import check_at_home
from chiso.services.home import Home
from chiso.services.identify import identify, prepare_search
from chiso.services.verify import verify
from chiso.services.withdraw import withdraw

Bytes = Callable[..., bytes]


@pytest.fixture
def home(home_directory: Path) -> Iterator[Home]:
    """A home with 001, 003 and 005."""
    opened_home = wiring.open_home(home_directory)
    yield opened_home
    opened_home.store.close()


def _agreement(subject: str, expires: datetime = datetime(2099, 1, 1, tzinfo=UTC)) -> Agreement:
    return Agreement(
        subject=subject,
        purpose=PURPOSE,
        modes=frozenset({Mode.VERIFY}),
        expires=expires,
        evidence_sha256="1" * 64,
    )


def _issued(home: Home, photo_of: Bytes, number: str = "006", **terms: datetime) -> NewCard:
    photo = Photo(number, photo_of(number, "neutral"))
    made = issue_from_photo(home, _agreement(f"Person {number}", **terms), photo)
    assert isinstance(made, NewCard)
    return made


def _compared(home: Home, code: str, photo: bytes) -> CardAnswer:
    answer = verify_card(home, code, photo)
    assert isinstance(answer, CardAnswer)
    return answer


def _refused(home: Home, code: str, photo: bytes, purpose: str | None = None) -> Code:
    with pytest.raises(ChisoError) as caught:
        verify_card(home, code, photo, purpose)
    return caught.value.code


def _leaves(home: Home) -> list[dict[str, object]]:
    with home.store.reading() as view:
        return [json.loads(each.body) for each in view.payloads()]


def _states(home: Home) -> dict[str | None, str]:
    return {each.label: each.state for each in cards(home)}


def test_a_card_matches_the_face_that_it_was_made_for_and_no_other(
    home: Home, photo_of: Bytes
) -> None:
    made = _issued(home, photo_of)
    answer = _compared(home, made.code, photo_of("006"))
    assert answer.answer.verified.match
    assert answer.label == "Person 006"
    said = _leaves(home)[-1]
    assert (said["type"], said["decision"], said["card"]) == (
        "verified",
        "match",
        made.card.card_id,
    )
    assert not _compared(home, made.code, photo_of("003")).answer.verified.match
    assert _leaves(home)[-1]["decision"] == "no-match"


def test_a_card_is_well_under_500_bytes(home: Home, photo_of: Bytes) -> None:
    assert _issued(home, photo_of).size_bytes == 346


def test_whoever_carries_a_card_has_no_template_in_any_file_of_the_home(
    home: Home, photo_of: Bytes
) -> None:
    made = _issued(home, photo_of)
    assert _compared(home, made.code, photo_of("006")).answer.verified.match
    card = parse_card(opened(home, made.code))
    engine = home.engine()
    face = single_face(engine, photo_of("006", "neutral"), engine.capture.enrolment)
    assert not isinstance(face, Refusal)
    permit = prepare_search(home, PURPOSE).permit
    (template,) = reference_templates_of(engine, [face], permit)
    levels = card.template.levels.tobytes()
    needles = [
        *windows("006", "template", template.vector),
        *windows("006", "restored", restored(card.template)),
    ]
    found = Scanner(needles).found_in_files([home.path])
    assert not found
    sealed = parse_code(made.code).sealed
    for file in home.path.iterdir():
        content = file.read_bytes()
        assert not any(levels[start : start + 8] in content for start in range(120))
        assert sealed[:16] not in content
        assert made.code.encode() not in content


def test_what_the_scan_above_looks_for_is_what_a_card_holds(home: Home, photo_of: Bytes) -> None:
    card = parse_card(opened(home, _issued(home, photo_of).code))
    content = b"before" + restored(card.template).tobytes() + b"after"
    found = Scanner(windows("006", "restored", restored(card.template))).found_in(content)
    assert len(found) == len(card.template.levels) - 7


def test_a_card_made_from_a_reference_takes_its_place(home: Home, photo_of: Bytes) -> None:
    made = issue_from_reference(home, "001", PURPOSE)
    assert made.references_destroyed == 1
    assert made.unfinished is None
    assert _compared(home, made.code, photo_of("001")).answer.verified.match
    with home.store.reading() as view:
        subject = view.subject("001")
        assert subject is not None
        assert next(view.references(None, subject.subject_id), None) is None
    assert home.keystore.key(subject.subject_id) is None
    with pytest.raises(ChisoError) as caught:
        verify(home, "001", photo_of("001"), PURPOSE)
    assert caught.value.code is Code.REFERENCE_MISSING
    assert "card" in caught.value.hint
    found = identify(home, photo_of("001"), prepare_search(home, PURPOSE))
    assert not isinstance(found, Refusal)
    assert found[0].candidates == ()
    log_check.verify(home)


def test_references_stay_where_that_is_asked_for(home: Home, photo_of: Bytes) -> None:
    made = issue_from_reference(home, "001", PURPOSE, keep_references=True)
    assert made.references_destroyed == 0
    assert _compared(home, made.code, photo_of("001")).answer.verified.match
    answer = verify(home, "001", photo_of("001"), PURPOSE)
    assert not isinstance(answer, Refusal)
    assert answer.verified.match


def test_a_card_may_end_before_its_receipt_and_not_after(home: Home) -> None:
    end = datetime(2098, 1, 1, tzinfo=UTC)
    assert issue_from_reference(home, "001", PURPOSE, end).card.expires == end
    with pytest.raises(ChisoError) as caught:
        issue_from_reference(home, "003", PURPOSE, datetime(2100, 1, 1, tzinfo=UTC))
    assert caught.value.code is Code.BAD_ARGUMENT
    with home.store.reading() as view:
        assert view.count_references() == 2


def test_nobody_gets_a_card_who_did_not_agree_to_be_verified(home: Home, photo_of: Bytes) -> None:
    photo = Photo("006", photo_of("006", "neutral"))
    searched = replace(_agreement("Someone"), modes=frozenset({Mode.IDENTIFY}))
    with pytest.raises(ChisoError) as caught:
        issue_from_photo(home, searched, photo)
    assert caught.value.code is Code.WRONG_MODE
    with pytest.raises(ChisoError) as caught:
        issue_from_reference(home, "001", "school gate")
    assert caught.value.code is Code.WRONG_PURPOSE
    with pytest.raises(ChisoError) as caught:
        issue_from_reference(home, "Nobody", PURPOSE)
    assert caught.value.code is Code.NO_CONSENT
    assert cards(home) == []


def test_a_photo_that_cannot_be_used_makes_no_card_and_no_receipt(home: Home) -> None:
    before = len(_leaves(home))
    made = issue_from_photo(home, _agreement("Someone"), Photo("x.jpg", b"no photo"))
    assert isinstance(made, PhotoRefused)
    assert len(_leaves(home)) == before
    assert cards(home) == []


def test_a_byte_that_is_changed_anywhere_is_found(home: Home, photo_of: Bytes) -> None:
    made = _issued(home, photo_of)
    sealed = parse_code(made.code)
    content = sealed.header + sealed.sealed + sealed.signature
    photo = photo_of("006")

    @given(st.integers(0, len(content) - 1), st.integers(1, 255))
    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def changed(place: int, by: int) -> None:
        other = bytearray(content)
        other[place] ^= by
        head, body = len(sealed.header), len(sealed.header) + len(sealed.sealed)
        card = replace(
            sealed,
            header=bytes(other[:head]),
            sealed=bytes(other[head:body]),
            signature=bytes(other[body:]),
        )
        wanted = {0: Code.CARD_UNREADABLE} if place == 0 else {}
        expected = wanted.get(place, Code.CARD_FOREIGN if place < head else Code.CARD_ALTERED)
        assert _refused(home, code_text(card), photo) is expected

    changed()


def test_a_card_that_is_cut_short_is_refused(home: Home, photo_of: Bytes) -> None:
    code = _issued(home, photo_of).code
    for cut in (len(PREFIX), len(PREFIX) + 1, 100, len(code) - 3, len(code) - 1):
        refused = _refused(home, code[:cut], photo_of("006"))
        assert refused in (Code.CARD_UNREADABLE, Code.CARD_ALTERED)


def test_a_card_of_another_home_is_refused(home: Home, photo_of: Bytes, tmp_path: Path) -> None:
    other, _ = wiring.make_home(tmp_path / "other", "Elsewhere", "offline")
    assert _refused(other, _issued(home, photo_of).code, photo_of("006")) is Code.CARD_FOREIGN
    other.store.close()


def test_a_card_is_refused_when_it_or_its_consent_is_over(
    home_directory: Path, photo_of: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = MovedClock(monkeypatch)
    clock.move("2030-01-01")
    home = wiring.open_home(home_directory)
    short = issue_from_reference(home, "001", PURPOSE, datetime(2031, 1, 1, tzinfo=UTC))
    long = issue_from_reference(home, "003", PURPOSE)
    clock.move("2032-01-01")
    assert _refused(home, short.code, photo_of("001")) is Code.CARD_EXPIRED
    assert _states(home) == {"001": "expired", "003": "in use"}
    retention.set_rule(home, Rule(PURPOSE, None, parse_period("P1Y"), None))
    assert _refused(home, long.code, photo_of("003")) is Code.CONSENT_EXPIRED
    assert _states(home) == {"001": "expired", "003": "consent ended"}
    home.store.close()


def test_a_revoked_card_is_refused_with_the_reason(home: Home, photo_of: Bytes) -> None:
    made = _issued(home, photo_of)
    revoke(home, made.card.card_id, Reason.STOLEN)
    with pytest.raises(ChisoError, match="stolen") as caught:
        verify_card(home, made.code, photo_of("006"))
    assert caught.value.code is Code.CARD_REVOKED
    said = _leaves(home)[-1]
    assert (said["type"], said["reason"]) == ("card-revoked", "stolen")
    revoke(home, made.card.card_id, Reason.LOST)
    assert _leaves(home)[-1] == said
    (listed,) = cards(home)
    assert (listed.state, listed.card.reason) == ("revoked", "stolen")
    log_check.verify(home)


def test_a_second_card_serves_when_the_first_is_revoked(home: Home, photo_of: Bytes) -> None:
    first, second = _issued(home, photo_of), _issued(home, photo_of)
    assert first.card.receipt_id == second.card.receipt_id
    assert (first.new_receipt, second.new_receipt) == (True, False)
    revoke(home, first.card.card_id, Reason.REPLACED)
    assert _refused(home, first.code, photo_of("006")) is Code.CARD_REVOKED
    assert _compared(home, second.code, photo_of("006")).answer.verified.match


@pytest.mark.parametrize("is_whole", [True, False])
def test_who_withdraws_ends_her_cards(home: Home, photo_of: Bytes, is_whole: bool) -> None:
    made = _issued(home, photo_of)
    receipt: ReceiptId | None = None if is_whole else made.card.receipt_id
    certificate = withdraw(home, "Person 006", receipt)
    assert _refused(home, made.code, photo_of("006")) is Code.CONSENT_WITHDRAWN
    assert check_at_home(home, certificate).after.size > 0
    assert (certificate.count(REFERENCES), certificate.count(KEYS)) == (0, 0)  # it kept none
    assert erased_words(certificate).endswith("no key: nothing of it was under one")
    log_check.verify(home)
    if is_whole:
        (listed,) = cards(home)
        assert (listed.label, listed.state) == (None, "consent ended")
        for file in home.path.iterdir():
            assert b"Person 006" not in file.read_bytes()


def test_who_withdraws_while_her_face_is_looked_at_is_not_answered_about(
    home: Home, photo_of: Bytes
) -> None:
    made = _issued(home, photo_of)
    engine = home.engine()

    class Withdrawing:
        """Decodes, and she withdraws meanwhile."""

        def decode(self, photo: bytes) -> BiometricSample | Refusal:
            withdraw(home, "Person 006")
            return engine.decoder.decode(photo)

    slow = replace(home, engine=lambda: replace(engine, decoder=Withdrawing()))
    assert _refused(slow, made.code, photo_of("006")) is Code.CONSENT_WITHDRAWN
    assert all(said["type"] != "verified" for said in _leaves(home))


def test_a_card_serves_its_own_purpose_alone(home: Home, photo_of: Bytes) -> None:
    made = _issued(home, photo_of)
    assert _refused(home, made.code, photo_of("006"), "school gate") is Code.WRONG_PURPOSE
    assert isinstance(verify_card(home, made.code, photo_of("006"), PURPOSE), CardAnswer)


def test_a_card_that_is_on_no_list_is_refused(home: Home, photo_of: Bytes) -> None:
    made = _issued(home, photo_of)
    with home.store.writing() as transaction:
        transaction.put_card(replace(made.card, receipt_id=ReceiptId("another")))
    assert _refused(home, made.code, photo_of("006")) is Code.CARD_UNKNOWN


def test_a_revocation_that_was_taken_back_behind_the_logs_back_is_found(
    home: Home, photo_of: Bytes
) -> None:
    made = _issued(home, photo_of)
    revoke(home, made.card.card_id, Reason.LOST)
    with home.store.writing() as transaction:
        transaction.put_card(made.card)
    with pytest.raises(ChisoError, match="was revoked") as caught:
        log_check.verify(home)
    assert caught.value.code is Code.LOG_BROKEN


def test_a_card_is_found_by_the_number_that_is_printed_on_it(home: Home) -> None:
    made = issue_from_reference(home, "001", PURPOSE)
    number = number_of(made.card.card_id)
    for named in (number, number.lower().replace(" ", ""), made.card.card_id):
        assert card_called(home, named).card.card_id == made.card.card_id
    for wrong in ("", number[:9], "0000 0000 0000"):
        with pytest.raises(ChisoError) as caught:
            card_called(home, wrong)
        assert caught.value.code is Code.CARD_UNKNOWN


def test_the_template_is_overwritten_when_the_card_was_compared(
    home: Home, photo_of: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _issued(home, photo_of)
    seen: list[bytearray] = []
    real = home.vault.open_bytes

    def kept(sealed: bytes, bound_to: bytes, key: bytes) -> bytearray | None:
        content = real(sealed, bound_to, key)
        assert content is not None
        assert any(content)
        seen.append(content)
        return content

    monkeypatch.setattr(type(home.vault), "open_bytes", lambda _self, *each: kept(*each))
    assert _compared(home, made.code, photo_of("006")).answer.verified.match
    (content,) = seen
    assert not any(content)
    assert np.frombuffer(content, np.int8).size == 245
