"""Photos and forms in requests: never an address to fetch, and never written to a disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from chiso.core.errors import ChisoError, Code
from chiso.interfaces.serve.callers import ServiceHere, address_in

FORM = "multipart/form-data"
RAW = ("image/", "application/octet-stream")
LET_IN = "let_in"
"""What the state of a request has where its body is small until it is let in."""
READ_FORM = "form"
"""What it has once a form was read; whoever made the request's state closes it."""
MOST_FILES = 20
_MOST_FIELDS = 40
_MOST_IN_A_FIELD_BYTES = 64 * 1024
_NEVER_ON_DISK_BYTES = 1 << 40

# Starlette's parser moves files of more than 1 MiB to a disk, and photos are never stored. Said of
# the class, since FastAPI reads forms with it too, before it is known who sent them.
MultiPartParser.spool_max_size = _NEVER_ON_DISK_BYTES


def let_in(request: Request) -> None:
    """Let this body be as large as a photo or a form with several may be: it is going to be read.

    Raises BUSY where as many arrive already as may at once.
    """
    widen: Callable[[str | None], None] | None = getattr(request.state, LET_IN, None)
    if widen is not None:
        is_stranger = getattr(request.state, "is_stranger", False)
        widen(address_in(request) if is_stranger else None)


async def form_in(request: Request) -> FormData:
    """The form of a multipart request, read once. Raises BAD_ARGUMENT where it is none."""
    known: FormData | None = getattr(request.state, READ_FORM, None)
    if known is not None:
        return known
    if not request.headers.get("content-type", "").lower().startswith(FORM):
        raise ChisoError(Code.BAD_ARGUMENT, f"This call takes {FORM}.", "Send it as a form.")
    let_in(request)
    parser = MultiPartParser(
        request.headers,
        request.stream(),
        max_files=MOST_FILES,
        max_fields=_MOST_FIELDS,
        max_part_size=_MOST_IN_A_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, LookupError) as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The form cannot be read: {getattr(error, 'message', error)}",
            f"Send it as {FORM} (RFC 7578), with its boundary in Content-Type.",
        ) from error
    setattr(request.state, READ_FORM, form)
    return form


async def photo_in(request: Request, service: ServiceHere) -> bytes:
    """The bytes of the one photo: the field `photo` of a form, or the body of an image's type."""
    kind = request.headers.get("content-type", "").lower()
    limit = service.home.capture.decode.max_bytes
    if kind.startswith(FORM):
        form = await form_in(request)
        return await read_upload(form.get("photo"), "photo", limit)
    if not kind.startswith(RAW):
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"A photo cannot be sent as {kind or 'nothing'}.",
            f"Send it as image/jpeg or image/png, or as the field `photo` of {FORM}.",
        )
    let_in(request)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise too_large(limit)
    return bytes(body)


async def read_upload(field: object, name: str, limit: int) -> bytes:
    """The bytes of an uploaded file. Raises BAD_ARGUMENT where there is none, IMAGE_TOO_LARGE."""
    if not isinstance(field, UploadFile):
        raise ChisoError(
            Code.BAD_ARGUMENT, f"The form has no file called {name!r}.", "Attach the file."
        )
    content = await field.read(limit + 1)
    if len(content) > limit:
        raise too_large(limit)
    return content


def text_in(form: FormData, name: str) -> str | None:
    """The text of a field, None where it is not there or empty. Raises BAD_ARGUMENT for a file."""
    value = form.get(name)
    if isinstance(value, UploadFile):
        raise ChisoError(Code.BAD_ARGUMENT, f"{name!r} is a file.", "Send it as text.")
    return value or None


def required(value: str | None, name: str) -> str:
    """The text of a field. Raises BAD_ARGUMENT where it is not there."""
    if value is None:
        raise missing(name)
    return value


def missing(name: str) -> ChisoError:
    """The error for a form without this field."""
    return ChisoError(
        Code.BAD_ARGUMENT, f"The form has no {name!r}.", "/v1/openapi.json lists the fields."
    )


def too_large(limit: int) -> ChisoError:
    """The error for a body that is larger than a photo may be."""
    return ChisoError(
        Code.IMAGE_TOO_LARGE,
        f"The body is larger than {limit // 1024 // 1024} MiB.",
        "Send a smaller photo; 600 pixels across the face are plenty.",
    )


PhotoHere = Annotated[bytes, Depends(photo_in)]

BINARY: dict[str, Any] = {"type": "string", "format": "binary"}
"""How OpenAPI describes a file."""


def form_body(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI says of a form with these fields."""
    schema = {"type": "object", "required": required, "properties": properties}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


PHOTO_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The photo as it is, or as the field `photo` of a form.",
        "content": {
            "image/jpeg": {"schema": BINARY},
            "image/png": {"schema": BINARY},
            **form_body(["photo"], {"photo": BINARY})["requestBody"]["content"],
        },
    }
}
"""What OpenAPI says of a body that `photo_in` reads."""
