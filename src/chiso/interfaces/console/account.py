"""One's own account: its password, and codes from an authenticator."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import segno
from fastapi import APIRouter, Form, Request, status
from fastapi.responses import RedirectResponse, Response

from chiso.core.access import Account, Actor
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.console.pages import page
from chiso.interfaces.serve import cookies
from chiso.interfaces.serve.callers import CallerHere, ServiceHere, address_in
from chiso.services.access import accounts, codes
from chiso.services.serving.doorway import try_password
from chiso.services.serving.service import Service
from chiso.services.serving.workroom import Workroom

router = APIRouter(prefix="/account")

Field = Annotated[str, Form(max_length=2000)]
_EXPECTED = (Code.BAD_ARGUMENT, Code.NOT_ALLOWED)


@router.get("")
async def account_page(request: Request, service: ServiceHere, caller: CallerHere) -> Response:
    """One's own account."""
    return await _page(request, service, caller, None)


@router.post("/password")
async def change_password(
    request: Request,
    service: ServiceHere,
    caller: CallerHere,
    current: Field,
    password: Field,
    again: Field,
) -> Response:
    """Change the password, and end every session of this account."""
    account = await _own(service, caller)
    try:
        if password != again:
            raise ChisoError(
                Code.BAD_ARGUMENT, "The two passwords differ.", "Type the same one twice."
            )
        try_password(service, address_in(request), account.name)
        work = partial(
            accounts.change_password,
            service.home,
            service.credentials,
            account,
            current,
            password,
        )
        await service.passwords.run(work)
    except ChisoError as error:
        return await _again(request, service, caller, error)
    answer = RedirectResponse("/sign-in", status.HTTP_303_SEE_OTHER)
    cookies.forget_session(request, answer)
    return answer


@router.post("/codes")
async def codes_on(
    request: Request, service: ServiceHere, caller: CallerHere, proposed: Field, code: Field
) -> Response:
    """Ask for codes when signing in, from now on."""
    account = await _own(service, caller)
    work = partial(codes.confirm, service.home, service.credentials, account, proposed, code)
    return await _done(request, service, caller, service.desk, work, proposed)


@router.post("/codes/stop")
async def codes_off(
    request: Request, service: ServiceHere, caller: CallerHere, password: Field
) -> Response:
    """Ask for codes no more."""
    account = await _own(service, caller)
    try_password(service, address_in(request), account.name)
    work = partial(codes.stop, service.home, service.credentials, account, password)
    return await _done(request, service, caller, service.passwords, work)


async def _done(
    request: Request,
    service: Service,
    caller: Actor,
    room: Workroom,
    work: partial[None],
    proposed: str = "",
) -> Response:
    try:
        await room.run(work)
    except ChisoError as error:
        return await _again(request, service, caller, error, proposed)
    return RedirectResponse("/account", status.HTTP_303_SEE_OTHER)


async def _again(
    request: Request, service: Service, caller: Actor, error: ChisoError, proposed: str = ""
) -> Response:
    if error.code not in _EXPECTED:
        raise error
    return await _page(request, service, caller, error, proposed)


async def _own(service: Service, caller: Actor) -> Account:
    return await service.desk.run(partial(accounts.own_account, service.home, caller))


async def _page(
    request: Request,
    service: Service,
    caller: Actor,
    problem: ChisoError | None,
    before: str = "",
) -> Response:
    account = await _own(service, caller)
    proposed = None
    if account.totp_sealed is None:  # what her phone has read already stays the one
        proposed = codes.propose(service.home, service.credentials, account, before)
    return page(
        request,
        "account.html.j2",
        caller,
        status.HTTP_200_OK if problem is None else status.HTTP_400_BAD_REQUEST,
        account=account,
        proposed=proposed,
        picture=None
        if proposed is None
        else segno.make(proposed.uri, error="m").svg_data_uri(scale=4, border=4, light="#fff"),
        problem=problem,
        shortest=accounts.SHORTEST_PASSWORD,
    )
