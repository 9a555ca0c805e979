"""Who makes a call, and whether she may: what routes ask for before they do anything."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request

from chiso.core.access import Action, Actor, Resource
from chiso.interfaces.serve import cookies
from chiso.services.access.keys import caller_with, not_signed_in, require
from chiso.services.access.sessions import caller_of
from chiso.services.serving.service import Service

BEARER = "bearer "
"""What precedes a key in the header `Authorization`, in lower case."""


def service_in(request: Request) -> Service:
    """What the application serves."""
    service: Service = request.app.state.service
    return service


ServiceHere = Annotated[Service, Depends(service_in)]


async def caller_in(request: Request, service: ServiceHere) -> Actor:
    """Who calls: the bearer of a key, or whoever is signed in.

    Raises NOT_SIGNED_IN, or TOO_MANY_ATTEMPTS.
    """
    known: Actor | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    header = request.headers.get("authorization", "")
    session = cookies.session_in(request)
    if header.lower().startswith(BEARER):
        secret = header[len(BEARER) :].strip()
        caller = await service.desk.run(partial(caller_with, service.home, secret))
    elif session:
        caller = await service.desk.run(partial(caller_of, service.home, session))
    else:
        raise not_signed_in("This call needs a key, or that you sign in.")
    service.per_key.note((caller.name,), service.home.clock.now())
    request.state.caller = caller
    return caller


CallerHere = Annotated[Actor, Depends(caller_in)]


def allowed(
    action: Action, resource: Resource
) -> Callable[[CallerHere], Coroutine[Any, Any, Actor]]:
    """A dependency: the caller, if her role grants this; raises NOT_ALLOWED."""

    async def check(caller: CallerHere) -> Actor:
        require(caller, action, resource)
        return caller

    return check
