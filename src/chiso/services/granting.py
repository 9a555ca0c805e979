"""Grant a receipt: the one in force that says the same, or a new one, signed and logged."""

from __future__ import annotations

from datetime import datetime

from chiso.consent import policy
from chiso.consent.receipt import SIGNING_DOMAIN, is_less_of, receipt_bytes, same_agreement
from chiso.consent.retention import Rule
from chiso.core.consent import Receipt
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.storage import SignedReceipt, WriteTransaction
from chiso.services.home import Home
from chiso.services.log import require_own


def receipt_in_force(
    home: Home,
    transaction: WriteTransaction,
    wanted: Receipt,
    now: datetime,
    rule: Rule | None,
    *,
    until_any: bool,
) -> SignedReceipt | None:
    """A receipt of hers in force that says the same; `until_any`: whatever its last moment is.

    Raises WRONG_MODE where none does, and she agreed to less since than is wanted: what showed that
    she had agreed shows it no more.
    """
    purpose = wanted.processing.purpose
    hers = transaction.receipts(wanted.parties.subject_id)
    for known in hers:
        if not same_agreement(known.receipt, wanted, until_any=until_any):
            continue
        if policy.objection(known.terms, purpose, None, now, rule) is None:
            require_own(home, known)
            return known
    for known in hers:
        if is_less_of(known.receipt, wanted):
            raise ChisoError(
                Code.WRONG_MODE,
                f"She agreed to less on {known.receipt.header.issued:%Y-%m-%d}, after what is to "
                "show that she agreed to this.",
                "Give her the notice again, and bring what shows that she agreed anew.",
            )
    return None


def granted(home: Home, transaction: WriteTransaction, receipt: Receipt) -> SignedReceipt:
    """The receipt, signed and kept."""
    body = receipt_bytes(receipt)
    signed = SignedReceipt(receipt, body, home.signer.sign(SIGNING_DOMAIN + body), None)
    transaction.add_receipt(signed)
    return signed


def granted_event(receipt: Receipt, now: datetime) -> Event:
    """What the log says of a receipt that was granted."""
    return Event(
        EventType.RECEIPT_GRANTED,
        now,
        receipt.parties.subject_id,
        {
            "receipt": receipt.header.receipt_id,
            "purpose": receipt.processing.purpose,
            "modes": sorted(receipt.processing.modes),
        },
    )
