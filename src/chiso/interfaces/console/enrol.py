"""Enrol: the notice, the boxes, the photos, the receipt. Between the pages nothing is kept here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from chiso.core.access import Action, Actor, Resource
from chiso.core.consent import Mode
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.labels import label_from
from chiso.interfaces.console.enrol_checks import (
    checked,
    enrolled_by,
    is_taken,
    require_enrollable,
    require_known,
    usual_dates,
)
from chiso.interfaces.console.enrol_form import (
    MOST_PHOTOS,
    MOST_PURPOSES,
    Asked,
    Draft,
    agreements_of,
    draft_from,
    draft_in,
    require_complete,
    require_room_for_form,
    require_signed,
)
from chiso.interfaces.console.languages import language_called
from chiso.interfaces.console.notices import ShownNotice, notice_languages, shown_notice
from chiso.interfaces.console.own_links import own_link
from chiso.interfaces.console.pages import page, part_in
from chiso.interfaces.console.signed_form import box_words, evidence_of, signed_form
from chiso.interfaces.serve.bodies import form_in, read_upload
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.services import retention
from chiso.services.access.keys import require
from chiso.services.access.links import new_person_link
from chiso.services.enrol import Enrolled, Photo, PhotoRefused, enrol_all
from chiso.services.home import Home
from chiso.services.serving.service import Service

router = APIRouter(prefix="/enrol")

Enroller = Annotated[Actor, Depends(allowed(Action.CREATE, Resource.RECEIPTS))]
Purposes = Annotated[list[str], Query(max_length=MOST_PURPOSES + 1)]
_AGAIN = (Kind.USAGE, Kind.CONSENT, Kind.REFUSED_SAMPLE)


@dataclass(frozen=True, slots=True)
class _Done:
    receipts: list[tuple[Asked, Enrolled]]
    evidence: str
    link: str


@router.get("")
async def choose(request: Request, service: ServiceHere, caller: Enroller) -> Response:
    """In which language, and for which purposes."""
    return await _choose(request, service, caller, None)


@router.get("/no")
async def declined(request: Request, caller: Enroller) -> Response:
    """She says no, and nothing was kept."""
    return page(request, "enrol_declined.html.j2", caller)


@router.get("/notice")
async def notice(
    request: Request,
    service: ServiceHere,
    caller: Enroller,
    language: str = "",
    purpose: Purposes = [],  # noqa: B006 - FastAPI copies it
    new: str = "",
) -> Response:
    """What she is told before she is asked."""
    try:
        named = (label_from(each, "purpose") for each in (*purpose, new) if each.strip())
        wanted = list(dict.fromkeys(named))
        shown = await service.desk.run(
            partial(_notices, service.home, caller, language.strip(), wanted)
        )
    except ChisoError as error:
        if error.code is not Code.BAD_ARGUMENT:
            raise
        return await _choose(request, service, caller, error)
    return _notice_page(request, caller, shown)


@router.get("/agreement")
async def agreement(
    request: Request,
    service: ServiceHere,
    caller: Enroller,
    language: str,
    purpose: Purposes,
    notice: Purposes = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Her name, the boxes, until when, and what shows that she agreed to what she has read."""
    wanted = list(dict.fromkeys(purpose))
    shown = await service.desk.run(partial(_notices, service.home, caller, language, wanted))
    if notice != [each.sha256 for each in shown]:
        return _notice_page(request, caller, shown, is_changed=bool(notice))
    usual = await service.desk.run(partial(usual_dates, service.home))
    asked = tuple(
        Asked(
            purpose=each.purpose,
            notice_sha256=each.sha256,
            until=usual[each.purpose].default if each.purpose in usual else "",
        )
        for each in shown
    )
    draft = Draft(language=language, asked=asked)
    return await _agreement(request, service, caller, draft, None)


@router.post("/agreement")
async def change(request: Request, service: ServiceHere, caller: Enroller) -> Response:
    """Back from the photos, with everything as it was typed."""
    draft = draft_from((await form_in(request)).get("draft"))
    return await _agreement(request, service, caller, draft, None)


@router.post("/photos")
async def photos(request: Request, service: ServiceHere, caller: Enroller) -> Response:
    """Check what was agreed; then photos, and a last look at everything."""
    form = await form_in(request)
    most_bytes = service.home.capture.decode.max_bytes
    draft = await draft_in(form, draft_from(form.get("draft")), most_bytes)
    try:
        require_room_for_form(form, most_bytes)
        draft = await service.desk.run(partial(checked, service.home, caller, draft))
    except ChisoError as error:
        if error.kind not in _AGAIN:
            raise
        return await _agreement(request, service, caller, draft, _said_here(error))
    return _review(request, caller, draft, None)


@router.post("/form")
async def form_to_keep(request: Request, service: ServiceHere, caller: Enroller) -> Response:
    """The form that she signed on the screen, for the operator's own files."""
    require(caller, Action.CREATE, Resource.RECEIPTS)
    draft = draft_from((await form_in(request)).get("draft"))
    require_complete(draft)
    require_signed(draft, service.home.clock.now())
    content = await service.desk.run(partial(signed_form, service.home, draft))
    headers = {"Content-Disposition": 'attachment; filename="consent-form.html"'}
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)


@router.post("/done")
async def enrol(request: Request, service: ServiceHere, caller: Enroller) -> Response:
    """Enrol her: every purpose, or none. Sent twice, it is done once."""
    form = await form_in(request)
    draft = draft_from(form.get("draft"))
    home = service.home_for(caller)

    def work() -> _Done:  # in one piece: she who is enrolled gets her link
        done = _enrol(home, caller, draft, taken)
        return _Done(
            list(zip(draft.agreed, done, strict=True)),
            evidence_of(home, draft),
            new_person_link(home, caller, done[0].subject_id),
        )

    try:
        taken = await _photos(form.getlist("photo"), service)
        done = await service.photos.run(work)
    except ChisoError as error:
        if error.kind not in _AGAIN:
            raise
        whose = await service.desk.run(partial(enrolled_by, home, draft))
        if whose is not None:
            return RedirectResponse(f"/people/{whose}", status.HTTP_303_SEE_OTHER)
        return _review(request, caller, draft, _said_here(error))
    link = own_link(request, done.link)
    receipt = part_in(
        language_called(draft.language),
        "enrol_receipt.html.j2",
        controller=home.controller,
        draft=draft,
        words=box_words,
        receipts=done.receipts,
        now=home.clock.now(),
        evidence=done.evidence,
        link=link,
    )
    whose = done.receipts[0][1].subject_id
    return page(
        request,
        "enrol_done.html.j2",
        caller,
        draft=draft,
        link=link,
        receipt=receipt,
        subject_id=whose,
        reload_to=f"/people/{whose}",
    )


@router.get("/photos")
@router.get("/form")
@router.get("/done")
async def from_the_start(_: Enroller) -> Response:
    """A page that only a form leads to, opened by its address."""
    return RedirectResponse("/enrol", status.HTTP_303_SEE_OTHER)


async def _choose(
    request: Request, service: Service, caller: Actor, problem: ChisoError | None
) -> Response:
    home, run = service.home, service.desk.run
    asked = request.query_params
    return page(
        request,
        "enrol.html.j2",
        caller,
        status.HTTP_200_OK if problem is None else status.HTTP_400_BAD_REQUEST,
        purposes=[each.rule.purpose for each in await run(partial(retention.purposes, home))],
        languages_here=await run(partial(notice_languages, home)),
        chosen=asked.getlist("purpose"),
        chosen_language=asked.get("language", ""),
        new=asked.get("new", ""),
        problem=problem,
    )


def _notice_page(
    request: Request, caller: Actor, shown: list[ShownNotice], *, is_changed: bool = False
) -> Response:
    return page(request, "enrol_notice.html.j2", caller, shown=shown, is_changed=is_changed)


async def _agreement(
    request: Request, service: Service, caller: Actor, draft: Draft, problem: ChisoError | None
) -> Response:
    return page(
        request,
        "enrol_agreement.html.j2",
        caller,
        status.HTTP_200_OK if problem is None else status.HTTP_400_BAD_REQUEST,
        draft=draft,
        usual=await service.desk.run(partial(usual_dates, service.home)),
        modes=tuple(Mode),
        words=box_words,
        problem=problem,
        is_taken=await service.desk.run(partial(is_taken, service.home, draft)),
        today=f"{service.home.clock.now():%Y-%m-%d}",
    )


def _review(request: Request, caller: Actor, draft: Draft, problem: ChisoError | None) -> Response:
    return page(
        request,
        "enrol_photos.html.j2",
        caller,
        status.HTTP_200_OK if problem is None else status.HTTP_422_UNPROCESSABLE_CONTENT,
        draft=draft,
        problem=problem,
        most_photos=MOST_PHOTOS,
        words=box_words,
    )


def _said_here(error: ChisoError) -> ChisoError:
    """The error in words for this page, where its own are about a command's options."""
    if error.kind is not Kind.CONSENT:
        return error
    is_past = error.code is Code.CONSENT_EXPIRED
    message = "The day that was chosen is past." if is_past else error.message
    hint = "Choose a day in the future, and none later than the page of the agreement says."
    return ChisoError(error.code, message, hint)


def _notices(home: Home, caller: Actor, language: str, purposes: list[str]) -> list[ShownNotice]:
    if not purposes or len(purposes) > MOST_PURPOSES:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "Nothing is chosen that she could agree to." if not purposes else "These are too many.",
            f"Choose 1 to {MOST_PURPOSES} purposes.",
        )
    require_known(home, caller, purposes)
    return [shown_notice(home, each, language) for each in purposes]


def _enrol(home: Home, caller: Actor, draft: Draft, taken: list[Photo]) -> list[Enrolled]:
    evidence = require_enrollable(home, caller, draft)
    done = enrol_all(home, agreements_of(draft, evidence), taken)
    if isinstance(done, PhotoRefused):
        refusal = done.refusal
        message = f"Photo {done.photo}: {refusal.message} Nobody was enrolled."
        raise ChisoError(refusal.code, message, refusal.hint)
    return done


async def _photos(files: list[UploadFile | str], service: Service) -> list[Photo]:
    """The photos of the form; an empty field is none."""
    attached = [each for each in files if isinstance(each, UploadFile) and each.filename]
    if not 1 <= len(attached) <= MOST_PHOTOS:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "There is no photo of her yet." if not attached else "These are too many photos.",
            f"Take or choose 1 to {MOST_PHOTOS}, of her alone.",
        )
    limit = service.home.capture.decode.max_bytes
    return [
        Photo(f"{place}", await read_upload(each, "photo", limit))
        for place, each in enumerate(attached, start=1)
    ]
