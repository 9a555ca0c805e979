"""Who may use this home: keys of the API and accounts, made and ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Form, Request, status
from fastapi.responses import RedirectResponse, Response

from chiso.core.access import Account, Action, Actor, ApiKey, Resource, Role, Scope
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.agreements import until
from chiso.interfaces.console.pages import day, page
from chiso.interfaces.console.searching import Sought, matching
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services import retention
from chiso.services.access import accounts, keys
from chiso.services.access.accounts import Invited
from chiso.services.access.keys import NewKey, WantedKey
from chiso.services.home import Home
from chiso.services.serving.service import Service

router = APIRouter(prefix="/access")

Reader = Annotated[Actor, Depends(allowed(Action.READ, Resource.KEYS))]
Field = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, slots=True)
class WantedTyped:
    """What the form of a key holds, as it was typed."""

    name: str = ""
    role: Role | None = None
    expires: str = ""
    purposes: Sequence[str] = ()
    station: str = ""
    scores: str = ""


_NOTHING = WantedTyped()
_ROLES = tuple(role for role in Role if role is not Role.SUBJECT)
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class _Listed:
    keys: list[ApiKey]
    accounts: list[Account]
    purposes: list[str]


@router.get("")
async def access(
    request: Request, service: ServiceHere, caller: Reader, q: Sought = ""
) -> Response:
    """Keys and accounts, and the forms that make them."""
    listed = await service.desk.run(partial(_listed, service.home, caller))
    return _page(request, service, caller, listed, q=q)


@router.post("/keys")
async def issue(
    request: Request,
    service: ServiceHere,
    caller: Reader,
    name: Field,
    role: Annotated[Role, Form()],
    expires: Field,
    purposes: Annotated[list[Field], Form()] = [],  # noqa: B006 - FastAPI copies it
    station: Field = "",
    scores: Field = "",
) -> Response:
    """Make a key, and show its secret this once."""
    typed = WantedTyped(name, role, expires, purposes, station, scores)
    try:
        kept_to = frozenset(each.strip() for each in purposes if each.strip())
        wanted = WantedKey(
            name,
            role,
            kept_to or None,
            frozenset({Scope.SCORES} if scores else ()),
            station.strip() or None,
            until(expires),
        )
        issued = partial(keys.issue_key, service.home, caller, wanted)
        made, listed = await service.desk.run(partial(_made, service.home, caller, issued))
    except ChisoError as error:
        if error.code not in (Code.BAD_ARGUMENT, Code.NOT_ALLOWED):
            raise
        listed = await service.desk.run(partial(_listed, service.home, caller))
        return _page(request, service, caller, listed, problem=error, typed=typed)
    return _page(request, service, caller, listed, new_key=made)


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
    invited = partial(accounts.invite, service.home, caller, role)
    made, listed = await service.desk.run(partial(_made, service.home, caller, invited))
    return _page(request, service, caller, listed, invited=made)


@router.post("/accounts/{account_id}/disable")
async def disable(service: ServiceHere, caller: Reader, account_id: str) -> Response:
    """Disable an account."""
    await service.desk.run(partial(accounts.disable, service.home, caller, account_id))
    return RedirectResponse("/access", status.HTTP_303_SEE_OTHER)


def _made(home: Home, caller: Actor, make: Callable[[], _Made]) -> tuple[_Made, _Listed]:
    """In one piece: a secret that is made and not shown is lost."""
    return make(), _listed(home, caller)


def _listed(home: Home, caller: Actor) -> _Listed:
    known = [each.rule.purpose for each in retention.purposes(home)]
    return _Listed(keys.keys(home, caller), accounts.accounts(home, caller), known)


def _words_of_account(each: Account) -> list[str]:
    way_in = "password and code" if each.totp_sealed else "password alone"
    state = "disabled" if each.disabled else ""
    return [each.name, each.role.value, way_in, day(each.created), state]


def _words_of_key(now: datetime, each: ApiKey) -> list[str]:
    purposes = ["every purpose"] if each.purposes is None else sorted(each.purposes)
    state = "revoked" if each.revoked else "over" if each.expires <= now else ""
    scores = "sees scores" if each.scopes else ""
    station = each.station or ""
    return [each.name, each.role.value, *purposes, station, day(each.expires), state, scores]


def _page(
    request: Request,
    service: Service,
    caller: Actor,
    listed: _Listed,
    *,
    q: str = "",
    new_key: NewKey | None = None,
    invited: Invited | None = None,
    problem: ChisoError | None = None,
    typed: WantedTyped = _NOTHING,
) -> Response:
    now = service.home.clock.now()
    return page(
        request,
        "access.html.j2",
        caller,
        status.HTTP_200_OK if problem is None else status.HTTP_400_BAD_REQUEST,
        q=q,
        keys=matching(request, listed.keys, q, partial(_words_of_key, now)),
        accounts=listed.accounts,
        shown_accounts=matching(request, listed.accounts, q, _words_of_account),
        roles=_ROLES,
        known=listed.purposes,
        typed=typed,
        reload_to="/access",
        new_key=new_key,
        invited=invited,
        base=str(request.base_url).rstrip("/"),
        now=now,
        problem=problem,
    )
