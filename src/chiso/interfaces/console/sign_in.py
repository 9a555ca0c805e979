"""Signing in and out, and the one-time links that make an account."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request, status
from fastapi.responses import RedirectResponse, Response

from chiso.core.credentials import Credentials
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.console.errors import refused
from chiso.interfaces.console.languages import local_path
from chiso.interfaces.console.pages import page
from chiso.interfaces.serve import cookies
from chiso.interfaces.serve.callers import ServiceHere, address_in
from chiso.services.access import accounts, sessions
from chiso.services.access.sessions import NewSession
from chiso.services.home import Home
from chiso.services.serving import doorway

router = APIRouter()

Field = Annotated[str, Form(max_length=2000)]
_EXPECTED = (Code.NOT_SIGNED_IN, Code.TOO_MANY_ATTEMPTS, Code.BUSY)
_SHORTEST = accounts.SHORTEST_PASSWORD


@router.get("/sign-in")
async def sign_in_page(request: Request, back: str = "/") -> Response:
    """The form to sign in with."""
    return page(request, "sign_in.html.j2", back=local_path(back), name="", problem=None)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    service: ServiceHere,
    name: Field,
    password: Field,
    code: Field = "",
    back: Field = "/",
) -> Response:
    """Begin a session; a failure is answered at one time, whatever was wrong."""
    began = service.pace.now()
    try:
        made = await doorway.sign_in(service, address_in(request), name, password, code)
    except ChisoError as error:
        if error.code not in _EXPECTED:
            raise
        await service.pace.to_next_step(began)
        return refused(request, "sign_in.html.j2", error, back=local_path(back), name=name)
    answer = RedirectResponse(local_path(back), status.HTTP_303_SEE_OTHER)
    cookies.set_session(request, answer, made.secret)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, service: ServiceHere, back: Field = "/sign-in") -> Response:
    """End the session, here and in the browser. `back`: where whoever had it begins another."""
    secret = cookies.session_in(request)
    if secret is not None:
        await service.desk.run(partial(sessions.sign_out, service.home, secret))
    answer = RedirectResponse(local_path(back), status.HTTP_303_SEE_OTHER)
    cookies.forget_session(request, answer)
    return answer


@router.get("/join/{token}")
async def join_page(request: Request, service: ServiceHere, token: str) -> Response:
    """The form that makes an account, for whoever was given this link."""
    invited = await service.desk.run(partial(accounts.invitation, service.home, token))
    return page(request, "join.html.j2", invited=invited, name="", problem=None, shortest=_SHORTEST)


@router.post("/join/{token}")
async def join(
    request: Request,
    service: ServiceHere,
    token: str,
    name: Field,
    password: Field,
    again: Field,
) -> Response:
    """Make the account, end the link, and sign in."""
    invited = await service.desk.run(partial(accounts.invitation, service.home, token))
    home, credentials = service.home, service.credentials
    try:
        if password != again:
            raise ChisoError(
                Code.BAD_ARGUMENT, "The two passwords differ.", "Type the same one twice."
            )
        work = partial(_joined, home, credentials, token, name, password)
        made = await service.passwords.run(work)
    except ChisoError as error:
        if error.code is not Code.BAD_ARGUMENT:
            raise
        return page(
            request,
            "join.html.j2",
            None,
            status.HTTP_400_BAD_REQUEST,
            invited=invited,
            name=name,
            problem=error,
            shortest=_SHORTEST,
        )
    answer = RedirectResponse("/", status.HTTP_303_SEE_OTHER)
    cookies.set_session(request, answer, made.secret)
    return answer


def _joined(
    home: Home, credentials: Credentials, token: str, name: str, password: str
) -> NewSession:
    """In one piece: the link is ended, and must not be answered as if it were not."""
    account = accounts.accept(home, credentials, token, name, password)
    return sessions.sign_in(home, credentials, account.name, password, "")
