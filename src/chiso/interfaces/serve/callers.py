"""Who makes a call, and whether she may: what routes ask for before they do anything."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Annotated, Any

from fastapi import Depends, Request

from chiso.core.access import Action, Actor, Resource
from chiso.interfaces.serve import cookies
from chiso.services.access.keys import caller_with, not_signed_in, require
from chiso.services.access.sessions import caller_of, station_of
from chiso.services.serving.service import Service

BEARER = "bearer "
"""What precedes a key in the header `Authorization`, in lower case."""
_ONE_HOUSEHOLD = 64


def service_in(request: Request) -> Service:
    """What the application serves."""
    service: Service = request.app.state.service
    return service


ServiceHere = Annotated[Service, Depends(service_in)]


def shown_in(request: Request) -> tuple[str, str]:
    """How a caller shows who she is: `key` or `session`, and its secret. Raises NOT_SIGNED_IN."""
    key = _key_in(request)
    if key is not None:
        return "key", key
    session = cookies.session_in(request)
    if not session:
        raise not_signed_in("This call needs a key, or that you sign in.")
    return "session", session


def address_in(request: Request) -> str:
    """Where a call comes from, to limit by: of IPv6 the /64, which is one household's to choose."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _ONE_HOUSEHOLD), strict=False))


async def caller_in(request: Request, service: ServiceHere) -> Actor:
    """Who calls: the bearer of a key, or whoever is signed in.

    Raises NOT_SIGNED_IN, TOO_MANY_ATTEMPTS, and NOT_ALLOWED for a station's screen.
    """
    known: Actor | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    kind, secret = shown_in(request)
    known_by = caller_with if kind == "key" else caller_of
    caller = await service.desk.run(partial(known_by, service.home, secret))
    _count(service, caller)
    request.state.caller = caller
    return caller


async def screen_in(request: Request, service: ServiceHere) -> Actor | None:
    """The station whose screen calls; None for every other caller. Raises TOO_MANY_ATTEMPTS."""
    session = cookies.session_in(request)
    if not session or _key_in(request) is not None:
        return None
    station = await service.desk.run(partial(station_of, service.home, session))
    if station is not None:
        _count(service, station)
    return station


def _key_in(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else None


def _count(service: Service, caller: Actor) -> None:
    of = (caller.counted_as, caller.subject_id or "")  # all people are called alike
    service.per_key.note(of, service.home.clock.now())


CallerHere = Annotated[Actor, Depends(caller_in)]


def allowed(
    action: Action, resource: Resource
) -> Callable[[CallerHere], Coroutine[Any, Any, Actor]]:
    """A dependency: the caller, if her role grants this; raises NOT_ALLOWED."""

    async def check(caller: CallerHere) -> Actor:
        require(caller, action, resource)
        return caller

    return check
