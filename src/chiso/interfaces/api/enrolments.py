"""The form that enrols someone: what she agreed to, her photos, and what shows that she agreed."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from chiso.core.errors import ChisoError, Code
from chiso.interfaces.agreements import guardian_from, language_from, modes_from, until
from chiso.interfaces.serve.bodies import BINARY, form_body, form_in, read_upload, required, text_in
from chiso.interfaces.serve.callers import ServiceHere
from chiso.services.enrol import Agreement, Photo

_PHOTOS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "maxItems": 16,
    "items": BINARY,
    "description": "One or more files called `photo`, one face each.",
}
PHOTOS_BODY = form_body(["photo"], {"photo": _PHOTOS})
WHO_AGREED = {
    "guardian": {
        "type": "string",
        "description": "Who agreed for her, if she is a minor.",
        "examples": ["Chipo M."],
    },
    "language": {
        "type": "string",
        "description": "Of the notice (BCP 47).",
        "default": "en",
        "examples": ["sn"],
    },
}
"""Fields of every form by which someone agrees: who does, and in which language she was told."""

AGREEMENT_BODY = form_body(
    ["subject", "purpose", "modes", "evidence", "photo"],
    {
        "subject": {
            "type": "string",
            "maxLength": 200,
            "description": "What to call her.",
            "examples": ["Rudo M."],
        },
        "purpose": {"type": "string", "maxLength": 200, "examples": ["clinic door"]},
        "modes": {
            "type": "string",
            "description": "`verify`, `identify`, or `verify,identify`: each is agreed to apart.",
            "examples": ["verify,identify"],
        },
        "expires": {
            "type": "string",
            "description": "Last day, or last moment with its offset. Left out: the usual period "
            "for this purpose, where the home has one.",
            "examples": ["2027-12-31"],
        },
        **WHO_AGREED,
        "evidence": {
            **BINARY,
            "description": "What shows that she agreed: a signed form. Only its SHA-256 is kept.",
        },
        "notice": {
            **BINARY,
            "description": "The notice that she was given. Only its SHA-256 is kept.",
        },
        "photo": _PHOTOS,
    },
)
_MOST_PHOTOS = 16


async def agreement_in(request: Request, service: ServiceHere) -> Agreement:
    """What the form says that she agreed to. Raises BAD_ARGUMENT."""
    form = await form_in(request)
    limit = service.home.capture.decode.max_bytes
    expires, language = text_in(form, "expires"), text_in(form, "language")
    evidence = await read_upload(form.get("evidence"), "evidence", limit)
    notice = form.get("notice")
    notice_bytes = None if notice is None else await read_upload(notice, "notice", limit)
    return Agreement(
        subject=required(text_in(form, "subject"), "subject"),
        purpose=required(text_in(form, "purpose"), "purpose"),
        modes=modes_from(required(text_in(form, "modes"), "modes")),
        expires=None if expires is None else until(expires),
        evidence_sha256=hashlib.sha256(evidence).hexdigest(),
        notice_sha256=None if notice_bytes is None else hashlib.sha256(notice_bytes).hexdigest(),
        guardian=guardian_from(text_in(form, "guardian")),
        language="en" if language is None else language_from(language),
    )


async def photos_in(request: Request, service: ServiceHere) -> list[Photo]:
    """Every file of the form that is called `photo`. Raises BAD_ARGUMENT."""
    form = await form_in(request)
    fields = form.getlist("photo")
    if not fields or len(fields) > _MOST_PHOTOS:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The form has {len(fields)} files called 'photo'.",
            f"Attach 1 to {_MOST_PHOTOS}, one face each.",
        )
    limit = service.home.capture.decode.max_bytes
    return [
        Photo(f"Photo {place}", await _read(field, limit))
        for place, field in enumerate(fields, start=1)
    ]


async def _read(field: UploadFile | str, limit: int) -> bytes:
    return await read_upload(field, "photo", limit)


AgreementHere = Annotated[Agreement, Depends(agreement_in)]
PhotosHere = Annotated[list[Photo], Depends(photos_in)]
