"""What it would mean to agree to less, for a person to read before she does it."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.core.access import Actor, IssuedCard
from chiso.core.consent import Mode, ReceiptId, SubjectId
from chiso.services.home import Home
from chiso.services.narrow import Change, Less, would_narrow
from chiso.services.people import ReceiptSummary, not_found
from chiso.services.serving.directory import loss_of


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A receipt of hers that a change would narrow, and what else the change touches.

    `cards`: those in use that rest on it. `others`: her other agreements for the same purpose, by
    which what this one allows no more is allowed still.
    """

    held: ReceiptSummary
    change: Change
    cards: tuple[IssuedCard, ...]
    others: tuple[ReceiptSummary, ...]


def narrowable(
    home: Home, caller: Actor, subject_id: SubjectId, receipt_id: ReceiptId
) -> ReceiptSummary:
    """A receipt of hers in force. Raises NOT_FOUND where there is none that this caller sees."""
    held = loss_of(home, caller, subject_id, receipt_id).receipt
    if held is None or held.state != "in force":
        raise not_found("receipt in force")
    return held


def narrowing_of(
    home: Home, caller: Actor, subject_id: SubjectId, receipt_id: ReceiptId, less: Less
) -> Narrowing:
    """What `narrow` would do. Raises as it does, and NOT_FOUND as `narrowable` does."""
    held = narrowable(home, caller, subject_id, receipt_id)
    change = would_narrow(home, subject_id, receipt_id, less)
    about = loss_of(home, caller, subject_id, receipt_id).person
    now = home.clock.now()
    return Narrowing(
        held,
        change,
        tuple(
            each
            for each in about.cards
            if each.receipt_id == receipt_id and each.revoked is None and now <= each.expires
        ),
        tuple(
            each
            for each in about.receipts
            if each.signed.terms.receipt_id != receipt_id and _still_allows(each, change)
        ),
    )


def _still_allows(other: ReceiptSummary, change: Change) -> bool:
    terms, kept = other.signed.terms, frozenset[Mode](change.after.processing.modes)
    is_after = change.is_shorter and terms.expires > change.after.processing.expires
    is_same = other.state == "in force" and terms.purpose == change.after.processing.purpose
    return is_same and bool(terms.modes & change.dropped or (is_after and terms.modes & kept))
