"""Cards for callers of a server: those that they may see, and comparing with one that is shown."""

from __future__ import annotations

from functools import partial

from chiso.core.access import Actor
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.page_storage import Place
from chiso.core.ports import CodeReader
from chiso.core.samples import Refusal
from chiso.services.cards import listing
from chiso.services.cards.listing import CardSummary, Reason, cards_of
from chiso.services.cards.reading import code_in
from chiso.services.cards.verify import CardAnswer, verify_card
from chiso.services.home import Home
from chiso.services.serving.failures import limited
from chiso.services.serving.paging import Page, page_of
from chiso.services.serving.service import Service


def cards(
    home: Home, caller: Actor, subject_id: SubjectId | None, place: Place | None, count: int
) -> Page[CardSummary]:
    """Cards after `place` that this caller may see, of one person or of all, at most `count`."""
    seen = [each for each in cards_of(home, subject_id) if _sees(caller, each)]
    return page_of(seen, lambda each: Place(each.card.issued, each.card.card_id), place, count)


def card(home: Home, caller: Actor, card_id: str) -> CardSummary:
    """One card. Raises CARD_UNKNOWN where there is none that this caller may see."""
    with home.store.reading() as view:
        known = view.card(card_id)
    whose = None if known is None else known.subject_id
    found = [each for each in cards_of(home, whose) if each.card.card_id == card_id]
    if not found or not _sees(caller, found[0]):
        raise ChisoError(
            Code.CARD_UNKNOWN,
            f"There is no card {card_id}.",
            "GET /v1/cards lists those there are.",
        )
    return found[0]


def revoke(home: Home, caller: Actor, card_id: str, reason: Reason) -> CardSummary:
    """Revoke a card that this caller may see; what is known of it then."""
    listing.revoke(home, card(home, caller, card_id).card.card_id, reason)
    return card(home, caller, card_id)


async def verify(
    service: Service,
    caller: Actor,
    read: CodeReader,
    shown: bytes | str,
    purpose: str | None,
    photo: bytes,
) -> CardAnswer | Refusal:
    """Compare the one face of `photo` with the card that is `shown`: a picture of it, or its code.

    `purpose` None: whatever the card is for. Attempts are limited by station and card; a match
    forgives them, and a photo that cannot be used is none, nor is a code that no card here has.
    """
    work = partial(_verified, service, caller, read, shown, purpose, photo)
    compare = partial(service.photos.run, work)
    return await limited(service, caller, compare, lambda card: card.answer.verified.match)


def _verified(
    service: Service,
    caller: Actor,
    read: CodeReader,
    shown: bytes | str,
    purpose: str | None,
    photo: bytes,
) -> CardAnswer | Refusal:
    home = service.home_for(caller)
    code = shown.strip() if isinstance(shown, str) else code_in(home.engine(), read, shown)
    if isinstance(code, Refusal):
        return code
    counted: list[tuple[str, str]] = []

    def count(card_id: str) -> None:
        of = (caller.station or caller.counted_as, f"card {card_id}")
        service.per_subject.note(of, home.clock.now())
        counted.append(of)

    answer = verify_card(home, code, photo, purpose, count)
    (of,) = counted
    if isinstance(answer, Refusal):
        service.per_subject.take_back(of)
    elif answer.answer.verified.match:
        service.per_subject.forgive(of)
    return answer


def _sees(caller: Actor, each: CardSummary) -> bool:
    """A card whose person is gone is for nothing any more: callers kept to purposes see none."""
    if each.purpose is None:
        return caller.purposes is None
    return caller.may_for(each.purpose)
