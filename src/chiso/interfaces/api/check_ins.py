"""GET /v1/check-ins: who was recognised today at the caller's own station."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from chiso.core.access import Action, Actor, Resource
from chiso.interfaces.api.fields import Past, PersonId
from chiso.interfaces.api.pages import Limit, SeqCursor, SeqNext, cursor_at, seq_in
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services.serving import account

router = APIRouter(prefix="/check-ins", tags=["check-ins"])


class CheckIn(BaseModel):
    """Someone who was recognised."""

    at: Past
    subject: str = Field(examples=["Rudo M."])
    subject_id: PersonId
    purpose: str = Field(examples=["clinic door"])


class CheckIns(BaseModel):
    """A page of today's, the newest first.

    Other days and other stations are shown to nobody but herself.
    """

    station: str = Field(examples=["front door"])
    check_ins: list[CheckIn]
    next: SeqNext


@router.get("")
async def today(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.READ, Resource.CHECK_INS))],
    limit: Limit = 50,
    cursor: SeqCursor = None,
) -> CheckIns:
    """List today's check-ins at the station that this key stands at."""
    before = seq_in(cursor)
    found = await service.desk.run(partial(account.check_ins, service.home, caller, before))
    shown = found[:limit]
    return CheckIns(
        station=caller.station or "",
        check_ins=[
            CheckIn(
                at=each.at,
                subject=each.subject.label,
                subject_id=each.subject.subject_id,
                purpose=each.purpose,
            )
            for each in shown
        ],
        next=cursor_at(shown[-1].seq if len(found) > limit else None),
    )
