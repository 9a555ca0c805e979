"""Who may use this home: keys of the API and accounts, made and ended."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, status
from fastapi.responses import RedirectResponse, Response

from chiso.core.access import Action, Actor, Resource, Role, Scope
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.agreements import until
from chiso.interfaces.console.pages import page
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services.access import accounts, keys
from chiso.services.access.accounts import Invited
from chiso.services.access.keys import NewKey, WantedKey
from chiso.services.serving.service import Service

router = APIRouter(prefix="/access")

Reader = Annotated[Actor, Depends(allowed(Action.READ, Resource.KEYS))]
Field = Annotated[str, Form(max_length=2000)]
_ROLES = tuple(role for role in Role if role is not Role.SUBJECT)


@router.get("")
async def access(request: Request, service: ServiceHere, caller: Reader) -> Response:
    """Every key and account, and the forms that make them."""
    return await _page(request, service, caller)


@router.post("/keys")
async def issue(
    request: Request,
    service: ServiceHere,
    caller: Reader,
    name: Field,
    role: Annotated[Role, Form()],
    expires: Field,
    purposes: Field = "",
    station: Field = "",
    scores: Field = "",
) -> Response:
    """Make a key, and show its secret this once."""
    try:
        kept_to = frozenset(line.strip() for line in purposes.splitlines() if line.strip())
        wanted = WantedKey(
            name,
            role,
            kept_to or None,
            frozenset({Scope.SCORES} if scores else ()),
            station.strip() or None,
            until(expires),
        )
        made = await service.desk.run(partial(keys.issue_key, service.home, caller, wanted))
    except ChisoError as error:
        if error.code not in (Code.BAD_ARGUMENT, Code.NOT_ALLOWED):
            raise
        return await _page(request, service, caller, problem=error)
    return await _page(request, service, caller, new_key=made)


@router.post("/keys/{key_id}/revoke")
async def revoke(service: ServiceHere, caller: Reader, key_id: str) -> Response:
    """Revoke a key."""
    await service.desk.run(partial(keys.revoke_key, service.home, caller, key_id))
    return RedirectResponse("/access", status.HTTP_303_SEE_OTHER)


@router.post("/accounts")
async def invite(
    request: Request, service: ServiceHere, caller: Reader, role: Annotated[Role, Form()]
) -> Response:
    """Make a link that makes an account, and show it this once."""
    made = await service.desk.run(partial(accounts.invite, service.home, caller, role))
    return await _page(request, service, caller, invited=made)


@router.post("/accounts/{account_id}/disable")
async def disable(service: ServiceHere, caller: Reader, account_id: str) -> Response:
    """Disable an account."""
    await service.desk.run(partial(accounts.disable, service.home, caller, account_id))
    return RedirectResponse("/access", status.HTTP_303_SEE_OTHER)


async def _page(
    request: Request,
    service: Service,
    caller: Actor,
    *,
    new_key: NewKey | None = None,
    invited: Invited | None = None,
    problem: ChisoError | None = None,
) -> Response:
    return page(
        request,
        "access.html.j2",
        caller,
        status.HTTP_200_OK if problem is None else status.HTTP_400_BAD_REQUEST,
        keys=await service.desk.run(partial(keys.keys, service.home, caller)),
        accounts=await service.desk.run(partial(accounts.accounts, service.home, caller)),
        roles=_ROLES,
        new_key=new_key,
        invited=invited,
        base=str(request.base_url).rstrip("/"),
        now=service.home.clock.now(),
        problem=problem,
    )
