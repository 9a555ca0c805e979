"""Consent receipts: made, written as canonical JSON, read back.

Shaped after ISO/IEC TS 27560:2023 (consent record information structure) and the Kantara Consent
Receipt Specification 1.1: header, parties, processing, grounds, withdrawal.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chiso.core.canonical import canonical_json
from chiso.core.consent import (
    Grounds,
    Header,
    Mode,
    Parties,
    Processing,
    Receipt,
    ReceiptId,
    SubjectId,
)
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code
from chiso.core.times import from_text, to_text

SCHEMA = "urn:chiso:schema:consent-receipt:1"
SIGNING_DOMAIN = b"chiso/receipt/1\x00"
DATA_CATEGORIES = ("face template",)
WITHDRAWAL = (
    "Ask at any desk of the controller, or have `chiso withdraw` run. "
    "It takes effect at once and erases every template that rests on this receipt."
)

_A_SECOND = timedelta(seconds=1)
"""What moments are told to: a receipt that was narrowed was issued later than it was granted."""
_WIDER_AT_A_DESK = "To agree to more, read the notice again at a desk, and agree anew there."


def receipt_bytes(receipt: Receipt) -> bytes:
    """Canonical JSON of a receipt: what is signed (after `SIGNING_DOMAIN`) and what is stored."""
    return canonical_json(
        {
            "header": {
                "schema": receipt.header.schema,
                "receipt_id": receipt.header.receipt_id,
                "language": receipt.header.language,
                "issued": to_text(receipt.header.issued),
            },
            "parties": {
                "subject": receipt.parties.subject,
                "subject_id": receipt.parties.subject_id,
                "controller": receipt.parties.controller,
                "guardian": receipt.parties.guardian,
            },
            "processing": {
                "purpose": receipt.processing.purpose,
                "modes": sorted(receipt.processing.modes),
                "data_categories": list(receipt.processing.data_categories),
                "granted": to_text(receipt.processing.granted),
                "expires": to_text(receipt.processing.expires),
            },
            "grounds": {
                "notice_sha256": receipt.grounds.notice_sha256,
                "evidence_sha256": receipt.grounds.evidence_sha256,
            },
            "withdrawal": receipt.withdrawal,
        }
    )


def parse_receipt(body: bytes) -> Receipt:
    """Read what `receipt_bytes` wrote. Raises ChisoError(RECEIPT_INVALID) for anything else."""
    try:
        receipt = _receipt(json.loads(body))
        if receipt_bytes(receipt) != body:
            raise ValueError("it is not in canonical form")
    except (ValueError, KeyError, TypeError) as error:
        raise ChisoError(
            Code.RECEIPT_INVALID,
            f"A consent receipt cannot be read: {error}.",
            f"It was changed outside Chiso. {PUT_BACK_A_BACKUP}",
        ) from error
    return receipt


def _receipt(document: dict[str, Any]) -> Receipt:
    header, parties = document["header"], document["parties"]
    processing, grounds = document["processing"], document["grounds"]
    if header["schema"] != SCHEMA:
        raise ValueError(f"its schema is {header['schema']!r}")
    return Receipt(
        header=Header(
            schema=header["schema"],
            receipt_id=ReceiptId(header["receipt_id"]),
            language=header["language"],
            issued=from_text(header["issued"]),
        ),
        parties=Parties(
            subject=parties["subject"],
            subject_id=SubjectId(parties["subject_id"]),
            controller=parties["controller"],
            guardian=parties["guardian"],
        ),
        processing=Processing(
            purpose=processing["purpose"],
            modes=tuple(Mode(mode) for mode in processing["modes"]),
            data_categories=tuple(processing["data_categories"]),
            granted=from_text(processing["granted"]),
            expires=from_text(processing["expires"]),
        ),
        grounds=Grounds(
            notice_sha256=grounds["notice_sha256"],
            evidence_sha256=grounds["evidence_sha256"],
        ),
        withdrawal=document["withdrawal"],
    )


def same_agreement(one: Receipt, other: Receipt, *, until_any: bool = False) -> bool:
    """Whether two receipts say the same: all but their ids and the moment they were issued.

    `until_any`: whatever their last moments are.
    """
    return (
        one.parties == other.parties
        and one.grounds == other.grounds
        and one.header.language == other.header.language
        and one.processing.purpose == other.processing.purpose
        and set(one.processing.modes) == set(other.processing.modes)
        and (until_any or one.processing.expires == other.processing.expires)
    )


def is_less_of(one: Receipt, other: Receipt) -> bool:
    """Whether a receipt was narrowed since, and what shows that she agreed is that of the other."""
    return (
        one.header.issued != one.processing.granted
        and one.parties == other.parties
        and one.grounds == other.grounds
        and one.processing.purpose == other.processing.purpose
    )


def narrowed(receipt: Receipt, modes: frozenset[Mode], expires: datetime, now: datetime) -> Receipt:
    """The same receipt for less: fewer modes, an earlier end, or both. `now`: when it is issued.

    What shows that she agreed stays, and so does the moment from which it counts. Raises
    ChisoError: BAD_ARGUMENT without a mode, WRONG_MODE for one that was not agreed to,
    CONSENT_TOO_LONG for a later end.
    """
    agreed = receipt.processing
    if not modes:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "No use is left that was agreed to.",
            "Keep at least one, or withdraw the agreement.",
        )
    if not modes <= set(agreed.modes):
        raise ChisoError(
            Code.WRONG_MODE, "More uses were asked for than were agreed to.", _WIDER_AT_A_DESK
        )
    if expires > agreed.expires:
        raise ChisoError(
            Code.CONSENT_TOO_LONG,
            f"The agreement ends on {agreed.expires:%Y-%m-%d}, and a later day was asked for.",
            _WIDER_AT_A_DESK,
        )
    return replace(
        receipt,
        header=replace(receipt.header, issued=max(now, agreed.granted + _A_SECOND)),
        processing=replace(agreed, modes=tuple(sorted(modes)), expires=expires),
    )


def draft(
    *,
    receipt_id: ReceiptId,
    parties: Parties,
    purpose: str,
    modes: frozenset[Mode],
    expires: datetime,
    grounds: Grounds,
    language: str,
    now: datetime,
) -> Receipt:
    """A receipt granted now. `policy` decides whether it permits anything."""
    return Receipt(
        header=Header(SCHEMA, receipt_id, language, now),
        parties=parties,
        processing=Processing(purpose, tuple(sorted(modes)), DATA_CATEGORIES, now, expires),
        grounds=grounds,
        withdrawal=WITHDRAWAL,
    )
