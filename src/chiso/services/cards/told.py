"""The list of cards held to the log, and what a restore must not bring back of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chiso.core.access import IssuedCard
from chiso.core.consent import ReceiptId
from chiso.core.errors import ChisoError, Kind
from chiso.core.events import EventType
from chiso.core.storage import ReadTransaction, WriteTransaction
from chiso.core.times import from_text
from chiso.services.cards.listing import Reason, revoke_all
from chiso.services.home import Home
from chiso.services.log import broken
from chiso.services.withdraw import finish_erasures, note_erased

_PATIENCE_S = 30.0


def require_cards(view: ReadTransaction) -> None:
    """Raise LOG_BROKEN unless every card that the log tells of is on the list as it says.

    Leaves of people who are gone are silent: so are their cards, which rest on nothing.
    """
    listed = {card.card_id: card for card in view.cards()}
    for told in _told(view):
        found = listed.get(told.card_id)
        if found is None or (told.revoked and not found.revoked):
            what = "revoked" if told.revoked else "issued"
            raise broken(f"card {told.card_id} was {what}, and the list of cards does not say so")


def mend_cards(home: Home) -> None:
    """Make the list of cards say what the log tells: cards that are missing, and revocations."""
    with home.store.writing() as transaction:
        listed = {card.card_id: card for card in transaction.cards()}
        for told in _told(transaction):
            found = listed.get(told.card_id)
            if found is None or (told.revoked and not found.revoked):
                transaction.put_card(told)


def moved_to_cards(view: ReadTransaction) -> Mapping[ReceiptId, datetime]:
    """Receipts whose references were destroyed when a card was issued, and when, at the latest."""
    moved: dict[ReceiptId, datetime] = {}
    for said in _leaves(view):
        if said["type"] == EventType.CARD_ISSUED and said["references_destroyed"]:
            moved[ReceiptId(said["receipt"])] = from_text(said["at"])
    return moved


def end_cards(home: Home, living: Home | None) -> None:
    """What an older log that goes on must not say of cards: all are revoked, since nobody knows.

    References that were destroyed since, when their person got a card, are destroyed again, as far
    as the living home's log can be read.
    """
    moved = {} if living is None else _moved_in(living)
    gone = 0
    with home.store.writing() as transaction:
        in_use = [card for card in transaction.cards() if card.revoked is None]
        revoke_all(home, transaction, in_use, Reason.RESTORED)
        for receipt_id, at in moved.items():
            gone += _removed(transaction, receipt_id, at)
    if gone:
        finish_erasures(home, _PATIENCE_S)


def _removed(transaction: WriteTransaction, receipt_id: ReceiptId, at: datetime) -> int:
    gone = transaction.remove_references(receipt_id, until=at)
    if gone:
        for terms in transaction.terms():
            if terms.receipt_id == receipt_id:
                note_erased(transaction, terms.subject_id)
    return gone


def _moved_in(living: Home) -> Mapping[ReceiptId, datetime]:
    try:
        with living.store.reading() as view:
            return moved_to_cards(view)
    except ChisoError as error:
        if error.kind is not Kind.INTEGRITY:
            raise
        return {}


def _told(view: ReadTransaction) -> Iterator[IssuedCard]:
    """Every card as the log last tells of it."""
    told: dict[str, IssuedCard] = {}
    for payload in view.payloads():
        if not _is_of_a_card(payload.body):
            continue
        said = json.loads(payload.body)
        at = from_text(said["at"])
        if said["type"] == EventType.CARD_ISSUED:
            told[said["card"]] = IssuedCard(
                said["card"],
                ReceiptId(said["receipt"]),
                payload.subject_id,
                at,
                from_text(said["expires"]),
                None,
                None,
            )
        elif said["type"] == EventType.CARD_REVOKED and said["card"] in told:
            told[said["card"]] = replace(told[said["card"]], revoked=at, reason=said["reason"])
    return iter(told.values())


def _leaves(view: ReadTransaction) -> Iterator[dict[str, Any]]:
    return (json.loads(each.body) for each in view.payloads() if _is_of_a_card(each.body))


def _is_of_a_card(body: bytes) -> bool:
    return b'"card-' in body  # of a million leaves, few are
