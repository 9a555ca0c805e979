"""Audits: those the log tells of, their pages, and running one while watching it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, status
from fastapi.responses import RedirectResponse, Response

from chiso import wiring
from chiso.core.access import Action, Actor, Resource
from chiso.core.errors import ChisoError, Code
from chiso.evaluate.audit_plan import AuditPlan, Requirements
from chiso.evaluate.fit import Policy
from chiso.interfaces.cli.photo_sets import read_photo_set
from chiso.interfaces.console.languages import language_of, translations
from chiso.interfaces.console.pages import moment, page
from chiso.interfaces.console.searching import Sought, matching
from chiso.interfaces.console.studies import PhotoFolder, photo_folder, photo_folders
from chiso.interfaces.fairness_report.documents import write_report
from chiso.interfaces.serve.bodies import form_in, read_upload
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.interfaces.speech import told
from chiso.services.audit.measuring import Watcher
from chiso.services.audit.photos import PhotoUse, audit_photos
from chiso.services.audit.recorded import RecordedAudit, audits_of
from chiso.services.audit.recording import digests, record_audit
from chiso.services.home import Home
from chiso.services.people import not_found
from chiso.services.serving.service import Service
from chiso.services.thresholds import active_record

router = APIRouter(prefix="/audits")

Reader = Annotated[Actor, Depends(allowed(Action.READ, Resource.AUDITS))]
Auditor = Annotated[Actor, Depends(allowed(Action.CREATE, Resource.AUDITS))]
Field = Annotated[str, Form(max_length=200)]
_PAGE = "report.html"
_LARGEST_PAGE_BYTES = 32 * 1024 * 1024
_SEED = 1
# The page carries its own, stricter policy, by the digest of its style.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'none'; sandbox"
)
_running: set[asyncio.Task[None]] = set()


@router.get("")
async def audits(
    request: Request, service: ServiceHere, caller: Reader, q: Sought = ""
) -> Response:
    """The audits that the log tells of, and what is being measured now."""
    may = caller.may(Action.CREATE, Resource.AUDITS)
    folders = await service.desk.run(partial(photo_folders, service.home)) if may else []
    recorded = await service.desk.run(partial(audits_of, service.home))
    return page(
        request,
        "audits.html.j2",
        caller,
        audits=matching(request, recorded, q, _words),
        q=q,
        folders=folders,
        run=service.audit_runs.last,
    )


@router.post("/run")
async def run(
    service: ServiceHere, caller: Auditor, folder: Field, column: Field, everyday: Field = ""
) -> Response:
    """Begin an audit of the threshold in force, on a folder of photos in this home."""
    chosen = await service.desk.run(partial(photo_folder, service.home, folder))
    work = partial(_measure, service, service.home_for(caller), chosen, column, bool(everyday))
    service.audit_runs.begin(chosen.name)
    task = asyncio.create_task(_in_the_workroom(service, partial(service.audit_runs.run, work)))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return RedirectResponse("/audits", status.HTTP_303_SEE_OTHER)


@router.get("/progress", dependencies=[Depends(allowed(Action.READ, Resource.AUDITS))])
async def progress(request: Request, service: ServiceHere) -> dict[str, str | int | bool]:
    """How far the audit is that runs, for the page that watches it."""
    last = service.audit_runs.last
    if last is None:
        return {"over": True}
    what = told(translations(language_of(request).code), last.what)
    return {"over": last.is_over, "what": what, "done": last.done, "total": last.total}


@router.get("/{seq}")
async def audit(request: Request, service: ServiceHere, caller: Reader, seq: int) -> Response:
    """An audit, with its page where it is kept."""
    found = await service.desk.run(partial(_one, service.home, seq))
    kept = await service.desk.run(partial(service.reports.read, _digest(found)))
    return page(request, "audit.html.j2", caller, audit=found, is_kept=kept is not None)


@router.get("/{seq}/report", dependencies=[Depends(allowed(Action.READ, Resource.AUDITS))])
async def report(service: ServiceHere, seq: int) -> Response:
    """The page of an audit, as its digest in the log has it."""
    found = await service.desk.run(partial(_one, service.home, seq))
    content = await service.desk.run(partial(service.reports.read, _digest(found)))
    if content is None:
        raise not_found("report")
    headers = {"Content-Security-Policy": _POLICY}
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)


@router.post("/{seq}/report", dependencies=[Depends(allowed(Action.CREATE, Resource.AUDITS))])
async def keep_report(request: Request, service: ServiceHere, seq: int) -> Response:
    """Keep the page of an audit that ran elsewhere, if it is the one that the log tells of."""
    found = await service.desk.run(partial(_one, service.home, seq))
    form = await form_in(request)
    content = await read_upload(form.get("report"), "report", _LARGEST_PAGE_BYTES)
    if digests({_PAGE: content})[_PAGE] != _digest(found):
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"This is not the report that leaf {found.seq} tells of.",
            "Choose the report.html that this audit wrote, unchanged. Nothing was kept.",
        )
    await service.desk.run(partial(service.reports.keep, content))
    return RedirectResponse(f"/audits/{found.seq}", status.HTTP_303_SEE_OTHER)


def _words(audit: RecordedAudit) -> list[str]:
    return [moment(audit.at), audit.verdict, audit.kind, str(audit.seq)]


async def _in_the_workroom(service: Service, work: partial[None]) -> None:
    try:
        await service.audits.run(work)
    except ChisoError as error:
        service.audit_runs.abandon(error)


def _measure(
    service: Service,
    home: Home,
    folder: PhotoFolder,
    column: str,
    is_everyday: bool,
    watch: Watcher,
) -> int:
    if folder.problem is not None:
        raise folder.problem
    if folder.consent is None:
        raise ChisoError(
            Code.FILE_MISSING,
            f"The folder {folder.name} does not say what its people signed.",
            "Put it there as consent.pdf or consent.txt.",
        )
    photos = read_photo_set(folder.path, folder.consent, [column])
    engine = home.engine()
    with home.store.reading() as view:
        record = active_record(home, view, engine.embedder.digest)
    made = audit_photos(
        engine,
        wiring.catalogue().model(engine.detector.name).sha256,
        photos,
        PhotoUse(1, _SEED if is_everyday else None),
        AuditPlan(
            seed=_SEED,
            policy=Policy(record.policy),
            target_fmr=record.target_fmr,
            given_threshold=record.value,
            given_by=f"record {record.record_id}",
            requirements=Requirements(),
        ),
        threshold_record=record.record_id,
        now=home.clock.now(),
        watch=watch,
    )
    files = write_report(made)
    seq = record_audit(home, made, files)
    service.reports.keep(files[_PAGE])
    return seq


def _one(home: Home, seq: int) -> RecordedAudit:
    for each in audits_of(home):
        if each.seq == seq:
            return each
    raise not_found("audit")


def _digest(audit: RecordedAudit) -> str:
    return audit.report_sha256.get(_PAGE, "")
