"""What a caller may see of who is enrolled: people, receipts, references, a page at a time.

What it may not see is answered as if it were not there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from chiso.account.erasure import ErasureCertificate
from chiso.core.access import Actor
from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.labels import label_from
from chiso.core.page_storage import Place
from chiso.core.storage import ReadTransaction, SealedReference, SignedReceipt, Subject
from chiso.services import erasure
from chiso.services.home import Home
from chiso.services.people import (
    ReceiptSummary,
    SubjectSummary,
    not_found,
    receipt_summaries,
    summary_of,
)
from chiso.services.serving.paging import Page, page_of
from chiso.services.withdraw import withdraw_by_id

_Item = TypeVar("_Item")
_AT_ONCE = 200


def people(
    home: Home, caller: Actor, label: str | None, place: Place | None, count: int
) -> Page[SubjectSummary]:
    """People after `place` whom this caller sees, at most `count`; or her who is called `label`."""
    with home.store.reading() as view:
        if label is not None:
            named = view.subject(label_from(label, "subject"))
            found = [] if named is None or not _sees(view, caller, named) else [named]
            return Page(tuple(summary_of(home, view, each) for each in found), None)
        if caller.subject_id is not None:
            herself = view.subject_by_id(caller.subject_id)
            return Page((summary_of(home, view, herself),) if herself else (), None)
        page = _page(
            view.subjects_after,
            lambda each: Place(each.added, each.subject_id),
            lambda each: _sees(view, caller, each),
            place,
            count,
        )
        return Page(tuple(summary_of(home, view, each) for each in page.items), page.end)


def person(home: Home, caller: Actor, subject_id: SubjectId) -> SubjectSummary:
    """One person. Raises NOT_FOUND where there is nobody whom this caller sees."""
    with home.store.reading() as view:
        return summary_of(home, view, _seen(view, caller, subject_id))


def receipts(
    home: Home, caller: Actor, subject_id: SubjectId | None, place: Place | None, count: int
) -> Page[ReceiptSummary]:
    """Receipts after `place` that this caller sees, of one person or of all, at most `count`."""
    with home.store.reading() as view:
        if subject_id is not None:
            _seen(view, caller, subject_id)

        def after(start: Place | None, wanted: int) -> list[SignedReceipt]:
            return view.receipts_after(start, wanted, subject_id or caller.subject_id)

        page = _page(after, _place_of, lambda each: _sees_receipt(caller, each), place, count)
        return Page(tuple(_summaries(home, view, page.items)), page.end)


def receipt(home: Home, caller: Actor, receipt_id: ReceiptId) -> ReceiptSummary:
    """One receipt. Raises NOT_FOUND where there is none that this caller sees."""
    with home.store.reading() as view:
        (summary,) = _summaries(home, view, [_seen_receipt(view, caller, receipt_id)])
        return summary


def references(
    home: Home, caller: Actor, subject_id: SubjectId, place: Place | None, count: int
) -> Page[SealedReference]:
    """A person's references after `place`, of receipts which this caller sees, at most `count`."""
    with home.store.reading() as view:
        _seen(view, caller, subject_id)
        hers = [
            reference
            for reference, terms in view.references(None, subject_id)
            if caller.may_for(terms.purpose)
        ]
    return page_of(hers, _place_of_reference, place, count)


def withdraw_receipt(home: Home, caller: Actor, receipt_id: ReceiptId) -> ErasureCertificate:
    """Withdraw one receipt that this caller sees."""
    with home.store.reading() as view:
        owner = _seen_receipt(view, caller, receipt_id).terms.subject_id
    return withdraw_by_id(home, owner, receipt_id)


def withdraw_person(home: Home, caller: Actor, subject_id: SubjectId) -> ErasureCertificate:
    """Withdraw everything of a person; where that was done, its certificate again."""
    try:
        require_whole(home, caller, subject_id)
        return withdraw_by_id(home, subject_id)
    except ChisoError as error:
        if error.code is not Code.NOT_FOUND or not caller.sees(subject_id):
            raise
    return _certificate_again(home, subject_id)


def _certificate_again(home: Home, subject_id: SubjectId) -> ErasureCertificate:
    with home.store.reading() as view:
        if view.subject_by_id(subject_id) is not None:  # there, but not for this caller
            raise not_found("person")
    try:
        return erasure.show(home, subject_id)
    except ChisoError as error:
        if error.code is Code.LEAF_MISSING:
            raise not_found("person") from error
        raise


def require_whole(home: Home, caller: Actor, subject_id: SubjectId) -> None:
    """Raise unless this caller may act on everything of a person: NOT_FOUND, NOT_ALLOWED.

    A key that is kept to some purposes may not where she agreed to others too.
    """
    with home.store.reading() as view:
        subject = _seen(view, caller, subject_id)
        terms = view.terms(subject.subject_id)
        if not all(caller.may_for(each.purpose) for each in terms):
            raise ChisoError(
                Code.NOT_ALLOWED,
                "This caller is kept to some purposes, and she agreed to others too.",
                "Act on single receipts, or use a key for every purpose.",
            )


def require_receipt(home: Home, caller: Actor, receipt_id: ReceiptId) -> SubjectId:
    """Whose receipt this is. Raises NOT_FOUND where there is none that this caller sees."""
    with home.store.reading() as view:
        return _seen_receipt(view, caller, receipt_id).terms.subject_id


def _page(
    after: Callable[[Place | None, int], Sequence[_Item]],
    place_of: Callable[[_Item], Place],
    is_seen: Callable[[_Item], bool],
    place: Place | None,
    count: int,
) -> Page[_Item]:
    found: list[_Item] = []
    while batch := after(place, _AT_ONCE):
        for each in batch:
            if is_seen(each):
                if len(found) == count:
                    return Page(tuple(found), place_of(found[-1]))
                found.append(each)
        place = place_of(batch[-1])
    return Page(tuple(found), None)


def _summaries(
    home: Home, view: ReadTransaction, signed: Sequence[SignedReceipt]
) -> list[ReceiptSummary]:
    by_owner: dict[SubjectId, list[SignedReceipt]] = {}
    for each in signed:
        by_owner.setdefault(each.terms.subject_id, []).append(each)
    made = {
        summary.signed.terms.receipt_id: summary
        for owner, hers in by_owner.items()
        for summary in receipt_summaries(home, view, hers, owner)
    }
    return [made[each.terms.receipt_id] for each in signed]


def _place_of(signed: SignedReceipt) -> Place:
    return Place(signed.terms.granted, signed.terms.receipt_id)


def _place_of_reference(reference: SealedReference) -> Place:
    """It has no id, and its photo's tag is nobody's to read; its ciphertext changes."""
    name = f"{reference.receipt_id} {reference.model} {reference.photo_tag.hex()}"
    return Place(reference.added, hashlib.sha256(name.encode()).hexdigest())


def _sees(view: ReadTransaction, caller: Actor, subject: Subject) -> bool:
    """Whether it sees her: a key that is kept to purposes sees those who agreed to one of them."""
    if not caller.sees(subject.subject_id):
        return False
    if caller.purposes is None:
        return True
    return any(caller.may_for(each.purpose) for each in view.terms(subject.subject_id))


def _seen(view: ReadTransaction, caller: Actor, subject_id: SubjectId) -> Subject:
    subject = view.subject_by_id(subject_id)
    if subject is None or not _sees(view, caller, subject):
        raise not_found("person")
    return subject


def _sees_receipt(caller: Actor, signed: SignedReceipt) -> bool:
    terms = signed.terms
    return caller.sees(terms.subject_id) and caller.may_for(terms.purpose)


def _seen_receipt(view: ReadTransaction, caller: Actor, receipt_id: ReceiptId) -> SignedReceipt:
    signed = view.receipt(receipt_id)
    if signed is None or not _sees_receipt(caller, signed):
        raise not_found("receipt")
    return signed
