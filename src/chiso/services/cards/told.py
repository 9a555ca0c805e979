"""The list of cards held to the log, and what a restore must not bring back of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chiso.core.access import IssuedCard
from chiso.core.consent import ReceiptId
from chiso.core.errors import ChisoError, Kind
from chiso.core.storage import ReadTransaction, WriteTransaction
from chiso.services.cards.listing import Reason, revoke_all
from chiso.services.home import Home
from chiso.services.log import broken
from chiso.services.log_told import Told, told_by
from chiso.services.withdraw import finish_erasures, note_erased

_PATIENCE_S = 30.0


def require_cards(view: ReadTransaction, told: Told) -> None:
    """Raise LOG_BROKEN unless every card that the log tells of is on the list as it says.

    Leaves of people who are gone are silent: so are their cards, which rest on nothing.
    """
    listed = {card.card_id: card for card in view.cards()}
    for card in told.cards.values():
        if not _says(listed.get(card.card_id), card):
            what = "revoked" if card.revoked else "issued"
            raise broken(f"card {card.card_id} was {what}, and the list of cards does not say so")


def mend_cards(home: Home) -> None:
    """Make the list of cards say what the log tells: cards that are missing, and revocations."""
    with home.store.writing() as transaction:
        listed = {card.card_id: card for card in transaction.cards()}
        for card in told_by(transaction.payloads()).cards.values():
            if not _says(listed.get(card.card_id), card):
                transaction.put_card(card)


def _says(listed: IssuedCard | None, told: IssuedCard) -> bool:
    """Whether the list has a card as the log tells of it."""
    return listed is not None and (told.revoked is None or listed.revoked is not None)


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
            return told_by(view.payloads()).on_cards
    except ChisoError as error:
        if error.kind is not Kind.INTEGRITY:
            raise
        return {}
