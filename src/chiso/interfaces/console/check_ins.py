"""Today's check-ins of one station, for whoever works there: her account, and the station's key.

The screen of a station does not show them: whoever passes may touch it.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from chiso.core.access import Action, Actor, Resource
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.console.errors import refused
from chiso.interfaces.console.pages import page
from chiso.interfaces.console.station_keys import for_station
from chiso.interfaces.serve.callers import ServiceHere, address_in, allowed
from chiso.services.access.keys import caller_with, require
from chiso.services.serving import account

router = APIRouter(prefix="/check-ins")

Reader = Annotated[Actor, Depends(allowed(Action.READ, Resource.CHECK_INS))]
_EXPECTED = (Code.NOT_SIGNED_IN, Code.NOT_ALLOWED, Code.TOO_MANY_ATTEMPTS)


@router.get("")
async def check_ins(request: Request, caller: Reader) -> Response:
    """A form for a station's key."""
    return page(request, "check_ins.html.j2", caller, station=None, found=[], problem=None)


@router.post("")
async def of_key(
    request: Request,
    service: ServiceHere,
    caller: Reader,
    key: Annotated[str, Form(max_length=200)],
) -> Response:
    """The check-ins of the station whose key this is; the browser keeps nothing of it."""
    home = service.home
    try:
        service.per_door.note((address_in(request),), home.clock.now())
        station = await service.desk.run(partial(caller_with, home, key.strip()))
        require(station, Action.READ, Resource.CHECK_INS)
        found = await service.desk.run(partial(account.check_ins, home, station))
    except ChisoError as error:
        if error.code not in _EXPECTED:
            raise
        return refused(
            request, "check_ins.html.j2", for_station(error), caller, station=None, found=[]
        )
    where = station.station
    return page(request, "check_ins.html.j2", caller, station=where, found=found, problem=None)
