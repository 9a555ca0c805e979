"""/v1/cards: issued, listed, revoked. A card's picture is in one answer, and kept nowhere."""

from __future__ import annotations

import base64
import hashlib
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from chiso.core.access import Action, Actor, Resource
from chiso.core.consent import Mode, SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.agreements import guardian_from, language_from, until
from chiso.interfaces.api.enrolments import WHO_AGREED
from chiso.interfaces.api.fields import (
    CARD,
    CardId,
    CardNumber,
    End,
    NotYet,
    Past,
    PersonId,
    PersonIdOrNull,
    ReceiptNumber,
    Yes,
)
from chiso.interfaces.api.pages import (
    ID_PATTERN,
    Cursor,
    Limit,
    Next,
    SubjectQuery,
    cursor_of,
    place_in,
)
from chiso.interfaces.card_picture.picture import CardWords, Format, card_picture
from chiso.interfaces.serve.bodies import (
    BINARY,
    form_body,
    form_in,
    missing,
    read_upload,
    required,
    text_in,
)
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.interfaces.serve.once import OnceRoute, hold_secret, tell_of
from chiso.services.access.keys import require_purpose
from chiso.services.cards.issue import Deliver, NewCard, issue_from_photo, issue_from_reference
from chiso.services.cards.listing import CardSummary, Reason, number_of
from chiso.services.enrol import Agreement, Photo, PhotoRefused
from chiso.services.home import Home
from chiso.services.serving import cards

router = APIRouter(prefix="/cards", tags=["cards"], route_class=OnceRoute)

_TRUE = {"true": True, "false": False}
_BODY = form_body(
    ["subject", "purpose"],
    {
        "subject": {
            "type": "string",
            "maxLength": 200,
            "description": "What to call her, or what she is called.",
            "examples": ["Rudo M."],
        },
        "purpose": {"type": "string", "maxLength": 200, "examples": ["clinic door"]},
        "photo": {
            **BINARY,
            "description": "Her face; it is not kept. Left out: her newest reference is used.",
        },
        "evidence": {
            **BINARY,
            "description": "With a photo: what shows that she agreed. Only its SHA-256 is kept.",
        },
        "notice": {**BINARY, "description": "The notice that she was given, likewise."},
        "expires": {
            "type": "string",
            "description": "Last day of her consent; of the card alone where there is no photo.",
            "examples": ["2027-12-31"],
        },
        **WHO_AGREED,
        "keep_references": {
            "type": "string",
            "enum": ["true", "false"],
            "default": "false",
            "examples": ["false"],
            "description": "Keep the references that rest on the same receipt. By default they are "
            "destroyed: she is then verified by her card, and not identified.",
        },
        "name": {
            "type": "string",
            "enum": ["true", "false"],
            "default": "false",
            "description": "Print her name on the card.",
            "examples": ["true"],
        },
        "format": {
            "type": "string",
            "enum": ["png", "pdf"],
            "default": "png",
            "examples": ["pdf"],
        },
    },
)

CardPath = Annotated[str, Path(pattern=ID_PATTERN, examples=[CARD])]


class Card(BaseModel):
    """A card that was given out. What it says is not here: it is on the card."""

    id: CardId
    number: CardNumber
    subject_id: PersonIdOrNull
    subject: str | None = Field(description="Null where she is gone.", examples=["Rudo M."])
    receipt: ReceiptNumber
    purpose: str | None = Field(examples=["clinic door"])
    issued: Past
    expires: End
    state: str = Field(
        description="in use, revoked, expired or consent ended.", examples=["in use"]
    )
    revoked: NotYet
    reason: str | None = Field(examples=[None])


class Cards(BaseModel):
    """A page of cards, in the order in which they were issued."""

    cards: list[Card]
    next: Next


class IssuedCard(BaseModel):
    """A card that was just made. `picture` is in this answer alone."""

    id: CardId
    number: CardNumber
    subject_id: PersonId
    receipt: ReceiptNumber
    new_receipt: Yes = Field(description="False where one in force said the same already.")
    expires: End
    references_destroyed: int = Field(examples=[0])
    size_bytes: int = Field(description="What its code carries.", examples=[346])
    format: Format = Field(examples=["png"])
    picture: str = Field(
        description="To print at 85.60 × 53.98 mm: a file of this format, Base64.",
        examples=["iVBORw0KGgoAAAANSUhEUgAA…"],
    )


@router.post("", status_code=201, openapi_extra=_BODY)
async def create(
    request: Request,
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.CREATE, Resource.CARDS))],
) -> IssuedCard:
    """Issue a card: from a photo and what she agreed to, or from her newest reference.

    From a photo she gets a receipt to be verified, and nothing of the photo is kept.
    """
    form = await form_in(request)
    limit = service.home.capture.decode.max_bytes
    purpose = required(text_in(form, "purpose"), "purpose")
    require_purpose(caller, purpose.strip())
    files = {
        name: await read_upload(form[name], name, limit)
        for name in ("photo", "evidence", "notice")
        if name in form
    }
    texts = {
        name: text_in(form, name)
        for name in ("subject", "expires", "guardian", "language", "keep_references", "name")
    }
    kind, has_name = _format_in(text_in(form, "format")), _flag(texts["name"], "name")

    def work() -> IssuedCard:
        pictures: list[bytes] = []

        def draw(new: NewCard) -> None:
            name = new.label if has_name else None
            number = number_of(new.card.card_id)
            words = CardWords(new.controller, new.purpose, new.card.expires, number, name)
            pictures.append(card_picture(words, new.code, kind))

        make = partial(_made, service.home_for(caller), purpose, texts, files, draw)
        return _issued(service.searches.after(make), kind, pictures[0])

    issued = await service.photos.run(work)
    hold_secret(request)
    tell_of(request, SubjectId(issued.subject_id))
    return issued


@router.get("")
async def find(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.READ, Resource.CARDS))],
    subject_id: SubjectQuery = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Cards:
    """List cards, revoked and ended ones too."""
    place = place_in(cursor)
    whose = None if subject_id is None else SubjectId(subject_id)
    work = partial(cards.cards, service.home, caller, whose, place, limit)
    page = await service.desk.run(work)
    return Cards(cards=[_card(each) for each in page.items], next=cursor_of(page.end))


@router.get("/{card_id}")
async def show(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.READ, Resource.CARDS))],
    card_id: CardPath,
) -> Card:
    """Show what is known of one card."""
    return _card(await service.desk.run(partial(cards.card, service.home, caller, card_id)))


@router.delete("/{card_id}")
async def revoke(
    request: Request,
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.DELETE, Resource.CARDS))],
    card_id: CardPath,
    reason: Annotated[Reason, Query(examples=["lost"])] = Reason.LOST,
) -> Card:
    """Revoke a card: it is refused from now on. Her consent stays as it is."""
    work = partial(cards.revoke, service.home_for(caller), caller, card_id, reason)
    revoked = await service.desk.run(work)
    if revoked.card.subject_id is not None:
        tell_of(request, revoked.card.subject_id)
    return _card(revoked)


def _made(
    home: Home,
    purpose: str,
    texts: dict[str, str | None],
    files: dict[str, bytes],
    deliver: Deliver,
) -> NewCard:
    subject = required(texts["subject"], "subject")
    expires = None if texts["expires"] is None else until(texts["expires"])
    keep = _flag(texts["keep_references"], "keep_references")
    if "photo" not in files:
        return issue_from_reference(
            home, subject, purpose, expires, keep_references=keep, deliver=deliver
        )
    if "evidence" not in files:
        raise missing("evidence")
    agreement = Agreement(
        subject=subject,
        purpose=purpose,
        modes=frozenset({Mode.VERIFY}),
        expires=expires,
        evidence_sha256=hashlib.sha256(files["evidence"]).hexdigest(),
        notice_sha256=hashlib.sha256(files["notice"]).hexdigest() if "notice" in files else None,
        guardian=guardian_from(texts["guardian"]),
        language=language_from(texts["language"] or "en"),
    )
    photo = Photo("The photo", files["photo"])
    made = issue_from_photo(home, agreement, photo, keep_references=keep, deliver=deliver)
    if isinstance(made, PhotoRefused):
        refusal = made.refusal
        raise ChisoError(refusal.code, f"{refusal.message} No card was issued.", refusal.hint)
    return made


def _issued(made: NewCard, kind: Format, picture: bytes) -> IssuedCard:
    fields: dict[str, Any] = {
        "id": made.card.card_id,
        "number": number_of(made.card.card_id),
        "subject_id": made.card.subject_id,
        "receipt": made.card.receipt_id,
        "new_receipt": made.new_receipt,
        "expires": made.card.expires,
        "references_destroyed": made.references_destroyed,
        "size_bytes": made.size_bytes,
        "format": kind,
        "picture": base64.b64encode(picture).decode(),
    }
    return IssuedCard(**fields)


def _card(each: CardSummary) -> Card:
    card = each.card
    return Card(
        id=card.card_id,
        number=number_of(card.card_id),
        subject_id=card.subject_id,
        subject=each.label,
        receipt=card.receipt_id,
        purpose=each.purpose,
        issued=card.issued,
        expires=card.expires,
        state=each.state,
        revoked=card.revoked,
        reason=card.reason,
    )


def _format_in(text: str | None) -> Format:
    known = {each.value: each for each in Format}
    if text is not None and text not in known:
        raise ChisoError(Code.BAD_ARGUMENT, f"{text!r} is no format.", "Give png or pdf.")
    return Format.PNG if text is None else known[text]


def _flag(text: str | None, name: str) -> bool:
    if text is not None and text not in _TRUE:
        raise ChisoError(
            Code.BAD_ARGUMENT, f"{name!r} is {text!r}.", "Give true or false, or leave it out."
        )
    return False if text is None else _TRUE[text]
