"""Narrow a consent: it goes on for less, and its receipt is signed anew in the same place.

The receipt keeps its id, so that what rests on it, cards too, goes on resting on it, and keeps what
shows that the person agreed. The leaf says both, before and after, and names both texts by SHA-256.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np

from chiso.consent import policy
from chiso.consent.receipt import SIGNING_DOMAIN, narrowed, receipt_bytes
from chiso.core.canonical import JsonValue
from chiso.core.consent import Mode, Receipt, ReceiptId, SubjectId, Terms
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.storage import ReadTransaction, SealedReference, SignedReceipt, WriteTransaction
from chiso.core.templates import Template
from chiso.core.times import from_text, to_text
from chiso.services.erasure import count_erasure
from chiso.services.gallery import key_missing
from chiso.services.home import Home
from chiso.services.log import broken, record, require_own
from chiso.services.people import not_found
from chiso.services.retention import rule_for
from chiso.services.withdraw import finish_erasures

_PATIENCE_S = 30.0

Narrowings = Mapping[ReceiptId, Mapping[str, Any]]
"""What the log last said of each receipt that was narrowed."""


@dataclass(frozen=True, slots=True)
class Less:
    """What is left of an agreement: its modes, and its last moment."""

    modes: frozenset[Mode]
    expires: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A receipt before and after it was narrowed."""

    before: Receipt
    after: Receipt

    @property
    def is_none(self) -> bool:
        """Whether both say the same."""
        return self.before.terms(None) == self.after.terms(None)

    @property
    def dropped(self) -> frozenset[Mode]:
        """Modes that are allowed no more."""
        return frozenset(self.before.processing.modes) - frozenset(self.after.processing.modes)

    @property
    def is_shorter(self) -> bool:
        """Whether it ends earlier."""
        return self.after.processing.expires < self.before.processing.expires


def narrow(home: Home, subject_id: SubjectId, receipt_id: ReceiptId, less: Less) -> Change:
    """Let a person's receipt go on for less, at once; where it says so already, change nothing.

    References that rest on it are sealed anew, since they are bound to its terms, and whoever holds
    a gallery drops those that may be searched no more. Raises NOT_FOUND where she has no such
    receipt, a consent code where it is not in force or would be over, and what `narrowed` raises
    where this is more.
    """
    with home.store.writing() as transaction:
        signed, change = _changed(home, transaction, subject_id, receipt_id, less)
        if change.is_none:
            return change
        put_narrowed(home, transaction, signed, change.after)
    # It holds already. Old ciphertexts that others are reading are scrubbed by whoever comes next.
    with suppress(ChisoError):
        finish_erasures(home, _PATIENCE_S)
    return change


def would_narrow(home: Home, subject_id: SubjectId, receipt_id: ReceiptId, less: Less) -> Change:
    """What `narrow` would do, without doing it. Raises as it does."""
    with home.store.reading() as view:
        return _changed(home, view, subject_id, receipt_id, less)[1]


def put_narrowed(
    home: Home, transaction: WriteTransaction, signed: SignedReceipt, less: Receipt
) -> None:
    """Replace a receipt by a narrower one, with its leaf, in the caller's transaction."""
    new = _signed(home, signed, less)
    whose, receipt_id = new.terms.subject_id, new.terms.receipt_id
    held = [
        reference
        for reference, terms in transaction.references(None, whose)
        if terms.receipt_id == receipt_id
    ]
    key = home.keystore.key(whose)
    if held and key is None:
        raise key_missing(whose)
    transaction.remove_references(receipt_id)
    transaction.replace_receipt(new)
    for each in held:
        transaction.add_reference(resealed(home, each, signed.terms, new.terms, key or b""))
    if held:
        count_erasure(transaction)
    record(home, transaction, [_event(home, signed, new)])


def resealed(
    home: Home, reference: SealedReference, before: Terms, after: Terms, key: bytes
) -> SealedReference:
    """A reference that was sealed under some terms of its receipt, sealed under others."""
    plain = home.vault.open(reference.sealed, before, reference.model, key)
    template = Template(np.frombuffer(plain, "<f4"), reference.model)
    return replace(reference, sealed=home.vault.seal(template, after, key))


def as_told(home: Home, signed: SignedReceipt, narrowings: Narrowings) -> SignedReceipt:
    """A receipt as it was last narrowed, to the byte: signatures are the same each time."""
    said = narrowings.get(signed.terms.receipt_id)
    if said is None:
        return signed
    issued, expires = from_text(said["at"]), from_text(said["expires"])
    return _signed(home, signed, narrowed(signed.receipt, _modes(said), expires, issued))


def is_as_told(signed: SignedReceipt, narrowings: Narrowings) -> bool:
    """Whether this text of a receipt is the last that the log tells of."""
    said = narrowings.get(signed.terms.receipt_id)
    return said is None or said["receipt_sha256"] == _digest(signed)


def require_as_narrowed(signed: SignedReceipt, narrowings: Narrowings) -> None:
    """Raise LOG_BROKEN where the log tells of another, narrower text of this receipt."""
    if not is_as_told(signed, narrowings):
        raise broken(f"receipt {signed.terms.receipt_id} is not as it was narrowed")


def narrow_again(home: Home, narrowings: Narrowings) -> None:
    """Narrow receipts in force, of an earlier copy of this home, as its later log told of them."""
    with home.store.writing() as transaction:
        for receipt_id, said in narrowings.items():
            signed = transaction.receipt(receipt_id)
            if signed is None or signed.withdrawn is not None or is_as_told(signed, narrowings):
                continue
            agreed = signed.receipt.processing
            modes = _modes(said) & frozenset(agreed.modes)  # the copy may be the narrower one
            expires = min(from_text(said["expires"]), agreed.expires)
            if not modes or (modes, expires) == (frozenset(agreed.modes), agreed.expires):
                continue
            less = narrowed(signed.receipt, modes, expires, home.clock.now())
            put_narrowed(home, transaction, signed, less)
    finish_erasures(home, _PATIENCE_S)


def _changed(
    home: Home, view: ReadTransaction, subject_id: SubjectId, receipt_id: ReceiptId, less: Less
) -> tuple[SignedReceipt, Change]:
    signed = view.receipt(receipt_id)
    if signed is None or signed.terms.subject_id != subject_id:
        raise not_found("receipt")
    require_own(home, signed)
    now, rule = home.clock.now(), rule_for(view, signed.terms.purpose)
    permit = policy.permit([signed.terms], signed.terms.purpose, None, now, rule)
    if isinstance(permit, policy.ConsentRefusal):
        raise ChisoError(permit.code, permit.message, permit.hint)
    if less.expires <= now:
        raise ChisoError(
            Code.CONSENT_EXPIRED,
            "The day that was chosen is past.",
            "Choose today or a later day. To end the agreement now, withdraw it.",
        )
    return signed, Change(signed.receipt, narrowed(signed.receipt, less.modes, less.expires, now))


def _signed(home: Home, before: SignedReceipt, less: Receipt) -> SignedReceipt:
    body = receipt_bytes(less)
    signature = home.signer.sign(SIGNING_DOMAIN + body)
    return replace(before, receipt=less, body=body, signature=signature)


def _event(home: Home, before: SignedReceipt, after: SignedReceipt) -> Event:
    receipt, earlier = after.receipt, before.receipt.processing
    facts: dict[str, JsonValue] = {
        "receipt": receipt.header.receipt_id,
        "purpose": receipt.processing.purpose,
        "modes": sorted(receipt.processing.modes),
        "modes_before": sorted(earlier.modes),
        "expires": to_text(receipt.processing.expires),
        "expires_before": to_text(earlier.expires),
        "receipt_sha256": _digest(after),
        "replaced_sha256": _digest(before),
        "asked_by": home.asked_by,
    }
    # Of the moment that stands in the receipt, so that it can be made again from the one before.
    return Event(EventType.RECEIPT_NARROWED, receipt.header.issued, after.terms.subject_id, facts)


def _modes(said: Mapping[str, Any]) -> frozenset[Mode]:
    return frozenset(Mode(each) for each in said["modes"])


def _digest(receipt: SignedReceipt) -> str:
    return sha256(receipt.body).hexdigest()
