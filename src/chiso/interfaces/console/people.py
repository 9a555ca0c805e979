"""People: a table to search, all about one, her own link, and withdrawing with what it destroys."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, status
from fastapi.responses import RedirectResponse, Response

from chiso.core.access import Action, Actor, Resource
from chiso.core.consent import ReceiptId, SubjectId
from chiso.interfaces.console.own_links import own_link
from chiso.interfaces.console.pages import page
from chiso.interfaces.console.searching import Sought
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services.access.links import new_person_link
from chiso.services.cards.listing import Reason
from chiso.services.home import Home
from chiso.services.people import not_found
from chiso.services.serving import cards
from chiso.services.serving.directory import loss_of, people_page, person
from chiso.services.withdraw import withdraw_by_id

router = APIRouter(prefix="/people")

Reader = Annotated[Actor, Depends(allowed(Action.READ, Resource.SUBJECTS))]
Field = Annotated[str, Form(max_length=100)]
_REASONS = tuple(reason for reason in Reason if reason is not Reason.RESTORED)


@router.get("")
async def people(
    request: Request, service: ServiceHere, caller: Reader, q: Sought = "", after: str = ""
) -> Response:
    """A page of people, by label."""
    found = await service.desk.run(partial(people_page, service.home, caller, q, after))
    return page(request, "people.html.j2", caller, found=found, q=q, after=after)


@router.get("/{subject_id}")
async def one_person(
    request: Request, service: ServiceHere, caller: Reader, subject_id: str
) -> Response:
    """All about one person."""
    whose = SubjectId(subject_id)
    about = await service.desk.run(partial(person, service.home, caller, whose))
    return page(request, "person.html.j2", caller, about=about, reasons=_REASONS)


@router.post("/{subject_id}/link")
async def link(request: Request, service: ServiceHere, caller: Reader, subject_id: str) -> Response:
    """Make a person's own link, to print and to hand to her."""
    whose = SubjectId(subject_id)
    about = await service.desk.run(partial(person, service.home, caller, whose))
    path = await service.desk.run(partial(new_person_link, service.home, caller, whose))
    made = own_link(request, path)
    reload_to = f"/people/{subject_id}"
    return page(request, "person_link.html.j2", caller, about=about, link=made, reload_to=reload_to)


@router.post(
    "/{subject_id}/cards/{card_id}/revoke",
    dependencies=[Depends(allowed(Action.DELETE, Resource.CARDS))],
)
async def revoke_card(
    service: ServiceHere,
    caller: Reader,
    subject_id: str,
    card_id: str,
    reason: Annotated[Reason, Form()],
) -> Response:
    """Revoke a card of hers, where this caller may act for what it is for."""
    work = partial(
        _revoke, service.home_for(caller), caller, SubjectId(subject_id), card_id, reason
    )
    await service.desk.run(work)
    return RedirectResponse(f"/people/{subject_id}", status.HTTP_303_SEE_OTHER)


@router.get("/{subject_id}/withdraw")
async def withdraw_page(
    request: Request, service: ServiceHere, caller: Reader, subject_id: str, receipt: str = ""
) -> Response:
    """What withdrawing would destroy, before it is done."""
    which = ReceiptId(receipt) if receipt else None
    work = partial(loss_of, service.home, caller, SubjectId(subject_id), which)
    return page(request, "withdraw.html.j2", caller, loss=await service.desk.run(work))


@router.post("/{subject_id}/withdraw")
async def withdraw(
    request: Request,
    service: ServiceHere,
    caller: Reader,
    subject_id: str,
    receipt: Field = "",
) -> Response:
    """Withdraw, and show the certificate."""
    which = ReceiptId(receipt) if receipt else None
    whose = SubjectId(subject_id)
    loss = await service.desk.run(partial(loss_of, service.home, caller, whose, which))
    home = service.home_for(caller)
    work = partial(withdraw_by_id, home, whose, which)
    certificate = await service.desk.run(partial(service.searches.after, work))
    reload_to = "/people" if which is None else f"/people/{subject_id}"
    return page(
        request,
        "withdrawn.html.j2",
        caller,
        loss=loss,
        certificate=certificate,
        reload_to=reload_to,
    )


def _revoke(home: Home, caller: Actor, whose: SubjectId, card_id: str, reason: Reason) -> None:
    if cards.card(home, caller, card_id).card.subject_id != whose:
        raise not_found("card of hers")
    cards.revoke(home, caller, card_id, reason)
