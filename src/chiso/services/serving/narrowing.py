"""What it would mean to agree to less, for a person to read before she does it."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.core.access import Actor
from chiso.core.consent import Mode, ReceiptId, SubjectId
from chiso.services.home import Home
from chiso.services.narrow import Change, Less, would_narrow
from chiso.services.people import ReceiptSummary, not_found
from chiso.services.serving.directory import Loss, loss_of


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A receipt of hers that a change would narrow, and what else the change touches.

    `cards`: how many in use rest on it. `others`: her other agreements for the same purpose, by
    which what this one allows no more is allowed still.
    """

    change: Change
    cards: int
    others: tuple[ReceiptSummary, ...]


def narrowable(
    home: Home, caller: Actor, subject_id: SubjectId, receipt_id: ReceiptId
) -> ReceiptSummary:
    """A receipt of hers in force. Raises NOT_FOUND where there is none that this caller sees."""
    return _held(home, caller, subject_id, receipt_id)[0]


def narrowing_of(
    home: Home, caller: Actor, subject_id: SubjectId, receipt_id: ReceiptId, less: Less
) -> Narrowing:
    """What `narrow` would do. Raises as it does, and NOT_FOUND as `narrowable` does."""
    _, loss = _held(home, caller, subject_id, receipt_id)
    change = would_narrow(home, subject_id, receipt_id, less)
    others = tuple(each for each in loss.others if _still_allows(each, change))
    return Narrowing(change, loss.cards, others)


def _held(
    home: Home, caller: Actor, subject_id: SubjectId, receipt_id: ReceiptId
) -> tuple[ReceiptSummary, Loss]:
    loss = loss_of(home, caller, subject_id, receipt_id)
    if loss.receipt is None or loss.receipt.state != "in force":
        raise not_found("receipt in force")
    return loss.receipt, loss


def _still_allows(other: ReceiptSummary, change: Change) -> bool:
    terms, kept = other.signed.terms, frozenset[Mode](change.after.processing.modes)
    is_after = change.is_shorter and terms.expires > change.after.processing.expires
    is_same = other.state == "in force" and terms.purpose == change.after.processing.purpose
    return is_same and bool(terms.modes & change.dropped or (is_after and terms.modes & kept))
