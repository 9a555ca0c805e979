"""Erase what consent no longer covers: receipts that expired, people who stopped coming."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chiso.account.erasure import ErasureCertificate
from chiso.consent.retention import End, Overdue, end_of_consent, ended, overdue
from chiso.core.consent import Cause, ReceiptId, SubjectId, Terms
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import ReadTransaction, Subject
from chiso.services.erasure import certificate_of
from chiso.services.home import Home
from chiso.services.log import require_own
from chiso.services.retention import rules
from chiso.services.withdraw import erase, finish_erasures

_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be erased: one receipt of a person, or all of her.

    `receipt_id` is None where nothing in force is left of her; `end` is then the last of her ends.
    """

    subject: Subject
    receipt_id: ReceiptId | None
    end: End


@dataclass(frozen=True, slots=True)
class Purged:
    """What was erased, and the certificate that says so."""

    due: Due
    certificate: ErasureCertificate


def due(home: Home) -> list[Due]:
    """What `purge_due` would erase at this moment; erases nothing."""
    with home.store.reading() as view:
        people = [(each, view.subject_by_id(each)) for each in _candidates(home, view)]
        return [
            each
            for _, subject in people
            if subject is not None
            for each in _due_of(home, view, subject)
        ]


def purge_due(home: Home, is_stopped: Callable[[], bool] = lambda: False) -> list[Purged]:
    """Erase whatever is due at this moment, and say so in the log and in certificates.

    For any process that runs for long to call now and then. Each person is one transaction, looked
    at again under the lock: who was matched or withdrew meanwhile, or was erased by another
    process, is let be; whose one receipt was ended here, and who withdrew whole before this
    returns, is left out of it. `is_stopped` is asked before each; what is begun is finished. Raises
    ERASURE_UNFINISHED where old copies of the rows could not be destroyed yet.
    """
    with home.store.reading() as view:
        candidates = _candidates(home, view)
    erased: list[tuple[Due, int]] = []
    try:
        for subject_id in candidates:
            if is_stopped():
                break
            erased += _erase_due(home, subject_id)
    finally:  # keys and copies of those who are gone go, also where the next person's rows do not
        if erased:
            _finish(home)
    return [made for each, seq in erased for made in _certified(home, each, seq)]


def _erase_due(home: Home, subject_id: SubjectId) -> list[tuple[Due, int]]:
    """Erase what is due of one person; what it was, and the leaf that tells of each."""
    with home.store.writing() as transaction:
        subject = transaction.subject_by_id(subject_id)
        if subject is None:
            return []
        return [
            (each, erase(home, transaction, subject, each.receipt_id, each.end.cause))
            for each in _due_of(home, transaction, subject)
        ]


def _candidates(home: Home, view: ReadTransaction) -> list[SubjectId]:
    """Whose receipts, by the columns that searches read, are due."""
    late, now = _late(home, view), home.clock.now()
    due_now, lapsed, living = set[SubjectId](), set[SubjectId](), set[SubjectId]()
    for terms in view.terms():
        is_over = ended(terms, late(terms.purpose), now) is not None
        if is_over:
            lapsed.add(terms.subject_id)
        if terms.withdrawn is None:
            (due_now if is_over else living).add(terms.subject_id)
    return sorted(due_now | (lapsed - living))


def _due_of(home: Home, view: ReadTransaction, subject: Subject) -> list[Due]:
    """What is due of one person, by her receipts as the home signed them.

    All of her where a receipt has run out and none is in force, nor to begin. Receipts that were
    ended before, by her or by a purge, are kept until then: they show that she agreed, and that it
    ended.
    """
    receipts = view.receipts(subject.subject_id)
    for receipt in receipts:
        require_own(home, receipt)
    late, now = _late(home, view), home.clock.now()
    known = {each.purpose: each for each in rules(view)}
    held = [each.terms for each in receipts]
    lapsed = [each for each in held if ended(each, late(each.purpose), now) is not None]
    open_still = [each for each in lapsed if each.withdrawn is None]
    ends = {each.receipt_id: end_of_consent(each, known.get(each.purpose)) for each in lapsed}
    if lapsed and not _any_living(held, lapsed):
        last = max((ends[each.receipt_id] for each in open_still or lapsed), key=_moment)
        return [Due(subject, None, last)]
    return [Due(subject, each.receipt_id, ends[each.receipt_id]) for each in open_still]


def _any_living(held: Iterable[Terms], lapsed: list[Terms]) -> bool:
    return any(each.withdrawn is None and each not in lapsed for each in held)


def _moment(end: End) -> tuple[float, Cause]:
    return end.at.timestamp(), end.cause


def _late(home: Home, view: ReadTransaction) -> Callable[[str], Overdue]:
    now, never = home.clock.now(), overdue(None, home.clock.now())
    by_purpose = {each.purpose: overdue(each, now) for each in rules(view)}
    return lambda purpose: by_purpose.get(purpose, never)


def _finish(home: Home) -> None:
    try:
        finish_erasures(home, _PATIENCE_S)
    except ChisoError as error:
        raise ChisoError(
            Code.ERASURE_UNFINISHED,
            "The rows of what was due are deleted, but keys or old copies of the rows could not be "
            f"destroyed yet. {error.message}",
            f"{error.hint} Any chiso command on this home then finishes the erasure; "
            "`chiso erasure list` and `show` print its certificates.",
        ) from error


def _certified(home: Home, erased: Due, seq: int) -> Iterator[Purged]:
    """What was erased with its certificate; nothing where all of her was erased since.

    What the log said of her one receipt went with her then, and the certificate of that erasure,
    whoever asked for it, stands for both.
    """
    try:
        yield Purged(erased, certificate_of(home, seq, erased.subject.label))
    except ChisoError as error:
        if erased.receipt_id is None or error.code is not Code.LEAF_MISSING:
            raise
