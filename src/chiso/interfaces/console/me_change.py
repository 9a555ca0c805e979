"""A person agrees to less on her own page: she is told what it means, and then it is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, status
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import URL

from chiso.core.consent import Mode, Receipt, ReceiptId
from chiso.core.errors import ChisoError, Code, Kind
from chiso.interfaces.agreements import until
from chiso.interfaces.console.me import Field, Herself, Me
from chiso.interfaces.console.pages import page
from chiso.interfaces.serve.callers import ServiceHere
from chiso.services.narrow import Less, narrow
from chiso.services.people import ReceiptSummary
from chiso.services.serving.narrowing import narrowable, narrowing_of
from chiso.services.serving.service import Service

router = APIRouter(prefix="/me/change")

_AGAIN = (Kind.USAGE, Kind.CONSENT)
_DAY = len("2027-01-31")
_Text = Annotated[str, Query(max_length=100)]
_Modes = Annotated[list[Mode], Query(max_length=len(Mode))]
_FormModes = Annotated[list[Mode], Form(max_length=len(Mode))]


@router.get("")
async def form(request: Request, service: ServiceHere, mine: Me, receipt: _Text = "") -> Response:
    """What she agreed to, to take something away from."""
    work = partial(narrowable, service.home, mine.caller, mine.subject_id, ReceiptId(receipt))
    held = await service.desk.run(work)
    return _form(request, service, mine, held, held.signed.receipt.processing.modes)


@router.get("/sure")
async def sure(
    request: Request,
    service: ServiceHere,
    mine: Me,
    receipt: _Text = "",
    mode: _Modes = [],  # noqa: B006 - FastAPI copies it
    end: _Text = "",
) -> Response:
    """What the change would mean, before it is done."""
    home, whose, which = service.home, mine.subject_id, ReceiptId(receipt)
    held = await service.desk.run(partial(narrowable, home, mine.caller, whose, which))
    try:
        less = _less(held.signed.receipt, mode, end)
        work = partial(narrowing_of, home, mine.caller, whose, which, less)
        narrowing = await service.desk.run(work)
    except ChisoError as error:
        if error.kind not in _AGAIN:
            raise
        return _form(request, service, mine, held, mode, end, error)
    return page(request, "me_change_sure.html.j2", mine.caller, narrowing=narrowing, end=end)


@router.post("")
async def change(
    request: Request,
    service: ServiceHere,
    mine: Me,
    receipt: Field = "",
    mode: _FormModes = [],  # noqa: B006 - FastAPI copies it
    end: Field = "",
) -> Response:
    """Change it at once, and lead to her page, which says so. Sent twice, it is done once."""
    whose, which = mine.subject_id, ReceiptId(receipt)
    work = partial(narrowable, service.home, mine.caller, whose, which)
    held = await service.desk.run(work)
    try:
        less = _less(held.signed.receipt, mode, end)
        work_on = partial(narrow, service.home_for(mine.caller), whose, which, less)
        await service.desk.run(partial(service.searches.after, work_on))
    except ChisoError as error:
        if error.kind not in _AGAIN:
            raise
        return _form(request, service, mine, held, mode, end, error)
    back = str(URL("/me").include_query_params(changed=receipt))
    return RedirectResponse(back, status.HTTP_303_SEE_OTHER)


def _form(
    request: Request,
    service: Service,
    mine: Herself,
    held: ReceiptSummary,
    modes: Sequence[Mode],
    end: str = "",
    problem: ChisoError | None = None,
) -> Response:
    return page(
        request,
        "me_change.html.j2",
        mine.caller,
        status.HTTP_200_OK if problem is None else status.HTTP_400_BAD_REQUEST,
        held=held,
        kept=modes,
        end=end,
        today=service.home.clock.now(),
        problem=problem,
    )


def _less(receipt: Receipt, modes: list[Mode], end: str) -> Less:
    """What was chosen. The day on which it ends anyway, or none, leaves its end as it is."""
    expires = receipt.processing.expires
    if end and len(end) != _DAY:
        raise ChisoError(Code.BAD_ARGUMENT, f"{end} is not a date.", "Write it as 2026-12-31.")
    chosen = until(end) if end else expires
    return Less(frozenset(modes), expires if _day(chosen) == _day(expires) else chosen)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
