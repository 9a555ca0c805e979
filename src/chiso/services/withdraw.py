"""Withdraw consent: what rests on it is erased, and a signed certificate says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chiso.account.erasure import ErasureCertificate
from chiso.core.canonical import JsonValue
from chiso.core.consent import Cause, ReceiptId, SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.storage import SignedReceipt, Subject, WriteTransaction
from chiso.core.times import to_text
from chiso.services.erasure import (
    certificate_of,
    count_erasure,
    erasures_so_far,
    is_scrub_due,
    note_scrubbed,
)
from chiso.services.forgetting import forget
from chiso.services.home import Home
from chiso.services.log import record
from chiso.services.people import known_by_id

_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class _Erased:
    references: int
    receipts: int
    receipts_withdrawn: int
    log_payloads: int


def withdraw(home: Home, label: str, receipt_id: ReceiptId | None = None) -> ErasureCertificate:
    """Withdraw everything a person agreed to, or one receipt.

    Everything: her references, receipts, log payloads, label and key are destroyed. One receipt: it
    is marked withdrawn, the references resting on it are destroyed, and her key too if none is
    left. Returns only when no file of the home holds a copy. Raises ChisoError(NO_CONSENT) where
    there is nobody, or no such receipt, to withdraw.
    """
    label = label_from(label, "subject")
    with home.store.writing() as transaction:
        subject = transaction.subject(label)
        if subject is None:
            raise _nobody(f"Nobody called {label!r} is enrolled: there is nothing to withdraw.")
        seq = erase(home, transaction, subject, receipt_id, None)
    return _finished(home, seq, label, receipt_id)


def withdraw_by_id(
    home: Home, subject_id: SubjectId, receipt_id: ReceiptId | None = None
) -> ErasureCertificate:
    """As `withdraw`, of the person with this id: also where another is called as she was by now.

    The certificate does not say her label. Raises ChisoError(NOT_FOUND) where there is nobody.
    """
    with home.store.writing() as transaction:
        subject = known_by_id(transaction, subject_id)
        seq = erase(home, transaction, subject, receipt_id, None)
    return _finished(home, seq, None, receipt_id)


def _finished(
    home: Home, seq: int, label: str | None, receipt_id: ReceiptId | None
) -> ErasureCertificate:
    _finish(home)
    try:
        return certificate_of(home, seq, label)
    except ChisoError as error:
        if receipt_id is None or error.code is not Code.LEAF_MISSING:
            raise
        raise ChisoError(
            Code.CONSENT_WITHDRAWN,
            f"Receipt {receipt_id} is withdrawn, and its person was erased whole in the same "
            "moment: what the log said of the receipt went with her.",
            "The certificate of that erasure stands for both; `chiso erasure list` shows it.",
        ) from error


def erase(
    home: Home,
    transaction: WriteTransaction,
    subject: Subject,
    receipt_id: ReceiptId | None,
    cause: Cause | None,
) -> int:
    """Delete all rows of a person, or what rests on one receipt, in the caller's transaction.

    `cause`: why, where it was not she who withdrew; the leaf has it. Returns that leaf's number.
    `finish_erasures`, after the transaction, destroys her key and old copies of the rows.
    """
    if receipt_id is None:
        seq = _erase_everything(home, transaction, subject, cause)
    else:
        seq = _erase_receipt(home, transaction, subject, receipt_id, cause)
    note_erased(transaction, subject.subject_id)
    return seq


def note_erased(transaction: WriteTransaction, subject_id: SubjectId) -> None:
    """Say in the transaction that deletes references what `finish_erasures` is to destroy."""
    if next(transaction.references(None, subject_id), None) is None:
        transaction.schedule_key_destruction(subject_id)
    count_erasure(transaction)


def finish_erasures(home: Home, patience_s: float) -> int:
    """Destroy the keys that are due, and every copy of deleted rows; returns how many keys.

    Runs at the end of a withdrawal, and when a home is opened after a crash in the middle of one.
    Safe to run twice.
    """
    with home.store.reading() as view:
        if not view.erasures_due() and not is_scrub_due(view):
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
        must_scrub, erasures = is_scrub_due(transaction), erasures_so_far(transaction)
    if must_scrub:
        home.store.scrub(patience_s)
        with home.store.writing() as transaction:
            note_scrubbed(transaction, erasures)
        forget(home)
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


def _erase_everything(
    home: Home, transaction: WriteTransaction, subject: Subject, cause: Cause | None
) -> int:
    """Delete her every row; returns the number of the leaf that tells of it."""
    references, receipts, payloads = transaction.erase_subject(subject.subject_id)
    facts = _facts(subject, _Erased(references, receipts, 0, payloads), cause)
    return _record(home, transaction, EventType.ERASED, None, facts)


def _erase_receipt(
    home: Home,
    transaction: WriteTransaction,
    subject: Subject,
    receipt_id: ReceiptId,
    cause: Cause | None,
) -> int:
    receipt = _receipt_of(transaction, subject, receipt_id)
    references = transaction.withdraw_receipt(
        receipt.receipt.header.receipt_id, home.clock.now(), cause
    )
    facts = {"receipt": receipt_id, **_facts(subject, _Erased(references, 0, 1, 0), cause)}
    return _record(home, transaction, EventType.RECEIPT_WITHDRAWN, subject.subject_id, facts)


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


def _facts(concerned: Subject, erased: _Erased, cause: Cause | None) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {
        "erased_subject": concerned.subject_id,
        "references": erased.references,
        "receipts": erased.receipts,
        "receipts_withdrawn": erased.receipts_withdrawn,
        "log_payloads": erased.log_payloads,
    }
    return facts if cause is None else {**facts, "cause": cause.value}


def _record(
    home: Home,
    transaction: WriteTransaction,
    kind: EventType,
    owner: SubjectId | None,
    facts: Mapping[str, JsonValue],
) -> int:
    """Append the leaf; returns its number."""
    return record(home, transaction, [Event(kind, home.clock.now(), owner, facts)]).size - 1


def _nobody(message: str) -> ChisoError:
    return ChisoError(
        Code.NO_CONSENT,
        message,
        "`chiso subjects` lists who is enrolled, and `chiso receipts` what each agreed to.",
    )
