"""The log: its leaves, verifying it now, its checkpoints, its witnesses, certificates again."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, status
from fastapi.responses import RedirectResponse, Response

from chiso import wiring_witness
from chiso.account.checkpoint import vkey_text
from chiso.core.access import Action, Actor, Resource
from chiso.core.events import EventType
from chiso.interfaces.cli.log_words import words
from chiso.interfaces.console.languages import language_of, translations
from chiso.interfaces.console.pages import page
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services import erasure, log_checkpoints, witnessing
from chiso.services.people import not_found
from chiso.services.serving import log_pages
from chiso.services.witnesses import log_key

router = APIRouter(prefix="/log")

Reader = Annotated[Actor, Depends(allowed(Action.READ, Resource.LOG))]
Settler = Annotated[Actor, Depends(allowed(Action.CREATE, Resource.SETTINGS))]


@router.get("")
async def log(
    request: Request,
    service: ServiceHere,
    caller: Reader,
    before: int | None = None,
    kind: EventType | Literal[""] = "",
) -> Response:
    """Leaves, the newest first, all or of one kind, and how it stands with the whole log."""
    home, run = service.home, service.desk.run
    check = wiring_witness.signature_check()
    return page(
        request,
        "log.html.j2",
        caller,
        log=await run(partial(log_pages.log_page, home, before, kind or None)),
        before=before,
        kind=kind,
        kinds=sorted(EventType),
        checkpoints=await run(partial(log_pages.newest_checkpoints, home)),
        witnesses=await run(partial(log_pages.witnesses_shown, home, check)),
        verified=service.log_watch.last,
        vkey=vkey_text(log_key(home)),
        said_in=partial(words, speech=translations(language_of(request).code)),
    )


@router.post("/verify", dependencies=[Depends(allowed(Action.READ, Resource.LOG))])
async def verify(service: ServiceHere) -> Response:
    """Verify the log now."""
    await service.desk.run(service.log_watch.verify_unless_underway)
    return _back()


@router.post("/checkpoint")
async def keep_checkpoint(service: ServiceHere, caller: Settler) -> Response:
    """Keep a checkpoint of the log as it is."""
    await service.desk.run(partial(log_checkpoints.checkpoint, service.home_for(caller)))
    return _back()


@router.post("/ask")
async def ask(request: Request, service: ServiceHere, caller: Settler) -> Response:
    """Ask the witnesses to cosign; what came of each is shown."""
    link, check = wiring_witness.witness_link(), wiring_witness.signature_check()
    work = partial(witnessing.ask, service.home_for(caller), link, check)
    asked = await service.desk.run(work)
    return page(request, "witnesses_asked.html.j2", caller, outcomes=asked.outcomes)


@router.get("/checkpoints/{size}", dependencies=[Depends(allowed(Action.READ, Resource.LOG))])
async def checkpoint(service: ServiceHere, size: int) -> Response:
    """A kept checkpoint as the text that it is: to keep elsewhere."""
    kept = await service.desk.run(partial(log_pages.checkpoint_of, service.home, size))
    if kept is None:
        raise not_found("checkpoint")
    return _download(kept.note.encode(), "text/plain; charset=utf-8", f"checkpoint-{size}.txt")


@router.get("/certificates/{seq}", dependencies=[Depends(allowed(Action.READ, Resource.LOG))])
async def certificate(service: ServiceHere, seq: int) -> Response:
    """The certificate of the erasure that this leaf tells of."""
    made = await service.desk.run(partial(erasure.certificate_of, service.home, seq, None))
    document = json.dumps(erasure.certificate_document(made), ensure_ascii=False, indent=2)
    return _download(document.encode(), "application/json", f"erasure-{seq}.json")


def _back() -> Response:
    return RedirectResponse("/log", status.HTTP_303_SEE_OTHER)


def _download(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)
