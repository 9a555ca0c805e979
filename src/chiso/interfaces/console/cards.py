"""A card made at the desk: from a reference that is held, shown once, to print."""

from __future__ import annotations

import base64
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Drawn:
    card: NewCard
    picture: str
    file: str


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
    label = about.subject.label

    def make() -> NewCard:
        home = service.home_for(caller)
        return issue_from_reference(home, label, purpose, keep_references=bool(keep))

    def draw() -> _Drawn:  # in one piece: a card that is issued and not drawn is lost
        return _drawn(service.searches.after(make), has_name=bool(name))

    drawn = await service.photos.run(draw)
    return page(
        request,
        "card_made.html.j2",
        caller,
        about=about,
        made=drawn.card,
        number=number_of(drawn.card.card.card_id),
        picture=drawn.picture,
        file=drawn.file,
        reload_to=f"/people/{subject_id}",
    )


def _drawn(made: NewCard, *, has_name: bool) -> _Drawn:
    number, name = number_of(made.card.card_id), made.label if has_name else None
    words = CardWords(made.controller, made.purpose, made.card.expires, number, name)
    picture, file = (
        f"data:{kind};base64,{base64.b64encode(card_picture(words, made.code, form)).decode()}"
        for kind, form in (("image/png", Format.PNG), ("application/pdf", Format.PDF))
    )
    return _Drawn(made, picture, file)
