"""Rows to values and back."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from chiso.compare.threshold import parse_record
from chiso.consent.receipt import parse_receipt
from chiso.core.consent import Cause, Mode, ReceiptId, SubjectId, Terms
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code
from chiso.core.events import KeptCheckpoint, LeafPayload, LogHead, Node
from chiso.core.storage import SealedReference, SignedReceipt, Subject
from chiso.core.templates import ModelDigest
from chiso.core.times import from_epoch_s, to_epoch_s

_PEAK_BYTES = 32
_from_epoch_s = datetime.fromtimestamp
# What parsing a column raises that SQLite let someone who edited the file fill with anything.
_TAMPERED = (ValueError, TypeError, AttributeError, OverflowError, OSError)


@lru_cache(maxsize=16)
def modes_from_text(text: str) -> frozenset[Mode]:
    """Modes as stored: their names, sorted, joined by commas."""
    return frozenset(Mode(name) for name in text.split(","))


def blob(value: object) -> bytes:
    """A binary column. SQLite lets anyone who edits the file put text there: STORE_DAMAGED."""
    if not isinstance(value, bytes):
        raise damaged(f"{type(value).__name__} where only bytes belong")
    return value


def damaged(what: str) -> ChisoError:
    """The error for a row that Chiso did not write; `what` says what stands in it."""
    return ChisoError(
        Code.STORE_DAMAGED,
        f"The store holds {what}.",
        f"It was changed outside Chiso. {PUT_BACK_A_BACKUP}",
    )


def _instant(seconds: Any) -> datetime:
    try:
        return from_epoch_s(seconds)
    except _TAMPERED as error:
        raise damaged(f"{seconds!r} where a time belongs") from error


def subject_from(row: Any) -> Subject:
    """A row of `subjects`."""
    return Subject(SubjectId(row.id), row.label, _instant(row.added))


def subject_values(subject: Subject) -> dict[str, object]:
    """Columns of a subject."""
    return {
        "id": subject.subject_id,
        "label": subject.label,
        "added": to_epoch_s(subject.added),
    }


def receipt_from(row: Any) -> SignedReceipt:
    """A row of `receipts`."""
    withdrawn = None if row.withdrawn is None else _instant(row.withdrawn)
    last_active = None if row.last_active is None else _instant(row.last_active)
    body = blob(row.body)
    return SignedReceipt(
        parse_receipt(body), body, blob(row.signature), withdrawn, _cause(row.cause), last_active
    )


def _cause(text: Any) -> Cause | None:
    try:
        return None if text is None else Cause(text)
    except _TAMPERED as error:
        raise damaged(f"{text!r} where the cause of an end belongs") from error


def receipt_values(signed: SignedReceipt) -> dict[str, object]:
    """Columns of a receipt."""
    receipt = signed.receipt
    return {
        "id": receipt.header.receipt_id,
        "subject_id": receipt.parties.subject_id,
        "body": signed.body,
        "signature": signed.signature,
        "purpose": receipt.processing.purpose,
        "modes": ",".join(sorted(receipt.processing.modes)),
        "granted": to_epoch_s(receipt.processing.granted),
        "expires": to_epoch_s(receipt.processing.expires),
        "withdrawn": None if signed.withdrawn is None else to_epoch_s(signed.withdrawn),
        "cause": signed.cause,
        "last_active": None if signed.last_active is None else to_epoch_s(signed.last_active),
    }


@lru_cache(maxsize=4096)
def _last_moment(seconds: int) -> datetime:
    """Consents end with a day, many on the same one; they begin when each person says yes."""
    return _from_epoch_s(seconds, UTC)


def terms_from(row: Any) -> Terms:
    """The columns of terms: id, subject_id, purpose, modes, granted, and the rest, as asked for.

    A search of a million makes two million of these; hence no call that can be left out.
    """
    receipt_id, subject_id, purpose, modes, granted, expires, withdrawn, cause, last_active = row
    try:
        return Terms(
            receipt_id,
            subject_id,
            purpose,
            modes_from_text(modes),
            _from_epoch_s(granted, UTC),
            _last_moment(expires),
            None if withdrawn is None else _from_epoch_s(withdrawn, UTC),
            None if cause is None else Cause(cause),
            None if last_active is None else _from_epoch_s(last_active, UTC),
        )
    except _TAMPERED as error:
        raise damaged(f"terms of a receipt that are none: {error}") from error


def reference_from(row: Any) -> SealedReference:
    """Columns subject_id, receipt_id, model, sealed, photo_tag, added, in that order."""
    subject_id, receipt_id, model, sealed, photo_tag, added = row
    return SealedReference(
        SubjectId(subject_id),
        ReceiptId(receipt_id),
        ModelDigest(model),
        sealed,
        photo_tag,
        _instant(added),
    )


def head_from(row: Any) -> LogHead:
    """A row of `log_head`."""
    edge = blob(row.peaks)
    peaks = tuple(edge[start : start + _PEAK_BYTES] for start in range(0, len(edge), _PEAK_BYTES))
    return LogHead(row.size, peaks, row.checkpoint)


def kept_from(row: Any) -> KeptCheckpoint:
    """A row of `log_checkpoints`."""
    if not isinstance(row.note, str):
        raise damaged(f"{type(row.note).__name__} where a checkpoint belongs")
    return KeptCheckpoint(row.size, _instant(row.at), row.note)


def payload_from(row: Any) -> LeafPayload:
    """A row of `log_payloads`."""
    subject = None if row.subject_id is None else SubjectId(row.subject_id)
    return LeafPayload(row.seq, subject, blob(row.salt), blob(row.body))


def threshold_from(body: object) -> ThresholdRecord:
    """The column `body` of a row of `thresholds`."""
    try:
        return parse_record(blob(body))
    except (ChisoError, OverflowError) as error:  # a number in it may be infinite
        raise damaged("a threshold record that is none") from error


def position_of(node: Node) -> int:
    """Place of a node among all, in the order in which leaves arrive and complete subtrees.

    Leaf n comes after n leaves and the ⌊n/2⌋ + ⌊n/4⌋ + … subtrees that they complete; the subtrees
    that it completes itself follow it, lowest first.
    """
    last_leaf = ((node.index + 1) << node.level) - 1
    before, leaves = last_leaf, last_leaf
    while leaves := leaves >> 1:
        before += leaves
    return before + node.level
