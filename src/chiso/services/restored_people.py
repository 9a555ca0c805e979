"""People of a damaged home put back from a backup, into a log that went on after it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from chiso.consent.receipt import SIGNING_DOMAIN
from chiso.core.consent import ReceiptId, SubjectId, Terms
from chiso.core.errors import ChisoError, Kind
from chiso.core.events import EventType
from chiso.core.storage import (
    ReadTransaction,
    SealedReference,
    SignedReceipt,
    Subject,
    WriteTransaction,
)
from chiso.services.home import Home
from chiso.services.log_told import told_by
from chiso.services.narrow import Narrowings, as_told, is_as_told, resealed

_NEVER = datetime.min.replace(tzinfo=UTC)
_Reference = tuple[ReceiptId, str, bytes]


@dataclass(frozen=True, slots=True)
class PutBack:
    """Who was put back from the backup, by label, and who could not be kept."""

    restored: tuple[str, ...]
    lost: tuple[Subject, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the log says of each person's receipts."""

    granted: Mapping[SubjectId, set[ReceiptId]]
    withdrawals: Mapping[SubjectId, int]
    moved: Mapping[ReceiptId, datetime]
    """Receipts whose references went when a card was issued, and when."""
    narrowings: Narrowings


@dataclass(frozen=True, slots=True)
class _Held:
    """What one home holds of a person, as far as it is whole."""

    receipts: Mapping[ReceiptId, SignedReceipt]
    references: Mapping[_Reference, SealedReference]


def put_back(base: Home, backup: Home, erased: Mapping[SubjectId, str]) -> PutBack:
    """Give everyone in `base` who is not whole what `backup` has of her, in one transaction.

    Whoever is whole stays as she is, with what came after the backup. `erased` stay out, and so
    does what rested on a receipt withdrawn since. Who is not whole and cannot be made so is `lost`:
    the caller erases her, since neither she nor anybody else could be answered with what is left.
    """
    restored, lost = list[str](), list[Subject]()
    with base.store.writing() as transaction, backup.store.reading() as view:
        told = _told(transaction)
        for subject in view.subjects():
            if subject.subject_id in erased or _is_whole(base, transaction, view, subject, told):
                continue
            taken = transaction.subject(subject.label)
            is_free = taken is None or taken.subject_id == subject.subject_id
            if is_free and _give(base, backup, transaction, view, subject, told):
                restored.append(subject.label)
            else:
                lost.append(subject)
        known = {each.subject_id for each in view.subjects()}
        lost += [
            each
            for each in transaction.subjects()
            if each.subject_id not in known and not _is_whole(base, transaction, None, each, told)
        ]
    return PutBack(tuple(restored), tuple(lost))


def _told(view: ReadTransaction) -> _Told:
    granted, withdrawals = defaultdict[SubjectId, set[ReceiptId]](set), Counter[SubjectId]()
    for payload in view.payloads():
        if payload.subject_id is None:
            continue
        said = json.loads(payload.body)
        if said["type"] == EventType.RECEIPT_GRANTED:
            granted[payload.subject_id].add(ReceiptId(said["receipt"]))
        if said["type"] == EventType.RECEIPT_WITHDRAWN:
            withdrawals[payload.subject_id] += 1
    also = told_by(view.payloads())
    return _Told(granted, withdrawals, also.on_cards, also.narrowed)


def _is_whole(
    base: Home,
    transaction: ReadTransaction,
    backup: ReadTransaction | None,
    subject: Subject,
    told: _Told,
) -> bool:
    """Whether all that the log tells of her, and all that the backup has, is there and opens."""
    whose = subject.subject_id
    key = _key_of(base, whose)
    held = _held(base, transaction, whose, key)
    counted = transaction.references(None, whose)
    try:
        is_all = transaction.subject_by_id(whose) == subject and len(held.references) == sum(
            1 for _ in counted
        )
    except ChisoError as error:
        _require_integrity(error)
        return False
    if not is_all or not _accounts_for(held.receipts, whose, told):
        return False
    if backup is None:
        return True
    return all(
        _name_of(each) in held.references
        for each, _ in backup.references(None, whose)
        if each.receipt_id not in held.receipts
        or (held.receipts[each.receipt_id].withdrawn is None and not _is_on_a_card(each, told))
    )


def _give(
    base: Home,
    backup: Home,
    transaction: WriteTransaction,
    view: ReadTransaction,
    subject: Subject,
    told: _Told,
) -> bool:
    """Put together what the backup has of her and what is left; False where that is not all."""
    whose = subject.subject_id
    key = _key_of(base, whose) or _key_of(backup, whose)
    hers, left = (
        _as_narrowed(base, held, told.narrowings, key or b"")
        for held in (_held(backup, view, whose, key), _held(base, transaction, whose, key))
    )
    receipts = {**hers.receipts, **left.receipts}
    references = {**hers.references, **left.references}
    if not _accounts_for(receipts, whose, told):
        return False
    transaction.forget_rows(whose)
    transaction.add_subject(subject)
    for receipt in receipts.values():
        transaction.add_receipt(receipt)
    given = [
        each
        for each in references.values()
        if receipts[each.receipt_id].withdrawn is None and not _is_on_a_card(each, told)
    ]
    for reference in given:
        transaction.add_reference(reference)
    if key is not None and given:
        base.keystore.keep(whose, key)
    return True


def _is_on_a_card(reference: SealedReference, told: _Told) -> bool:
    """Whether a reference was destroyed when its person got a card in its place."""
    return reference.added <= told.moved.get(reference.receipt_id, _NEVER)


def _accounts_for(
    receipts: Mapping[ReceiptId, SignedReceipt], whose: SubjectId, told: _Told
) -> bool:
    """Whether every receipt that the log tells of is there, as it was last narrowed or ended."""
    ended = sum(each.withdrawn is not None for each in receipts.values())
    are_narrow = all(is_as_told(each, told.narrowings) for each in receipts.values())
    is_all = told.granted[whose] <= receipts.keys() and told.withdrawals[whose] <= ended
    return is_all and are_narrow


def _as_narrowed(home: Home, held: _Held, narrowings: Narrowings, key: bytes) -> _Held:
    """What is held, by receipts as they were last narrowed: a backup has them as they were."""
    receipts = {name: as_told(home, each, narrowings) for name, each in held.receipts.items()}
    references = dict(held.references)
    for name, each in references.items():
        before, after = (those[each.receipt_id].terms for those in (held.receipts, receipts))
        if before != after:
            references[name] = resealed(home, each, before, after, key)
    return _Held(receipts, references)


def _held(home: Home, view: ReadTransaction, whose: SubjectId, key: bytes | None) -> _Held:
    """Her receipts as the home signed them, and those of her references that open."""
    receipts = dict[ReceiptId, SignedReceipt]()
    references = dict[_Reference, SealedReference]()
    try:
        for receipt in view.receipts(whose):
            if home.signer.verify(SIGNING_DOMAIN + receipt.body, receipt.signature):
                receipts[receipt.receipt.header.receipt_id] = receipt
        for reference, terms in view.references(None, whose):
            if terms.receipt_id in receipts and _opens(home, reference, terms, key):
                references[_name_of(reference)] = reference
    except ChisoError as error:  # a row that cannot be read hides those after it
        _require_integrity(error)
    return _Held(receipts, references)


def _opens(home: Home, reference: SealedReference, terms: Terms, key: bytes | None) -> bool:
    if key is None:
        return False
    try:
        home.vault.open(reference.sealed, terms, reference.model, key)
    except ChisoError as error:
        _require_integrity(error)
        return False
    return True


def _key_of(home: Home, whose: SubjectId) -> bytes | None:
    try:
        return home.keystore.key(whose)
    except ChisoError as error:
        _require_integrity(error)
        return None


def _require_integrity(error: ChisoError) -> None:
    """Damage is what is looked for here; anything else, a full disk say, ends the restore."""
    if error.kind is not Kind.INTEGRITY:
        raise error


def _name_of(reference: SealedReference) -> _Reference:
    return reference.receipt_id, reference.model, reference.photo_tag
