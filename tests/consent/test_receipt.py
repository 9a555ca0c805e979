"""Receipts: written one way, read back exactly, refused when touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.consent.receipt import draft, parse_receipt, receipt_bytes, same_agreement
from chiso.core.consent import Grounds, Mode, Parties, Receipt, ReceiptId, SubjectId
from chiso.core.errors import ChisoError, Code

_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _receipt(subject: str = "Rudo", guardian: str | None = None) -> Receipt:
    return draft(
        receipt_id=ReceiptId("11111111-1111-4111-8111-111111111111"),
        parties=Parties(subject, SubjectId("s1"), "Mbare Clinic", guardian),
        purpose="door",
        modes=frozenset({Mode.VERIFY, Mode.IDENTIFY}),
        expires=datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
        grounds=Grounds(None, "ab" * 32),
        language="sn",
        now=_NOW,
    )


def test_a_receipt_is_written_the_same_way_for_ever() -> None:
    """Golden vector: receipts are signed, and held by people for years."""
    assert receipt_bytes(_receipt()).decode() == (
        '{"grounds":{"evidence_sha256":"' + "ab" * 32 + '","notice_sha256":null},'
        '"header":{"issued":"2026-11-22T12:00:00Z","language":"sn",'
        '"receipt_id":"11111111-1111-4111-8111-111111111111",'
        '"schema":"urn:chiso:schema:consent-receipt:1"},'
        '"parties":{"controller":"Mbare Clinic","guardian":null,"subject":"Rudo",'
        '"subject_id":"s1"},'
        '"processing":{"data_categories":["face template"],"expires":"2027-12-31T23:59:59Z",'
        '"granted":"2026-11-22T12:00:00Z","modes":["identify","verify"],"purpose":"door"},'
        '"withdrawal":"Ask at any desk of the controller, or have `chiso withdraw` run. '
        'It takes effect at once and erases every template that rests on this receipt."}'
    )


@given(st.text(min_size=1, max_size=30), st.none() | st.text(min_size=1, max_size=30))
def test_a_receipt_reads_back_exactly(subject: str, guardian: str | None) -> None:
    receipt = _receipt(subject, guardian)
    try:
        body = receipt_bytes(receipt)
    except UnicodeEncodeError:
        return
    assert receipt_bytes(parse_receipt(body)) == body


@pytest.mark.parametrize(
    "edit",
    [
        lambda body: body.replace(b'"door"', b'"door" '),
        lambda body: body.replace(b"2027-12-31T23:59:59Z", b"2027-12-31"),
        lambda body: body.replace(b'"verify"', b'"follow"'),
        lambda body: body.replace(b"receipt:1", b"receipt:2"),
        lambda body: body[:-1],
        lambda _: b"[]",
        lambda _: b"\xff",
    ],
)
def test_what_is_no_canonical_receipt_is_refused(edit: object) -> None:
    assert callable(edit)
    with pytest.raises(ChisoError) as caught:
        parse_receipt(edit(receipt_bytes(_receipt())))
    assert caught.value.code is Code.RECEIPT_INVALID


def test_the_same_agreement_is_known_by_what_it_says_and_not_by_when() -> None:
    one = _receipt()
    later = replace(one, header=replace(one.header, issued=_NOW.replace(hour=18)))
    longer = replace(one, processing=replace(one.processing, expires=_NOW.replace(year=2030)))
    assert same_agreement(one, later)
    assert not same_agreement(one, longer)


def test_terms_say_what_the_receipt_says() -> None:
    terms = _receipt().terms(None)
    assert (terms.purpose, terms.modes, terms.withdrawn) == ("door", frozenset(Mode), None)
