"""Withdraw consent: what rests on it is erased, and a signed certificate says so."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.core.canonical import JsonValue, canonical_json
from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType, LogHead
from chiso.core.labels import label_from
from chiso.core.storage import SignedReceipt, Subject, WriteTransaction
from chiso.core.times import to_text
from chiso.services.home import Home
from chiso.services.log import record

CERTIFICATE_DOMAIN = b"chiso/erasure/1\x00"
_PATIENCE_S = 30.0
_SCRUB_SETTING, _DUE, _DONE = "scrub", "due", "done"
"""Whether files may still hold copies of deleted rows; set in the transaction that deletes them."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was erased, and the log before and after. `signature` is the home's, over `body`.

    `receipts` were destroyed; `receipts_withdrawn` are kept, to show that they ended.
    """

    subject: str
    references: int
    receipts: int
    receipts_withdrawn: int
    log_payloads: int
    key_destroyed: bool
    checkpoint_before: str
    checkpoint_after: str
    body: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class _Erased:
    references: int
    receipts: int
    receipts_withdrawn: int
    log_payloads: int


def withdraw(home: Home, label: str, receipt_id: ReceiptId | None = None) -> Certificate:
    """Withdraw everything a person agreed to, or one receipt.

    Everything: her references, receipts, log payloads, label and key are destroyed. One receipt: it
    is marked withdrawn, the references resting on it are destroyed, and her key too if none is
    left. Returns only when no file of the home holds a copy. Raises ChisoError(NO_CONSENT) where
    there is nobody, or no such receipt, to withdraw.
    """
    label = label_from(label, "subject")
    with home.store.writing() as transaction:
        before = transaction.log_head()
        subject = transaction.subject(label)
        if subject is None:
            raise _nobody(f"Nobody called {label!r} is enrolled: there is nothing to withdraw.")
        if receipt_id is None:
            erased = _erase_everything(home, transaction, subject)
        else:
            erased = _erase_receipt(home, transaction, subject, receipt_id)
        key_goes = next(transaction.references(None, subject.subject_id), None) is None
        if key_goes:
            transaction.schedule_key_destruction(subject.subject_id)
        transaction.put_setting(_SCRUB_SETTING, _DUE)
        after = transaction.log_head()
    _finish(home)
    is_key_gone = home.keystore.key(subject.subject_id) is None
    return _certificate(home, label, erased, is_key_gone, _note_of(before), _note_of(after))


def finish_erasures(home: Home, patience_s: float) -> int:
    """Destroy the keys that are due, and every copy of deleted rows; returns how many keys.

    Runs at the end of a withdrawal, and when a home is opened after a crash in the middle of one.
    Safe to run twice.
    """
    with home.store.reading() as view:
        if not view.erasures_due() and view.setting(_SCRUB_SETTING) != _DUE:
            return 0
    with home.store.writing() as transaction:
        due = transaction.erasures_due()
        unused = [
            subject_id
            for subject_id in due  # unless she was enrolled again in the meantime
            if next(transaction.references(None, subject_id), None) is None
        ]
        ownerless = [
            subject_id
            for subject_id in home.keystore.subject_ids()
            if transaction.subject_by_id(subject_id) is None
        ]
        gone = home.keystore.destroy(sorted({*unused, *ownerless}))
        for subject_id in due:
            transaction.key_destroyed(subject_id)
        must_scrub = transaction.setting(_SCRUB_SETTING) == _DUE
    if must_scrub:
        home.store.scrub(patience_s)
        with home.store.writing() as transaction:
            transaction.put_setting(_SCRUB_SETTING, _DONE)
    return gone


def _finish(home: Home) -> None:
    try:
        finish_erasures(home, _PATIENCE_S)
    except ChisoError as error:
        raise ChisoError(
            Code.ERASURE_UNFINISHED,
            "The consent is withdrawn and the rows are deleted, but the key or an old copy of the "
            f"rows could not be destroyed yet. {error.message}",
            f"{error.hint} Any chiso command on this home then finishes the erasure; the log says "
            "that it was asked for.",
        ) from error


def _erase_everything(home: Home, transaction: WriteTransaction, subject: Subject) -> _Erased:
    references, receipts, payloads = transaction.erase_subject(subject.subject_id)
    erased = _Erased(references, receipts, 0, payloads)
    _record(home, transaction, EventType.ERASED, None, subject.subject_id, erased)
    return erased


def _erase_receipt(
    home: Home, transaction: WriteTransaction, subject: Subject, receipt_id: ReceiptId
) -> _Erased:
    receipt = _receipt_of(transaction, subject, receipt_id)
    references = transaction.withdraw_receipt(receipt.receipt.header.receipt_id, home.clock.now())
    erased = _Erased(references, 0, 1, 0)
    owner = subject.subject_id
    _record(home, transaction, EventType.RECEIPT_WITHDRAWN, owner, owner, erased)
    return erased


def _receipt_of(
    transaction: WriteTransaction, subject: Subject, receipt_id: ReceiptId
) -> SignedReceipt:
    for receipt in transaction.receipts(subject.subject_id):
        if receipt.receipt.header.receipt_id == receipt_id:
            if receipt.withdrawn is not None:
                raise ChisoError(
                    Code.CONSENT_WITHDRAWN,
                    f"Receipt {receipt_id} was withdrawn on {to_text(receipt.withdrawn)}.",
                    "Nothing rests on it any more; nothing was changed.",
                )
            return receipt
    raise _nobody(f"{subject.label!r} has no receipt {receipt_id}.")


def _record(
    home: Home,
    transaction: WriteTransaction,
    kind: EventType,
    owner: SubjectId | None,
    concerned: SubjectId,
    erased: _Erased,
) -> None:
    facts: dict[str, JsonValue] = {
        "erased_subject": concerned,
        "references": erased.references,
        "receipts": erased.receipts,
        "receipts_withdrawn": erased.receipts_withdrawn,
        "log_payloads": erased.log_payloads,
    }
    record(home, transaction, [Event(kind, home.clock.now(), owner, facts)])


def _certificate(
    home: Home, label: str, erased: _Erased, key_destroyed: bool, before: str, after: str
) -> Certificate:
    body = canonical_json(
        {
            "v": 1,
            "subject": label,
            "home": home.home_id,
            "at": to_text(home.clock.now()),
            "references": erased.references,
            "receipts": erased.receipts,
            "receipts_withdrawn": erased.receipts_withdrawn,
            "log_payloads": erased.log_payloads,
            "key_destroyed": key_destroyed,
            "checkpoint_before": before,
            "checkpoint_after": after,
        }
    )
    signature = home.signer.sign(CERTIFICATE_DOMAIN + body)
    return Certificate(
        label,
        erased.references,
        erased.receipts,
        erased.receipts_withdrawn,
        erased.log_payloads,
        key_destroyed,
        before,
        after,
        body,
        signature,
    )


def _note_of(head: LogHead | None) -> str:
    return head.checkpoint if head is not None else ""


def _nobody(message: str) -> ChisoError:
    return ChisoError(
        Code.NO_CONSENT,
        message,
        "`chiso subjects` lists who is enrolled, and `chiso receipts` what each agreed to.",
    )
