"""The list of cards, and revoking one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chiso.consent.policy import objection
from chiso.consent.retention import Rule
from chiso.core.access import IssuedCard
from chiso.core.canonical import JsonValue
from chiso.core.consent import Mode, ReceiptId, SubjectId, Terms
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.storage import WriteTransaction
from chiso.services.home import Home
from chiso.services.log import record
from chiso.services.people import known
from chiso.services.retention import rules

SHOWN_DIGITS = 12
"""How many hex digits of a card's id are its number: what is printed on it."""


class Reason(StrEnum):
    """Why a card is revoked: a closed list, so that no leaf says more than that."""

    LOST = "lost"
    STOLEN = "stolen"
    REPLACED = "replaced"
    RETURNED = "returned"
    RESTORED = "restored"
    """The home was restored from a backup that cannot know what was revoked since."""


@dataclass(frozen=True, slots=True)
class CardSummary:
    """One card as a list shows it. `state`: in use, revoked, expired, consent ended.

    `label` and `purpose` are None where its person is gone.
    """

    card: IssuedCard
    label: str | None
    purpose: str | None
    state: str


def number_of(card_id: str) -> str:
    """A card's number as it is printed: `3F2A 91C4 07BE`."""
    digits = card_id.replace("-", "")[:SHOWN_DIGITS].upper()
    return " ".join(digits[start : start + 4] for start in range(0, SHOWN_DIGITS, 4))


def cards(home: Home, label: str | None = None) -> list[CardSummary]:
    """Every card, or those of the person called `label`, oldest first. Raises NO_CONSENT."""
    with home.store.reading() as view:
        whose = None if label is None else known(view, label).subject_id
    return cards_of(home, whose)


def cards_of(home: Home, whose: SubjectId | None) -> list[CardSummary]:
    """Every card, or those of the person with this id, oldest first."""
    with home.store.reading() as view:
        terms = {each.receipt_id: each for each in view.terms(whose)}
        named = view.subjects() if whose is None else [view.subject_by_id(whose)]
        labels = {each.subject_id: each.label for each in named if each is not None}
        by_purpose = {each.purpose: each for each in rules(view)}
        return [_summary(home, card, terms, by_purpose, labels) for card in view.cards(whose)]


def card_called(home: Home, named: str) -> CardSummary:
    """The card of this id, or of this number as it is printed. Raises CARD_UNKNOWN."""
    wanted = "".join(named.split()).replace("-", "").lower()
    is_whole = len(wanted) >= SHOWN_DIGITS
    found = [
        each
        for each in cards(home)
        if is_whole and each.card.card_id.replace("-", "").startswith(wanted)
    ]
    if len(found) != 1:
        raise ChisoError(
            Code.CARD_UNKNOWN,
            f"There is no card {named!r}.",
            "`chiso card list` shows those there are; the number is on the card.",
        )
    return found[0]


def revoke(home: Home, card_id: str, reason: Reason) -> IssuedCard:
    """Revoke a card for good: it is refused from now on. Revoking it twice changes nothing.

    Raises CARD_UNKNOWN where there is none of that id.
    """
    with home.store.writing() as transaction:
        card = transaction.card(card_id)
        if card is None:
            raise ChisoError(
                Code.CARD_UNKNOWN,
                f"There is no card {card_id!r}.",
                "`chiso card list` shows those there are.",
            )
        if card.revoked is not None:
            return card
        return revoke_all(home, transaction, [card], reason)[0]


def revoke_all(
    home: Home, transaction: WriteTransaction, given: Sequence[IssuedCard], reason: Reason
) -> list[IssuedCard]:
    """Revoke these cards, with a leaf each, in the caller's transaction."""
    now = home.clock.now()
    revoked = [replace(each, revoked=now, reason=reason.value) for each in given]
    events: list[Event] = []
    for card in revoked:
        transaction.put_card(card)
        facts: dict[str, JsonValue] = {
            "card": card.card_id,
            "reason": reason.value,
            "asked_by": home.asked_by,
        }
        events.append(Event(EventType.CARD_REVOKED, now, card.subject_id, facts))
    if events:
        record(home, transaction, events)
    return revoked


def _summary(
    home: Home,
    card: IssuedCard,
    terms: Mapping[ReceiptId, Terms],
    by_purpose: Mapping[str, Rule],
    labels: Mapping[SubjectId, str],
) -> CardSummary:
    own, now = terms.get(card.receipt_id), home.clock.now()
    label = None if card.subject_id is None else labels.get(card.subject_id)
    if own is None or label is None:
        return CardSummary(card, None, None, "revoked" if card.revoked else "consent ended")
    if card.revoked is not None:
        state = "revoked"
    elif now > card.expires:
        state = "expired"
    else:
        no = objection(own, own.purpose, Mode.VERIFY, now, by_purpose.get(own.purpose))
        state = "in use" if no is None else "consent ended"
    return CardSummary(card, label, own.purpose, state)
