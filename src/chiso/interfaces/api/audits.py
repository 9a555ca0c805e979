"""GET /v1/audits: audits that the log tells of, by the digests of their reports."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from chiso.core.access import Action, Resource
from chiso.interfaces.api.fields import HASH, Past, Sha256
from chiso.interfaces.api.pages import Limit, SeqCursor, SeqNext, cursor_at, seq_in
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services.audit.recorded import audits_of

router = APIRouter(prefix="/audits", tags=["audits"])


class Audit(BaseModel):
    """An audit that was recorded. Whoever has its report can hold it to these digests."""

    seq: int = Field(description="Its leaf in the log.", examples=[4])
    at: Past
    kind: str = Field(examples=["photos"])
    verdict: str = Field(examples=["pass"])
    input_sha256: Sha256
    report_sha256: dict[str, str] = Field(
        description="By the name of each file.", examples=[{"report.json": HASH}]
    )


class Audits(BaseModel):
    """A page of recorded audits, the newest first."""

    audits: list[Audit]
    next: SeqNext


@router.get("", dependencies=[Depends(allowed(Action.READ, Resource.AUDITS))])
async def find(service: ServiceHere, limit: Limit = 50, cursor: SeqCursor = None) -> Audits:
    """List recorded audits."""
    told = await service.desk.run(partial(audits_of, service.home, seq_in(cursor)))
    shown = told[:limit]
    return Audits(
        audits=[
            Audit(
                seq=each.seq,
                at=each.at,
                kind=each.kind,
                verdict=each.verdict,
                input_sha256=each.input_sha256,
                report_sha256=dict(each.report_sha256),
            )
            for each in shown
        ],
        next=cursor_at(shown[-1].seq if len(told) > limit else None),
    )
