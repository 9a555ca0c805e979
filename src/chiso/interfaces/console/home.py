"""The first page: in one glance whether all is well."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, status
from fastapi.responses import RedirectResponse, Response

from chiso.core.access import Role
from chiso.interfaces.console.pages import page
from chiso.interfaces.console.staff import staff_only
from chiso.interfaces.serve.callers import ServiceHere, caller_in, screen_in
from chiso.services.serving.overview import SOON, overview

router = APIRouter()


@router.get("/")
async def home_page(request: Request, service: ServiceHere) -> Response:
    """Whether all is well; a person who is signed in sees her own page, a station its kiosk."""
    if await screen_in(request, service) is not None:
        return RedirectResponse("/kiosk", status.HTTP_303_SEE_OTHER)
    caller = await caller_in(request, service)
    if caller.role is Role.SUBJECT:
        return RedirectResponse("/me", status.HTTP_303_SEE_OTHER)
    await staff_only(caller)
    seen = await service.desk.run(partial(overview, service.home, service.log_watch, caller))
    return page(request, "home.html.j2", caller, seen=seen, soon_days=SOON.days)
