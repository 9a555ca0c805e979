"""The kiosk: one question on a station's screen, which opens nothing else to whoever passes."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Request, status
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel
from starlette.datastructures import URL

from chiso.core.access import Action, Actor, Resource
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.samples import Refusal
from chiso.interfaces.console.errors import refused
from chiso.interfaces.console.pages import page
from chiso.interfaces.console.station_keys import for_station
from chiso.interfaces.serve import cookies
from chiso.interfaces.serve.bodies import PhotoHere, form_in, text_in
from chiso.interfaces.serve.callers import ServiceHere, address_in, caller_in, screen_in
from chiso.services.access import sessions
from chiso.services.access.keys import require, require_purpose
from chiso.services.cards.reading import read_shown
from chiso.services.serving import cards
from chiso.services.serving.greeting import greet
from chiso.wiring_cards import code_reader

router = APIRouter(prefix="/kiosk")

_NOT_TAKEN = (
    Code.CARD_ALTERED,
    Code.CARD_FOREIGN,
    Code.CARD_UNKNOWN,
    Code.CARD_UNREADABLE,
    Code.MODEL_MISMATCH,
)
"""What is wrong with a card, beside what is wrong with the consent that it rests on."""
_EXPECTED = (Code.NOT_SIGNED_IN, Code.NOT_ALLOWED, Code.TOO_MANY_ATTEMPTS)


async def station_here(request: Request, service: ServiceHere) -> Actor:
    """The station that calls, from its screen or with its key.

    Raises NOT_ALLOWED for whoever stands at none.
    """
    caller = await screen_in(request, service) or await caller_in(request, service)
    require(caller, Action.CREATE, Resource.IDENTIFICATIONS)
    if caller.station is None:
        raise ChisoError(
            Code.NOT_ALLOWED, "This is for stations.", "Open the kiosk with the station's key."
        )
    return caller


StationHere = Annotated[Actor, Depends(station_here)]


class Look(BaseModel):
    """What came of a look, at a face or at a card."""

    answer: Literal["hello", "unknown", "again", "card", "other", "refused"]
    name: str = ""
    card: str = ""
    """The code of the card that was read; a face has not been looked at yet."""
    code: str = ""
    hint: str = ""


@router.get("")
async def kiosk(request: Request, service: ServiceHere, purpose: str = "") -> Response:
    """The question; before that the key of the station, and which of its purposes this is."""
    station = await screen_in(request, service)
    if station is None or station.purposes is None:
        return page(request, "kiosk_pair.html.j2", problem=None)
    purposes = sorted(station.purposes)
    if purpose not in purposes and len(purposes) > 1:
        return page(request, "kiosk_purpose.html.j2", None, station=station, purposes=purposes)
    chosen = purpose if purpose in purposes else purposes[0]
    looks = {
        name: str(URL(f"/kiosk/{name}").include_query_params(purpose=chosen))
        for name in ("look", "card", "card-look")
    }
    return page(request, "kiosk.html.j2", None, station=station, purpose=chosen, looks=looks)


@router.post("")
async def pair(
    request: Request, service: ServiceHere, key: Annotated[str, Form(max_length=200)]
) -> Response:
    """Begin a session of the station whose key this is, in place of any other of this browser."""
    home, run = service.home, service.desk.run
    try:
        service.per_door.note((address_in(request),), home.clock.now())
        made = await run(partial(sessions.open_station, home, key.strip()))
    except ChisoError as error:
        if error.code not in _EXPECTED:
            raise
        return refused(request, "kiosk_pair.html.j2", for_station(error))
    before = cookies.session_in(request)
    if before is not None:
        await run(partial(sessions.sign_out, home, before))
    opened = RedirectResponse("/kiosk", status.HTTP_303_SEE_OTHER)
    cookies.set_session(request, opened, made.secret)
    return opened


@router.post("/look")
async def look(
    service: ServiceHere,
    caller: StationHere,
    purpose: Annotated[str, Query(max_length=200)],
    photo: PhotoHere,
) -> Look:
    """Look once who stands before the camera."""
    require_purpose(caller, purpose)
    found = await greet(service, caller, purpose, photo)
    if isinstance(found, Refusal):
        return _again(found)
    if found.label is None:
        return Look(answer="unknown")
    return Look(answer="hello", name=found.label)


@router.post("/card", dependencies=[Depends(station_here)])
async def card(service: ServiceHere, photo: PhotoHere) -> Look:
    """Read the code of the card that is held before the camera; nothing is compared."""
    code = await service.photos.run(partial(read_shown, service.home, code_reader(), photo))
    return _again(code) if isinstance(code, Refusal) else Look(answer="card", card=code)


@router.post("/card-look")
async def card_look(
    request: Request,
    service: ServiceHere,
    caller: StationHere,
    purpose: Annotated[str, Query(max_length=200)],
    photo: PhotoHere,
) -> Look:
    """Look whether the face before the camera is the one on the card that was shown."""
    require_purpose(caller, purpose)
    shown = text_in(await form_in(request), "card") or ""
    try:
        found = await cards.verify(service, caller, code_reader(), shown, purpose, photo)
    except ChisoError as error:
        if error.kind is not Kind.CONSENT and error.code not in _NOT_TAKEN:
            raise
        return Look(answer="refused", code=error.code, hint=error.message)
    if isinstance(found, Refusal):
        return _again(found)
    if not found.answer.verified.match:
        return Look(answer="other")
    return Look(answer="hello", name=found.label)


def _again(refusal: Refusal) -> Look:
    return Look(answer="again", code=refusal.code, hint=refusal.hint)
