"""A person's own page: opened by her link and a look, it shows, exports and withdraws."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from chiso.account.erasure import ErasureCertificate
from chiso.core.access import Actor, Role
from chiso.core.consent import ReceiptId, SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import Refusal
from chiso.interfaces.api import recognition
from chiso.interfaces.api.exports import zipped
from chiso.interfaces.console.languages import language_of, translations
from chiso.interfaces.console.pages import page
from chiso.interfaces.person_page.page import page_of
from chiso.interfaces.serve import cookies
from chiso.interfaces.serve.bodies import PhotoHere, form_in, text_in
from chiso.interfaces.serve.callers import CallerHere, ServiceHere, address_in, caller_in
from chiso.services import erasure
from chiso.services.access.sessions import NewSession
from chiso.services.cards.reading import read_shown
from chiso.services.people import documents_about
from chiso.services.serving import herself
from chiso.services.serving.directory import Loss, loss_of, person
from chiso.services.serving.service import Service
from chiso.services.withdraw import withdraw_by_id
from chiso.wiring_cards import code_reader

router = APIRouter(prefix="/me")

Field = Annotated[str, Form(max_length=100)]


@dataclass(frozen=True, slots=True)
class Herself:
    """A person who is signed in."""

    caller: Actor
    subject_id: SubjectId


async def herself_here(caller: CallerHere) -> Herself:
    """The person who is signed in. Raises NOT_ALLOWED for anyone else."""
    if caller.role is not Role.SUBJECT or caller.subject_id is None:
        raise ChisoError(
            Code.NOT_ALLOWED, "This page is a person's own.", "Open it with her link, and with her."
        )
    return Herself(caller, caller.subject_id)


async def link_here(request: Request, service: ServiceHere, token: str) -> Actor:
    """Whoever holds the link in the path. Raises LINK_ENDED, TOO_MANY_ATTEMPTS."""
    link = await service.desk.run(partial(herself.holder, service.home, token))
    service.per_key.note(("link", link.subject_id or ""), service.home.clock.now())
    request.state.is_stranger = True  # until a look shows that it is she
    return link


async def from_address(request: Request, service: ServiceHere) -> None:
    """Count a call of whoever has not shown yet who she is. Raises TOO_MANY_ATTEMPTS."""
    service.per_address.note((address_in(request),), service.home.clock.now())
    request.state.is_stranger = True


Me = Annotated[Herself, Depends(herself_here)]
Link = Annotated[Actor, Depends(link_here)]


class Looked(BaseModel):
    """What came of a look."""

    answer: Literal["you", "not-you", "again", "card"]
    card: str = ""
    """The code of the card that was read; a face has not been looked at yet."""
    code: str = ""
    hint: str = ""


@router.get("")
async def me(request: Request, service: ServiceHere, changed: str = "") -> Response:
    """All that is held about whoever is signed in; else, how this page is opened.

    `changed`: the receipt that she has just narrowed.
    """
    try:
        caller = await caller_in(request, service)
        mine = await herself_here(caller)
    except ChisoError as error:
        if error.code not in (Code.NOT_SIGNED_IN, Code.NOT_ALLOWED):
            raise
        return page(request, "me_closed.html.j2")
    run, home = service.desk.run, service.home
    about = await run(partial(person, home, caller, mine.subject_id))
    documents = await run(partial(documents_about, home, mine.subject_id))
    now = home.clock.now()
    speech = translations(language_of(request).code)
    shown = page_of(documents, home.controller, about.subject.label, f"{now:%Y-%m-%d}", speech)
    return page(request, "me.html.j2", caller, about=about, shown=shown, changed=changed)


@router.get("/log.json")
async def log_of_mine(service: ServiceHere, mine: Me) -> Response:
    """Every leaf that concerns her, with its proof, for her browser to check."""
    documents = await service.desk.run(partial(documents_about, service.home, mine.subject_id))
    return Response(documents["log.json"], media_type="application/json")


@router.post("/export")
async def export(request: Request, service: ServiceHere, mine: Me) -> Response:
    """Everything that is held about her, as one file. The export is logged."""
    home = service.home_for(mine.caller)
    code = language_of(request).code
    language = (code, translations(code))
    work = partial(zipped, home, mine.subject_id, language, is_herself=True)
    content = await service.desk.run(work)
    name = {"Content-Disposition": 'attachment; filename="everything-about-me.zip"'}
    return Response(content, media_type="application/zip", headers=name)


@router.get("/withdraw")
async def withdraw_page(
    request: Request, service: ServiceHere, mine: Me, receipt: str = ""
) -> Response:
    """What withdrawing would destroy, before it is done."""
    loss = await _loss(service, mine.caller, mine.subject_id, receipt)
    return page(request, "me_withdraw.html.j2", mine.caller, loss=loss, back="/me")


@router.post("/withdraw")
async def withdraw(
    request: Request, service: ServiceHere, mine: Me, receipt: Field = ""
) -> Response:
    """Withdraw everything, or one receipt, at once, and show the certificate."""
    loss = await _loss(service, mine.caller, mine.subject_id, receipt)
    return await _withdrawn(request, service, mine.caller, loss)


@router.post("/card", dependencies=[Depends(from_address)])
async def read_card(service: ServiceHere, photo: PhotoHere) -> Looked:
    """Read the code of the card that is held before the camera; nothing is compared."""
    code = await service.photos.run(partial(read_shown, service.home, code_reader(), photo))
    if isinstance(code, Refusal):
        return Looked(answer="again", code=code.code, hint=code.hint)
    return Looked(answer="card", card=code)


@router.post("/card-look", dependencies=[Depends(from_address)])
async def card_look(request: Request, service: ServiceHere, photo: PhotoHere) -> Response:
    """Compare a frame with the card that was shown, and begin the session of whose it is."""
    code = text_in(await form_in(request), "card") or ""
    found = await herself.look_by_card(service, code_reader(), code, photo)
    return _looked(request, found)


@router.get("/{token}")
async def look_page(request: Request, service: ServiceHere, link: Link, token: str) -> Response:
    """Ask whoever holds this link for her face; nothing of hers is shown before."""
    way_in = None
    if link.subject_id is not None:
        work = partial(herself.way_in, service.home, link.subject_id)
        way_in = await service.desk.run(work)
    return page(request, "me_look.html.j2", None, can_look=way_in is not None, token=token)


@router.post("/{token}/detections", dependencies=[Depends(link_here)])
async def detections(service: ServiceHere, photo: PhotoHere) -> recognition.Detection:
    """Say of a frame whether it could be compared; no template is made."""
    return await recognition.detect(service, photo)


@router.post("/{token}/look")
async def look(request: Request, service: ServiceHere, link: Link, photo: PhotoHere) -> Response:
    """Compare a frame with her face, and begin her session where it is she."""
    return _looked(request, await herself.look(service, link, photo))


@router.get("/{token}/withdraw")
async def withdraw_by_link_page(
    request: Request, service: ServiceHere, link: Link, token: str
) -> Response:
    """What withdrawing by the link alone would destroy: nobody is asked for her face to go."""
    loss = await _loss(service, link, _whose(link), "")
    return page(request, "me_withdraw.html.j2", None, loss=loss, back=f"/me/{token}")


@router.post("/{token}/withdraw")
async def withdraw_by_link(request: Request, service: ServiceHere, link: Link) -> Response:
    """Withdraw everything by the link alone, and show the certificate."""
    return await _withdrawn(request, service, link, await _loss(service, link, _whose(link), ""))


def _whose(link: Actor) -> SubjectId:
    if link.subject_id is None:
        raise ValueError("a link is somebody's")
    return link.subject_id


def _looked(request: Request, found: NewSession | Refusal | None) -> Response:
    if isinstance(found, Refusal):
        looked = Looked(answer="again", code=found.code, hint=found.hint)
        return JSONResponse(looked.model_dump())
    looked = Looked(answer="not-you" if found is None else "you")
    answer = JSONResponse(looked.model_dump())
    if found is not None:
        cookies.set_session(request, answer, found.secret)
    return answer


async def _loss(service: Service, caller: Actor, whose: SubjectId, receipt: str) -> Loss:
    which = ReceiptId(receipt) if receipt else None
    return await service.desk.run(partial(loss_of, service.home, caller, whose, which))


async def _withdrawn(request: Request, service: Service, caller: Actor, loss: Loss) -> Response:
    which = loss.receipt.signed.terms.receipt_id if loss.receipt else None
    work = partial(withdraw_by_id, service.home_for(caller), loss.person.subject.subject_id, which)
    certificate = await service.desk.run(partial(service.searches.after, work))
    still_here = caller if which is not None else None
    answer = page(
        request,
        "me_withdrawn.html.j2",
        still_here,
        loss=loss,
        certificate=certificate,
        file=_file(certificate),
        reload_to="/me",
    )
    if still_here is None:
        cookies.forget_session(request, answer)
    return answer


def _file(certificate: ErasureCertificate) -> str:
    """The certificate in an address: who is erased has no session to fetch it with."""
    document = json.dumps(erasure.certificate_document(certificate), ensure_ascii=False, indent=2)
    return "data:application/json;base64," + base64.b64encode(document.encode()).decode()
