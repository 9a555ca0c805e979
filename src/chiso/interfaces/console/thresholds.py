"""Thresholds: the record in force and why, the others, and choosing one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, status
from fastapi.responses import RedirectResponse, Response

from chiso.compare.threshold import lacks
from chiso.core.access import Action, Actor, Resource
from chiso.core.decisions import ThresholdRecord
from chiso.core.templates import ModelDigest
from chiso.interfaces.console.pages import page
from chiso.interfaces.console.searching import Sought, matching
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services import thresholds
from chiso.services.serving.service import Service

router = APIRouter(prefix="/thresholds")

Reader = Annotated[Actor, Depends(allowed(Action.READ, Resource.THRESHOLDS))]
Chooser = Annotated[Actor, Depends(allowed(Action.CREATE, Resource.THRESHOLDS))]
Field = Annotated[str, Form(max_length=500)]


@router.get("")
async def listed(
    request: Request, service: ServiceHere, caller: Reader, q: Sought = ""
) -> Response:
    """The record in force, and the others."""
    records = await service.desk.run(partial(thresholds.records, service.home))
    model = service.home.model()
    used = next((each for each, is_used in records if is_used and each.model == model), None)
    others = [each for each, _ in reversed(records) if each is not used]
    return page(
        request,
        "thresholds.html.j2",
        caller,
        used=used,
        lacking=[] if used is None else lacks(used),
        others=matching(request, others, q, partial(_words, model)),
        q=q,
        model=model,
    )


@router.get("/use")
async def confirm(request: Request, service: ServiceHere, caller: Chooser, record: str) -> Response:
    """What choosing a record would change, before it is done."""
    chosen = await _found(service, record)
    records = await service.desk.run(partial(thresholds.records, service.home))
    rivals = (each for each, is_used in records if is_used and each.model == chosen.model)
    change = thresholds.Chosen(chosen, next(rivals, None))
    return page(request, "threshold_use.html.j2", caller, change=change)


@router.post("/use")
async def use(service: ServiceHere, caller: Chooser, record: Field) -> Response:
    """Let a record decide from now on."""
    await service.desk.run(partial(thresholds.use, service.home_for(caller), record))
    return RedirectResponse("/thresholds", status.HTTP_303_SEE_OTHER)


def _words(model: ModelDigest, each: ThresholdRecord) -> list[str]:
    other = "" if each.model == model else "for another model"
    value, target = f"{each.value:.4f}", str(each.target_fmr)
    return [each.record_id, value, target, each.policy, str(each.people), other]


async def _found(service: Service, record_id: str) -> ThresholdRecord:
    chosen, _ = await service.desk.run(partial(thresholds.find, service.home, record_id))
    return chosen
