"""A card made at the desk: from a reference that is held, shown once, to print."""

from __future__ import annotations

import base64
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from chiso.core.access import Action, Actor, Resource
from chiso.core.consent import SubjectId
from chiso.interfaces.card_picture.picture import CardWords, Format, card_picture
from chiso.interfaces.console.pages import page
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services.access.keys import require_purpose
from chiso.services.cards.issue import NewCard, issue_from_reference
from chiso.services.cards.listing import number_of
from chiso.services.serving.directory import person

router = APIRouter(prefix="/people")

Issuer = Annotated[Actor, Depends(allowed(Action.CREATE, Resource.CARDS))]


@router.post("/{subject_id}/cards")
async def make_card(
    request: Request,
    service: ServiceHere,
    caller: Issuer,
    subject_id: str,
    purpose: Annotated[str, Form(max_length=200)],
    name: Annotated[str, Form(max_length=3)] = "",
    keep: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Make a card of hers; the references that rest on its receipt go, unless they are kept."""
    require_purpose(caller, purpose)
    work = partial(person, service.home, caller, SubjectId(subject_id))
    about = await service.desk.run(work)
    pictures: dict[Format, bytes] = {}

    def draw(new: NewCard) -> None:  # before it is issued for good
        printed, number = new.label if name else None, number_of(new.card.card_id)
        words = CardWords(new.controller, new.purpose, new.card.expires, number, printed)
        pictures.update({each: card_picture(words, new.code, each) for each in Format})

    make = partial(
        issue_from_reference,
        service.home_for(caller),
        about.subject.label,
        purpose,
        keep_references=bool(keep),
        deliver=draw,
    )
    made = await service.photos.run(partial(service.searches.after, make))
    return page(
        request,
        "card_made.html.j2",
        caller,
        about=about,
        made=made,
        number=number_of(made.card.card_id),
        picture=_address("image/png", pictures[Format.PNG]),
        file=_address("application/pdf", pictures[Format.PDF]),
        reload_to=f"/people/{subject_id}",
    )


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
