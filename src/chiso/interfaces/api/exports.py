"""POST /v1/exports: a person's own copy of everything that is held about her."""

from __future__ import annotations

import io
import zipfile
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, Field

from chiso.core.access import Action, Actor, Resource, Role
from chiso.core.consent import SubjectId
from chiso.interfaces.api.fields import PersonId
from chiso.interfaces.api.pages import ID_PATTERN
from chiso.interfaces.person_page.page import render
from chiso.interfaces.serve.bodies import BINARY
from chiso.interfaces.serve.callers import ServiceHere, allowed
from chiso.interfaces.speech import ENGLISH, Speech
from chiso.services.home import Home
from chiso.services.people import export_of
from chiso.services.serving import held

router = APIRouter(prefix="/exports", tags=["exports"])
_ZIP = "application/zip"


class ExportRequest(BaseModel):
    """Whose."""

    subject_id: PersonId = Field(pattern=ID_PATTERN)


@router.post(
    "",
    response_class=Response,
    status_code=200,
    responses={200: {"description": "The files.", "content": {_ZIP: {"schema": BINARY}}}},
)
async def create(
    service: ServiceHere,
    caller: Annotated[Actor, Depends(allowed(Action.CREATE, Resource.EXPORTS))],
    wanted: ExportRequest,
) -> Response:
    """Write out what is held about a person, as `chiso export` does, as one zip file.

    Her receipts, facts of her references, the leaves that concern her with their proofs, and a page
    that says all of it in plain words. When and where she was recognised is in it only where she
    asks herself. The export is logged, where she sees it.
    """
    subject_id = SubjectId(wanted.subject_id)
    home = service.home_for(caller)
    await service.desk.run(partial(held.require_whole, home, caller, subject_id))
    is_herself = caller.role is Role.SUBJECT
    content = await service.desk.run(partial(zipped, home, subject_id, is_herself=is_herself))
    name = {"Content-Disposition": 'attachment; filename="export.zip"'}
    return Response(content, media_type=_ZIP, headers=name)


def zipped(
    home: Home,
    subject_id: SubjectId,
    language: tuple[str, Speech] = ("en", ENGLISH),
    *,
    is_herself: bool,
) -> bytes:
    """A person's export as one zip file, its page in this language. The export is logged."""
    with home.store.reading() as view:
        subject = view.subject_by_id(subject_id)
    documents: dict[str, Any] = dict(export_of(home, subject_id, is_herself=is_herself))
    label = subject.label if subject else ""
    page = render(documents, home.controller, label, home.clock.now(), language)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in {**documents, "index.html": page.encode()}.items():
            archive.writestr(file, content)
    return written.getvalue()
