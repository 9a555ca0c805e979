"""/v1/thresholds: which records there are, which one decides, and choosing another."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from chiso.compare.normalise.of_record import name_of
from chiso.compare.threshold import record_bytes
from chiso.core.access import Action, Actor, Resource
from chiso.core.decisions import ThresholdRecord
from chiso.interfaces.api.fields import THRESHOLD, Model, Yes
from chiso.interfaces.api.pages import Limit, SeqCursor, SeqNext, cursor_at, seq_in
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.interfaces.serve.once import OnceRoute
from chiso.services import thresholds
from chiso.services.home import Home

router = APIRouter(prefix="/thresholds", tags=["thresholds"], route_class=OnceRoute)


class Threshold(BaseModel):
    """A threshold record: where it comes from, and whose errors it was fixed on."""

    id: str = Field(examples=[THRESHOLD])
    in_use: Yes
    model: Model = Field(description="Digest of the model whose scores it is for.")
    value: float = Field(description="From here on a comparison is a match.", examples=[0.96999])
    target_fmr: float = Field(examples=[0.001])
    target_fpir: float | None = Field(examples=[0.01])
    people: int = Field(description="How many it was fixed on.", examples=[53])
    record: dict[str, Any] = Field(
        description="The record in full, as `chiso threshold show --json` has it: errors by "
        "group with their intervals among it.",
        examples=[{"format": 2, "policy": "worst-group", "seed": 20261122, "set_by": "west_asian"}],
    )


class Thresholds(BaseModel):
    """A page of the home's records, the oldest first."""

    thresholds: list[Threshold]
    next: SeqNext


class Chosen(BaseModel):
    """The record that decides from now on."""

    threshold: Threshold
    before: str | None = Field(
        description="Id of the record that decided before.",
        examples=["london-worst-group-0.0001-7c20d1f4"],
    )
    is_laxer: bool | None = Field(
        description="Whether scores match now that did not. Null: the two cannot be compared.",
        examples=[True],
    )


_Record = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9._-]{1,64}$", examples=[THRESHOLD]),
]


@router.get("", dependencies=[Depends(allowed(Action.READ, Resource.THRESHOLDS))])
async def find(service: ServiceHere, limit: Limit = 50, cursor: SeqCursor = None) -> Thresholds:
    """List threshold records."""
    known = await service.desk.run(partial(thresholds.records, service.home))
    first = seq_in(cursor) or 0
    last = first + limit
    return Thresholds(
        thresholds=[_threshold(each, used) for each, used in known[first:last]],
        next=cursor_at(last if last < len(known) else None),
    )


@router.get("/active", dependencies=[Depends(allowed(Action.READ, Resource.THRESHOLDS))])
async def active(service: ServiceHere) -> Threshold:
    """Show the record that decides for this home's model."""
    return _threshold(await service.desk.run(partial(_active, service.home)), True)


@router.post("/{record_id}/use")
async def use(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.CREATE, Resource.THRESHOLDS))],
    record_id: _Record,
) -> Chosen:
    """Let a record decide from now on; the log tells of it. A laxer one is taken too."""
    work = partial(thresholds.use, service.home_for(caller), record_id)
    chosen = await service.desk.run(work)
    laxer = chosen.laxer
    return Chosen(
        threshold=_threshold(chosen.record, True),
        before=chosen.before.record_id if chosen.before else None,
        is_laxer=None if laxer is None else bool(laxer),
    )


def _active(home: Home) -> ThresholdRecord:
    with home.store.reading() as view:
        return thresholds.active_record(home, view, home.model())


def _threshold(record: ThresholdRecord, used: bool) -> Threshold:
    document: dict[str, Any] = json.loads(record_bytes(record))
    return Threshold(
        id=record.record_id,
        in_use=used,
        model=record.model,
        value=record.value,
        target_fmr=record.target_fmr,
        target_fpir=record.target_fpir,
        people=record.people,
        record={**document, "normaliser_name": name_of(record)},
    )
